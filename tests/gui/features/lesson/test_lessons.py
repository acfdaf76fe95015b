from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.export.lesson import Lesson, Question, read_lesson
from ddpm_studio.gui.features.learn.learn_panel import LearnPanel
from ddpm_studio.gui.features.lesson.lesson_bar import LessonBar
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.shell.main_window import MainWindow
from tests.gui.panel_help import WAIT, drop, files, opened


@pytest.fixture
def window(qtbot: QtBot, backend: Backend, tiny_run: Path) -> MainWindow:
    return opened(qtbot, backend, tiny_run)


def test_nothing_moves_when_the_answer_is_shown(qtbot: QtBot) -> None:
    place = QWidget()
    qtbot.addWidget(place)
    bar = LessonBar()
    column = QVBoxLayout(place)
    column.addStretch(1)
    column.addWidget(bar)
    place.resize(500, 400)
    place.show()
    long = "They share the pose and the colours, as both come from one latent. " * 4
    bar.show_lesson(Lesson("A lesson", (Question(question="What do they share?", answer=long),)))
    qtbot.wait(30)
    parts = bar.findChildren(QAbstractButton)
    before = [part.mapTo(place, QPoint()) for part in parts]
    bar.reveal.click()
    qtbot.wait(30)
    assert bar.answer.isVisible()
    assert [part.mapTo(place, QPoint()) for part in parts] == before


def make(qtbot: QtBot, window: MainWindow, path: Path, *asked: tuple[str, str]) -> None:
    """Make a lesson of the front view through the dialogs, as a user does."""
    window.actions_["file.make_lesson"].trigger()
    dialog = window.lessons.dialog
    assert dialog is not None
    for number, (question, answer) in enumerate(asked):
        if number:
            dialog.more.click()
        dialog.fields[number][0].setText(question)
        dialog.fields[number][1].setText(answer)
    dialog.save.click()
    where = next(one for one in window.findChildren(QFileDialog) if one.isVisible())
    where.fileSelected.emit(str(path))
    where.close()
    qtbot.waitUntil(path.exists, timeout=WAIT)


def test_a_view_is_made_a_lesson_and_opened_like_a_picture(
    qtbot: QtBot, window: MainWindow, tiny_run: Path, tmp_path: Path
) -> None:
    share = window.tool(SharePanel)
    window.show_tool(share)
    share.sampler.set_value({"steps": 4, "seed": 77})
    share.time.set_value(12)
    share.source.pick_from_data()
    qtbot.waitUntil(lambda: share.source.fitted is not None, timeout=WAIT)
    qtbot.waitUntil(lambda: share.drawn is not None and not share.busy, timeout=WAIT)
    assert share.drawn is not None
    before, source = share.drawn.pictures, share.source.fitted
    path = tmp_path / "sharing.lesson"
    make(qtbot, window, path, ("What do they share?", "The pose."), ("And at t = 0?", ""))
    kept = read_lesson(path)
    assert kept.questions[0] == Question(question="What do they share?", answer="The pose.")
    assert len(kept.questions) == 2

    share.source.clear()
    share.sampler.set_value({"steps": 2, "seed": 1})
    share.time.set_value(3)
    qtbot.waitUntil(lambda: not share.busy, timeout=WAIT)
    window.show_tool(window.tool(LearnPanel))
    assert drop(window, files(path))
    qtbot.waitUntil(share.isVisible, timeout=WAIT)

    def again() -> bool:
        drawn = share.drawn
        return drawn is not None and not share.busy and np.array_equal(drawn.pictures, before)

    qtbot.waitUntil(again, timeout=WAIT)
    assert share.time.value == 12
    assert share.sampler.value()["seed"] == 77
    assert source is not None
    assert np.array_equal(np.asarray(share.source.fitted), source)
    bar = window.lessons.bar
    assert bar.isVisible()
    assert bar.question.text() == "What do they share?"
    assert not bar.answer.isVisible()
    bar.reveal.click()
    assert bar.answer.text() == "The pose."
    assert bar.answer.isVisible()
    bar.next.click()
    assert bar.question.text() == "And at t = 0?"
    assert not bar.answer.isVisible()
    assert not bar.reveal.isVisible()
    assert not bar.next.isEnabled()


def test_a_page_of_learn_is_a_lesson_too(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    learn = window.tool(LearnPanel)
    window.show_tool(learn)
    window.actions_["file.make_lesson"].trigger()
    assert window.lessons.dialog is None
    assert "nothing here" in window.messages.text
    assert window.messages.level == "info"
    learn.show_concept("kl")
    path = tmp_path / "kl.lesson"
    make(qtbot, window, path, ("Is it symmetric?", "No."))
    learn.show_index()
    window.actions_["file.start"].trigger()
    window.studio.open_paths([path])
    assert learn.concept is not None
    assert learn.concept.name == "kl"
    assert learn.isVisible()
    assert window.lessons.bar.question.text() == "Is it symmetric?"


def test_while_it_is_drawn_that_is_said(qtbot: QtBot, window: MainWindow) -> None:
    share = window.tool(SharePanel)
    window.show_tool(share)
    share.sampler.set_value({"steps": 20, "seed": 3})
    share.draw_now()
    assert share.busy
    window.actions_["file.make_lesson"].trigger()
    assert window.lessons.dialog is None
    assert "being drawn" in window.messages.text
    assert window.messages.level == "info"
    qtbot.waitUntil(lambda: not share.busy, timeout=WAIT)
    window.actions_["file.make_lesson"].trigger()
    assert window.lessons.dialog is not None


def test_what_can_t_be_opened_is_said_and_nothing_is_shown(
    window: MainWindow, tmp_path: Path
) -> None:
    whole = {"format": "ddpm-studio lesson", "version": 1, "title": "a", "questions": []}
    sample = {"run": "//stranger/run", "count": 1}
    for changed, said in (
        ({"version": 7, "concept": "kl"}, "version 7"),
        ({"recipe": {"kind": "alchemy", "request": {}}}, "not known here"),
        ({"recipe": {"kind": "sample", "request": {"count": -1}}}, "does not say in full"),
        ({"recipe": {"kind": "sample", "request": sample}}, "on the network"),
        ({"recipe": {"kind": "sample", "request": {**sample, "run": "gone"}}}, "not at gone"),
    ):
        path = tmp_path / "hostile.lesson"
        path.write_text(json.dumps(whole | changed), encoding="utf-8")
        window.studio.open_paths([path])
        assert said in window.messages.text
        assert not window.lessons.bar.isVisible()
        assert window.studio.sources == ()
