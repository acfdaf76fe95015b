"""Crash log: a rotating log file, and the stack of the last crash for a bug report."""

from __future__ import annotations

import faulthandler
import logging
import os
import platform
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import TextIO

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler

from ddpm_studio import __version__
from ddpm_studio.errors import Failure
from ddpm_studio.gui.platform.about import versions

_LOG_BYTES, _LOGS = 1 << 20, 3
_LINES = 200
_CRASH_CHARACTERS = 20_000
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_ExceptHook = Callable[
    [type[BaseException], BaseException, TracebackType | None],
    object,
]


class _LogFile(RotatingFileHandler):
    """Rotating log file that ignores write errors: on a full disk, lines are dropped."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Ignore write errors: a traceback for each line would drown the messages on stderr."""


class CrashLog(QObject):
    """Logs uncaught exceptions and Qt messages, from :meth:`install` to :meth:`uninstall`.

    If the process itself crashes (such as a segmentation fault), ``faulthandler`` writes Python's
    stack to a file named by the process id; the next session reads it as :attr:`crash`.

    Args:
        folder: where the files are written; if it is not writable, nothing is logged.
        parent: the owner.
    """

    exception_caught = Signal(object)
    """Emitted with a :class:`Failure` for an uncaught exception in the window's own code."""

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self.crash = ""
        """Python's stack at the crash of an earlier session; empty if there was none."""
        self._logger = logging.getLogger("ddpm_studio")
        self._handler: logging.Handler | None = None
        self._stacks: TextIO | None = None
        self._excepthook: _ExceptHook = sys.excepthook
        self._threadhook = threading.excepthook
        self._listening = False

    @property
    def log_file(self) -> Path:
        """Path of the newest log; rotated ones end in .1, .2 and so on."""
        return self.folder / "ddpm-studio.log"

    def install(self) -> None:
        """Read the crash of an earlier session and install the exception and message handlers."""
        self._excepthook, sys.excepthook = sys.excepthook, self._on_exception
        self._threadhook, threading.excepthook = threading.excepthook, self._on_thread_exception
        qInstallMessageHandler(self._on_qt_message)
        self._listening = True
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.crash = self._collect()
            self._handler = _LogFile(
                self.log_file, maxBytes=_LOG_BYTES, backupCount=_LOGS, encoding="utf-8", delay=True
            )
            self._stacks = self._stack_file(os.getpid()).open("w", encoding="utf-8")
        except OSError:
            # A full disk or a folder owned by another user must not keep the window from opening.
            return
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        self._logger.addHandler(self._handler)
        faulthandler.enable(self._stacks)

    def uninstall(self) -> None:
        """Uninstall the handlers and delete this process's stack file, as there was no crash."""
        if self._listening:
            qInstallMessageHandler(None)
            sys.excepthook, threading.excepthook = self._excepthook, self._threadhook
            self._listening = False
        if self._stacks is None or self._handler is None:
            return
        faulthandler.disable()
        self._logger.removeHandler(self._handler)
        # Closing flushes once more what a full disk refused; then it is dropped.
        for file in (self._stacks, self._handler):
            with suppress(OSError):
                file.close()
        with suppress(OSError):
            self._stack_file(os.getpid()).unlink(missing_ok=True)
        self._stacks = self._handler = None

    def report(self) -> str:
        """Return the text of a bug report: versions, system, the last crash, the end of the log."""
        try:
            lines = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        parts = [f"DDPM Studio {__version__}", *versions(), f"Python {platform.python_version()}"]
        parts += [platform.platform(), ""]
        if self.crash:
            parts += ["An earlier session crashed:", self.crash, ""]
        return "\n".join([*parts, "Log:", *(lines[-_LINES:] or ["(empty)"])])

    def _collect(self) -> str:
        """Read and delete the stack files of sessions that have ended; return the newest stack."""
        left = sorted(self.folder.glob("crash-*.txt"), key=lambda path: path.stat().st_mtime)
        if not left:
            return ""
        import psutil  # imported lazily: it would delay the first paint

        found = ""
        for file in left:
            pid = file.stem.removeprefix("crash-")
            if pid.isdigit() and int(pid) != os.getpid() and psutil.pid_exists(int(pid)):
                continue
            with file.open(encoding="utf-8", errors="replace") as stream:
                found = stream.read(_CRASH_CHARACTERS).strip() or found
            file.unlink(missing_ok=True)
        return found

    def _stack_file(self, pid: int) -> Path:
        return self.folder / f"crash-{pid}.txt"

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        self._excepthook(kind, error, trace)
        if not issubclass(kind, KeyboardInterrupt):
            self._note(error)

    def _on_thread_exception(self, arguments: threading.ExceptHookArgs) -> None:
        self._threadhook(arguments)
        if arguments.exc_value is not None:
            self._note(arguments.exc_value)

    def _note(self, error: BaseException) -> None:
        failure = Failure.of(error)
        self._logger.error("%s\n%s", failure.line, failure.details)
        self.exception_caught.emit(failure)

    def _on_qt_message(self, kind: QtMsgType, _: QMessageLogContext, text: str) -> None:
        self._logger.log(_LEVELS.get(kind, logging.WARNING), "Qt: %s", text)
        print(text, file=sys.stderr)
