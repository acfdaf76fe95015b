from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.engine import DiffusionProcess, NoiseSchedule
from ddpm_studio.engine.pixels import to_uint8
from ddpm_studio.gui.features.learn.forward_chapter import ForwardChapter
from ddpm_studio.gui.features.learn.learn_panel import LearnPanel
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.features.learn.chapter_alone import actions_of
from tests.gui.panel_help import WAIT, drop, files, opened


@pytest.fixture
def chapter(qtbot: QtBot, studio: Studio) -> ForwardChapter:
    made = ForwardChapter(studio, actions_of(studio, lambda: made))
    qtbot.addWidget(made)
    made.resize(640, 580)
    made.show()
    qtbot.waitUntil(lambda: made.tables is not None, timeout=WAIT)
    return made


def test_it_is_never_empty_and_shows_what_the_engine_says(
    qtbot: QtBot, chapter: ForwardChapter
) -> None:
    chapter.schedule.setCurrentText("cosine")
    chapter.timesteps.setValue(200)
    qtbot.waitUntil(lambda: chapter.time.timesteps == 200, timeout=WAIT)
    chapter.time.set_value(77)
    schedule, index = NoiseSchedule.cosine(200), 76
    noised = chapter.noised
    assert noised is not None
    x_0, eps = (torch.from_numpy(x).permute(2, 0, 1)[None] for x in (noised.x_0, noised.eps))
    x_t = to_uint8(DiffusionProcess(schedule).q_sample(x_0, index, eps))[0].numpy()
    shown = chapter.x_t.picture
    assert shown is not None
    assert np.abs(shown.astype(int) - x_t).max() <= 1
    assert (shown != x_t).mean() < 0.01
    assert chapter.signal_label.text() == f"{float(schedule.sqrt_alphas_cumprod[index]):.3f}"
    chapter.jump.highlight_symbol("noise")
    value = float(schedule.sqrt_one_minus_alphas_cumprod[index])
    assert f"{value:.4f}" in chapter.jump.caption()
    assert not chapter.beta_end.isEnabled(), "the cosine has no ends to choose"


def test_the_ends_of_beta_change_the_curves(qtbot: QtBot, chapter: ForwardChapter) -> None:
    before = chapter.tables
    assert "fair start" in chapter.remaining_signal.text()
    chapter.beta_end.setValue(0.002)
    qtbot.waitUntil(lambda: chapter.tables is not before, timeout=WAIT)
    assert chapter.betas.curves[0].y[-1] == pytest.approx(0.002)
    assert "not yet" in chapter.remaining_signal.text()
    chapter.snr.moved.emit(1000)
    assert chapter.time.value == 1000
    assert chapter.bars.mark == 1000


def test_t_zero_is_the_picture_itself(qtbot: QtBot, chapter: ForwardChapter) -> None:
    chapter.time.set_value(0)
    shown, own = chapter.x_t.picture, chapter.source.picture
    assert shown is not None
    assert own is not None
    assert np.array_equal(shown, own)


def test_a_picture_of_ones_own_and_other_noise(
    qtbot: QtBot, chapter: ForwardChapter, picture_folder: Path
) -> None:
    assert drop(chapter.source, files(picture_folder / "05.png"))
    qtbot.waitUntil(
        lambda: chapter.noised is not None and chapter.noised.x_0.shape == (16, 16, 3),
        timeout=WAIT,
    )
    noised = chapter.noised
    chapter.dice.click()
    qtbot.waitUntil(lambda: chapter.noised is not noised, timeout=WAIT)
    assert noised is not None
    assert chapter.noised is not None
    assert np.array_equal(chapter.noised.x_0, noised.x_0)
    assert not np.array_equal(chapter.noised.eps, noised.eps)
    chapter.source.clear()
    assert chapter.x_t.picture is None


def test_a_schedule_that_there_is_not_is_explained(qtbot: QtBot, chapter: ForwardChapter) -> None:
    chapter.schedule.setCurrentText("linear scaled")
    chapter.timesteps.setValue(10)
    qtbot.waitUntil(lambda: "larger T" in chapter.messages.text, timeout=WAIT)
    chapter.timesteps.setValue(100)
    qtbot.waitUntil(lambda: chapter.time.timesteps == 100, timeout=WAIT)
    assert chapter.messages.text == ""


def test_a_picture_of_the_open_data_is_shown_and_there_is_a_way_back(
    qtbot: QtBot, backend: Backend, picture_folder: Path
) -> None:
    window = opened(qtbot, backend)
    window.show_tool(window.tool(LearnPanel))
    chapter = window.tool(LearnPanel).forward
    window.tool(LearnPanel).show_chapter(chapter)
    qtbot.waitUntil(lambda: chapter.source.picture is not None, timeout=WAIT)
    built_in = chapter.source.picture
    assert not chapter.open_data_button.isVisible(), "nothing is open"
    window.studio.open_data([picture_folder])
    qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)
    theirs = np.asarray(window.studio.dataset.images) if window.studio.dataset else np.zeros(0)

    def is_theirs() -> bool:
        shown = chapter.source.picture
        return shown is not None and bool((theirs == shown).all(axis=(1, 2, 3)).any())

    assert is_theirs()
    assert not chapter.open_data_button.isVisible()
    QTest.mouseClick(chapter.built_in_button, Qt.MouseButton.LeftButton)
    assert chapter.source.picture is built_in
    assert not chapter.built_in_button.isVisible()
    QTest.mouseClick(chapter.open_data_button, Qt.MouseButton.LeftButton)
    assert is_theirs()
    mine = np.full((9, 9, 3), 200, np.uint8)
    chapter.source.set_picture(mine)
    window.studio.open_data([picture_folder / "05.png"])
    qtbot.waitUntil(lambda: window.studio.dataset is None, timeout=WAIT)
    qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)
    assert chapter.source.picture is mine, "what a person put here stays"


def test_data_that_is_open_comes_before_the_built_in_picture(
    qtbot: QtBot, backend: Backend, picture_folder: Path
) -> None:
    window = opened(qtbot, backend)
    window.studio.open_data([picture_folder])
    qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)
    window.show_tool(window.tool(LearnPanel))
    source = window.tool(LearnPanel).forward.source
    window.tool(LearnPanel).show_chapter(window.tool(LearnPanel).forward)
    assert source.shows_open_data
    assert source.picture is not None
    assert source.picture.shape == (16, 16, 3)
