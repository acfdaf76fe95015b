"""Canvas of a picture grid: data, layout, scrolling and painting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from ddpm_studio.gui.platform.images import Pictures, band_selection, to_image
from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.empty_state import EmptyState
from ddpm_studio.gui.widgets.layout.selection import Selection
from ddpm_studio.gui.widgets.pictures import grid_painter
from ddpm_studio.gui.widgets.pictures.checkerboard import paint_checkerboard
from ddpm_studio.gui.widgets.pictures.grid_layout import GridLayout, fit_grid
from ddpm_studio.gui.widgets.pictures.grid_painter import CAPTION_HEIGHT, SpriteSheet
from ddpm_studio.gui.widgets.pictures.zooming import ViewState

_SMALLEST = 48


class PictureCanvas(QAbstractScrollArea):
    """Canvas of pictures (N, H, W, C); :class:`PictureGrid` adds mouse and keyboard."""

    current_changed = Signal(int)
    selection_changed = Signal(list)

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: Pictures | None = None
        self._captions: Sequence[str] = ()
        self.extra_recipe: Callable[[int], Mapping[str, object]] | None = None
        """Returns additional recipe fields of a picture, by its index."""
        self._recipe: dict[str, object] | None = None
        self._badge: tuple[QImage, str] | None = None
        self._single = False
        self._min_side = _SMALLEST
        self._selection = Selection()
        self._hovered: int | None = None
        self._layout: GridLayout | None = None
        # The layout that fits the view; ``_layout`` has larger tiles while zoomed in.
        self._fitted: GridLayout | None = None
        self._user_zoom: float | None = None
        self._sheet: SpriteSheet | None = None
        self._empty = EmptyState("image", self.tr("No pictures yet"), parent=self.viewport())
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setMouseTracking(True)
        self.setMinimumSize(64, 64)
        self.verticalScrollBar().setAccessibleName(self.tr("Scroll pictures"))
        self.setAccessibleName(title or self.tr("Pictures"))
        current_theme().changed.connect(self.viewport().update)
        band_selection().changed.connect(self._recompose)

    def set_pictures(
        self,
        pictures: Pictures | None,
        captions: Sequence[str] = (),
        recipe: dict[str, object] | None = None,
    ) -> None:
        """Set the pictures, uint8 (N, H, W, C); None or N = 0 shows the empty state.

        Selection and scroll position are kept if the number of pictures is the same. The array is
        referenced, not copied: pass a new one instead of modifying it.

        Args:
            pictures: the pictures to show.
            captions: a short text below each tile; empty: no captions.
            recipe: the recipe of all; that of a picture dragged or copied gets its ``index``.
        """
        if pictures is not None and len(pictures) == 0:
            pictures = None
        previous_shape = self._shape()
        self._pictures, self._captions, self._recipe = pictures, captions, recipe
        self._sheet = None
        self._empty.setVisible(pictures is None)
        changed = self._selection.resize(self.count)
        if self._shape() != previous_shape:
            self._user_zoom = None
            self._relayout()
        if changed:
            self._announce()
        self.viewport().update()

    def set_empty(
        self,
        icon: str,
        text: str,
        button_text: str = "",
        callback: Callable[[], object] | None = None,
    ) -> None:
        """Set the empty state, shown while there are no pictures."""
        self._empty.set_content(icon, text, button_text, callback)

    def set_badge(self, picture: Pictures | None, caption: str = "") -> None:
        """Show one more picture (H, W, C) in the lower right corner, framed (DDPM Fig. 7)."""
        toggled = (picture is None) != (self._badge is None)
        self._badge = None if picture is None else (to_image(picture), caption)
        if toggled:
            self._relayout()
        self.viewport().update()

    def set_min_side(self, side: int) -> None:
        """Set the minimum side of a tile, in logical pixels; more pictures need scrolling."""
        self._min_side = side
        self._relayout()

    def set_single(self, single: bool) -> None:
        """Set whether to show the current picture alone; arrows then go to the next one."""
        if single != self._single:
            self._single, self._sheet, self._user_zoom = single, None, None
            self._relayout()

    @property
    def count(self) -> int:
        """Number of pictures."""
        return 0 if self._pictures is None else len(self._pictures)

    @property
    def is_single(self) -> bool:
        """Whether the current picture is shown alone."""
        return self._single

    @property
    def current(self) -> int:
        """Index of the current picture; -1 without pictures."""
        return self._selection.current

    @property
    def selected(self) -> list[int]:
        """Indices of the selected pictures, in ascending order."""
        return self._selection.indices

    @property
    def zoom(self) -> float:
        """Device pixels per picture pixel; 0 without pictures."""
        return 0.0 if self._layout is None else self._layout.zoom

    @property
    def view_state(self) -> ViewState:
        """The current zoom and scroll position."""
        bars = self.horizontalScrollBar(), self.verticalScrollBar()
        return ViewState(self._user_zoom, bars[0].value(), bars[1].value())

    def set_view_state(self, view_state: ViewState) -> None:
        """Set zoom and scroll position; a zoom at which everything fits counts as None."""
        if view_state.zoom != self._user_zoom:
            self._user_zoom = view_state.zoom
            self._relayout()
        self.horizontalScrollBar().setValue(view_state.right)
        self.verticalScrollBar().setValue(view_state.down)

    def select(self, indices: Sequence[int]) -> None:
        """Select exactly these pictures; the last becomes current."""
        self._selection.replace(indices)
        self._announce()

    def picture(self, index: int) -> Pictures:
        """Return one picture (H, W, C); IndexError if there is none."""
        if self._pictures is None:
            raise IndexError(index)
        return np.asarray(self._pictures[index])

    def recipe(self, index: int) -> dict[str, object] | None:
        """Return the recipe of picture ``index``, if known.

        A common recipe that already has an ``index`` keeps it.
        """
        if self._recipe is None:
            return None
        extra = {} if self.extra_recipe is None else self.extra_recipe(index)
        return {"index": index, **self._recipe, **extra}

    def coverage(self, count: int, picture: tuple[int, int]) -> float:
        """Return the share of the view, 0..1, that ``count`` pictures (height, width) would cover.

        Empty cells of the last row don't count.
        """
        ratio, view_size = self.devicePixelRatioF(), self.contentsRect().size()
        layout = self._grid(count, picture, view_size)
        height, width = layout.tiles_size
        view_height = max(1.0, view_size.height() * ratio)
        view_width = max(1.0, view_size.width() * ratio)
        return (
            min(1.0, height / view_height)
            * min(1.0, width / view_width)
            * layout.filled_share(count)
        )

    def index_at(self, position: QPoint) -> int | None:
        """Return the index of the picture at a point of the viewport, or None."""
        if self._layout is None:
            return None
        ratio = self.devicePixelRatioF()
        content = position + self._scrolled()
        cell = self._layout.cell_at(content.x() * ratio, content.y() * ratio)
        if cell is None or cell >= (1 if self._single else self.count):
            return None
        return self.current if self._single else cell

    def tile_rect(self, index: int) -> QRect:
        """Return the rectangle of picture ``index`` in the viewport, in logical pixels."""
        return self._cell_rect(0 if self._single else index).toRect()

    def sizeHint(self) -> QSize:
        """Return a preferred size with room for a few tiles."""
        return QSize(320, 240)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay out again for the new size."""
        super().resizeEvent(event)
        self._empty.setGeometry(self.viewport().rect())
        self._relayout()

    def event(self, event: QEvent) -> bool:
        """Lay out again when the device pixel ratio has changed."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._relayout()
        return super().event(event)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Repaint the viewport."""
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the visible tiles, then captions, frames and the badge."""
        layout, pictures = self._layout, self._pictures
        if layout is None or pictures is None:
            return
        ratio = self.devicePixelRatioF()
        right, scrolled = (round(offset * ratio) for offset in self._scrolled().toTuple())
        cells = self._visible_cells(layout, scrolled)
        if self._sheet is None or self._sheet.cells != cells:
            self._sheet = SpriteSheet.of(pictures, cells)
        height, width = pictures.shape[1:3]
        painter = QPainter(self.viewport())
        painter.save()
        painter.scale(1 / ratio, 1 / ratio)
        painter.translate(-right, -scrolled)
        first = 0 if self._single else cells.start
        grid_painter.paint_tiles(painter, layout, self._sheet, (height, width), first)
        if self._badge is not None:
            left, top = layout.origin(self._badge_cell(layout))
            corner = QRect(left, top, layout.tile_width, layout.tile_height)
            paint_checkerboard(painter, corner, self._badge[0])
            painter.drawImage(corner, self._badge[0])
        painter.restore()
        self._paint_marks(painter, layout, cells)
        painter.end()

    def _recompose(self) -> None:
        self._sheet = None
        self.viewport().update()

    def _announce(self) -> None:
        if self._single:
            self._sheet = None
        self.viewport().update()
        self.current_changed.emit(self.current)
        self.selection_changed.emit(self.selected)

    def _shape(self) -> tuple[int, ...]:
        if self._pictures is None:
            return ()
        return (*self._pictures.shape, bool(self._captions))

    def _relayout(self) -> None:
        self._layout = None
        vertical_bar, horizontal_bar = self.verticalScrollBar(), self.horizontalScrollBar()
        if self._pictures is None:
            for scroll_bar in (vertical_bar, horizontal_bar):
                scroll_bar.setRange(0, 0)
            self.viewport().update()
            return
        ratio = self.devicePixelRatioF()
        cells = (1 if self._single else self.count) + (self._badge is not None)
        # Without the scroll bar's state, as showing or hiding it would change the layout again.
        view_size = self.contentsRect().size()
        layout = self._fit(cells, view_size)
        if layout.content_height > round(view_size.height() * ratio):
            layout = self._fit(cells, view_size - QSize(vertical_bar.sizeHint().width(), 0))
        self._fitted = layout
        if self._user_zoom is not None and self._user_zoom <= layout.zoom:
            self._user_zoom = None
        as_needed, off = Qt.ScrollBarPolicy.ScrollBarAsNeeded, Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(as_needed if self._user_zoom is None else off)
        if self._user_zoom is not None:
            area = round(view_size.height() * ratio), round(view_size.width() * ratio)
            picture = self._shape()[1], self._shape()[2]
            layout = layout.zoomed(self._user_zoom, picture, area, self._row_label_margin())
            horizontal_bar.setRange(
                0, max(0, round(layout.content_width / ratio) - view_size.width())
            )
        else:
            horizontal_bar.setRange(0, 0)
        excess = round(layout.content_height / ratio) - view_size.height()
        self._layout = layout
        vertical_bar.setRange(0, max(0, excess))
        vertical_bar.setPageStep(view_size.height())
        vertical_bar.setSingleStep(max(1, round(layout.pitch_y / ratio / 2)))
        self.viewport().update()

    def _row_label_margin(self) -> int:
        """Return the width of row labels left of the tiles, in device pixels."""
        return 0

    def _scrolled(self) -> QPoint:
        return QPoint(self.horizontalScrollBar().value(), self.verticalScrollBar().value())

    def _fit(self, cells: int, view_size: QSize) -> GridLayout:
        return self._grid(cells, (self._shape()[1], self._shape()[2]), view_size)

    def _grid(self, cells: int, picture: tuple[int, int], view_size: QSize) -> GridLayout:
        ratio = self.devicePixelRatioF()
        return fit_grid(
            cells,
            picture,
            (round(view_size.height() * ratio), round(view_size.width() * ratio)),
            gap=round(SPACE_S * ratio),
            caption=round(CAPTION_HEIGHT * ratio) if self._captions else 0,
            margin=round(SPACE_S * ratio),
            smallest=round(self._min_side * ratio),
        )

    def _reveal(self, index: int) -> None:
        tile, vertical_bar = self.tile_rect(index), self.verticalScrollBar()
        horizontal_bar, view_width = self.horizontalScrollBar(), self.viewport().width()
        if tile.left() < 0 or tile.right() > view_width:
            horizontal_bar.setValue(horizontal_bar.value() + tile.center().x() - view_width // 2)
        if tile.top() < 0:
            vertical_bar.setValue(vertical_bar.value() + tile.top() - SPACE_M)
        elif tile.bottom() > self.viewport().height():
            overflow = tile.bottom() - self.viewport().height()
            caption = CAPTION_HEIGHT if self._captions else 0
            vertical_bar.setValue(vertical_bar.value() + overflow + SPACE_M + caption)

    def _visible_cells(self, layout: GridLayout, scrolled: int) -> range:
        if self._single:
            return range(self.current, self.current + 1)
        rows = layout.rows_within(
            scrolled, round(self.viewport().height() * self.devicePixelRatioF())
        )
        return range(rows.start * layout.columns, min(rows.stop * layout.columns, self.count))

    def _badge_cell(self, layout: GridLayout) -> int:
        return layout.columns * layout.rows - 1

    def _cell_rect(self, cell: int) -> QRectF:
        if self._layout is None:
            return QRectF()
        ratio = self.devicePixelRatioF()
        left, top = self._layout.origin(cell)
        scrolled = self._scrolled()
        return QRectF(
            left / ratio - scrolled.x(),
            top / ratio - scrolled.y(),
            self._layout.tile_width / ratio,
            self._layout.tile_height / ratio,
        )

    def _paint_marks(self, painter: QPainter, layout: GridLayout, cells: range) -> None:
        tiles = {index: self._cell_rect(0 if self._single else index) for index in cells}
        if self._captions:
            pitch = layout.pitch_x / self.devicePixelRatioF()
            captions = [self._captions[i] if i < len(self._captions) else "" for i in tiles]
            grid_painter.paint_captions(painter, tiles.values(), captions, pitch)
        for index, tile in tiles.items():
            if index in self._selection and not self._single:
                grid_painter.paint_frame(painter, tile, "accent")
            elif index == self._hovered and not self._single:
                grid_painter.paint_frame(painter, tile, "muted", 1)
        if self.hasFocus() and self.current in tiles:
            grid_painter.paint_frame(painter, tiles[self.current], "text", 1)
        if self._badge is not None:
            corner = self._cell_rect(self._badge_cell(layout))
            grid_painter.paint_frame(painter, corner, "warning")
            if self._badge[1]:
                grid_painter.paint_badge(painter, corner, self._badge[1])
