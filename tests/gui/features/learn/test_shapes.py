"""Chapters of Learn with non-square pictures: alpha and bands are channels like the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.learn.bound_chapter import BoundChapter
from ddpm_studio.gui.features.learn.forward_chapter import ForwardChapter
from ddpm_studio.gui.platform.images import band_selection, to_array
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs import train
from ddpm_studio.requests import PrepareOptions, TrainRequest
from tests import narrow
from tests.gui.features.learn.chapter_alone import actions_of
from tests.gui.panel_help import WAIT, open_run

NAMES = {
    1: [],
    2: ["gray", "alpha"],
    3: ["red", "green", "blue"],
    4: ["red", "green", "blue", "alpha"],
    5: ["band 1", "band 2", "band 3", "band 4", "band 5"],
}


@pytest.fixture
def forward(qtbot: QtBot, studio: Studio) -> ForwardChapter:
    made = ForwardChapter(studio, actions_of(studio, lambda: made))
    qtbot.addWidget(made)
    made.resize(900, 640)
    made.show()
    qtbot.waitUntil(lambda: made.tables is not None, timeout=WAIT)
    return made


@pytest.mark.parametrize("channels", [2, 4, 5])
@pytest.mark.parametrize("size", [(16, 24), (200, 300)], ids=["small", "large"])
def test_noise_is_added_to_every_channel_of_a_whole_picture(
    qtbot: QtBot, forward: ForwardChapter, channels: int, size: tuple[int, int]
) -> None:
    before = forward.noised
    picture = np.random.default_rng(0).integers(0, 256, (*size, channels), np.uint8)
    forward.source.set_picture(picture)
    qtbot.waitUntil(lambda: forward.noised is not before, timeout=WAIT)
    noised, shown = forward.noised, forward.eps.picture
    assert noised is not None
    assert shown is not None
    height, width = size if max(size) <= 128 else (85, 128)
    assert noised.x_0.shape == noised.eps.shape == (height, width, channels)
    if channels % 2 == 0:
        # ε is shown opaque: noise values are numbers, without transparency.
        assert (shown[..., -1] == 255).all()
        np.testing.assert_array_equal(shown[..., :-1], noised.eps_picture[..., :-1])
    forward.time.set_value(0)
    if max(size) <= 128:
        assert forward.x_t.picture is not None
        seen = picture[..., -1] > 0 if channels % 2 == 0 else np.ones(size, bool)
        np.testing.assert_array_equal(forward.x_t.picture[seen], picture[seen])


def test_a_tile_shows_the_chosen_bands_and_a_checkerboard(
    qtbot: QtBot, forward: ForwardChapter
) -> None:
    tile = forward.x_t

    def middle() -> list[int]:
        grabbed = to_array(tile.grab())
        return [int(level) for level in grabbed[grabbed.shape[0] // 2, grabbed.shape[1] // 2]]

    picture = np.zeros((8, 8, 5), np.uint8)
    picture[..., 4] = 200
    tile.set_picture(picture)
    assert middle() == [0, 0, 0]
    try:
        band_selection().bands = (4, 0, 0)
        QApplication.processEvents()
        assert middle() == [200, 0, 0]
    finally:
        band_selection().bands = (0, 1, 2)
    tile.set_picture(np.zeros((8, 8, 4), np.uint8))
    assert middle() in ([255] * 3, [204] * 3)


@pytest.mark.parametrize("channels", NAMES)
def test_the_bound_is_told_of_each_channel(
    qtbot: QtBot, studio: Studio, tmp_path: Path, channels: int
) -> None:
    pictures = np.random.default_rng(1).integers(1, 256, (2, 8, 16, channels), np.uint8)
    np.save(tmp_path / "a.npy", pictures)
    kinds = {1: "gray", 2: "gray+alpha", 3: "rgb", 4: "rgba", 5: "bands"}
    prepare = PrepareOptions.model_validate({"image_size": "16x8", "channels": kinds[channels]})
    request = TrainRequest(steps=1, batch_size=1, timesteps=6, sample_count=1, device="cpu")
    with narrow.network():
        for _ in train([tmp_path / "a.npy"], tmp_path / "run", request, prepare):
            pass
    chapter = BoundChapter(studio, actions_of(studio, lambda: chapter))
    qtbot.addWidget(chapter)
    chapter.resize(640, 600)
    chapter.show()
    open_run(qtbot, studio, tmp_path / "run")
    qtbot.waitUntil(lambda: chapter.parts is not None and not chapter.comparing, timeout=WAIT)
    step, box = chapter.step, chapter.channel
    assert step is not None
    assert step.bits.shape == (8, 16, channels)
    assert box.isHidden() == (channels == 1)
    names = [box.itemText(number) for number in range(box.count())]
    assert names[: len(NAMES[channels])] == NAMES[channels]
    chapter.time.set_value(3)
    qtbot.waitUntil(lambda: not chapter.comparing, timeout=WAIT)
    step = chapter.step
    assert step is not None
    box.setCurrentIndex(channels - 1)
    column, row = chapter.x_t.pixel
    true = chapter.curves.curves[0]
    centre = np.trapezoid(true.x * true.y, true.x)
    assert centre == pytest.approx(float(step.q_mean[row, column, channels - 1]), abs=0.02)
