"""Refused data in the Data dock: the reading options are corrected there in the form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.requests import PrepareOptions
from tests.data.pictures import make_picture_folder, noise
from tests.gui.features.data.test_classes_view import shown
from tests.gui.panel_help import WAIT

LEVELS = noise(4, 16, 16)


def field(name: str) -> str:
    return str(PrepareOptions.model_fields[name].title)


@pytest.mark.parametrize("kind", ["range", "array", "layout"])
def test_it_is_corrected_in_the_form(
    qtbot: QtBot, studio: Studio, tmp_path: Path, kind: str
) -> None:
    make_picture_folder(tmp_path / "in", 3)
    panel = shown(qtbot, studio, tmp_path / "in")
    source = tmp_path / "x.npz"
    if kind == "range":
        np.savez(source, images=LEVELS / 51.0 - 2.0)
    elif kind == "array":
        np.savez(source, left=LEVELS, right=LEVELS)
    else:
        np.savez(source, images=LEVELS.transpose(1, 2, 3, 0).repeat(20, 3))
    studio.open_data([source])
    qtbot.waitUntil(lambda: studio.refused is not None, timeout=WAIT)
    assert studio.sources == (tmp_path / "in",)
    told = panel.report.warnings.text()
    assert "x.npz" in told
    assert panel.report.title.text() == "x.npz"
    assert panel.options_fold.isVisible()
    assert not panel.thumbnails.isVisible()
    value, advice = {
        "range": ("-2..3", f"“{field('range')}: -2..3” below"),
        "array": ("right", f"“{field('array')}: left” below"),
        "layout": ("HWCN", f"“{field('layout')}: NHWC” below"),
    }[kind]
    assert advice in told
    panel.form.set_value({kind: value})
    qtbot.waitUntil(lambda: studio.sources == (source,), timeout=WAIT)
    qtbot.waitUntil(lambda: studio.dataset is not None, timeout=WAIT)
    assert getattr(studio.options, kind) == value
    assert studio.refused is None
    assert panel.thumbnails.isVisible()
    assert f"{80 if kind == 'layout' else 4} pictures" in panel.report.figures.text()


def test_one_may_leave_it_at_what_is_open(qtbot: QtBot, studio: Studio, tmp_path: Path) -> None:
    make_picture_folder(tmp_path / "in", 3)
    panel = shown(qtbot, studio, tmp_path / "in")
    assert not panel.back_button.isVisible()
    (tmp_path / "none").mkdir()
    studio.open_data([tmp_path / "none"])
    qtbot.waitUntil(lambda: studio.refused is not None, timeout=WAIT)
    assert "none is empty" in panel.report.warnings.text()
    panel.back_button.click()
    assert studio.refused is None
    assert panel.report.title.text() == "in"
    assert panel.thumbnails.isVisible()
    assert not panel.back_button.isVisible()


def test_what_is_not_read_is_named_beside_pictures(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    make_picture_folder(tmp_path / "in", 3)
    for number in range(2):
        (tmp_path / "in" / f"{number}.heic").write_bytes(b"\0\0\0\x18ftypheic")
    panel = shown(qtbot, studio, tmp_path / "in")
    qtbot.waitUntil(lambda: studio.dataset is not None, timeout=WAIT)
    assert "2 files .heic: a HEIC picture, not read here" in panel.report.notes.text()
