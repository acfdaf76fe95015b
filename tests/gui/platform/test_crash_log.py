"""Crash log: crashes and uncaught exceptions are kept, reported, and can be copied."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer, qWarning
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.errors import Failure
from ddpm_studio.gui.platform.crash_log import CrashLog
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.workspace.settings import open_settings
from ddpm_studio.gui.workspace.studio import Studio

_CRASH = """
import faulthandler, sys
from pathlib import Path
from ddpm_studio.gui.platform.crash_log import CrashLog
log = CrashLog(Path(sys.argv[1]))
log.install()
def fall(): faulthandler._sigsegv()
fall()
"""


@pytest.fixture
def log(tmp_path: Path, qtbot: QtBot) -> Iterator[CrashLog]:
    kept = CrashLog(tmp_path / "logs")
    kept.install()
    yield kept
    kept.uninstall()


def crash(folder: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", _CRASH, str(folder)], capture_output=True)
    assert ended.returncode < 0


def test_a_crash_is_found_by_the_next_session_once(tmp_path: Path, qtbot: QtBot) -> None:
    crash(tmp_path)
    second, third = CrashLog(tmp_path), CrashLog(tmp_path)
    second.install()
    second.uninstall()
    third.install()
    third.uninstall()
    assert "Segmentation fault" in second.crash
    assert "in fall" in second.crash
    assert second.crash in second.report()
    assert third.crash == ""
    assert not list(tmp_path.glob("crash-*"))


def test_the_file_of_a_session_that_lives_is_left_alone(log: CrashLog, qtbot: QtBot) -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    file = log.folder / f"crash-{other.pid}.txt"
    file.write_text("not over yet")
    second = CrashLog(log.folder)
    try:
        second.install()
        second.uninstall()
    finally:
        other.communicate(b"\n")
    assert second.crash == ""
    assert file.is_file()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_nobody_caught_is_logged_and_told(
    log: CrashLog, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Failure] = []
    log.exception_caught.connect(told.append)

    def fail(where: str) -> None:
        raise LookupError(f"no {where}")

    # pytest-qt's own excepthook, which fails the test, is installed instead of the program's.
    monkeypatch.setattr(log, "_excepthook", lambda *_: None)
    monkeypatch.setattr(sys, "excepthook", log._on_exception)
    with qtbot.waitSignal(log.exception_caught):
        QTimer.singleShot(0, lambda: fail("window"))
    with qtbot.waitSignal(log.exception_caught):
        thread = threading.Thread(target=fail, args=("thread",))
        thread.start()
        thread.join()
    qWarning("a warning of Qt")
    assert [failure.cause for failure in told] == [
        "Unexpected LookupError: no window.",
        "Unexpected LookupError: no thread.",
    ]
    report = log.report()
    for text in ("no window", "no thread", "in fail", "Qt: a warning of Qt", "PySide6"):
        assert text in report


def test_a_folder_that_cannot_be_written_is_no_hindrance(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", lambda *_: None)
    (tmp_path / "file").write_text("")
    log = CrashLog(tmp_path / "file" / "logs")
    before, exception_caught = sys.excepthook, list[Failure]()
    log.exception_caught.connect(exception_caught.append)
    log.install()
    assert sys.excepthook is not before
    sys.excepthook(RuntimeError, RuntimeError("no disk"), None)
    log.uninstall()
    assert sys.excepthook is before
    assert [failure.cause for failure in exception_caught] == ["Unexpected RuntimeError: no disk."]
    assert "DDPM Studio" in log.report()


def test_a_log_that_cannot_be_written_any_more_says_nothing_of_it(
    tmp_path: Path, qtbot: QtBot, capfd: pytest.CaptureFixture[str]
) -> None:
    log = CrashLog(tmp_path)
    log.install()
    log.log_file.mkdir()
    qWarning("a warning of Qt")
    log.uninstall()
    assert capfd.readouterr().err.splitlines() == ["a warning of Qt"]


def test_the_window_tells_of_a_crash_and_copies_the_report(
    tmp_path: Path, qtbot: QtBot, backend: Backend
) -> None:
    crash(tmp_path)
    log = CrashLog(tmp_path)
    log.install()
    window = MainWindow(Studio(backend), open_settings())
    qtbot.addWidget(window)
    window.helping.add_report(log)
    window.show()
    assert window.messages.isVisible()
    window.messages.action_button.click()
    copied = QGuiApplication.clipboard().text()
    log.uninstall()
    assert "Segmentation fault" in copied
    assert "torch" in copied
