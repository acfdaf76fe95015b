"""Crash log: a log with rotation and the last crash, where a person can copy it."""

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
    """A log that a full disk does not stop: lines that can't be written are lost, no more."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing: a traceback for each line would hide what is told on stderr."""


class CrashLog(QObject):
    """Listens to what nobody caught, from :meth:`begin` to :meth:`end`.

    Python's stack at a crash of the process itself goes into a file of this process alone; the
    next session finds it as :attr:`crash`.

    Args:
        folder: where the files go; without one that can be written, nothing is kept.
        parent: the owner.
    """

    caught = Signal(object)
    """A :class:`Failure`: something in the window's own code went wrong."""

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self.crash = ""
        """Python's stack at the crash of an earlier session, or nothing."""
        self._logger = logging.getLogger("ddpm_studio")
        self._handler: logging.Handler | None = None
        self._stacks: TextIO | None = None
        self._excepthook: _ExceptHook = sys.excepthook
        self._threadhook = threading.excepthook
        self._listening = False

    @property
    def log_file(self) -> Path:
        """The newest log; older ones end in .1, .2 and so on."""
        return self.folder / "ddpm-studio.log"

    def begin(self) -> None:
        """Find what an earlier session left, and listen."""
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
            # A full disk or a folder of somebody else's must not keep the window from opening.
            return
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        self._logger.addHandler(self._handler)
        faulthandler.enable(self._stacks)

    def end(self) -> None:
        """Stop listening; a session that ends well leaves no file of its own."""
        if self._listening:
            qInstallMessageHandler(None)
            sys.excepthook, threading.excepthook = self._excepthook, self._threadhook
            self._listening = False
        if self._stacks is None or self._handler is None:
            return
        faulthandler.disable()
        self._logger.removeHandler(self._handler)
        # What a full disk did not take is tried once more, and then given up.
        for kept in (self._stacks, self._handler):
            with suppress(OSError):
                kept.close()
        with suppress(OSError):
            self._stack_file(os.getpid()).unlink(missing_ok=True)
        self._stacks = self._handler = None

    def report(self) -> str:
        """Return what helps whoever mends it: versions, system, the crash, the log's end."""
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
        """Take the stacks that sessions which are no more have left; the last one counts."""
        left = sorted(self.folder.glob("crash-*.txt"), key=lambda path: path.stat().st_mtime)
        if not left:
            return ""
        import psutil  # not before the first paint, if it can be helped

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
        self.caught.emit(failure)

    def _on_qt_message(self, kind: QtMsgType, _: QMessageLogContext, text: str) -> None:
        self._logger.log(_LEVELS.get(kind, logging.WARNING), "Qt: %s", text)
        print(text, file=sys.stderr)
