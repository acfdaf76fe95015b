"""Export of the loss plot as PNG or SVG, with a legend of its runs."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QBuffer, QIODevice, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgGenerator

from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.plots.loss_plot import LossPlot

_SCALE = 2.0
_LINE = 20
_DOT = 8


def render_loss_plot(plot: LossPlot, kind: Literal["png", "svg"]) -> bytes | None:
    """Render the loss plot as shown, in the theme's colours; None if it is empty.

    A PNG has two pixels per logical pixel of the plot.
    """
    canvas = plot.canvas
    if canvas is None or not plot.names:
        return None
    size = canvas.widget.size()
    header_height = SPACE_M + _LINE * len(plot.names)
    full_size = QSize(size.width(), size.height() + header_height)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if kind == "svg":
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setSize(full_size)
        generator.setViewBox(QRectF(0, 0, full_size.width(), full_size.height()))
        generator.setTitle(plot.accessibleName())
        painter = QPainter(generator)
        _paint(painter, plot, full_size, header_height)
        painter.end()
    else:
        image = QImage(full_size * _SCALE, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(_SCALE)
        painter = QPainter(image)
        _paint(painter, plot, full_size, header_height)
        painter.end()
        QImageWriter(buffer, b"png").write(image)
    return bytes(buffer.data().data())


def _paint(painter: QPainter, plot: LossPlot, size: QSize, header_height: int) -> None:
    theme = current_theme()
    canvas = plot.canvas
    assert canvas is not None
    painter.fillRect(QRectF(0, 0, size.width(), size.height()), theme.color("panel"))
    painter.setFont(body_font())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for number, run in enumerate(plot.names):
        top = SPACE_M + number * _LINE
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(plot.colour(run)))
        painter.drawEllipse(QRectF(SPACE_L, top + (_LINE - _DOT) / 2, _DOT, _DOT))
        painter.setPen(theme.color("text"))
        left = SPACE_L + _DOT + SPACE_M
        painter.drawText(
            QRectF(left, top, size.width() - left, _LINE), Qt.AlignmentFlag.AlignVCenter, run
        )
    canvas.mark({})
    target = QRectF(0, header_height, size.width(), size.height() - header_height)
    canvas.widget.render(painter, target, canvas.widget.viewport().rect())
