"""Boards: named collections of kept pictures, stored on the disk across restarts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.gallery.board_bar import BoardButton
from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel
from ddpm_studio.gui.platform.images import picture_mime
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.library.gallery_notes import read_boards
from tests.gui.panel_help import WAIT, open_run


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "own run"
    shutil.copytree(tiny_run, copy, ignore=shutil.ignore_patterns("samples"))
    return copy


def shown(qtbot: QtBot, studio: Studio, run: Path) -> GalleryPanel:
    made = GalleryPanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(made)
    made.resize(800, 700)
    made.show()
    open_run(qtbot, studio, run)
    return made


@pytest.fixture
def panel(qtbot: QtBot, studio: Studio, run: Path) -> GalleryPanel:
    made = shown(qtbot, studio, run)
    made.count.setCurrentIndex(made.count.findData(4))
    made.sampler.set_value({"steps": 2})
    made.draw_samples()
    qtbot.waitUntil(lambda: made.thumbnails.count == 4 and not made.busy, timeout=WAIT)
    return made


def on_disk(run: Path) -> dict[str, tuple[str, ...]]:
    return read_boards(run / "samples" / "gallery")


def add(panel: GalleryPanel, board: str, *rows: int) -> None:
    """Put pictures on a board as a user does: select them, open the dialog, type a name."""
    panel.select([panel.items.shown[row] for row in rows])
    dialog = panel.boards.prompt_board()
    assert dialog is not None
    dialog.box.setCurrentText(board)
    dialog.accept_button.click()


def test_pictures_are_put_on_a_board_which_is_seen_alone_and_again_after_a_restart(
    qtbot: QtBot, backend: Backend, run: Path, panel: GalleryPanel
) -> None:
    assert panel.boards.bar.isHidden(), "no row for what there is not"
    add(panel, "Lecture 3", 1, 2)
    names = [panel.items.shown[row].path.name for row in (1, 2)]
    qtbot.waitUntil(lambda: set(on_disk(run)) == set(names), timeout=WAIT)
    assert "2 pictures put on Lecture 3" in panel.messages.text
    bar = panel.boards.bar
    assert bar.buttons["Lecture 3"].text() == "Lecture 3 · 2"
    bar.buttons["Lecture 3"].click()
    assert [item.path.name for item in panel.items.shown] == names
    bar.buttons[""].click()
    assert len(panel.items.shown) == 4
    # A new panel, as after a restart.
    later = shown(qtbot, Studio(backend), run)
    qtbot.waitUntil(lambda: later.thumbnails.count == 4, timeout=WAIT)
    assert later.items.boards == {"Lecture 3": 2}
    assert not later.boards.bar.isHidden()


def test_they_are_taken_off_and_undo_brings_them_back(
    qtbot: QtBot, run: Path, panel: GalleryPanel
) -> None:
    take_off = panel.actions_["gallery.take_off_board"]
    add(panel, "A", 0, 3)
    assert not take_off.isEnabled(), "all are seen"
    panel.boards.bar.choose("A")
    panel.select(panel.items.shown[:1])
    assert take_off.isEnabled()
    take_off.trigger()
    assert len(panel.items.shown) == 1
    panel.messages.action_button.click()
    assert len(panel.items.shown) == 2
    qtbot.waitUntil(lambda: len(on_disk(run)) == 2, timeout=WAIT)
    # An empty board disappears, and all pictures are shown again.
    panel.boards.clear("A")
    assert panel.boards.current == ""
    assert len(panel.items.shown) == 4
    qtbot.waitUntil(lambda: on_disk(run) == {}, timeout=WAIT)
    panel.messages.action_button.click()
    assert panel.items.boards == {"A": 2}


def test_a_board_gets_another_name_and_two_become_one(
    qtbot: QtBot, run: Path, panel: GalleryPanel
) -> None:
    add(panel, "A", 0, 1)
    add(panel, "B", 1, 2)
    panel.boards.bar.choose("A")
    dialog = panel.boards.prompt_rename("A")
    dialog.box.setCurrentText("  B ")
    dialog.accept_button.click()
    assert panel.items.boards == {"B": 3}
    assert panel.boards.current == "B"
    assert len(panel.items.shown) == 3
    qtbot.waitUntil(lambda: set(on_disk(run).values()) == {("B",)}, timeout=WAIT)


def test_no_name_is_no_board(panel: GalleryPanel) -> None:
    panel.select(panel.items.shown[:1])
    dialog = panel.boards.prompt_board()
    assert dialog is not None
    dialog.box.setCurrentText("   ")
    assert not dialog.accept_button.isEnabled()


class _Drop(QDropEvent):
    """Drop event of a picture dragged from a source widget."""

    def __init__(self, panel: GalleryPanel, source: object) -> None:
        picture = panel.store.read_cached(panel.items.shown[0])
        assert picture is not None
        mime = self._mime = picture_mime(picture.picture, picture.recipe)
        super().__init__(
            QPointF(3, 3),
            Qt.DropAction.CopyAction,
            mime,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        self._source = source

    def source(self) -> object:  # type: ignore[override]
        return self._source


def test_pictures_are_dropped_on_a_board(qtbot: QtBot, run: Path, panel: GalleryPanel) -> None:
    add(panel, "A", 0)
    target = panel.boards.bar.buttons["A"]
    assert isinstance(target, BoardButton)
    panel.select(panel.items.shown[1:])
    target.dropEvent(_Drop(panel, panel.thumbnails))
    assert panel.items.boards == {"A": 4}
    qtbot.waitUntil(lambda: len(on_disk(run)) == 4, timeout=WAIT)
    # A picture dragged from another widget is not one of the gallery's.
    panel.boards.clear("A")
    assert not panel.boards.bar.accepts(_Drop(panel, panel.side))


def test_a_board_is_exported_into_a_folder(
    qtbot: QtBot, panel: GalleryPanel, tmp_path: Path
) -> None:
    add(panel, "A", 0, 2)
    panel.boards.bar.choose("A")
    panel.select([])
    files = [item.path for item in panel.items.shown]
    job = panel.exports.export_to(files, tmp_path / "board")
    assert job.spec.listed, "its row in Jobs tells how far it is, and cancels it"
    qtbot.waitUntil(lambda: "Saved to" in panel.messages.text, timeout=WAIT)
    assert [path.name for path in sorted((tmp_path / "board").iterdir())] == [
        "00000.png",
        "00001.png",
    ]


def test_an_export_is_offered_while_there_is_something_to_see(panel: GalleryPanel) -> None:
    action = panel.actions_["gallery.export_many"]
    assert action.isEnabled()
    assert action in panel.export.menu().actions()
    panel.filters.stars.setCurrentIndex(5)
    assert panel.items.shown == []
    assert not action.isEnabled()
    assert not panel.export.isEnabled()
