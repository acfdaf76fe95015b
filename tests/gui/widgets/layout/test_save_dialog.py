"""Save dialog: the suffix of the chosen type is added, and overwriting is confirmed first."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.widgets.layout.save_dialog import SaveDialog, prompt_save_path

TABLE = {"Table (*.csv)": "csv"}
DRAWINGS = {"PNG picture (*.png)": "png", "SVG drawing (*.svg)": "svg"}
FOLDERS = {"Folder (*)": "", "ZIP (*.zip)": "zip"}


@pytest.fixture
def owner(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


def ask(owner: QWidget, filters: dict[str, str], taken: list[Path]) -> SaveDialog:
    prompt_save_path(owner, "Save", filters, "figures", taken.append)
    return owner.findChildren(SaveDialog)[-1]


@pytest.mark.parametrize(
    ("filters", "typed", "path"),
    [
        (TABLE, "figures.csv", "figures.csv"),
        (TABLE, "FIGURES.CSV", "FIGURES.CSV"),
        (TABLE, "cifar v1.2", "cifar v1.2.csv"),
        (TABLE, "figures.png", "figures.png.csv"),
        (DRAWINGS, "loss.svg", "loss.svg"),
        (DRAWINGS, "loss.of.today", "loss.of.today.png"),
        (FOLDERS, "epoch 1.5", "epoch 1.5"),
    ],
)
def test_what_is_no_ending_of_the_kind_gets_one(
    owner: QWidget, tmp_path: Path, filters: dict[str, str], typed: str, path: str
) -> None:
    taken: list[Path] = []
    ask(owner, filters, taken).fileSelected.emit(str(tmp_path / typed))
    assert taken == [tmp_path / path]


def test_the_ending_is_that_of_the_kind_that_was_chosen(owner: QWidget, tmp_path: Path) -> None:
    taken: list[Path] = []
    dialog = ask(owner, DRAWINGS, taken)
    dialog.selectNameFilter("SVG drawing (*.svg)")
    dialog.filterSelected.emit("SVG drawing (*.svg)")
    dialog.fileSelected.emit(str(tmp_path / "loss 0.1"))
    assert taken == [tmp_path / "loss 0.1.svg"]


def test_a_file_that_has_the_name_by_then_is_asked_about(owner: QWidget, tmp_path: Path) -> None:
    (tmp_path / "cifar v1.2.csv").touch()
    taken: list[Path] = []
    first = ask(owner, TABLE, taken)
    first.fileSelected.emit(str(tmp_path / "cifar v1.2"))
    assert not taken
    second = owner.findChildren(SaveDialog)[-1]
    assert second is not first
    assert [Path(one).name for one in second.selectedFiles()] == ["cifar v1.2.csv"]
    second.fileSelected.emit(str(tmp_path / "cifar v1.2.csv"))
    assert taken == [tmp_path / "cifar v1.2.csv"]
