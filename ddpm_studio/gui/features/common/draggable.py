"""Protocol of controls that can be dragged, such as sliders."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import SignalInstance


class Draggable(Protocol):
    """A control whose value changes while it is dragged with the mouse."""

    @property
    def is_dragged(self) -> bool:
        """Whether it is being dragged."""
        ...

    @property
    def released(self) -> SignalInstance:
        """Signal emitted when dragging ends."""
        ...
