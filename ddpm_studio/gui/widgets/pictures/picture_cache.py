"""LRU cache of pictures that are loaded on demand."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable

from PySide6.QtCore import QObject, QTimer, Signal

from ddpm_studio.gui.platform.images import Pictures

_MAX_CACHE_BYTES = 48 << 20


class PictureCache(QObject):
    """LRU cache of pictures (H, W, C) by key, of at most ``max_bytes`` or one picture.

    Cache misses are emitted as a list by ``load_requested``, once per turn of the event loop, in
    the order of the requests; the owner loads the pictures and calls :meth:`put`. Keys that were
    not requested again since, as the view has scrolled on, are not in the next list.
    """

    load_requested = Signal(list)
    loaded = Signal()

    def __init__(self, max_bytes: int = _MAX_CACHE_BYTES, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._max_bytes, self.bytes = max_bytes, 0
        self._pictures: OrderedDict[Hashable, Pictures] = OrderedDict()
        self._broken: set[Hashable] = set()
        self._requested: dict[Hashable, None] = {}
        self._pending: set[Hashable] = set()
        self._request_timer = QTimer(self, singleShot=True, interval=0)
        self._request_timer.timeout.connect(self._emit_requests)

    def __len__(self) -> int:
        return len(self._pictures)

    @property
    def capacity(self) -> int:
        """Capacity in pictures of the mean size of those held; unlimited while none is held."""
        return self._max_bytes * len(self) // self.bytes if self.bytes else self._max_bytes

    def get(self, key: Hashable) -> Pictures | None:
        """Return a picture; on a miss, request it and return None."""
        if key in self._pictures:
            self._pictures.move_to_end(key)
            return self._pictures[key]
        if key not in self._broken:
            self._requested[key] = None
            if not self._request_timer.isActive():
                self._request_timer.start()
        return None

    def is_broken(self, key: Hashable) -> bool:
        """Whether the picture could not be loaded."""
        return key in self._broken

    def put(self, key: Hashable, picture: Pictures | None) -> None:
        """Store a picture; None marks it as broken, not to be requested again."""
        self._pending.discard(key)
        self.forget([key])
        if picture is None:
            self._broken.add(key)
        else:
            self._pictures[key] = picture
            self.bytes += picture.nbytes
            while self.bytes > self._max_bytes and len(self._pictures) > 1:
                self.bytes -= self._pictures.popitem(last=False)[1].nbytes
        self.loaded.emit()

    def forget(self, keys: Iterable[Hashable]) -> None:
        """Remove keys from the cache, and their mark as broken."""
        for key in keys:
            self._broken.discard(key)
            picture = self._pictures.pop(key, None)
            self.bytes -= 0 if picture is None else picture.nbytes

    def clear_pending(self) -> None:
        """Note that loading has stopped, so that pending keys are emitted again when requested."""
        self._pending.clear()

    def _emit_requests(self) -> None:
        requested = [key for key in self._requested if key not in self._pictures]
        self._requested.clear()
        if not set(requested) <= self._pending:
            self._pending = set(requested)
            self.load_requested.emit(requested)
