"""Notes on a run, edited in two windows: neither overwrites what the other has saved."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtGui import QFocusEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.observatory.notes_view import NotesView
from ddpm_studio.runs.notes import Notes, read_notes, write_notes


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    own = tmp_path / "run"
    shutil.copytree(tiny_run, own)
    write_notes(own, Notes(("good",), "Sharp"))
    return own


@pytest.fixture
def view(qtbot: QtBot, run: Path) -> NotesView:
    made = NotesView()
    qtbot.addWidget(made)
    made.show_run(run)
    return made


def test_a_field_that_is_not_touched_stays_as_another_window_has_written_it(
    view: NotesView, run: Path
) -> None:
    write_notes(run, Notes(("good",), "Sharp, and more"))
    QTest.keyClicks(view.tags, ", small")
    view.save()
    assert read_notes(run) == Notes(("good", "small"), "Sharp, and more")
    assert view.text.toPlainText() == "Sharp, and more"
    assert view.tags.text() == "good, small"


def test_one_goes_on_from_what_another_window_has_written(view: NotesView, run: Path) -> None:
    write_notes(run, Notes(("good",), "Sharp, and more"))
    come = QFocusEvent(QEvent.Type.FocusIn)
    QApplication.sendEvent(view.text, come)
    assert view.text.toPlainText() == "Sharp, and more"
    view.text.appendPlainText("by the end")
    QApplication.sendEvent(view.tags, come)
    view.save()
    assert read_notes(run).text == "Sharp, and more\nby the end"


def test_notes_that_cannot_be_read_for_a_moment_are_kept(view: NotesView, run: Path) -> None:
    (run / "notes.json").unlink()
    QTest.keyClicks(view.tags, ", small")
    view.save()
    assert read_notes(run) == Notes(("good", "small"), "Sharp")


def test_what_another_window_has_taken_out_does_not_come_back(view: NotesView, run: Path) -> None:
    write_notes(run, Notes())
    QTest.keyClicks(view.tags, ", small")
    view.save()
    assert read_notes(run) == Notes(("good", "small"), "")
    assert view.text.toPlainText() == ""
    write_notes(run, Notes())
    QApplication.sendEvent(view.text, QFocusEvent(QEvent.Type.FocusIn))
    assert (view.tags.text(), view.text.toPlainText()) == ("", "")
