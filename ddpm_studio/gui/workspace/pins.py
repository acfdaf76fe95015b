"""Pinned pictures, shared by all panels that show them or add to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ddpm_studio.backend import Backend, specs
from ddpm_studio.errors import Failure
from ddpm_studio.gui.workspace.undo_order import next_change

if TYPE_CHECKING:
    from ddpm_studio.gui.platform.images import Pictures
    from ddpm_studio.jobs.library.pins import Pin


class Pins(QObject):
    """Pinned pictures, stored in the settings folder and so kept across restarts.

    Args:
        backend: reads and writes the files.
        notify: shows failures to the user.
        parent: the owner.
    """

    changed = Signal()

    def __init__(
        self, backend: Backend, notify: Callable[[Failure], object], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._backend, self._notify = backend, notify
        self._loaded = False
        self._removed: list[tuple[int, list[tuple[int, Pin]]]] = []
        self.items: list[Pin] = []
        """The pins, in the order in which they were pinned."""

    @property
    def can_undo(self) -> bool:
        """Whether :meth:`undo` has a removal to undo."""
        return bool(self._removed)

    @property
    def last_change(self) -> int | None:
        """Number of the removal to undo next, from :func:`next_change`; None: none."""
        return self._removed[-1][0] if self._removed else None

    def load(self) -> None:
        """Load the pins of earlier sessions, once."""
        if not self._loaded:
            self._loaded = True
            job = self._backend.submit(specs.pins.load())
            job.on_finished(self._on_loaded)
            job.on_failed(self._notify)

    def add(self, picture: Pictures, recipe: dict[str, object] | None = None) -> None:
        """Pin a picture (H, W, C)."""
        job = self._backend.submit(specs.pins.pin(picture, recipe))
        job.on_finished(self._on_pinned)
        job.on_failed(self._notify)

    def remove(self, items: Sequence[Pin]) -> None:
        """Remove pins; :meth:`undo` restores them."""
        removed_ids = {id(item) for item in items}
        batch = [(index, pin) for index, pin in enumerate(self.items) if id(pin) in removed_ids]
        self._removed.append((next_change(), batch))
        self.items = [pin for pin in self.items if id(pin) not in removed_ids]
        spec = specs.gallery.delete([item.path for item in items])
        self._backend.submit(spec).on_failed(self._notify)
        self.changed.emit()

    def undo(self) -> None:
        """Restore the pins that were removed last."""
        batch = self._removed.pop()[1] if self._removed else []
        for index, item in batch:
            self.items.insert(min(index, len(self.items)), item)
        spec = specs.gallery.restore([item.path for _, item in batch])
        self._backend.submit(spec).on_failed(self._notify)
        self.changed.emit()

    def _on_loaded(self, found: list[Pin]) -> None:
        existing = {item.path for item in self.items}
        self.items = [*(item for item in found if item.path not in existing), *self.items]
        self.changed.emit()

    def _on_pinned(self, item: Pin) -> None:
        self.items.append(item)
        self.changed.emit()
