"""Controls that are held while they change."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import SignalInstance


class Draggable(Protocol):
    """A control that a person can hold with the mouse while it changes."""

    @property
    def dragged(self) -> bool:
        """Whether it is being held."""
        ...

    @property
    def released(self) -> SignalInstance:
        """It was let go."""
        ...
