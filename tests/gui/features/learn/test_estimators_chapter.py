"""Estimators and gap chapters: little is computed unasked, more when a button is pressed."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.learn.estimators_chapter import EstimatorsChapter
from ddpm_studio.gui.features.learn.gap_chapter import GapChapter
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.panel_help import WAIT, T, open_run


def test_a_visit_walks_a_few_chains_and_a_press_all(
    qtbot: QtBot, studio: Studio, tiny_run: Path
) -> None:
    chapter = EstimatorsChapter(studio, ActionRegistry())
    qtbot.addWidget(chapter)
    chapter.show()
    open_run(qtbot, studio, tiny_run)
    qtbot.waitUntil(lambda: chapter.result is not None, timeout=WAIT)
    assert chapter.result is not None
    chains, steps = len(chapter.result.by_ratios), len(chapter.result.t)
    assert chains * steps <= 100
    assert f"{chains} chains through {steps} timesteps" in chapter.heading.text()
    chapter.more_button.click()
    qtbot.waitUntil(lambda: len(chapter.result.by_ratios) == 32, timeout=WAIT)  # type: ignore[union-attr]
    assert len(chapter.result.t) == T
    assert not chapter.more_button.isEnabled()


def test_a_drag_over_the_gaps_chooses_the_number_of_steps(qtbot: QtBot, studio: Studio) -> None:
    chapter = GapChapter(studio, ActionRegistry())
    qtbot.addWidget(chapter)
    for moved, chosen in ((90, 100), (101, 200), (199, 100), (1, 2), (1, 2)):
        chapter.gaps.moved.emit(moved)
        assert chapter.steps.currentData() == chosen, moved
