"""The other ranks of this machine: programs of their own, which end when this one does."""

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

from ddpm_studio.errors import StudioError, plain
from ddpm_studio.jobs.machine.ranks.place import RankPlace
from ddpm_studio.own_group import OWN_GROUP
from ddpm_studio.rank_flag import RANK_WORD

_LONGEST_TAIL = 4000


class RankProcess:
    """One rank in a process of its own.

    It ends when its input does, and so with this process, however that ends. What it says is kept
    for when it fails.

    Args:
        place: which rank.
        threads: of the CPU that it computes with.

    Raises:
        StudioError: if it can't be started.
    """

    def __init__(self, place: RankPlace, threads: int) -> None:
        self.place = place
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        program = [sys.executable] if getattr(sys, "frozen", False) else _python()
        try:
            self._process = subprocess.Popen(
                [*program, RANK_WORD],
                stdin=subprocess.PIPE,
                stdout=self._said,
                stderr=self._said,
                env={
                    **os.environ,
                    **place.environment(),
                    "OMP_NUM_THREADS": str(threads),
                    # What this program finds, it finds too.
                    "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
                },
                **OWN_GROUP,
            )
        except OSError as error:
            self._said.close()
            raise StudioError(
                f"Rank {place.rank} can't be started: {error.strerror or error}."
            ) from error

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def ended(self) -> str | None:
        """Return how it ended, in words; None: it runs, or ended well."""
        code = self._process.poll()
        if not code:
            return None
        if code > 0:
            return f"ended with code {code}"
        with contextlib.suppress(ValueError):
            name = signal.Signals(-code).name
            often = ", as the system does where memory runs out" if -code == 9 else ""
            return f"was ended by {name}{often}"
        return f"was ended by signal {-code}"

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def tail(self) -> str:
        """Return the last of what it said."""
        with contextlib.suppress(OSError, ValueError):
            size = self._said.seek(0, os.SEEK_END)
            self._said.seek(max(0, size - _LONGEST_TAIL))
            return self._said.read().decode(errors="replace")
        return ""

    def last_line(self) -> str:
        """Return the last line of that."""
        lines = self.tail().strip().splitlines()
        return plain(lines[-1], 300) if lines else ""

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def close(self, seconds: float) -> None:
        """Let it end within so many seconds, or else end it."""
        assert self._process.stdin is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.kill()
        self._process.wait()
        self._said.close()


def close_all(processes: Sequence[RankProcess], seconds: float) -> None:
    """Let them end within so many seconds, or else end them."""
    until = time.monotonic() + seconds
    for process in processes:
        process.close(max(0.0, until - time.monotonic()))


def _python() -> list[str]:
    return [sys.executable, "-m", "ddpm_studio"]
