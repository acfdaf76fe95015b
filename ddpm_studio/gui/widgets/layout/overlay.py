"""Overlay: a widget placed above its parent's content, outside of any layout."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import ClassVar

from PySide6.QtCore import QChildEvent, QEvent, QObject
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

_MARK = "overlay"


class Overlay(QObject):
    """Keeps an overlay widget positioned over its parent, and above its siblings.

    A QStackedWidget raises the page that it turns to above any overlay, and only the page gets an
    event for it: so the events of siblings are filtered. Of two overlays of one parent, the later
    is on top.

    Args:
        widget: the overlay widget; it becomes the owner of this object.
        reposition: positions the widget; called when the parent is resized or shown.
        avoids_others: whether it is positioned again when another overlay has appeared.
    """

    _avoiding_others: ClassVar[weakref.WeakSet[Overlay]] = weakref.WeakSet()

    def __init__(
        self, widget: QWidget, reposition: Callable[[], None], *, avoids_others: bool = False
    ) -> None:
        super().__init__(widget)
        if avoids_others:
            self._avoiding_others.add(self)
        self._widget, self._reposition = widget, reposition
        self._parent_widget: QWidget | None = None
        widget.setProperty(_MARK, True)

    def attach_to(self, parent: QWidget) -> None:
        """Overlay a widget, which becomes the parent."""
        if self._widget.parentWidget() is not parent:
            self._widget.setParent(parent)
        self._parent_widget = parent
        parent.installEventFilter(self)
        for child in parent.children():
            self._watch(child)

    def reposition_others(self) -> None:
        """Reposition all other overlays that give way; call when this one has appeared."""
        for other in list(self._avoiding_others):
            # Qt may have destroyed it while its Python wrapper is still alive.
            if other is not self and isValid(other):
                other._reposition()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Event filter: follow the parent's size, and stay above siblings that are raised."""
        kind = event.type()
        if watched is self._parent_widget:
            if kind in (QEvent.Type.Resize, QEvent.Type.Show):
                self._reposition()
            elif kind == QEvent.Type.ChildAdded and isinstance(event, QChildEvent):
                self._watch(event.child())
                self._widget.raise_()
        elif (
            kind == QEvent.Type.ZOrderChange
            and isinstance(watched, QWidget)
            and not self.is_overlay(watched)
        ):
            self._widget.raise_()
        return super().eventFilter(watched, event)

    @staticmethod
    def is_overlay(widget: QWidget) -> bool:
        """Whether a widget is an overlay."""
        return bool(widget.property(_MARK))

    def _watch(self, child: QObject) -> None:
        if child is not self._widget and child.isWidgetType():
            child.installEventFilter(self)
