"""Processes of the other ranks on this machine, which end when this process does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from ddpm_studio.errors import StudioError, printable
from ddpm_studio.jobs.machine.ranks.place import RankPlace
from ddpm_studio.process_group import NEW_PROCESS_GROUP
from ddpm_studio.rank_flag import RANK_FLAG

_MAX_TAIL_CHARS = 4000


class RankProcess:
    """A rank in a process of its own.

    It ends when its standard input is closed, and so with this process, however that ends. Its
    output is kept for error messages.

    Args:
        place: the rank's place.
        threads: CPU threads that it computes with.

    Raises:
        StudioError: if it can't be started.
    """

    def __init__(self, place: RankPlace, threads: int) -> None:
        self.place = place
        self._output_file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        program = [sys.executable] if getattr(sys, "frozen", False) else _python()
        try:
            self._process = subprocess.Popen(
                [*program, RANK_FLAG],
                stdin=subprocess.PIPE,
                stdout=self._output_file,
                stderr=self._output_file,
                env={
                    **os.environ,
                    **place.environment(),
                    "OMP_NUM_THREADS": str(threads),
                    # So that it finds the same modules as this program.
                    "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
                },
                **NEW_PROCESS_GROUP,
            )
        except OSError as error:
            self._output_file.close()
            raise StudioError(
                f"Rank {place.rank} can't be started: {error.strerror or error}."
            ) from error

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def failure_text(self) -> str | None:
        """Return in words how it failed; None while it runs, or if it ended with exit code 0."""
        code = self._process.poll()
        if not code:
            return None
        if code > 0:
            return f"ended with code {code}"
        with contextlib.suppress(ValueError):
            name = signal.Signals(-code).name
            explanation = ", as the system does where memory runs out" if -code == 9 else ""
            return f"was ended by {name}{explanation}"
        return f"was ended by signal {-code}"

    @property
    def is_running(self) -> bool:
        """Whether the process is still running."""
        return self._process.poll() is None

    def tail(self) -> str:
        """Return the end of its output."""
        with contextlib.suppress(OSError, ValueError):
            size = self._output_file.seek(0, os.SEEK_END)
            self._output_file.seek(max(0, size - _MAX_TAIL_CHARS))
            return self._output_file.read().decode(errors="replace")
        return ""

    def last_line(self) -> str:
        """Return the last line of its output, cut to 300 characters; empty if there is none."""
        lines = self.tail().strip().splitlines()
        return printable(lines[-1], 300) if lines else ""

    def kill(self) -> None:
        """Kill the process at once."""
        self._process.kill()

    def close(self, seconds: float) -> None:
        """Wait ``seconds`` for the process to end, then kill it."""
        assert self._process.stdin is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.kill()
        self._process.wait()
        self._output_file.close()


def close_all(processes: Sequence[RankProcess], seconds: float) -> None:
    """Wait ``seconds`` for all processes together to end, then kill them."""
    deadline = time.monotonic() + seconds
    for process in processes:
        process.close(max(0.0, deadline - time.monotonic()))


def _python() -> list[str]:
    return [sys.executable, "-m", "ddpm_studio"]
