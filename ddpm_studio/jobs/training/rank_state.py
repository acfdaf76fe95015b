"""State that rank 0 sends to the other ranks: training plan, weights and optimiser state."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ddpm_studio.data import Dataset
from ddpm_studio.durations import format_count
from ddpm_studio.engine import Trainer
from ddpm_studio.engine.device.ranks import RankLostError
from ddpm_studio.engine.training_tensors import load_strict, merge_tensors, split_tensors
from ddpm_studio.jobs.events import Event, Notice
from ddpm_studio.jobs.machine.ranks.store import put, read
from ddpm_studio.jobs.machine.ranks.team import Team
from ddpm_studio.jobs.training.stepper import Stepper
from ddpm_studio.requests import PrepareOptions, TrainRequest
from ddpm_studio.runs import RunInfo

TRAIN = "train"
"""Name of this work, which rank 0 sends to the other ranks."""

_PLAN, _ROWS, _STATE = "plan", "rows", "state"


@dataclass(frozen=True)
class RankTrainingPlan:
    """Plan of a training on several ranks.

    Args:
        info: the run, with its network and process.
        request: the current settings.
        sources: files and folders of the pictures.
        options: how they are prepared.
        fingerprint: fingerprint of the prepared data set.
        rows: indices of the pictures to train on; None for all.
    """

    info: RunInfo
    request: TrainRequest
    sources: Sequence[Path]
    options: PrepareOptions
    fingerprint: str
    rows: npt.NDArray[np.int64] | None


def send_plan(
    team: Team,
    trainer: Trainer,
    info: RunInfo,
    request: TrainRequest,
    dataset: Dataset,
    rows: npt.NDArray[np.int64] | None,
) -> None:
    """Send the plan to the other ranks, with the precision that rank 0 has chosen."""
    resolved = request.model_copy(update={"precision": trainer.config.precision})
    if rows is not None:
        put(team.store, _ROWS, rows.astype("<i8").tobytes())
    team.send(
        _PLAN,
        {
            "info": info.model_dump_json(),
            "request": resolved.model_dump_json(),
            "sources": [str(source.resolve()) for source in dataset.source],
            "options": dataset.options.model_dump_json(),
            "fingerprint": dataset.fingerprint,
            "rows": rows is not None,
        },
    )


def receive_plan(team: Team) -> RankTrainingPlan:
    """Wait for the plan of rank 0, and return it."""
    message = cast(dict[str, Any], team.receive(_PLAN))
    rows = (
        np.frombuffer(read(team.store, _ROWS), "<i8").astype(np.int64) if message["rows"] else None
    )
    return RankTrainingPlan(
        RunInfo.model_validate_json(message["info"]),
        TrainRequest.model_validate_json(message["request"]),
        [Path(source) for source in message["sources"]],
        PrepareOptions.model_validate_json(message["options"]),
        message["fingerprint"],
        rows,
    )


class SharedState:
    """Broadcasts rank 0's weights and optimiser state to all ranks.

    Args:
        team: the ranks.
        trainer: the trainer of this rank.
    """

    def __init__(self, team: Team, trainer: Trainer) -> None:
        self._team, self._trainer = team, trainer
        self._broadcasts = 0

    @property
    def _key(self) -> str:
        return f"{_STATE}/{self._broadcasts}"

    @property
    def is_announced(self) -> bool:
        """Whether rank 0 has announced the next broadcast."""
        return bool(self._team.store.check([self._key]))

    def send(self) -> None:
        """Send the state of this rank, which is 0, to the other ranks."""
        trainer = self._trainer
        tensors = merge_tensors(trainer.optimizer_tensors(), model=trainer.model.state_dict())
        self._team.send(
            self._key,
            {
                "step": trainer.step_number,
                "seen": trainer.config.seen(trainer.step_number),
                "seed": trainer.config.seed,
                "tensors": [
                    [name, list(tensor.shape), str(tensor.dtype).removeprefix("torch.")]
                    for name, tensor in tensors.items()
                ],
            },
        )
        self._broadcasts += 1
        for tensor in tensors.values():
            self._team.group.broadcast(tensor.detach().to(self._team.device).contiguous())

    def receive(self) -> None:
        """Receive the state of rank 0, and load it into the trainer."""
        message = cast(dict[str, Any], self._team.receive(self._key))
        self._broadcasts += 1
        tensors: dict[str, Tensor] = {}
        for name, shape, dtype in message["tensors"]:
            tensors[name] = torch.empty(
                shape, dtype=getattr(torch, dtype), device=self._team.device
            )
            self._team.group.broadcast(tensors[name])
        optimizer, model = split_tensors(tensors, "model")
        trainer = self._trainer
        if message["step"] == 0:
            load_strict(trainer.model, model)
        else:
            # Averages are not sent: only rank 0 uses its own.
            averages = trainer.average_tensors()
            trainer.load(message["step"], model, model, optimizer, averages, message["seen"])
        trainer.reseed(message["seed"])


class RankZero:
    """Rank 0's part in a training on several ranks.

    Args:
        team: the ranks.
        trainer: the trainer of rank 0.
        total: number of steps of the training.
    """

    def __init__(self, team: Team, trainer: Trainer, total: int) -> None:
        self._team, self._trainer, self._total = team, trainer, total
        self._state = SharedState(team, trainer)

    def begin(self) -> None:
        """Send the weights to the other ranks, which wait for them."""
        self._state.send()

    def cause(self, error: Exception) -> Exception:
        """Return an error that names the lost rank if that made an exchange fail; else error."""
        return self._team.cause(str(error)) if isinstance(error, RankLostError) else error

    def announce_rollback(self, stepper: Stepper) -> Generator[Event, None, None]:
        """Make the other ranks wait for other weights than those of this step.

        They are at the next step already: it is taken by all ranks, and discarded.

        Raises:
            Exception: an error that ends the training, as of any step.
        """
        if self._trainer.step_number < self._total:
            self._team.group.confer_requested = True
            try:
                yield from stepper.step()
            finally:
                self._team.group.confer_requested = False


def rank_count_entry(trainer: Trainer) -> dict[str, object]:
    """Return the entry of a checkpoint's state for the number of ranks, if there are several."""
    return {"ranks": trainer.ranks.size} if trainer.ranks.size > 1 else {}


def report_rank_change(state: dict[str, Any], trainer: Trainer) -> Iterator[Notice]:
    """Yield a notice if a run is resumed with another number of ranks.

    Args:
        state: state of the checkpoint; empty without one.
        trainer: the trainer that resumes.
    """
    recorded, current = state.get("ranks"), trainer.ranks.size
    previous = recorded if isinstance(recorded, int) else 1
    if not state or previous == current:
        return
    previous_text, current_text = format_count(previous, "rank"), format_count(current, "rank")
    text = f"The batch of a step was shared by {previous_text}, and is by {current_text} now"
    dropout = trainer.model.config.dropout > 0
    difference = "what is dropped out, and the order of sums" if dropout else "the order of sums"
    yield Notice(f"{text}: {difference} is another, all else the same.")
