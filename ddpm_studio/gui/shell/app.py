"""Start-up and shutdown of the GUI application."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from ddpm_studio import __version__
from ddpm_studio.backend import Backend
from ddpm_studio.catalogue import plugins
from ddpm_studio.errors import StudioError
from ddpm_studio.gui.platform.crash_log import CrashLog
from ddpm_studio.gui.platform.garbage_collector import GarbageCollector
from ddpm_studio.gui.platform.translations import install_translations
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.workspace.settings import Preferences, open_settings
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.paths import config_dir, resources_dir
from ddpm_studio.signals import termination_signals

APP_ID = "io.github.ddpm_studio.DDPMStudio"


def run_window(paths: Sequence[Path] = (), sample: str | None = None) -> int:
    """Run the GUI: open the window, run the event loop and return its exit code.

    Args:
        paths: pictures, folders or a run to open.
        sample: name of a built-in data set to open.
    """
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("DDPM Studio")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName(APP_ID)
    install_translations(app)
    settings = open_settings()
    theme = current_theme()
    preferences = Preferences(settings).now
    theme.mode = preferences.theme
    if not preferences.plugins:
        plugins.switch_off()
    theme.apply(app)
    app.setWindowIcon(QIcon(str(resources_dir() / "icons" / "app.svg")))

    collector = GarbageCollector()
    crashes = CrashLog(config_dir() / "logs")
    crashes.install()
    backend = Backend()
    window = MainWindow(Studio(backend), settings)
    window.helping.add_report(crashes)
    window.show()
    # Paint the window first, then build the tools; torch loads in the backend's thread after both.
    app.processEvents()
    window.build_tools()
    QTimer.singleShot(0, backend.start)
    if not (settings.fileName() and settings.isWritable()):
        warning = StudioError(
            f"Nothing can be kept in {config_dir()}: settings last until the window closes.",
            "Make it a folder that you may write to, then start again.",
        )
        window.studio.notify(warning)
    for plugin in plugins.loaded():
        if plugin.problem:
            warning = StudioError(plugin.line, "The settings can switch plug-ins off.")
            window.studio.notify(warning)
    window.open_first([Path(path) for path in paths], sample)

    # Python handles signals only while it executes bytecode: a timer wakes it from Qt's event loop,
    # so that Ctrl-C, closing the terminal and ending the session close the window cleanly.
    previous = {
        number: signal.signal(number, lambda *_: window.close()) for number in termination_signals()
    }
    pulse = QTimer()
    pulse.timeout.connect(_nothing)
    pulse.start(250)
    try:
        code = app.exec()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        pulse.stop()
        ended = backend.shutdown()
        window.deleteLater()
        collector.stop()
        crashes.uninstall()
    if not ended:
        # The step of a job that saves nothing still runs, such as a network's compilation. It can't
        # be interrupted, and destroying its thread would abort the process as if it had crashed.
        settings.sync()
        os._exit(code)
    return code


def _nothing() -> None:
    """Let the interpreter run pending signal handlers."""
