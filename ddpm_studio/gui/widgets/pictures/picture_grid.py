"""Picture grid: pixel-exact tiles with selection, zoom, drag and drop, and context menu."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from ddpm_studio.engine.sizes import size_text
from ddpm_studio.gui.widgets.pictures.picture_canvas import PictureCanvas
from ddpm_studio.gui.widgets.pictures.picture_drag import copy_picture, drag_picture
from ddpm_studio.gui.widgets.pictures.zooming import (
    ZOOM_KEYS,
    ViewState,
    WheelAccumulator,
    displacement,
    next_zoom,
)


class PictureGrid(PictureCanvas):
    """Grid view of pictures (N, H, W, C), as large as integer zoom factors allow.

    Click, Ctrl and Shift select; arrows, Home, End and Space do the same from the keyboard; a
    double click or Enter activates; Ctrl+C copies; a drag drags the picture out. A right click
    makes a tile current, emits ``context_requested`` with the global position, then shows
    ``tile_actions`` if there are any.

    The wheel zooms about the pointer; while zoomed in, a drag pans and a double click zooms to fit;
    +, − and 0 zoom from the keyboard. If the grid can be scrolled, the wheel scrolls, and zooms
    with Ctrl.
    """

    activated = Signal(int)
    context_requested = Signal(int, QPoint)
    view_changed = Signal(object)
    """Emitted with the :class:`ViewState` when the user has zoomed or panned."""

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._pressed: tuple[QPoint, int] | None = None
        self._pan_position: QPoint | None = None
        self._wheel_accumulator = WheelAccumulator()
        self.zoomable = True
        """Whether the wheel zooms without Ctrl; else it scrolls the grid or what is around it."""
        self.tile_actions: list[QAction] = []
        self.tooltip_for: Callable[[int], str] | None = None

    def copy_current(self) -> None:
        """Copy the current picture to the clipboard."""
        if self.current >= 0:
            copy_picture(self.picture(self.current), self.recipe(self.current))

    def zoom_by(self, steps: int, anchor: QPointF | None = None) -> None:
        """Zoom in or out by notches of the wheel; at the least, zoom to fit.

        Args:
            steps: number of notches; negative: zoom out.
            anchor: the fixed point in the viewport; None: its centre.
        """
        if self._layout is None or self._fitted is None:
            return
        ratio, old_layout = self.devicePixelRatioF(), self._layout
        point = QPointF(self.viewport().rect().center()) if anchor is None else anchor
        content = (point + QPointF(self._scrolled())) * ratio
        height, width = self._shape()[1:3]
        zoom = next_zoom(old_layout.zoom, steps, max(height, width))
        view = self.view_state
        self.set_view_state(
            ViewState(zoom if zoom > self._fitted.zoom else None, view.right, view.down)
        )
        moved = displacement(old_layout, self._layout, content) / ratio
        self._scroll_to(QPointF(view.right, view.down) + moved)

    def show_all(self) -> None:
        """Zoom to fit."""
        self.set_view_state(ViewState())
        self.view_changed.emit(self.view_state)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer, or scroll."""
        with_ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        scrolls = self._user_zoom is None and self.verticalScrollBar().maximum() > 0
        if self._layout is None or not (with_ctrl or (self.zoomable and not scrolls)):
            super().wheelEvent(event)
            return
        steps = self._wheel_accumulator.add(event.angleDelta().y())
        if steps < 0 and self._user_zoom is None:
            event.ignore()
            return
        event.accept()
        if steps:
            self.zoom_by(steps, event.position())

    def viewportEvent(self, event: QEvent) -> bool:
        """Set the tooltip of the tile under the pointer; end the hover on leave."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            index = self.index_at(event.pos())
            self.viewport().setToolTip("" if index is None else self._tooltip(index))
        elif event.type() == QEvent.Type.Leave:
            self._hover(None)
        return super().viewportEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Select the tile under the pointer; begin a pan with the middle button."""
        position = event.position().toPoint()
        index = self.index_at(position)
        if event.button() == Qt.MouseButton.MiddleButton:
            self._pan_position = position if self._user_zoom is not None else None
        elif event.button() == Qt.MouseButton.LeftButton:
            self._pressed = None if index is None else (position, index)
            self._choose(index, event.modifiers())
        elif index is not None and index not in self._selection:
            self._choose(index, Qt.KeyboardModifier.NoModifier)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Highlight the hovered tile, pan, or start a drag."""
        position = event.position().toPoint()
        if self._pan_position is None and self._pressed is None:
            self._hover(self.index_at(position))
            return
        if self._pressed is not None:
            start, index = self._pressed
            if (position - start).manhattanLength() < QApplication.startDragDistance():
                return
            self._pressed = None
            if index >= self.count:
                # The pictures have been replaced by fewer, or none, since the press.
                return
            if self._user_zoom is None:
                drag_picture(self, self.picture(index), self.recipe(index))
                return
            self._pan_position = start
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._pan_position is not None:
            previous, self._pan_position = self._pan_position, position
            self._scroll_to(QPointF(self._scrolled() + previous - position))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the press or the pan."""
        self._pressed = self._pan_position = None
        self.viewport().unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Zoom to fit while zoomed in; else activate the tile under the pointer."""
        if self._user_zoom is not None:
            self.show_all()
            return
        index = self.index_at(event.position().toPoint())
        if index is not None and event.button() == Qt.MouseButton.LeftButton:
            self.activated.emit(index)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Emit ``context_requested`` and show the menu, by mouse or keyboard."""
        index, position = self.index_at(event.pos()), event.pos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard and self.current >= 0:
            index, position = self.current, self.tile_rect(self.current).center()
        if index is None:
            return
        global_position = self.viewport().mapToGlobal(position)
        self.context_requested.emit(index, global_position)
        if self.tile_actions:
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addActions(self.tile_actions)
            menu.popup(global_position)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Handle navigation, selection, activation, copy and zoom."""
        key, current = event.key(), self.current
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_current()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.select([i for i in range(self.count) if i != current] + [current])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and current >= 0:
            self.activated.emit(current)
        elif key == Qt.Key.Key_Space and current >= 0:
            self._choose(current, Qt.KeyboardModifier.ControlModifier)
        elif key in ZOOM_KEYS:
            self.zoom_by(ZOOM_KEYS[key])
        elif key == Qt.Key.Key_0:
            self.show_all()
        elif (target := self._target(key)) is not None:
            self._reveal(target)
            self._choose(target, event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        else:
            super().keyPressEvent(event)

    def _scroll_to(self, corner: QPointF) -> None:
        """Scroll to ``corner``, the upper left of the visible part, in logical pixels."""
        self.set_view_state(ViewState(self._user_zoom, round(corner.x()), round(corner.y())))
        self.view_changed.emit(self.view_state)

    def _target(self, key: int) -> int | None:
        """Return the index that a navigation key moves to; None for other keys."""
        if self._layout is None:
            return None
        columns = 1 if self._single else self._layout.columns
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -columns,
            Qt.Key.Key_Down: columns,
            Qt.Key.Key_Home: -self.count,
            Qt.Key.Key_End: self.count,
        }
        if key not in steps:
            return None
        target = self.current + steps[Qt.Key(key)]
        # Up and Down stay in their column, unlike Home and End.
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and not 0 <= target < self.count:
            return self.current
        return min(max(target, 0), self.count - 1)

    def _choose(self, index: int | None, modifiers: Qt.KeyboardModifier) -> None:
        self._selection.click(
            index,
            toggle=bool(modifiers & Qt.KeyboardModifier.ControlModifier),
            extend=bool(modifiers & Qt.KeyboardModifier.ShiftModifier),
        )
        if index is not None and self._user_zoom is None:
            self._reveal(index)
        self._announce()

    def _hover(self, index: int | None) -> None:
        if index != self._hovered:
            self._hovered = index
            self.viewport().update()

    def _tooltip(self, index: int) -> str:
        if self.tooltip_for is not None:
            return self.tooltip_for(index)
        height, width = self.picture(index).shape[:2]
        return self.tr("Picture {0} of {1} · {2}").format(
            index + 1, self.count, size_text(width, height)
        )
