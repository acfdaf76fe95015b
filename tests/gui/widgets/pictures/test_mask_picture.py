"""What is painted on a picture is seen as one veil with an edge, not as a checkerboard."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.widgets.pictures.mask_picture import MaskPicture


def test_a_mask_is_an_even_veil_that_is_seen_on_a_picture_of_its_colour(qtbot: QtBot) -> None:
    canvas = MaskPicture("Picture and mask")
    qtbot.addWidget(canvas)
    canvas.resize(160, 160)
    accent = QColor(current_theme().color("accent"))
    plain = np.full((8, 8, 3), (accent.red(), accent.green(), accent.blue()), np.uint8)
    canvas.set_picture(plain)
    mask = np.zeros((8, 8), bool)
    mask[:, :4] = True
    canvas.set_mask(mask)
    seen = canvas.grab().toImage()
    side, corner = 20, canvas.picture_rect().topLeft()

    def middle(row: int, column: int) -> str:
        at = corner + QPoint(column * side + side // 2, row * side + side // 2)
        return seen.pixelColor(at).name()

    assert len({middle(row, column) for row in range(8) for column in range(4)}) == 1
    across = {seen.pixelColor(corner.x() + x, corner.y() + 70).name() for x in range(70, 90)}
    assert len(across) > 1, "an edge parts what is painted from the rest"
