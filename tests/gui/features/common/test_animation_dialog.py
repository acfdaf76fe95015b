from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.common.animation_dialog import AnimationDialog
from ddpm_studio.gui.features.common.exporting import Export, ExportMenu
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.requests import AnimationRequest
from tests.gui.panel_help import WAIT

FRAMES = [np.full((20, 30, 1), 10 * k, np.uint8) for k in range(20)]


@pytest.fixture
def dialog(qtbot: QtBot, studio: Studio) -> Iterator[AnimationDialog]:
    # The dialog is deleted when it is closed; the window outlives it.
    window = QWidget()
    qtbot.addWidget(window)
    first = AnimationRequest(fps=10, hold=1, scale=2)
    made = AnimationDialog(studio, lambda: FRAMES, first, parent=window)
    made.show()
    yield made
    del window


def said(dialog: AnimationDialog) -> str:
    """Return the summary line, with plain spaces for its no-break spaces."""
    return dialog.summary.text().replace("\N{NO-BREAK SPACE}", " ")


def test_it_says_what_will_come_of_it(qtbot: QtBot, dialog: AnimationDialog) -> None:
    assert not dialog.isModal()
    qtbot.waitUntil(dialog.save_button.isEnabled, timeout=WAIT)
    assert said(dialog).startswith("20 frames · 3.0 s · 60 × 40 pixels · about ")
    dialog.form.set_value({"count": 5, "scale": 3})
    assert not dialog.save_button.isEnabled()
    qtbot.waitUntil(dialog.save_button.isEnabled, timeout=WAIT)
    assert said(dialog).startswith("5 frames · 1.5 s · 90 × 60 pixels")
    with qtbot.waitSignal(dialog.chosen) as chosen:
        QTest.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    assert chosen.args == [".gif", AnimationRequest(fps=10, hold=1, count=5, scale=3)]


def test_what_can_not_be_written_is_said_at_once(
    qtbot: QtBot, dialog: AnimationDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    dialog.format.setCurrentIndex(dialog.format.findData(".mp4"))
    qtbot.waitUntil(lambda: "needs ffmpeg" in dialog.messages.text, timeout=WAIT)
    assert "pip install" in dialog.messages.text
    assert not dialog.save_button.isEnabled()
    dialog.format.setCurrentIndex(dialog.format.findData(".zip"))
    qtbot.waitUntil(dialog.save_button.isEnabled, timeout=WAIT)
    assert dialog.messages.text == ""
    assert said(dialog).startswith("20 frames · 60 × 40 pixels")
    assert not dialog.form.editor("fps").isEnabled()


def test_an_animation_is_written_as_it_was_chosen(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    menu = ExportMenu(
        studio,
        ActionRegistry(parent=studio),
        "test",
        "Test",
        lambda: Export(np.stack(FRAMES), frames=lambda: FRAMES),
    )
    qtbot.addWidget(menu)
    options = AnimationRequest(fps=5, hold=0, scale=2, count=3, loop=False)
    for kind, path in (("save_animation", "a.apng"), ("save_sequence", "folder")):
        with qtbot.waitSignal(menu.saved, timeout=WAIT):
            menu.export_to(kind, tmp_path / path, options)
    with Image.open(tmp_path / "a.apng") as image:
        assert (image.size, image.info["loop"]) == ((60, 40), 1)
        assert image.n_frames == 3  # type: ignore[attr-defined]
    levels = [Image.open(file).getpixel((0, 0)) for file in sorted((tmp_path / "folder").iterdir())]
    assert levels == [0, 100, 190]
