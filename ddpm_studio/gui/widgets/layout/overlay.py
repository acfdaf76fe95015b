"""Overlay: a widget that lies over another one, in none of its layouts."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import ClassVar

from PySide6.QtCore import QChildEvent, QEvent, QObject
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

_MARK = "overlay"


class Overlay(QObject):
    """Keeps a widget in its place over its parent, and above what stands beside it there.

    A stack raises the page it turns to, over all that lies on it, and tells of it only the page:
    so the pages are watched. Of two overlays of one parent, the one that came last lies above.

    Args:
        widget: what lies over another one; it becomes the owner of this.
        place: puts it where it belongs, which is asked for when its parent has another size.
        gives_way: whether it is placed anew when another one has come.
    """

    _giving_way: ClassVar[weakref.WeakSet[Overlay]] = weakref.WeakSet()

    def __init__(
        self, widget: QWidget, place: Callable[[], None], *, gives_way: bool = False
    ) -> None:
        super().__init__(widget)
        if gives_way:
            self._giving_way.add(self)
        self._widget, self._place = widget, place
        self._under: QWidget | None = None
        widget.setProperty(_MARK, True)

    def lie_over(self, under: QWidget) -> None:
        """Lie over this widget, which becomes the parent."""
        if self._widget.parentWidget() is not under:
            self._widget.setParent(under)
        self._under = under
        under.installEventFilter(self)
        for child in under.children():
            self._watch(child)

    def came(self) -> None:
        """Let those that give way to it do so, wherever they lie."""
        for other in list(self._giving_way):
            # Qt may have destroyed it before Python has let go of it.
            if other is not self and isValid(other):
                other._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the size of what lies below, and come above what is raised there."""
        kind = event.type()
        if watched is self._under:
            if kind in (QEvent.Type.Resize, QEvent.Type.Show):
                self._place()
            elif kind == QEvent.Type.ChildAdded and isinstance(event, QChildEvent):
                self._watch(event.child())
                self._widget.raise_()
        elif (
            kind == QEvent.Type.ZOrderChange
            and isinstance(watched, QWidget)
            and not self.is_one(watched)
        ):
            self._widget.raise_()
        return super().eventFilter(watched, event)

    @staticmethod
    def is_one(widget: QWidget) -> bool:
        """Tell whether a widget lies over another one."""
        return bool(widget.property(_MARK))

    def _watch(self, child: QObject) -> None:
        if child is not self._widget and child.isWidgetType():
            child.installEventFilter(self)
