"""What a rank that is not 0 does from its start to its end, whatever the ranks have to do."""

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
from ddpm_studio.jobs.training.follower import train_as_rank
from ddpm_studio.jobs.training.rank_state import TRAIN
from ddpm_studio.signals import ending_signals, notices


def main() -> int:
    """Be a rank that another process of this program has started; returns the exit code."""
    threading.Thread(target=_end_with_input, name="input", daemon=True).start()
    place = RankPlace.from_environment()
    if place is None:
        return 2
    return follow(place)


def follow(place: RankPlace) -> int:
    """Work as one of the ranks that are not 0, until rank 0 ends; returns the exit code.

    What ends this rank is told to rank 0, which tells it to the person.
    """
    team: Team | None = None
    try:
        team = Team(place, torch.device("cpu"), place.connect())
        with _handing_on_signals(team):
            _WORKS[team.hear_work()](team)
    except RankLostError:
        over = team is not None and team.is_over
        if team is not None and not over:
            # Rank 0 says so, unless it is the one that has gone: then the watch does.
            time.sleep(1)
        code = 0 if over else 1
    except BaseException as error:
        if team is not None:
            team.fail(Failure.of(error))
        else:
            print(f"error: Rank {place.rank}: {Failure.of(error).line}", file=sys.stderr)
        code = 1
    else:
        code = 0
    if team is not None:
        team.close(well=code == 0)
    return code


@contextlib.contextmanager
def _handing_on_signals(team: Team) -> Iterator[None]:
    """Let rank 0 end the work of all when this rank gets a signal that asks for an end."""

    def hand_on(number: int, _frame: FrameType | None) -> None:
        if not team.has_work and number in ending_signals():
            # Rank 0 may never come: what has started the ranks ends them because it has failed.
            raise RankLostError("asked to end before there was anything to do")
        team.ask_to_stop(number)

    numbers = [*ending_signals(), *notices()]
    before = {number: signal.signal(number, hand_on) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_WORKS: dict[str, Callable[[Team], None]] = {
    TRAIN: train_as_rank,
    DRAW: draw_as_rank,
    MEASURE: measure_as_rank,
}


def _end_with_input() -> None:
    """End when the process that has started this one has ended, however it did."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdin.buffer.read()
    os._exit(1)
