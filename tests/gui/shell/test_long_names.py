"""Long file names: the longest that a file system allows make the window no wider."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.data.report_view import ReportView
from ddpm_studio.gui.features.start.rename_dialog import RenameDialog
from ddpm_studio.gui.features.training.training_status import TrainingStatus
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.runs.naming import renamed_path
from tests.gui.panel_help import WAIT, open_run, opened

WIDTH, HEIGHT = 1100, 700
NAMES = ("w" * 224, "ü" * 100)


def widest(widget: QWidget) -> list[str]:
    """Return type, name and minimum width of a widget and, recursively, of its widest child."""
    told = []
    at: QWidget | None = widget
    while at is not None:
        told.append(f"{type(at).__name__} {at.objectName()} {at.minimumSizeHint().width()}")
        inner = [c for c in at.findChildren(QWidget) if c.parent() is at and not c.isWindow()]
        at = max(inner, key=lambda c: c.minimumSizeHint().width(), default=None)
    return told


def narrow(qtbot: QtBot, backend: Backend) -> MainWindow:
    """Open a narrow window, of ``WIDTH`` × ``HEIGHT``."""
    window = opened(qtbot, backend)
    window.resize(WIDTH, HEIGHT)
    return window


def check_width(qtbot: QtBot, window: MainWindow) -> None:
    """Check that the window, after its layout, is ``WIDTH`` wide and doesn't require more."""
    qtbot.wait(20)
    assert window.minimumSizeHint().width() <= WIDTH, widest(window)
    assert window.width() == WIDTH


@pytest.mark.parametrize("name", NAMES)
def test_a_long_name_makes_the_window_no_wider(
    qtbot: QtBot, backend: Backend, tiny_run: Path, tmp_path: Path, name: str
) -> None:
    run = tmp_path / name
    shutil.copytree(tiny_run, run)
    window = narrow(qtbot, backend)
    open_run(qtbot, window.studio, run)
    window.training.findChildren(TrainingStatus)[0].show_other_run(name)
    for index in range(window.tabs.count()):
        window.tabs.setCurrentIndex(index)
        for bar in window.findChildren(MessageBar):
            bar.show_message(
                f"{name} has been renamed to {name}.",
                remedy=f"Look into {run}.",
                details=name,
                action="Bring it back",
                callback=lambda: None,
            )
        check_width(qtbot, window)
    window.actions_["file.start"].trigger()
    check_width(qtbot, window)


@pytest.mark.parametrize("name", NAMES)
def test_pictures_of_a_long_name_make_the_window_no_wider(
    qtbot: QtBot, backend: Backend, picture_folder: Path, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / name
    shutil.copytree(picture_folder, folder)
    (folder / f"{name}.png").write_text("no picture")
    window = narrow(qtbot, backend)
    window.studio.open_paths([folder])
    qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)
    check_width(qtbot, window)
    assert window.findChildren(ReportView)[0].title.text() == name


def test_why_a_long_name_is_refused_is_read_to_its_end(
    qtbot: QtBot, tiny_run: Path, tmp_path: Path
) -> None:
    run, taken = tmp_path / "first", tmp_path / NAMES[0]
    shutil.copytree(tiny_run, run)
    taken.mkdir()
    dialog = RenameDialog(run, partial(renamed_path, run))
    qtbot.addWidget(dialog)
    dialog.open()
    width = dialog.width()
    dialog.edit.setText(taken.name)
    qtbot.wait(20)
    assert dialog.width() == width
    assert dialog.problem.height() >= dialog.problem.heightForWidth(dialog.problem.width())
    assert dialog.problem.height() > 3 * dialog.problem.fontMetrics().height()
