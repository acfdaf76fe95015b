"""Thumbnail view: a virtual list of pictures, of which only visible ones are loaded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from ddpm_studio.gui.platform.images import PictureDrop, Pictures, band_selection
from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.empty_state import EmptyState
from ddpm_studio.gui.widgets.pictures.checkerboard import paint_checkerboard
from ddpm_studio.gui.widgets.pictures.grid_painter import paint_badge, paint_frame
from ddpm_studio.gui.widgets.pictures.picture_cache import PictureCache
from ddpm_studio.gui.widgets.pictures.picture_drag import drag_picture, scaled_pixmap
from ddpm_studio.gui.widgets.pictures.zooming import WheelAccumulator

Index = QModelIndex | QPersistentModelIndex

_DEPTH = 4
# Pages of pixmaps in the cache: enough to scroll back and forth without scaling again.
_CACHED_PAGES = 4
_REDRAW_MS = 30


class ThumbnailModel(QAbstractListModel):
    """List model with one row per key; the pictures are in a :class:`PictureCache`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.keys: Sequence[Hashable] = ()
        self.describe: Callable[[int], str] | None = None

    def set_keys(self, keys: Sequence[Hashable]) -> None:
        """Replace the keys; the sequence is referenced, not copied."""
        self.beginResetModel()
        self.keys = keys
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        """Return the number of pictures."""
        return 0 if parent.isValid() else len(self.keys)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return the default flags plus drag enabled."""
        return super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the tooltip and accessible text of a picture."""
        if role not in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return None
        if self.describe is not None:
            return self.describe(index.row())
        return self.tr("Picture {0} of {1}").format(index.row() + 1, len(self.keys))


class _ThumbnailDelegate(QStyledItemDelegate):
    """Item delegate of thumbnails, with an LRU cache of scaled pixmaps."""

    def __init__(
        self, model: ThumbnailModel, cache: PictureCache, side: int, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._model, self._cache = model, cache
        self.side = side
        self.max_bytes = 0
        self.badge_for: Callable[[int], str] | None = None
        self.bytes = 0
        self._pixmaps: OrderedDict[tuple[Hashable, float], QPixmap] = OrderedDict()

    def forget(self) -> None:
        self._pixmaps.clear()
        self.bytes = 0

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(self.side + SPACE_S, self.side + SPACE_S)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        rect, state, row = QRectF(option.rect), option.state, index.row()
        key = self._model.keys[row]
        pixmap = self._pixmap(key, painter.device().devicePixelRatioF())
        size = pixmap.deviceIndependentSize()
        tile = QRectF(0, 0, size.width() or self.side, size.height() or self.side)
        tile.moveCenter(rect.center())
        tile.moveTopLeft(tile.topLeft().toPoint())
        painter.save()
        if not pixmap.isNull():
            paint_checkerboard(painter, tile, pixmap)
            painter.drawPixmap(tile.topLeft(), pixmap)
        else:
            role = "danger" if self._cache.is_broken(key) else "line"
            paint_frame(painter, tile.adjusted(2, 2, -2, -2), role, 1)
        badge = "" if self.badge_for is None else self.badge_for(row)
        if badge:
            paint_badge(painter, tile, badge)
        frame = tile.adjusted(1, 1, -1, -1)
        if state & QStyle.StateFlag.State_Selected:
            paint_frame(painter, frame, "accent")
        elif state & QStyle.StateFlag.State_MouseOver:
            paint_frame(painter, frame, "muted", 1)
        if state & QStyle.StateFlag.State_HasFocus:
            paint_frame(painter, frame.adjusted(2, 2, -2, -2), "text", 1)
        painter.restore()

    def _pixmap(self, key: Hashable, ratio: float) -> QPixmap:
        cache_key = key, ratio
        if cache_key in self._pixmaps:
            self._pixmaps.move_to_end(cache_key)
            return self._pixmaps[cache_key]
        picture = self._cache.get(key)
        if picture is None:
            return QPixmap()
        pixmap = self._pixmaps[cache_key] = scaled_pixmap(picture, self.side, ratio)
        self.bytes += _size(pixmap)
        while self.bytes > self.max_bytes and len(self._pixmaps) > 1:
            self.bytes -= _size(self._pixmaps.popitem(last=False)[1])
        return pixmap


class Thumbnails(QListView):
    """List view of any number of pictures, in wrapped rows or in one horizontal row.

    Emits ``chosen`` with the indices when the selection changes, ``opened`` on double click or
    Enter, ``context_requested`` on a right click, after which ``tile_actions`` are shown, and
    ``digit_pressed`` for the keys 0 to 9.

    Args:
        title: accessible name.
        side: side of the thumbnails, in logical pixels.
        wrapping: whether rows wrap.
        parent: the owner.
    """

    chosen = Signal(list)
    opened = Signal(int)
    context_requested = Signal(int, QPoint)
    delete_pressed = Signal()
    copy_pressed = Signal()
    digit_pressed = Signal(int)
    zoomed = Signal(int)
    """Emitted with the notches by which to enlarge the thumbnails; negative: reduce."""

    def __init__(
        self,
        title: str = "",
        side: int = 48,
        wrapping: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.cache = PictureCache(parent=self)
        self._model = ThumbnailModel(self)
        self._requested_side, self._picture_side = side, 0
        self._wheel_accumulator = WheelAccumulator()
        self._delegate = _ThumbnailDelegate(self._model, self.cache, side, self)
        self.drop_for: Callable[[int], PictureDrop | None] | None = None
        """Returns the full picture with its recipe by index, for a drag; None: no drag."""
        self.tile_actions: list[QAction] = []
        self._empty = EmptyState("images", self.tr("No pictures yet"), parent=self.viewport())
        self.setModel(self._model)
        self.setItemDelegate(self._delegate)
        # ListMode with wrapping lays out 60,000 items fast; IconMode does not.
        self.setViewMode(QListView.ViewMode.ListMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(wrapping)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setGridSize(QSize(side + SPACE_S, side + SPACE_S))
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        off = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        if wrapping:
            self.setHorizontalScrollBarPolicy(off)
        else:
            self.setVerticalScrollBarPolicy(off)
        self.setDragEnabled(True)
        self.setMinimumHeight(side + 2 * SPACE_S)
        self.setAccessibleName(title or self.tr("Thumbnails"))
        for bar in (self.verticalScrollBar(), self.horizontalScrollBar()):
            bar.setAccessibleName(self.tr("Scroll thumbnails"))
        self._redraw = QTimer(self, singleShot=True, interval=_REDRAW_MS)
        self._redraw.timeout.connect(self._on_redraw)
        self.cache.loaded.connect(self._on_arrived)
        self.activated.connect(self._open)
        self.selectionModel().selectionChanged.connect(self._announce)
        current_theme().changed.connect(self.viewport().update)
        band_selection().changed.connect(self._discard_pixmaps)

    def set_rows(
        self,
        keys: Sequence[Hashable],
        describe: Callable[[int], str] | None = None,
        badge: Callable[[int], str] | None = None,
    ) -> None:
        """Set the pictures by their keys in the cache, which requests missing ones.

        Args:
            keys: one per picture.
            describe: returns the tooltip of an index.
            badge: returns a short text drawn on the picture of an index; empty: none.
        """
        self._model.describe = describe
        self._delegate.badge_for = badge
        self._model.set_keys(keys)
        self._empty.setVisible(not self.count)
        self._update_grid_size()
        self.chosen.emit([])

    def set_empty(
        self,
        icon: str,
        text: str,
        button_text: str = "",
        callback: Callable[[], object] | None = None,
    ) -> None:
        """Set the empty state, shown while there are no pictures."""
        self._empty.set_content(icon, text, button_text, callback)

    def set_side(self, side: int) -> None:
        """Set the side of the thumbnails to about ``side`` logical pixels.

        Pictures smaller than that use the nearest integer multiple of their own size.
        """
        self._requested_side = side
        picture_side = self._picture_side or side
        side = max(1, round(side / picture_side)) * picture_side if picture_side < side else side
        self._delegate.side = side
        self._delegate.forget()
        self._update_grid_size()
        self.scheduleDelayedItemsLayout()

    def _update_grid_size(self) -> None:
        """Distribute the width among as many columns as fit."""
        pitch, view_width = self._delegate.side + SPACE_S, self.viewport().width()
        columns = max(1, view_width // pitch)
        cell_width = view_width // columns if self.isWrapping() and self.count >= columns else pitch
        grid_size = QSize(max(cell_width, pitch), pitch)
        if grid_size != self.gridSize():
            self.setGridSize(grid_size)

    @property
    def count(self) -> int:
        """Number of pictures."""
        return self._model.rowCount()

    @property
    def selected(self) -> list[int]:
        """Indices of the selected pictures, in ascending order."""
        return sorted(index.row() for index in self.selectionModel().selectedIndexes())

    @property
    def bytes(self) -> int:
        """Memory of cached pictures and scaled pixmaps, in bytes.

        Bounded by the picture cache's limit and, for pixmaps, by four times the view.
        """
        return self.cache.bytes + self._delegate.bytes

    def picture(self, row: int) -> Pictures | None:
        """Return a picture from the cache; on a miss, request it and return None."""
        return self.cache.get(self._model.keys[row])

    def zoom_by(self, steps: int) -> None:
        """Emit ``zoomed``."""
        self.zoomed.emit(steps)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom with Ctrl, else scroll."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.accept()
            if steps := self._wheel_accumulator.add(event.angleDelta().y()):
                self.zoom_by(steps)
        else:
            super().wheelEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the visible pictures, then prefetch those of the page below."""
        page, ratio = self.viewport().size(), self.devicePixelRatioF()
        page_bytes = page.width() * page.height() * ratio**2 * _DEPTH
        self._delegate.max_bytes = round(_CACHED_PAGES * page_bytes)
        super().paintEvent(event)
        if not self.count:
            return
        corner = self.viewport().rect().bottomRight()
        first = self.indexAt(QPoint(SPACE_S, SPACE_S)).row()
        last = self.indexAt(QPoint(SPACE_S, corner.y() - SPACE_S)).row()
        if first < 0 or last < first:
            return
        # Fewer of large pictures, since those evicted for them would be read again at each paint.
        prefetched = min(last - first, self.cache.capacity // 2 - (last - first))
        for row in range(last, min(self.count, last + prefetched)):
            self.cache.get(self._model.keys[row])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Emit the signals of Delete, Copy and digits; other keys navigate and select."""
        digit = event.key() - Qt.Key.Key_0
        no_modifiers = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if event.matches(QKeySequence.StandardKey.Delete):
            self.delete_pressed.emit()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy_pressed.emit()
        elif 0 <= digit <= 9 and no_modifiers:
            self.digit_pressed.emit(digit)
        else:
            super().keyPressEvent(event)

    def startDrag(self, actions: Qt.DropAction) -> None:
        """Start a drag of the current picture."""
        row = self.currentIndex().row()
        drop = None if row < 0 or self.drop_for is None else self.drop_for(row)
        if drop is not None:
            drag_picture(self, drop.picture, drop.recipe)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Resize the empty state and the columns."""
        super().resizeEvent(event)
        self._empty.setGeometry(self.viewport().rect())
        self._update_grid_size()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Emit ``context_requested`` and show the menu, by mouse or keyboard."""
        index, position = self.indexAt(event.pos()), event.pos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            index = self.currentIndex()
            position = self.visualRect(index).center()
        if not index.isValid():
            return
        global_position = self.viewport().mapToGlobal(position)
        self.context_requested.emit(index.row(), global_position)
        if self.tile_actions:
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addActions(self.tile_actions)
            menu.popup(global_position)

    def _on_arrived(self) -> None:
        if not self._redraw.isActive():
            self._redraw.start()

    def _on_redraw(self) -> None:
        """Repaint for pictures that have arrived, batched; the first one sets the tiles' side."""
        first = next(
            (p for key in self._model.keys[:1] if (p := self.cache.get(key)) is not None), None
        )
        if first is not None and max(first.shape[:2]) != self._picture_side:
            self._picture_side = max(first.shape[:2])
            self.set_side(self._requested_side)
        self.viewport().update()

    def _discard_pixmaps(self) -> None:
        self._delegate.forget()
        self.viewport().update()

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(index.row())

    def _announce(self) -> None:
        self.chosen.emit(self.selected)


def _size(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * _DEPTH
