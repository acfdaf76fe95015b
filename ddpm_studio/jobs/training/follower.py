"""The training of each rank but 0: the same steps, and nothing else."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

import filelock

from ddpm_studio import data
from ddpm_studio.data import Dataset
from ddpm_studio.engine import Trainer
from ddpm_studio.engine.device.ranks import RankLostError
from ddpm_studio.engine.generators import finish
from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.jobs.drawing.rank_drawing import WORK, draw_as_rank
from ddpm_studio.jobs.library.training_pictures import learnt_sources
from ddpm_studio.jobs.machine import device as devices
from ddpm_studio.jobs.machine.ranks.place import Place
from ddpm_studio.jobs.machine.ranks.team import Team
from ddpm_studio.jobs.machine.threads import threads
from ddpm_studio.jobs.training.building import build_trainer
from ddpm_studio.jobs.training.data_guard import DataGuard
from ddpm_studio.jobs.training.rank_state import Plan, SharedState, hear_plan
from ddpm_studio.jobs.training.stepper import Stepper
from ddpm_studio.paths import cache_dir
from ddpm_studio.signals import ending_signals, notices


def main() -> int:
    """Be a rank that another process of this program has started; returns the exit code."""
    threading.Thread(target=_end_with_input, name="input", daemon=True).start()
    place = Place.from_environment()
    if place is None:
        return 2
    return follow(place)


def follow(place: Place) -> int:
    """Train as one of the ranks that are not 0, until rank 0 ends; returns the exit code.

    What ends this rank is told to rank 0, which tells it to the person.
    """
    team: Team | None = None
    try:
        device = place.choose_device("auto")
        team = Team(place, device, place.connect())
        with _handing_on_signals(team):
            _follow(team)
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


def _follow(team: Team) -> None:
    if team.hear("work") == WORK:
        draw_as_rank(team)
        return
    finish(team.join())
    plan = hear_plan(team)
    request, device = plan.request, team.device
    dataset = _pictures(plan)
    guard = DataGuard(dataset.images, in_memory=False)
    with devices.deterministic(request.deterministic, device), threads(request.threads):
        trainer = build_trainer(
            plan.info, request, dataset, guard.images, device, rows=plan.rows, ranks=team.group
        )
        stepper = Stepper(trainer, request, team.doing)
        try:
            _steps(team, plan, trainer, guard, stepper)
        finally:
            stepper.close()
            guard.close()


def _steps(team: Team, plan: Plan, trainer: Trainer, guard: DataGuard, stepper: Stepper) -> None:
    state = SharedState(team, trainer)
    state.hear()
    finish(stepper.begin())
    while trainer.step_number < plan.request.steps or _goes_back(team, plan, state):
        guard.check()
        finish(stepper.step())
        # Nobody else has a look at it, which would wait for the device.
        if plan.request.return_on_spike and float(team.group.wishes) > 0:
            state.hear()
        finish(stepper.consider())


def _goes_back(team: Team, plan: Plan, state: SharedState) -> bool:
    """Whether rank 0 goes back after the last step; it may, where it returns after a spike."""
    while plan.request.return_on_spike and not team.is_over:
        if state.is_told:
            state.hear()
            return True
        time.sleep(0.05)
    return False


def _pictures(plan: Plan) -> Dataset:
    """Return the pictures that rank 0 trains on: prepared once on each machine.

    Raises:
        StudioError: if they are others here.
    """
    sources = learnt_sources(plan.info)
    if found := data.find_prepared(plan.fingerprint, sources):
        return found
    assert plan.info.data is not None
    cache_dir().mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(cache_dir() / f"preparing-{plan.fingerprint[:16]}.lock"):
        # Another rank of this machine may have done it meanwhile.
        if found := data.find_prepared(plan.fingerprint, sources):
            return found
        made = finish(data.prepare(sources, plan.info.data.options))
    if made.fingerprint != plan.fingerprint:
        raise StudioError(
            "The pictures are others than rank 0 has.",
            "Name pictures by a path where all machines find the same.",
        )
    return made


@contextlib.contextmanager
def _handing_on_signals(team: Team) -> Iterator[None]:
    """Let rank 0 end the training of all when this rank gets a signal that asks for an end."""
    numbers = [*ending_signals(), *notices()]
    before = {
        number: signal.signal(number, lambda got, _frame: team.ask_to_stop(got))
        for number in numbers
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_with_input() -> None:
    """End when the process that has started this one has ended, however it did."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdin.buffer.read()
    os._exit(1)
