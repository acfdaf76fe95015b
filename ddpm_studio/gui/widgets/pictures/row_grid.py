"""Picture table: a grid with row labels, column labels and highlighted columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import ceil

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QWidget

from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import FONT_CAPTION, SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.pictures.grid_layout import MAX_INTEGER_ZOOM_SIDE, GridLayout
from ddpm_studio.gui.widgets.pictures.grid_painter import CAPTION_HEIGHT, paint_frame
from ddpm_studio.gui.widgets.pictures.picture_grid import PictureGrid

_SMALLEST = 24


class RowGrid(PictureGrid):
    """:class:`PictureGrid` with labelled rows, such as one t each (DDPM Fig. 7, 9)."""

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._labels: tuple[str, ...] = ()
        self._column_labels: tuple[str, ...] = ()
        self._highlighted: frozenset[int] = frozenset()

    def set_rows(
        self,
        pictures: Pictures | None,
        labels: Sequence[str],
        captions: Sequence[str] = (),
        highlighted: Collection[int] = (),
        recipe: dict[str, object] | None = None,
        column_labels: Sequence[str] = (),
    ) -> None:
        """Set ``len(labels)`` rows of equally many pictures.

        Args:
            pictures: uint8 (N, H, W, C), row by row, N a multiple of the number of labels.
            labels: label to the left of each row; may be empty texts.
            captions: a short text below each tile; empty: no captions.
            highlighted: indices of columns to highlight with a frame.
            recipe: the recipe of the pictures.
            column_labels: a short label of each column, below the last row; empty: none.
        """
        labels_changed = (tuple(labels), tuple(column_labels)) != (
            self._labels,
            self._column_labels,
        )
        self._labels, self._highlighted = tuple(labels), frozenset(highlighted)
        self._column_labels = tuple(column_labels)
        self.set_pictures(pictures, captions, recipe)
        if labels_changed:
            self._relayout()

    @property
    def columns(self) -> int:
        """Number of pictures in a row."""
        return ceil(self.count / max(1, len(self._labels)))

    @property
    def column_labels(self) -> tuple[str, ...]:
        """The labels below the columns."""
        return self._column_labels

    def fitting_height(self, width: int, max_height: int) -> int:
        """Return the height in logical pixels that the rows need at a width, up to a maximum."""
        if not self.count:
            return max_height
        layout = self._fit(self.count, QSize(width, max_height))
        return min(max_height, ceil(layout.content_height / self.devicePixelRatioF()))

    @property
    def _has_rows(self) -> bool:
        """Whether to lay out as labelled rows, not as a plain grid."""
        return bool(self._labels) and not self.is_single and self._badge is None

    def _label_width(self) -> int:
        metrics = QFontMetrics(body_font(FONT_CAPTION))
        widest = max((metrics.horizontalAdvance(text) for text in self._labels), default=0)
        return widest + SPACE_M if widest else 0

    def _row_label_margin(self) -> int:
        if not self._has_rows:
            return 0
        return round(self._label_width() * self.devicePixelRatioF())

    def _fit(self, cells: int, view_size: QSize) -> GridLayout:
        if not self._has_rows:
            return super()._fit(cells, view_size)
        ratio = self.devicePixelRatioF()
        height, width = self._shape()[1:3]
        gap = margin = round(SPACE_S * ratio)
        caption = round(CAPTION_HEIGHT * ratio) if self._captions else 0
        label_width = self._row_label_margin()
        footer_height = round(CAPTION_HEIGHT * ratio) if self._column_labels else 0
        columns, rows = self.columns, len(self._labels)
        free_width = view_size.width() * ratio - 2 * margin - label_width - (columns - 1) * gap
        free_height = (
            view_size.height() * ratio
            - 2 * margin
            - (rows - 1) * gap
            - rows * caption
            - footer_height
        )
        zoom_x, zoom_y = free_width / (columns * width), free_height / (rows * height)
        # Scroll instead of making rows too small to be recognised.
        zoom = min(zoom_x, max(zoom_y, min(1.0, _SMALLEST * ratio / height)))
        zoom = (
            float(int(zoom))
            if zoom >= 1 and max(height, width) <= MAX_INTEGER_ZOOM_SIDE
            else max(zoom, 1 / width)
        )
        tile_width, tile_height = max(1, round(width * zoom)), max(1, round(height * zoom))
        pitch_x, pitch_y = tile_width + gap, tile_height + caption + gap
        used_x, used_y = columns * pitch_x - gap + label_width, rows * pitch_y - gap + footer_height
        return GridLayout(
            columns=columns,
            rows=rows,
            zoom=zoom,
            tile_width=tile_width,
            tile_height=tile_height,
            pitch_x=pitch_x,
            pitch_y=pitch_y,
            left=max(margin, round((view_size.width() * ratio - used_x) / 2)) + label_width,
            top=max(margin, round((view_size.height() * ratio - used_y) / 2)),
            content_height=used_y + 2 * margin,
        )

    def _paint_marks(self, painter: QPainter, layout: GridLayout, cells: range) -> None:
        super()._paint_marks(painter, layout, cells)
        if not self._labels or self.is_single:
            return
        painter.setFont(body_font(FONT_CAPTION))
        columns, label_width = self.columns, self._label_width()
        for cell in cells:
            tile = self._cell_rect(cell)
            row, column = divmod(cell, columns)
            if column in self._highlighted and cell not in self._selection:
                paint_frame(painter, tile, "warning", 1.5)
            if column == 0 and label_width and row < len(self._labels):
                painter.setPen(current_theme().color("muted"))
                box = QRectF(
                    tile.left() - label_width - SPACE_S, tile.top(), label_width, tile.height()
                )
                align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                painter.drawText(box, align, self._labels[row])
            if row == len(self._labels) - 1 and column < len(self._column_labels):
                self._paint_column_label(painter, tile, column, layout)

    def _paint_column_label(
        self, painter: QPainter, tile: QRectF, column: int, layout: GridLayout
    ) -> None:
        """Draw the label of a column; where columns are narrow, only of every second, third, …"""
        metrics = painter.fontMetrics()
        # The first label may extend below the row labels.
        widest = max(map(metrics.horizontalAdvance, self._column_labels[1:]), default=0)
        pitch = layout.pitch_x / self.devicePixelRatioF()
        if column % max(1, ceil((widest + SPACE_S) / pitch)):
            return
        width = metrics.horizontalAdvance(self._column_labels[column]) + 2
        box = QRectF(tile.center().x() - width / 2, tile.bottom() + 2, width, CAPTION_HEIGHT - 2)
        painter.setPen(current_theme().color("muted"))
        align = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.drawText(box, align, self._column_labels[column])
