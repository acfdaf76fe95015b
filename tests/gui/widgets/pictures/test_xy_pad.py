from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtGui import QFontMetrics
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.theme.theme import Theme, body_font
from ddpm_studio.gui.theme.tokens import FONT_BODY, SPACE_L
from ddpm_studio.gui.widgets.pictures.xy_pad import XYPad


def test_the_cross_hair_goes_behind_the_letters(qtbot: QtBot, theme: Theme) -> None:
    pad = XYPad("place", ("A", "B", "C", "D"))
    qtbot.addWidget(pad)
    pad.resize(200, 200)
    metrics, field = QFontMetrics(body_font(FONT_BODY)), pad.field()
    letter = QRect(
        int(field.left()) + SPACE_L,
        int(field.top()) + SPACE_L,
        metrics.horizontalAdvance("A"),
        metrics.height() - 1,
    )
    away = pad.grab(letter).toImage()
    through = (letter.center().y() - field.top()) / field.height()
    pad.set_point(0.5, through)
    assert pad.grab(letter).toImage() == away
    beside = letter.translated(3 * letter.width(), 0)
    crossed = pad.grab(beside).toImage()
    pad.set_point(0.5, 0.5)
    assert pad.grab(beside).toImage() != crossed
