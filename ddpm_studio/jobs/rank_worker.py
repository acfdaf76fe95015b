"""Main program of ranks other than 0: joining, receiving work, forwarding signals, exit code."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

import torch

from ddpm_studio.engine.device.ranks import RankLostError
from ddpm_studio.errors import Failure
from ddpm_studio.jobs.drawing.rank_drawing import DRAW, draw_as_rank
from ddpm_studio.jobs.machine.ranks.place import RankPlace
from ddpm_studio.jobs.machine.ranks.team import Team
from ddpm_studio.jobs.measuring.rank_bits import MEASURE, measure_as_rank
from ddpm_studio.jobs.training.rank_state import TRAIN
from ddpm_studio.jobs.training.rank_training import train_as_rank
from ddpm_studio.signals import preemption_signals, termination_signals


def main() -> int:
    """Run a rank that another process of this program has started; return the exit code."""
    threading.Thread(target=_exit_on_stdin_eof, name="input", daemon=True).start()
    place = RankPlace.from_environment()
    if place is None:
        return 2
    return run_worker(place)


def run_worker(place: RankPlace) -> int:
    """Run a rank other than 0 until rank 0 ends; return the exit code.

    A failure of this rank is reported to rank 0, which shows it to the person.
    """
    team: Team | None = None
    try:
        team = Team(place, torch.device("cpu"), place.connect())
        with _forward_signals(team):
            _WORK_FUNCTIONS[team.receive_work()](team)
    except RankLostError:
        ended = team is not None and team.is_over
        if team is not None and not ended:
            # Rank 0 reports it, or the watchdog does if rank 0 is the lost one.
            time.sleep(1)
        code = 0 if ended else 1
    except BaseException as error:
        if team is not None:
            team.fail(Failure.of(error))
        else:
            print(f"error: Rank {place.rank}: {Failure.of(error).line}", file=sys.stderr)
        code = 1
    else:
        code = 0
    if team is not None:
        team.close(regular=code == 0)
    return code


@contextlib.contextmanager
def _forward_signals(team: Team) -> Iterator[None]:
    """Forward signals that ask for an end to rank 0, which ends all ranks (context manager)."""

    def forward_signal(number: int, _frame: FrameType | None) -> None:
        if not team.has_work and number in termination_signals():
            # Rank 0 may never come, as when the launcher ends the ranks because that one failed.
            raise RankLostError("asked to end before there was anything to do")
        team.request_stop(number)

    numbers = [*termination_signals(), *preemption_signals()]
    previous_handlers = {number: signal.signal(number, forward_signal) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)


_WORK_FUNCTIONS: dict[str, Callable[[Team], None]] = {
    TRAIN: train_as_rank,
    DRAW: draw_as_rank,
    MEASURE: measure_as_rank,
}


def _exit_on_stdin_eof() -> None:
    """Exit the process when its parent has ended, for whatever reason, which closes stdin."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdin.buffer.read()
    os._exit(1)
