"""Saving: the file holds what was shown when the dialog opened, whatever is drawn meanwhile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import JobSpec, specs
from ddpm_studio.gui.features.bits.bits_saver import BitsSaver
from ddpm_studio.gui.features.common.picture_menu import PictureMenu
from ddpm_studio.gui.features.observatory import figure_saver
from ddpm_studio.gui.features.observatory.curves_page import CurvesPage
from ddpm_studio.gui.features.share.latent_menu import LatentMenu
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.widgets.layout.save_dialog import SaveDialog
from ddpm_studio.gui.widgets.pictures.picture_grid import PictureGrid
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import BitsMeasured, Latent
from tests.gui.fake_backend import FakeBackend

WRITTEN = specs.exports.save_drawing(Path("x"), b"")


@pytest.fixture
def studio(fake: FakeBackend) -> Studio:
    return Studio(fake)


@pytest.fixture
def dialogs(monkeypatch: pytest.MonkeyPatch) -> list[SaveDialog]:
    """The save dialogs that were asked for, recorded instead of opened."""
    asked: list[SaveDialog] = []
    monkeypatch.setattr(SaveDialog, "open", lambda dialog: asked.append(dialog))
    return asked


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Arguments of the save jobs, without the path; nothing is written."""
    given: list[tuple[Any, ...]] = []

    def noted(_: Path, *of: Any, **__: Any) -> JobSpec[Path]:
        given.append(of)
        return WRITTEN

    for way in ("save_png", "save_table", "save_drawing"):
        monkeypatch.setattr(specs.exports, way, noted)
    monkeypatch.setattr(specs.drawing, "save_latent", noted)
    return given


@pytest.fixture
def messages(qtbot: QtBot) -> MessageBar:
    bar = MessageBar()
    qtbot.addWidget(bar)
    return bar


@pytest.fixture
def actions(studio: Studio) -> ActionRegistry:
    return ActionRegistry(parent=studio)


def test_of_a_grid_it_is_the_picture_that_was_current_then(
    qtbot: QtBot,
    studio: Studio,
    dialogs: list[SaveDialog],
    written: list[tuple[Any, ...]],
    tmp_path: Path,
) -> None:
    studio.preferences.set("saved_size", "exact")
    grid = PictureGrid()
    qtbot.addWidget(grid)
    menu = PictureMenu(studio, grid)
    pictures = np.arange(4, dtype=np.uint8)[:, None, None, None] + np.zeros((4, 8, 8, 3), np.uint8)
    grid.set_pictures(pictures, recipe={"kind": "before"})
    grid.select([2])
    menu.prompt_save()
    grid.set_pictures(pictures[:2] + 100, recipe={"kind": "after"})
    dialogs[0].fileSelected.emit(str(tmp_path / "picture.png"))
    ((picture, recipe),) = written
    assert (picture == 2).all()
    assert recipe == {"index": 2, "kind": "before"}


def test_it_is_the_latent_that_was_shared_then(
    qtbot: QtBot,
    studio: Studio,
    actions: ActionRegistry,
    dialogs: list[SaveDialog],
    written: list[tuple[Any, ...]],
    tmp_path: Path,
) -> None:
    first = Latent(np.zeros((3, 8, 8), np.float32), 5, 20, "m", "noise")
    shared: list[Latent | None] = [first]
    menu = LatentMenu(studio, actions, "&Share", lambda: shared[0])
    qtbot.addWidget(menu)
    actions["share.save_latent"].trigger()
    shared[0] = None  # Another latent is being drawn.
    dialogs[0].fileSelected.emit(str(tmp_path / "latent.safetensors"))
    assert written == [(first,)]


def test_it_is_the_table_that_was_told_then(
    studio: Studio,
    actions: ActionRegistry,
    messages: MessageBar,
    dialogs: list[SaveDialog],
    written: list[tuple[Any, ...]],
    tmp_path: Path,
) -> None:
    one = (1.0,)
    first = BitsMeasured(1, 1, 2, 3.0, None, 0.0, 1.0, 2.0, (1,), one, one, one, one, one)
    told: list[BitsMeasured | None] = [first]
    saver = BitsSaver(studio, actions, messages, lambda: told[0], lambda: None)
    saver.refresh()
    actions["bits.csv"].trigger()
    told[0] = replace(first, bits=(9.0,))
    dialogs[0].fileSelected.emit(str(tmp_path / "bits.csv"))
    assert [rows for _, rows in written] == [[(1, 1.0, 1.0, 1.0, 1.0, 1.0)]]


def test_it_is_the_curve_that_was_drawn_then(
    qtbot: QtBot,
    studio: Studio,
    messages: MessageBar,
    dialogs: list[SaveDialog],
    written: list[tuple[Any, ...]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    now = ["before"]
    monkeypatch.setattr(
        figure_saver, "render_loss_plot", lambda _, kind: f"{kind} {now[0]}".encode()
    )
    page = CurvesPage(studio)
    qtbot.addWidget(page)
    page.records = [studio.record(tmp_path / "run")]
    saver = figure_saver.FigureSaver(studio, page, messages)
    saver.ask_picture()
    now[0] = "after"
    dialogs[0].fileSelected.emit(str(tmp_path / "curve.svg"))
    assert written == [(b"svg before",)]
