from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.learn.learn_panel import LearnPanel
from tests.gui.panel_help import opened


@pytest.mark.parametrize(
    ("asked", "chapter"),
    [("learn.train", "playground"), ("learn.from_built_in", "forward"), ("learn.bound", "bound")],
)
def test_an_action_shows_the_chapter_that_it_belongs_to(
    qtbot: QtBot, backend: Backend, asked: str, chapter: str
) -> None:
    window = opened(qtbot, backend)
    learn = window.tool(LearnPanel)
    chapters = {"forward": learn.forward, "bound": learn.bound, "playground": learn.playground}
    learn.show_chapter(chapters["bound" if chapter == "forward" else "forward"])
    window.actions_[asked].trigger()
    assert {key for key, each in chapters.items() if each.isVisible()} == {chapter}
