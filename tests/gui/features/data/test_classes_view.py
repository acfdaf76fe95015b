"""Data dock: sources of labels, ranges of values; classes are renamed, merged and left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.data.data_panel import DataPanel
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.requests import PrepareOptions
from tests.data.pictures import make_picture_folder
from tests.gui.panel_help import WAIT


def shown(qtbot: QtBot, studio: Studio, source: Path) -> DataPanel:
    actions = ActionRegistry(parent=studio)
    for key in ("file.open_folder", "file.open_files"):
        actions.add(key, key, lambda: None, category="File")
    panel = DataPanel(studio, actions)
    qtbot.addWidget(panel)
    panel.show()
    studio.open_data([source])
    qtbot.waitUntil(lambda: studio.dataset is not None, timeout=WAIT)
    return panel


def labelled(folder: Path) -> Path:
    make_picture_folder(folder, 3, classes=["cat", "dog", "owl"])
    rows = [f"{c}/{k:04}.png,{'ab'[k % 2]}\n" for c in ("cat", "dog", "owl") for k in range(3)]
    (folder / "metadata.csv").write_text("file_name,label\n" + "".join(rows))
    return folder


def counted(studio: Studio) -> dict[str, int]:
    return dict(studio.dataset.report.class_counts) if studio.dataset else {}


def test_a_place_is_chosen(qtbot: QtBot, studio: Studio, tmp_path: Path) -> None:
    panel = shown(qtbot, studio, labelled(tmp_path / "in"))
    assert counted(studio) == {"a": 6, "b": 3}
    assert "the column label of metadata.csv" in panel.report.notes.text()
    source_choice = panel.classes.source_choice
    assert source_choice.isVisible()
    source_choice.setCurrentIndex(source_choice.findData("folders"))
    source_choice.activated.emit(source_choice.currentIndex())
    qtbot.waitUntil(lambda: counted(studio) == dict.fromkeys(("cat", "dog", "owl"), 3))
    assert studio.options.labels == "folders"
    source_choice.setCurrentIndex(source_choice.findData("none"))
    source_choice.activated.emit(source_choice.currentIndex())
    qtbot.waitUntil(lambda: studio.dataset is not None and studio.dataset.labels is None)


def test_classes_are_renamed_merged_and_left_out(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    make_picture_folder(tmp_path / "in", 3, classes=["cat", "dog", "owl"])
    panel = shown(qtbot, studio, tmp_path / "in")
    table = panel.classes.table
    for row in (0, 1):
        called = table.item(row, 1)
        assert called is not None
        called.setText("pet")
    qtbot.waitUntil(lambda: counted(studio) == {"owl": 3, "pet": 6}, timeout=WAIT)
    owl = panel.classes.table.item(2, 0)
    assert owl is not None
    owl.setCheckState(Qt.CheckState.Unchecked)
    qtbot.waitUntil(lambda: counted(studio) == {"pet": 6}, timeout=WAIT)
    assert studio.options.classes == {"cat": "pet", "dog": "pet", "owl": "-"}
    back = panel.classes.table.item(2, 0)
    assert back is not None
    back.setCheckState(Qt.CheckState.Checked)
    qtbot.waitUntil(lambda: counted(studio) == {"owl": 3, "pet": 6}, timeout=WAIT)


def test_a_range_is_chosen(qtbot: QtBot, studio: Studio, tmp_path: Path) -> None:
    make_picture_folder(tmp_path / "in", 3, channels=1)
    panel = shown(qtbot, studio, tmp_path / "in")
    panel.form.set_value({"range": "0..100"})
    qtbot.waitUntil(lambda: studio.options.range == "0..100", timeout=WAIT)
    qtbot.waitUntil(lambda: "read as 0..100" in panel.report.notes.text(), timeout=WAIT)


def test_advice_is_in_the_words_of_the_form(qtbot: QtBot, studio: Studio, tmp_path: Path) -> None:
    for part in ("train", "test"):
        make_picture_folder(tmp_path / "in" / part, 3)
    panel = shown(qtbot, studio, tmp_path / "in")
    assert "“Split: all” below takes everything" in panel.report.warnings.text()
    (tmp_path / "dark").mkdir()
    for number in range(3):
        levels = np.full((16, 16), 10 + number, np.uint8)
        Image.fromarray(levels).save(tmp_path / "dark" / f"{number}.png")
    studio.open_data([tmp_path / "dark"])
    title = PrepareOptions.model_fields["range"].title
    advice = f"“{title}: 0..12” below stretches them"
    qtbot.waitUntil(lambda: advice in panel.report.notes.text(), timeout=WAIT)
    assert "--" not in panel.report.notes.text() + panel.report.warnings.text()
