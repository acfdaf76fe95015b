"""Export of the reverse process: the selected picture, or all, of the view used last."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.common.exporting import ExportMenu
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.reverse.trajectory import Process, Trajectory
from ddpm_studio.gui.theme.tokens import X0_HAT
from ddpm_studio.gui.widgets.layout.save_dialog import SaveDialog
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.features.reverse.test_reverse_panel import frame, made_by_hand

# Levels of the last of three states: x_t, x̂_0, ε̂.
X_T, X0, EPS = 20, 21, 22


@pytest.fixture
def panel(qtbot: QtBot, studio: Studio) -> ReversePanel:
    made = ReversePanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(made)
    made.resize(900, 760)
    made.show()
    made.show_process(Process([made_by_hand([20, 10, 0])]))
    return made


def click(panel: ReversePanel, view: str, picture: int = 0, which: int = 0) -> None:
    grid = panel.views.grids[which, view]
    at = grid.tile_rect(picture).center()
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=at)


def saved_level(panel: ReversePanel) -> int:
    export = panel._to_export()
    assert export is not None
    picture, recipe = export.one()
    assert recipe is not None
    assert recipe["view"] == {X_T: "x_t", X0: "x0_hat", EPS: "eps"}[int(picture[0, 0, 0]) % 100]
    return int(picture[0, 0, 0])


def words(menu: ExportMenu, kind: str) -> str:
    return menu.actions_by_kind[kind].text()


def test_what_is_saved_is_what_is_chosen_or_all(panel: ReversePanel) -> None:
    export = panel._to_export()
    assert export is not None
    assert export.applies_to_all
    png = panel.export.actions_by_kind["save_png"]
    assert png.text() == "Save all xₜ as PNG…"
    first, *others = panel.views.grids.values()
    first.select([0])
    assert png.text() == "Save xₜ as PNG…"
    assert all(grid.selected == [0] for grid in others), "framed in every view"
    first.select([])
    assert png.text() == "Save all xₜ as PNG…"
    assert not any(grid.selected for grid in others)
    panel.bar.arrangements["single"].trigger()
    assert png.text() == "Save xₜ as PNG…", "the one that is looked at"


def test_the_view_that_was_clicked_last_is_the_one_that_is_saved(panel: ReversePanel) -> None:
    click(panel, "x0_hat", 1)
    assert saved_level(panel) == X0
    assert words(panel.export, "save_png") == f"Save {X0_HAT} as PNG…"
    assert words(panel.export, "copy") == f"Copy {X0_HAT}"
    assert words(panel.export, "save_grid") == f"Save grid of {X0_HAT}…"
    click(panel, "eps", 1)
    assert saved_level(panel) == EPS, "the same picture, in another view"
    assert words(panel.export, "save_png") == "Save ε̂ as PNG…"
    panel.slider.setValue(panel.slider.value() - 1)
    assert panel.views.active_view == (0, "eps"), "at another moment too"
    panel.slider.setValue(panel.slider.value() + 1)
    panel.bar.switches["eps"].trigger()
    assert saved_level(panel) == X_T, "it is not shown any more"


def test_a_key_in_a_view_chooses_there(panel: ReversePanel) -> None:
    QTest.keyClick(panel.views.grids[0, "eps"], Qt.Key.Key_End)
    assert saved_level(panel) == EPS


def test_a_single_view_needs_no_sign(panel: ReversePanel) -> None:
    for view in ("x_t", "eps"):
        panel.bar.switches[view].trigger()
    assert words(panel.export, "save_png") == "Save all as PNG…"
    click(panel, "x0_hat")
    assert words(panel.export, "save_png") == "Save PNG…"
    assert saved_level(panel) == X0


def test_the_files_name_says_the_view(panel: ReversePanel, tmp_path: Path) -> None:
    click(panel, "x0_hat", 1)
    SaveDialog.last_folder = tmp_path
    panel.export.actions_by_kind["save_grid"].trigger()
    dialog = panel.window().findChild(QFileDialog)
    assert dialog is not None
    assert Path(dialog.selectedFiles()[0]).name == "reverse x0_hat grid.png"
    dialog.reject()


def test_of_samplers_side_by_side_the_clicked_one_is_saved(panel: ReversePanel) -> None:
    first, second = made_by_hand([20, 10, 0], "DDPM"), made_by_hand([20, 0], "DDIM")
    second.recipe = {"kind": "sample", "request": {"sampler": "ddim"}}
    panel.show_process(Process([first, second]))
    click(panel, "x0_hat", which=1)
    export = panel._to_export()
    assert export is not None
    assert export.recipe is not None
    assert export.recipe["request"] == {"sampler": "ddim"}
    assert np.array_equal(export.pictures, second.view("x0_hat", 1))
    assert words(panel.export, "save_png") == f"Save {X0_HAT} (DDIM) as PNG…"


def test_a_picture_has_the_menu_of_pictures(
    qtbot: QtBot, panel: ReversePanel, studio: Studio
) -> None:
    grid = panel.views.grids[0, "x0_hat"]
    grid.select([0])
    assert {"Copy", "Save PNG…"} <= {one.text() for one in grid.tile_actions}
    next(one for one in grid.tile_actions if one.text() == "Pin").trigger()
    qtbot.waitUntil(lambda: len(studio.pins.items) == 1)
    assert (studio.pins.items[0].picture == X0).all()


def of_pictures(count: int) -> Process:
    one = Trajectory(recipe={"kind": "sample", "request": {}})
    for number, t in enumerate((20, 10, 0)):
        one.add(frame(t, 10 * number, count))
    return Process([one])


@pytest.mark.parametrize("hidden", ["strip", "x_t"])
def test_a_smaller_process_has_no_picture_that_only_the_one_before_had(
    panel: ReversePanel, hidden: str
) -> None:
    panel.show_process(of_pictures(9))
    panel.views.grids[0, "x_t"].select([8])
    if hidden == "strip":
        panel.bar.arrangements["strip"].trigger()
    else:
        panel.bar.switches["x_t"].trigger()
    panel.show_process(of_pictures(4))
    assert panel.views.picture == 3
    # Film strips make their pictures when they are painted.
    panel.grab()
