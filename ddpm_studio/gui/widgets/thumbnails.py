"""A long list of small pictures, of which only the visible ones are ever touched."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPixmap,
    QResizeEvent,
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

from ddpm_studio.gui.images import Pictures
from ddpm_studio.gui.theme import current_theme
from ddpm_studio.gui.tokens import SPACE_S
from ddpm_studio.gui.widgets.empty_state import EmptyState
from ddpm_studio.gui.widgets.grid_painter import paint_frame
from ddpm_studio.gui.widgets.picture_drag import drag_picture, enlarged

Index = QModelIndex | QPersistentModelIndex

_KEPT = 2048


class ThumbnailModel(QAbstractListModel):
    """Rows over an array (N, H, W, C), which may be memory-mapped: nothing is read ahead."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pictures: Pictures | None = None
        self.describe: Callable[[int], str] | None = None

    def set_pictures(self, pictures: Pictures | None) -> None:
        """Stand for other pictures; the array is kept, not copied."""
        self.beginResetModel()
        self.pictures = pictures
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        """Return N."""
        return 0 if self.pictures is None or parent.isValid() else len(self.pictures)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a tooltip and a screen reader say."""
        told = (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
        if role not in told or self.pictures is None:
            return None
        if self.describe is not None:
            return self.describe(index.row())
        return self.tr("Picture {0} of {1}").format(index.row() + 1, len(self.pictures))


class _Painter(QStyledItemDelegate):
    """Draws one thumbnail; keeps the pixmaps that were drawn lately."""

    def __init__(self, model: ThumbnailModel, side: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self.side = side
        self._kept: OrderedDict[tuple[int, float], QPixmap] = OrderedDict()

    def forget(self) -> None:
        self._kept.clear()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(self.side + SPACE_S, self.side + SPACE_S)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        rect, state = QRectF(option.rect), option.state
        pixmap = self._pixmap(index.row(), painter.device().devicePixelRatioF())
        size = pixmap.deviceIndependentSize()
        tile = QRectF(0, 0, size.width(), size.height())
        tile.moveCenter(rect.center())
        tile.moveTopLeft(tile.topLeft().toPoint())
        painter.save()
        painter.drawPixmap(tile.topLeft(), pixmap)
        frame = tile.adjusted(1, 1, -1, -1)
        if state & QStyle.StateFlag.State_Selected:
            paint_frame(painter, frame, "accent")
        elif state & QStyle.StateFlag.State_MouseOver:
            paint_frame(painter, frame, "muted", 1)
        if state & QStyle.StateFlag.State_HasFocus:
            paint_frame(painter, frame.adjusted(2, 2, -2, -2), "text", 1)
        painter.restore()

    def _pixmap(self, row: int, ratio: float) -> QPixmap:
        key = row, ratio
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        pictures = self._model.pictures
        if pictures is None or row >= len(pictures):
            return QPixmap()
        pixmap = self._kept[key] = enlarged(np.asarray(pictures[row]), self.side, ratio)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return pixmap


class Thumbnails(QListView):
    """Shows any number of pictures in wrapped rows.

    Emits ``chosen`` with the indices when the choice changes, ``opened`` on double click or
    Enter, ``context_requested`` on a right click, after which ``tile_actions`` are shown.
    """

    chosen = Signal(list)
    opened = Signal(int)
    context_requested = Signal(int, QPoint)
    delete_pressed = Signal()
    copy_pressed = Signal()

    def __init__(self, title: str = "", side: int = 48, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = ThumbnailModel(self)
        self._wanted = side
        self._painter = _Painter(self._model, side, self)
        self.recipe_for: Callable[[int], dict[str, object] | None] | None = None
        self.tile_actions: list[QAction] = []
        self._empty = EmptyState("images", self.tr("No pictures yet"), parent=self.viewport())
        self.setModel(self._model)
        self.setItemDelegate(self._painter)
        # ListMode with wrapping lays out 60,000 rows in a moment; IconMode does not.
        self.setViewMode(QListView.ViewMode.ListMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setGridSize(QSize(side + SPACE_S, side + SPACE_S))
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragEnabled(True)
        self.setMinimumHeight(side + 2 * SPACE_S)
        self.setAccessibleName(title or self.tr("Thumbnails"))
        self.verticalScrollBar().setAccessibleName(self.tr("Scroll thumbnails"))
        self.activated.connect(self._open)
        self.selectionModel().selectionChanged.connect(self._announce)
        current_theme().changed.connect(self.viewport().update)

    def set_pictures(
        self, pictures: Pictures | None, describe: Callable[[int], str] | None = None
    ) -> None:
        """Show pictures (N, H, W, C); ``describe`` tells a tooltip for an index."""
        self._model.describe = describe
        self._model.set_pictures(pictures)
        self.set_side(self._wanted)
        self._empty.setVisible(not self.count)
        self.chosen.emit([])

    def set_empty(
        self,
        icon: str,
        text: str,
        button_text: str = "",
        callback: Callable[[], object] | None = None,
    ) -> None:
        """Say what stands here while there are no pictures."""
        self._empty.set_content(icon, text, button_text, callback)

    def set_side(self, side: int) -> None:
        """Make the thumbnails about ``side`` logical pixels large.

        Pictures smaller than that take the nearest whole multiple of their own size.
        """
        self._wanted = side
        pictures = self._model.pictures
        own = max(pictures.shape[1:3]) if pictures is not None and len(pictures) else side
        side = max(1, round(side / own)) * own if own < side else side
        self._painter.side = side
        self._painter.forget()
        self.setGridSize(QSize(side + SPACE_S, side + SPACE_S))
        self.scheduleDelayedItemsLayout()

    @property
    def count(self) -> int:
        """How many pictures there are."""
        return self._model.rowCount()

    @property
    def selected(self) -> list[int]:
        """Indices of the chosen pictures, in order."""
        return sorted(index.row() for index in self.selectionModel().selectedIndexes())

    def picture(self, index: int) -> Pictures:
        """Return a copy of one picture (H, W, C); IndexError if there is none."""
        if self._model.pictures is None:
            raise IndexError(index)
        return np.array(self._model.pictures[index])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ask for deletion and copies; all else moves and chooses."""
        if event.matches(QKeySequence.StandardKey.Delete):
            self.delete_pressed.emit()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy_pressed.emit()
        else:
            super().keyPressEvent(event)

    def startDrag(self, actions: Qt.DropAction) -> None:
        """Carry the current picture away."""
        row = self.currentIndex().row()
        if row >= 0:
            drag_picture(self, self.picture(row), self._recipe(row))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the invitation in the middle."""
        super().resizeEvent(event)
        self._empty.setGeometry(self.viewport().rect())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for a menu, by mouse or by key."""
        index, position = self.indexAt(event.pos()), event.pos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            index = self.currentIndex()
            position = self.visualRect(index).center()
        if not index.isValid():
            return
        where = self.viewport().mapToGlobal(position)
        self.context_requested.emit(index.row(), where)
        if self.tile_actions:
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addActions(self.tile_actions)
            menu.popup(where)

    def _recipe(self, row: int) -> dict[str, object] | None:
        return None if self.recipe_for is None else self.recipe_for(row)

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(index.row())

    def _announce(self) -> None:
        self.chosen.emit(self.selected)
