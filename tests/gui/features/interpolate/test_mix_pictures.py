"""Matrix of mixes at several t: placed where its pictures are largest."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QSize
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.interpolate.mix_rows import show_mixes
from ddpm_studio.gui.theme.theme import Theme
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio


@pytest.mark.parametrize(
    ("size", "beside"),
    [
        # The central area of a window of 1280 × 800.
        (QSize(864, 640), True),
        (QSize(660, 1000), False),
    ],
)
def test_rows_at_several_t_stand_where_they_are_large(
    qtbot: QtBot, studio: Studio, theme: Theme, size: QSize, beside: bool
) -> None:
    panel = InterpolatePanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(panel)
    panel.pages.setCurrentIndex(1)
    panel.resize(size)
    panel.show()
    # The large slots of the previous mode must not keep their space.
    panel.choices.set_mode("matrix")
    pictures = np.zeros((49, 28, 28, 3), np.uint8)
    show_mixes(panel.grid, pictures, [0, 125, 250, 375, 500, 750, 1000], None)
    qtbot.wait(50)
    assert panel.size() == size
    assert panel.grid.tile_rect(0).width() >= 2 * 28
    view = panel.view.geometry()
    assert (view.right() < panel.grid.x()) == beside
    assert (view.bottom() < panel.grid.y()) == (not beside)
