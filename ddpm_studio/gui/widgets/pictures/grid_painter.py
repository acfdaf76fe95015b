"""Painting of a grid's tiles, their selection frames, captions and badges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from ddpm_studio.gui.platform.images import Pictures, compose
from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import FONT_CAPTION, SPACE_S
from ddpm_studio.gui.widgets.pictures.checkerboard import paint_checkerboard
from ddpm_studio.gui.widgets.pictures.grid_layout import GridLayout

CAPTION_HEIGHT = 20


@dataclass(frozen=True)
class SpriteSheet:
    """Sprite sheet: the pictures of ``cells`` in one image, ``columns`` in a row."""

    cells: range
    image: QImage
    columns: int

    @classmethod
    def of(cls, pictures: Pictures, cells: range) -> SpriteSheet:
        """Compose the sheet of ``pictures[cells]``."""
        columns = max(1, round(len(cells) ** 0.5))
        return cls(cells, compose(pictures[cells.start : cells.stop], columns), columns)


def paint_tiles(
    painter: QPainter,
    layout: GridLayout,
    sheet: SpriteSheet,
    size: tuple[int, int],
    first_cell: int,
) -> None:
    """Draw all pictures of a sheet into their tiles, in device pixels.

    Args:
        painter: a painter in device pixels, with its origin at that of the grid.
        layout: the layout of the tiles.
        sheet: the pictures.
        size: height and width of a picture.
        first_cell: the cell of the first picture.
    """
    height, width = size
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, layout.zoom % 1 > 0)
    for index in range(len(sheet.cells)):
        left, top = layout.origin(first_cell + index)
        row, column = divmod(index, sheet.columns)
        target = QRect(left, top, layout.tile_width, layout.tile_height)
        paint_checkerboard(painter, target, sheet.image)
        painter.drawImage(
            target,
            sheet.image,
            QRect(column * width, row * height, width, height),
        )


def paint_frame(painter: QPainter, tile: QRectF, role: str, width: float = 2.0) -> None:
    """Draw a frame just outside of ``tile`` (logical pixels); ``role`` is a colour token."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(current_theme().color(role), width)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    offset = width / 2 + 0.5
    painter.drawRoundedRect(tile.adjusted(-offset, -offset, offset, offset), 2, 2)


def paint_captions(
    painter: QPainter, tiles: Iterable[QRectF], captions: Sequence[str], pitch: float
) -> None:
    """Draw each caption below its tile, elided if wider than ``pitch``."""
    painter.setFont(body_font(FONT_CAPTION))
    painter.setPen(current_theme().color("muted"))
    metrics = painter.fontMetrics()
    for tile, caption in zip(tiles, captions, strict=False):
        width = max(tile.width(), pitch - SPACE_S)
        text = metrics.elidedText(caption, Qt.TextElideMode.ElideRight, int(width))
        box = QRectF(tile.center().x() - width / 2, tile.bottom() + 2, width, CAPTION_HEIGHT - 2)
        painter.drawText(box, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, text)


def paint_badge(painter: QPainter, tile: QRectF, text: str) -> None:
    """Draw a badge, a short text on dark ground, in the lower left corner of ``tile``."""
    font = body_font(FONT_CAPTION)
    painter.setFont(font)
    metrics = painter.fontMetrics()
    width = min(metrics.horizontalAdvance(text) + 2 * SPACE_S, tile.width())
    background = QRectF(
        tile.left(), tile.bottom() - metrics.height() - 2, width, metrics.height() + 2
    )
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 190))
    painter.drawRect(background)
    painter.setPen(QColor(255, 255, 255))
    painter.drawText(background, Qt.AlignmentFlag.AlignCenter, text)
