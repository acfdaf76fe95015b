"""Training on ranks other than 0: the same steps as rank 0, without logging and saving."""

from __future__ import annotations

import time

from ddpm_studio.data import Dataset
from ddpm_studio.engine import Trainer
from ddpm_studio.engine.generators import finish
from ddpm_studio.jobs.machine import device as devices
from ddpm_studio.jobs.machine.ranks.pictures import prepare_locally
from ddpm_studio.jobs.machine.ranks.preparing import is_assistant, serve_decoding
from ddpm_studio.jobs.machine.ranks.team import Team
from ddpm_studio.jobs.machine.threads import threads
from ddpm_studio.jobs.training.building import build_trainer
from ddpm_studio.jobs.training.data_guard import DataGuard
from ddpm_studio.jobs.training.rank_state import RankTrainingPlan, SharedState, receive_plan
from ddpm_studio.jobs.training.stepper import Stepper


def train_as_rank(team: Team) -> None:
    """Take the same training steps as rank 0, on this rank's part of each batch."""
    if is_assistant(team.place):
        serve_decoding(team)
    finish(team.join())
    plan = receive_plan(team)
    request, device = plan.request, team.device
    dataset = _pictures(plan)
    guard = DataGuard(dataset.images, in_memory=False)
    with devices.deterministic(request.deterministic, device), threads(request.threads):
        trainer = build_trainer(
            plan.info, request, dataset, guard.images, device, rows=plan.rows, ranks=team.group
        )
        stepper = Stepper(trainer, request, team.progress)
        try:
            _steps(team, plan, trainer, guard, stepper)
        finally:
            stepper.close()
            guard.close()


def _steps(
    team: Team, plan: RankTrainingPlan, trainer: Trainer, guard: DataGuard, stepper: Stepper
) -> None:
    state = SharedState(team, trainer)
    state.receive()
    finish(stepper.begin())
    while trainer.step_number < plan.request.steps or _is_rolled_back(team, plan, state):
        guard.check()
        finish(stepper.step())
        # Read only where rank 0 may go back, as reading the wishes synchronises with the device.
        if plan.request.return_on_spike:
            stepper.synchronize()
            if float(team.group.confer_requests) > 0:
                state.receive()
        finish(stepper.after_step())


def _is_rolled_back(team: Team, plan: RankTrainingPlan, state: SharedState) -> bool:
    """Whether rank 0 returns to a checkpoint after the last step, as it may after a loss spike."""
    while plan.request.return_on_spike and not team.is_over:
        if state.is_announced:
            state.receive()
            return True
        time.sleep(0.05)
    return False


def _pictures(plan: RankTrainingPlan) -> Dataset:
    """Return the data set that rank 0 trains on, prepared on this machine.

    Raises:
        StudioError: if the pictures on this machine are different ones.
    """
    return prepare_locally(plan.fingerprint, plan.sources, plan.options)
