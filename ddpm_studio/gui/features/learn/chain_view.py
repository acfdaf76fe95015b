"""The directed graphical model (DDPM Fig. 2) with pictures in its nodes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPixmap, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ddpm_studio.gui.features.learn.typeset import paint, typeset
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import FONT_CAPTION, RADIUS, SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.pictures.checkerboard import paint_checkerboard
from ddpm_studio.gui.widgets.pictures.picture_drag import scaled_pixmap

_LARGEST, _PREFERRED_SIDE, _SMALLEST = 128, 102, 48
_GAP, _TEXT_HEIGHT, _FORMULA = 34, 20, 30
_HEAD = 7.0
_Q, _P = r"q(\bf{x}_t|\bf{x}_{t−1})", r"p_θ(\bf{x}_{t−1}|\bf{x}_t)"


class ChainView(QWidget):
    """Draws the chain from x₀ at the left to noise at the right: q leads rightwards, p_θ back.

    As many states are shown as there is room for, the first and the last among them.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pictures: Pictures | None = None
        """The states of the chain, uint8 (N, H, W, C)."""
        self._t: tuple[int, ...] = ()
        self._pixmaps: dict[int, QPixmap] = {}
        self._latents = False
        self.setMinimumSize(2 * _SMALLEST + _GAP, _SMALLEST + 2 * _FORMULA + _TEXT_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("The chain from picture to noise"))
        current_theme().changed.connect(self.update)

    def set_chain(self, pictures: Pictures, t: Sequence[int]) -> None:
        """Show states of a chain, uint8 (N, H, W, C), at the timesteps ``t``, ascending from 0."""
        self.pictures, self._t = pictures, tuple(t)
        self._pixmaps.clear()
        self.setAccessibleDescription(", ".join(f"t = {timestep:,}" for timestep in t))
        self.update()

    def mark_latents(self, on: bool) -> None:
        """Frame the latents, all but x₀, or remove the frames."""
        self._latents = on
        self.update()

    def sizeHint(self) -> QSize:
        """Ask for a row of four pictures."""
        return QSize(4 * (_LARGEST + _GAP), _LARGEST + 2 * _FORMULA + _TEXT_HEIGHT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Discard the scaled pixmaps, so that painting scales the pictures again."""
        self._pixmaps.clear()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the pictures, the arrows and the terms q and p_θ."""
        if self.pictures is None:
            return
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(body_font(FONT_CAPTION))
        visible, side = self._visible_states()
        top = max(float(_FORMULA), (self.height() - side - _TEXT_HEIGHT) / 2)
        total_width = len(visible) * side + (len(visible) - 1) * _GAP
        left = max(0.0, (self.width() - total_width) / 2)
        for position, k in enumerate(visible):
            box = QRectF(left + position * (side + _GAP), top, side, side)
            self._paint_node(painter, k, box)
            if position:
                self._paint_arrows(painter, box)
        colours = {"": theme.color("text")}
        for source, y in ((_Q, top - SPACE_M), (_P, top + side + _TEXT_HEIGHT + SPACE_M + SPACE_S)):
            piece = typeset(source, 15)
            paint(painter, piece, (self.width() - piece.width) / 2, y, colours)
        painter.end()

    def _visible_states(self) -> tuple[list[int], int]:
        """Return the indices of the states that fit, and the side of a picture in pixels."""
        available = self.height() - 2 * _FORMULA - _TEXT_HEIGHT
        count = len(self._t)
        for visible in range(count, 1, -1):
            side = min(available, (self.width() - (visible - 1) * _GAP) // visible, _LARGEST * 2)
            if side >= min(available, _PREFERRED_SIDE) or visible == 2:
                picked = {round(k * (count - 1) / (visible - 1)) for k in range(visible)}
                return sorted(picked), max(_SMALLEST, side)
        return [0], _SMALLEST

    def _paint_node(self, painter: QPainter, k: int, box: QRectF) -> None:
        theme = current_theme()
        assert self.pictures is not None
        if k not in self._pixmaps:
            side = math.floor(box.width()) - 4
            self._pixmaps[k] = scaled_pixmap(self.pictures[k], side, self.devicePixelRatioF())
        pixmap = self._pixmaps[k]
        size = pixmap.deviceIndependentSize()
        area = QRectF(
            round(box.center().x() - size.width() / 2),
            round(box.center().y() - size.height() / 2),
            size.width(),
            size.height(),
        )
        paint_checkerboard(painter, area, pixmap)
        painter.drawPixmap(area.topLeft(), pixmap)
        latent = self._latents and k > 0
        painter.setPen(QPen(theme.color("accent" if latent else "line"), 2 if latent else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(area.adjusted(-2, -2, 2, 2), RADIUS, RADIUS)
        painter.setPen(theme.color("muted"))
        text_rect = QRectF(box.left() - _GAP / 2, box.bottom(), box.width() + _GAP, _TEXT_HEIGHT)
        text = f"t = {self._t[k]:,}"
        painter.drawText(text_rect, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_arrows(self, painter: QPainter, box: QRectF) -> None:
        """Draw q's arrow from the left neighbour, solid; p_θ's back, dashed as it is learned."""
        theme = current_theme()
        left, right = box.left() - _GAP + SPACE_S, box.left() - SPACE_S
        for y, direction, style, colour in (
            (box.center().y() - SPACE_M, 1, Qt.PenStyle.SolidLine, theme.color("text")),
            (box.center().y() + SPACE_M, -1, Qt.PenStyle.DashLine, theme.color("accent")),
        ):
            start, end = (left, right) if direction > 0 else (right, left)
            painter.setPen(QPen(colour, 1.5, style))
            painter.drawLine(QPointF(start, y), QPointF(end - direction * _HEAD, y))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            base = end - direction * _HEAD
            head = [QPointF(end, y), QPointF(base, y - _HEAD / 2), QPointF(base, y + _HEAD / 2)]
            painter.drawPolygon(QPolygonF(head))
