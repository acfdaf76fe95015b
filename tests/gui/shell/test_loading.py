"""Window without a loadable torch: an error is shown, and closing doesn't wait."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.workspace.settings import open_settings
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.fake_backend import FakeBackend


def test_a_torch_that_can_not_be_loaded_is_told_of(qtbot: QtBot) -> None:
    backend = FakeBackend()
    window = MainWindow(Studio(backend), open_settings())
    qtbot.addWidget(window)
    window.show()
    window.build_tools()
    backend.fails_to_load(ImportError("DLL load failed while importing _C"))
    assert "DLL load failed while importing _C" in window.messages.text
    window.close()
    assert not window.isVisible()
