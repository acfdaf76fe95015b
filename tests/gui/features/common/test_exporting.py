from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from ddpm_studio.export import make_grid, read_recipe
from ddpm_studio.gui.features.common.exporting import Export, ExportMenu
from ddpm_studio.gui.platform.images import read_picture
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio

PICTURES = np.random.default_rng(3).integers(0, 256, (5, 16, 16, 3), np.uint8)
RECIPE: dict[str, object] = {"kind": "sample", "request": {"seed": 7}}

Make = Callable[[Export | None], ExportMenu]


@pytest.fixture
def menu_for(qtbot: QtBot, studio: Studio) -> Make:
    actions = ActionRegistry(parent=studio)

    def make(export: Export | None) -> ExportMenu:
        menu = ExportMenu(studio, actions, "test", "Test", lambda: export)
        qtbot.addWidget(menu)
        return menu

    return make


def save(qtbot: QtBot, menu: ExportMenu, kind: str, path: Path) -> None:
    with qtbot.waitSignal(menu.saved, timeout=20_000) as saved:
        menu.export_to(kind, path)
    assert saved.args == [path]


def test_one_picture_is_saved_pixel_by_pixel_with_its_recipe(
    qtbot: QtBot, menu_for: Make, tmp_path: Path
) -> None:
    path = tmp_path / "one.png"
    save(qtbot, menu_for(Export(PICTURES, RECIPE, current=3)), "save_png", path)
    assert np.array_equal(np.asarray(Image.open(path)), PICTURES[3])
    assert read_recipe(path) == {**RECIPE, "index": 3}
    assert read_picture(path).recipe == {**RECIPE, "index": 3}


def test_where_none_is_chosen_all_are_meant_and_the_words_say_so(
    qtbot: QtBot, menu_for: Make
) -> None:
    menu = menu_for(Export(PICTURES, RECIPE, columns=4, chosen=False))
    words = {kind: menu.actions_by_kind[kind].text() for kind in ("copy", "save_png")}
    assert words == {"copy": "Copy all pictures", "save_png": "Save all as PNG…"}
    menu.copy()
    image = QGuiApplication.clipboard().image()
    assert (image.height(), image.width()) == make_grid(PICTURES, 4).shape[:2]
    # Else Qt would destroy the image after the interpreter has ended.
    QGuiApplication.clipboard().clear()
    menu.actions_by_kind["save_png"].trigger()
    (dialog,) = menu.window().findChildren(QFileDialog)
    assert "grid" in Path(dialog.selectedFiles()[0]).name
    dialog.close()


def test_a_picture_alone_need_not_be_chosen(menu_for: Make) -> None:
    one = menu_for(Export(PICTURES[:1], RECIPE, chosen=False))
    assert one.actions_by_kind["save_png"].text() == "Save PNG…"


def test_a_grid_is_enlarged_by_a_whole_factor(qtbot: QtBot, menu_for: Make, tmp_path: Path) -> None:
    path = tmp_path / "grid.png"
    save(qtbot, menu_for(Export(PICTURES, RECIPE, columns=5)), "save_grid", path)
    grid = make_grid(PICTURES, 5)
    written = np.asarray(Image.open(path))
    factor = written.shape[0] // grid.shape[0]
    assert factor > 1
    assert np.array_equal(written, grid.repeat(factor, 0).repeat(factor, 1))


def test_an_animation_plays_the_frames_in_their_order(
    qtbot: QtBot, menu_for: Make, tmp_path: Path
) -> None:
    path = tmp_path / "moving.gif"
    levels = [0, 100, 200]
    frames = [np.full((8, 8, 1), level, np.uint8) for level in levels]
    save(qtbot, menu_for(Export(PICTURES, frames=lambda: frames)), "save_animation", path)
    with Image.open(path) as image:
        seen = [frame.convert("L").getpixel((0, 0)) for frame in ImageSequence.Iterator(image)]
    assert seen == levels


def test_a_sequence_goes_into_a_folder(qtbot: QtBot, menu_for: Make, tmp_path: Path) -> None:
    path = tmp_path / "sequence"
    save(qtbot, menu_for(Export(PICTURES, RECIPE)), "save_sequence", path)
    written = [np.asarray(Image.open(file)) for file in sorted(path.iterdir())]
    assert np.array_equal(np.stack(written), PICTURES)


def test_a_missing_folder_is_told_in_one_line(qtbot: QtBot, menu_for: Make, tmp_path: Path) -> None:
    menu = menu_for(Export(PICTURES))
    with qtbot.waitSignal(menu.failed, timeout=20_000) as failed:
        menu.export_to("save_png", tmp_path / "nowhere" / "one.png")
    assert "nowhere does not exist" in failed.args[0].line


def test_with_nothing_to_give_nothing_can_be_chosen(menu_for: Make) -> None:
    menu = menu_for(None)
    assert not menu.isEnabled()
    assert not any(action.isEnabled() for action in menu.actions_by_kind.values())


def test_a_single_still_picture_is_no_grid_and_does_not_move(menu_for: Make) -> None:
    actions = menu_for(Export(PICTURES[:1])).actions_by_kind
    enabled = {kind for kind, action in actions.items() if action.isEnabled()}
    assert enabled == {"copy", "save_png", "save_sequence"}
