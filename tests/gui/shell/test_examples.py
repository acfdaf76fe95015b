"""Examples: the Help menu and the command palette open their folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.paths import examples_dir
from tests.gui.panel_help import opened


class FileManager(QObject):
    """Fake of the system's file manager: records the paths that it is asked to open."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Path] = []

    @Slot(QUrl)
    def show(self, url: QUrl) -> None:
        self.asked.append(Path(url.toLocalFile()))


@pytest.fixture
def file_manager() -> Iterator[FileManager]:
    manager = FileManager()
    # The type stubs demand bytes, which are refused at run time.
    QDesktopServices.setUrlHandler("file", manager, "show")  # type: ignore[arg-type]
    yield manager
    QDesktopServices.unsetUrlHandler("file")


def test_the_help_menu_and_the_palette_open_their_folder(
    qtbot: QtBot, backend: Backend, file_manager: FileManager
) -> None:
    window = opened(qtbot, backend)
    action = window.actions_["help.examples"]
    assert action in window.actions_.find("notebook")
    (menu,) = (m for m in window.menuBar().actions() if m.text() == "&Help")
    assert action in menu.menu().actions()  # type: ignore[attr-defined]
    action.trigger()
    assert file_manager.asked == [examples_dir()]
    assert (examples_dir() / "README.md").is_file()
