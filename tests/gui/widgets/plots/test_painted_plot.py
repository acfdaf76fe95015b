from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QPainter
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.theme.theme import Theme
from ddpm_studio.gui.widgets.plots.painted_plot import PaintedPlot, area_below, polyline


class Still(PaintedPlot):
    margins = (10, 20, 30, 40)

    def paint(self, painter: QPainter, area: QRectF) -> None:
        self.draw_base_line(painter)


class Followed(Still):
    follows_pointer = True
    draggable = True

    def __init__(self) -> None:
        super().__init__("Followed")
        self.hovers: list[QPointF | None] = []
        self.drags: list[float] = []

    def on_hover(self, place: QPointF | None) -> None:
        self.hovers.append(place)

    def on_drag(self, share: float) -> None:
        self.drags.append(share)


class Parent(QWidget):
    """Counts the mouse presses that its child doesn't accept."""

    presses = 0

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.presses += 1


def placed(qtbot: QtBot, plot: PaintedPlot) -> PaintedPlot:
    """Resize a plot so that its field is 100 px wide and 50 px high, and return it."""
    qtbot.addWidget(plot)
    plot.resize(140, 110)
    return plot


def test_places_are_shares_of_the_field(qtbot: QtBot, theme: Theme) -> None:
    plot = placed(qtbot, Still("Still"))
    assert plot.accessibleName() == "Still"
    assert plot.area() == QRectF(10, 20, 100, 50)
    assert (plot.x_of(0.5), plot.y_of(0.5)) == (60, 45)
    assert plot.y_of(np.array([0.0, 1.0])).tolist() == [70, 20]
    assert plot.relative_position(QPointF(35, 20)) == QPointF(0.25, 1)


def test_the_base_line_takes_the_colours_of_the_theme(qtbot: QtBot, theme: Theme) -> None:
    plot = placed(qtbot, Still("Still"))
    plot.antialiased = False  # type: ignore[misc]  # One pixel is one colour.
    plot.show()
    for mode in ("dark", "light"):
        theme.mode = mode
        image = plot.grab().toImage()
        ratio = image.devicePixelRatio()
        assert image.pixelColor(int(60 * ratio), int(70 * ratio)) == theme.color("line")


def test_the_pointer_is_followed_until_it_leaves(qtbot: QtBot, theme: Theme) -> None:
    plot = placed(qtbot, Followed())
    assert isinstance(plot, Followed)
    plot.show()
    none = Qt.MouseButton.NoButton
    for x in (60, 200):
        place = QPointF(x, 45)
        at = plot.mapToGlobal(place)
        sent = QMouseEvent(
            QEvent.Type.MouseMove, place, at, none, none, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(plot, sent)
    QApplication.sendEvent(plot, QEvent(QEvent.Type.Leave))
    assert plot.hovers == [QPointF(0.5, 0.5), QPointF(1.9, 0.5), None]
    assert plot.drags == []


@pytest.mark.parametrize(("kind", "left_over"), [(Followed, 0), (Still, 1)])
def test_a_press_is_taken_by_a_plot_that_is_dragged_alone(
    qtbot: QtBot, theme: Theme, kind: type[PaintedPlot], left_over: int
) -> None:
    parent = Parent()
    qtbot.addWidget(parent)
    plot = kind() if kind is Followed else kind("Still")
    plot.setParent(parent)
    plot.setGeometry(0, 0, 140, 110)
    parent.show()
    qtbot.mousePress(plot, Qt.MouseButton.LeftButton, pos=QPoint(85, 30))
    assert parent.presses == left_over
    if isinstance(plot, Followed):
        assert plot.drags == [0.75]
    # Else Qt keeps the button pressed for the tests that follow.
    qtbot.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=QPoint(85, 30))


def test_the_ground_below_a_line_ends_at_the_bottom() -> None:
    line = polyline(np.array([1.0, 2, 3]), np.array([5.0, 4, 6]))
    points = [place.toTuple() for place in area_below(line, 9).toList()]
    assert points == [(1, 5), (2, 4), (3, 6), (3, 9), (1, 9)]
