"""Plug-ins in the window: the settings list them and can switch them off."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.preferences.settings_page import SettingsPage
from ddpm_studio.gui.workspace.settings import Preferences
from tests.catalogue.installing import declare


def test_settings_tell_what_was_loaded(toy: Path, qtbot: QtBot, tmp_path: Path) -> None:
    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    page = SettingsPage(Preferences(store))
    qtbot.addWidget(page)
    page.show()
    told = page.plugins.text()
    assert told.startswith("The plug-in toy of toy-plugin 1.0 adds: sampler toy-walk, ")
    assert page.search("plug-ins") == 1
    assert page.plugins.isVisible()
    page.resize(600, 500)
    qtbot.waitUntil(lambda: page.plugins.y() <= page.rows["plugins"].geometry().bottom() + 24)
    page.search("theme")
    assert not page.plugins.isVisible()


_WINDOW = """
import json, sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from ddpm_studio.catalogue import plugins
from ddpm_studio.gui.shell.app import run_window
from ddpm_studio.gui.workspace.studio import Studio
app, told = QApplication([]), []
Studio.notify = lambda self, failure: told.append(str(failure))
def look():
    for widget in app.topLevelWidgets():
        if hasattr(widget, "build_tools") and widget.tabs.count():
            print(json.dumps([[plugin.name for plugin in plugins.loaded()], told]))
            timer.stop()
            widget.close()
timer = QTimer()
timer.timeout.connect(look)
timer.start(10)
sys.exit(run_window())
"""


@pytest.mark.parametrize("use", [True, False])
def test_the_window_begins_with_or_without(site: Path, tmp_path: Path, use: bool) -> None:
    (tmp_path / "broken_there.py").write_text("raise RuntimeError('not today')")
    declare(tmp_path, "broken-there", "0.1", {"bad": "broken_there:ENTRIES"})
    config = tmp_path / "config"
    config.mkdir()
    (config / "settings.ini").write_text(f"[settings]\nplugins={json.dumps(use)}\n")
    places = [str(site), str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, "-c", _WINDOW],
        env={
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": os.pathsep.join(places),
            "DDPM_STUDIO_CONFIG": str(config),
        },
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert done.returncode == 0, done.stderr
    loaded, told = json.loads(done.stdout.splitlines()[-1])
    assert sorted(loaded) == (["bad", "toy"] if use else [])
    assert ["bad of broken-there 0.1 can't be used" in "".join(told)] == [use]
