from __future__ import annotations

import itertools

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.theme.theme import Theme
from ddpm_studio.gui.widgets.pictures.film_strip import FilmStrip


@pytest.mark.parametrize("count", [15, 22, 29, 101])
@pytest.mark.parametrize("width", [300, 520, 900])
def test_the_frames_shown_are_evenly_spaced(
    qtbot: QtBot, theme: Theme, count: int, width: int
) -> None:
    strip = FilmStrip("moments", evenly_spaced=True)
    qtbot.addWidget(strip)
    strip.resize(width, 80)
    strip.set_frames(np.zeros((count, 16, 16, 3), np.uint8), [str(k) for k in range(count)])
    shown = strip.shown
    assert shown[0] == 0
    assert shown[-1] == count - 1
    assert len({later - sooner for sooner, later in itertools.pairwise(shown)}) == 1
