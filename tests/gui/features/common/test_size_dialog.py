"""Size dialog: when a small picture is saved, its size is asked for once and remembered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.export import read_recipe
from ddpm_studio.gui.features.common.exporting import Export, ExportMenu
from ddpm_studio.gui.features.common.picture_menu import PictureMenu
from ddpm_studio.gui.features.common.size_dialog import SizeDialog, zooms
from ddpm_studio.gui.platform.images import read_picture
from ddpm_studio.gui.widgets.pictures.row_grid import RowGrid
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.settings import Preferences, open_settings
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.panel_help import WAIT

PICTURES = np.random.default_rng(3).integers(0, 256, (3, 16, 16, 3), np.uint8)
RECIPE: dict[str, object] = {"kind": "sample", "request": {"seed": 7}}


@pytest.fixture
def menu(qtbot: QtBot, studio: Studio) -> Iterator[ExportMenu]:
    window = QWidget()
    qtbot.addWidget(window)
    actions = ActionRegistry(parent=studio)
    made = ExportMenu(
        studio, actions, "test", "Test", lambda: Export(PICTURES, RECIPE, 1), parent=window
    )
    window.show()
    yield made
    del window  # Kept alive until here.


def asked(owner: QWidget) -> SizeDialog | None:
    """Return the open size dialog of a window, or None."""
    return next((one for one in owner.findChildren(SizeDialog) if one.isVisible()), None)


def write(qtbot: QtBot, menu: ExportMenu, path: Path) -> None:
    """Choose a path in the open file dialog, and wait until the file is saved."""
    dialog = next(one for one in menu.window().findChildren(QFileDialog) if one.isVisible())
    with qtbot.waitSignal(menu.saved, timeout=WAIT):
        dialog.fileSelected.emit(str(path))
    dialog.close()
    qtbot.waitUntil(lambda: not dialog.isVisible())


def test_the_size_is_asked_once_and_the_file_is_a_whole_multiple(
    qtbot: QtBot, menu: ExportMenu, tmp_path: Path
) -> None:
    menu.actions_by_kind["save_png"].trigger()
    dialog = asked(menu.window())
    assert dialog is not None
    dialog.go_button.click()
    write(qtbot, menu, tmp_path / "one.png")
    seen = np.asarray(Image.open(tmp_path / "one.png"))
    assert np.array_equal(seen, PICTURES[1].repeat(32, 0).repeat(32, 1))
    # Reading it returns the picture in its drawn size, and its recipe.
    back = read_picture(tmp_path / "one.png")
    assert np.array_equal(back.picture, PICTURES[1])
    assert back.recipe == {**RECIPE, "index": 1}
    # The size is remembered for other pictures and sessions.
    assert Preferences(open_settings()).now.saved_size == "512"
    menu.actions_by_kind["save_sequence"].trigger()
    assert asked(menu.window()) is None
    write(qtbot, menu, tmp_path / "all")
    files = sorted((tmp_path / "all").iterdir())
    assert [Image.open(file).size for file in files] == [(512, 512)] * 3
    assert [read_recipe(file) for file in files] == [
        {**RECIPE, "index": k, "zoom": 32} for k in range(3)
    ]


def test_as_it_is_can_be_chosen_too(qtbot: QtBot, menu: ExportMenu, tmp_path: Path) -> None:
    menu.actions_by_kind["save_png"].trigger()
    dialog = asked(menu.window())
    assert dialog is not None
    dialog.choose(1)
    dialog.go_button.click()
    write(qtbot, menu, tmp_path / "one.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "one.png")), PICTURES[1])
    menu.actions_by_kind["save_png"].trigger()
    assert asked(menu.window()) is None


def test_the_menu_of_a_picture_asks_too(qtbot: QtBot, studio: Studio) -> None:
    grid = RowGrid("Pictures")
    qtbot.addWidget(grid)
    grid.set_rows(PICTURES, ())
    grid.select([0])
    menu = PictureMenu(studio, grid)
    menu.prompt_save()
    dialog = asked(grid)
    assert dialog is not None
    dialog.reject()
    # After a cancelled dialog the size is asked for again, and nothing was saved.
    menu.prompt_save()
    assert asked(grid) is not None


def test_whole_factors_alone_are_offered_and_none_for_large_pictures() -> None:
    assert zooms(np.zeros((28, 28, 1), np.uint8)) == {1: "exact", 9: "256", 18: "512", 36: "1024"}
    assert zooms(np.zeros((400, 300, 3), np.uint8)) == {1: "exact", 2: "1024"}
    assert zooms(np.zeros((700, 700, 3), np.uint8)) == {1: "exact"}
    # Pictures with more channels than can be shown are saved pixel by pixel.
    assert zooms(np.zeros((16, 16, 6), np.uint8)) == {1: "exact"}


def test_a_picture_that_was_painted_on_after_it_was_saved_stays_large(
    qtbot: QtBot, menu: ExportMenu, tmp_path: Path, studio: Studio
) -> None:
    studio.preferences.set("saved_size", "256")
    menu.actions_by_kind["save_png"].trigger()
    write(qtbot, menu, tmp_path / "one.png")
    with Image.open(tmp_path / "one.png") as image:
        text = dict(image.info)
        painted = image.copy()
    painted.putpixel((5, 5), (255, 0, 255))
    from PIL.PngImagePlugin import PngInfo

    told = PngInfo()
    for key, value in text.items():
        told.add_text(str(key), str(value))
    painted.save(tmp_path / "painted.png", pnginfo=told)
    assert read_picture(tmp_path / "painted.png").picture.shape == (256, 256, 3)
