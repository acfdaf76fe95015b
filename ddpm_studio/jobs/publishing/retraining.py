"""Retraining: commands that repeat the training of a run, and whether they do so exactly."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ddpm_studio.catalogue.fields import option_name
from ddpm_studio.durations import format_count
from ddpm_studio.engine.tables import LEARNING_RATES
from ddpm_studio.jobs.publishing.commands import data_args, run_name, train_command
from ddpm_studio.requests import TrainRequest
from ddpm_studio.runs import RunInfo
from ddpm_studio.runs.info import SettingsChange

# Steps are written separately, and the number of threads belongs to the machine.
_SKIPPED_FIELDS = ("steps", "threads")


@dataclass(frozen=True)
class Retraining:
    """How to train a model again.

    Args:
        commands: commands to run one after the other.
        exact: whether they give the same weights, on the CPU and in as many threads, the base of a
            fine-tuning included.
        remarks: sentences on what the commands don't show: where the training ended, changed
            settings and pictures.
    """

    commands: Sequence[str]
    exact: bool
    remarks: Sequence[str]


@dataclass(frozen=True)
class _Stage:
    """Steps taken with the same settings, up to step ``end`` of ``planned``.

    ``sources`` are those of the pictures from its first step on; empty: as before.
    """

    request: TrainRequest
    end: int
    planned: int
    changed: dict[str, Any]
    sources: Sequence[str]


def retraining(info: RunInfo, step: int, name: str, folder: Path | None = None) -> Retraining:
    """Return the commands that repeat a model's training from its first step to ``step``.

    A run that was resumed with other settings needs a command for each, and so do pictures from
    another place, if the learning rate does not depend on the end. They end where the run did,
    unless its learning rate decays towards the planned end, which must be planned again. An earlier
    stage is planned for its own end where the next would not go beyond the planned one. The base of
    a fine-tuning is trained first, as ``NAME-base``, if it was trained here.

    Args:
        info: a run that was trained here.
        step: step of the weights.
        name: the run folder to write.
        folder: working directory of the commands, as of ``commands.data_args``.
    """
    assert info.data is not None
    stages = _stages(info, step)
    first_stage, last_stage = stages[0], stages[-1]
    first_data = data_args(first_stage.sources or info.data.sources, folder)
    changes = [change for change in info.changes if change.step < step]
    remarks = [remark for change in changes for remark in _describe_change(change)]
    newest_change, newest_sources = _newest_pictures(info)
    given_stages = stages if info.student is None else [first_stage]
    if newest_change in changes and newest_sources and not any(s.sources for s in given_stages):
        names = ", ".join(data_args(newest_sources, folder))
        remarks.append(f"No command trains on {names}: none stops midway in the planned steps.")
    # What its sources held at first is not known.
    same_pictures = not any(change.pictures for change in changes)
    if step != last_stage.planned:
        planned = format_count(last_stage.planned, "step")
        remarks.insert(0, f"It was planned for {planned}, and is at step {step:,}.")
    if info.student is not None:
        # Its stages are parts of the planned steps, and no command resumes within one.
        exact = len(stages) == 1 and step == last_stage.planned and same_pictures
        command = train_command(info, first_stage.request, name, first_data)
        return Retraining([command], exact, remarks)
    planned_stages = [stage for stage in stages if _follows_plan(stage.request)]
    exact = all(stage.end == stage.planned for stage in planned_stages)
    exact = exact and not any(None in stage.changed.values() for stage in stages) and same_pictures
    base = _base(info, f"{name}-base", folder)
    commands = [*base.commands]
    for stage, steps in zip(stages, _printed_steps(stages), strict=True):
        if stage is first_stage:
            request = stage.request.model_copy(update={"steps": steps})
            commands.append(train_command(info, request, name, first_data, base.start_from))
        else:
            data = data_args(stage.sources, folder)
            args = ["ddpm-studio", "train", *data, "--run", name, "--resume"]
            args += [option_name("steps"), str(steps)]
            for field, value in stage.changed.items():
                args += [option_name(field), str(value)] if value is not None else []
            commands.append(shlex.join(args))
    return Retraining(commands, exact and base.exact, [*base.remarks, *remarks])


@dataclass(frozen=True)
class _Base:
    """Base of a fine-tuning: how it is trained again, and the name to start from."""

    commands: Sequence[str] = ()
    exact: bool = True
    remarks: Sequence[str] = ()
    start_from: str | None = None


def _base(info: RunInfo, name: str, folder: Path | None) -> _Base:
    """Return how the base of a run is trained again, in the run folder ``name``.

    Only the name is given of a base that was not trained here or that was not recorded.
    """
    if info.start_from is None:
        return _Base()
    base = RunInfo.read(info.base.run) if info.base is not None else None
    if info.base is None or base is None or base.request is None or base.data is None:
        return _Base(start_from=run_name(Path(info.start_from)))
    plan = retraining(base, info.base.step, name, folder)
    published = base.published
    title = run_name(Path(info.start_from)) if published is None else published.title
    suffix = "" if published is None else ", in half precision"
    remarks = [
        f"It was fine-tuned from step {info.base.step:,} of {title}{suffix}.",
        *(f"Of that model: {line}" for line in plan.remarks),
    ]
    return _Base(plan.commands, plan.exact and published is None, remarks, name)


def _newest_pictures(info: RunInfo) -> tuple[SettingsChange | None, Sequence[str]]:
    """Return the change from which the newest pictures count, and their sources, if others."""
    change = next((change for change in reversed(info.changes) if change.pictures), None)
    if change is None or info.data is None or info.newest_data is None:
        return None, ()
    sources = info.newest_data.sources
    return change, () if sources == info.data.sources else sources


def _stages(info: RunInfo, step: int) -> list[_Stage]:
    """Return the stages up to a step; only those in which steps were taken.

    Other pictures alone open no stage while the learning rate falls towards the planned end: a
    command that stopped there would let it fall to its end before. They come with the next stage.
    """
    assert info.request is not None
    request, changes = info.request, list(info.changes)
    for change in reversed(changes):
        request = request.model_copy(update={key: old for key, (old, _) in change.settings.items()})
    newest_change, newest_sources = _newest_pictures(info)
    stages: list[_Stage] = []
    sources: Sequence[str] = ()
    # Pictures that no stage has yet.
    pending: Sequence[str] = ()
    start, changed = 0, dict[str, Any]()
    for change in changes:
        if change.step >= step:
            break
        new_sources = newest_sources if change is newest_change else ()
        opens = change.settings or (new_sources and not _follows_plan(request))
        if change.step > start and opens:
            stages.append(_Stage(request, change.step, request.steps, changed, sources))
            start, changed, sources = change.step, {}, ()
        pending = new_sources or pending
        if change.step == start and pending:
            sources, pending = pending, ()
        new_settings = {key: value for key, (_, value) in change.settings.items()}
        request = request.model_copy(update=new_settings)
        changed |= {key: value for key, value in new_settings.items() if key not in _SKIPPED_FIELDS}
    return [*stages, _Stage(request, step, request.steps, changed, sources)]


def _follows_plan(request: TrainRequest) -> bool:
    """Whether the learning rate depends on the planned steps; assumed for unknown schedules."""
    schedule = request.learning_rate_schedule
    return schedule not in LEARNING_RATES or LEARNING_RATES[schedule].needs_steps


def _printed_steps(stages: Sequence[_Stage]) -> list[int]:
    """Return the total of steps that each stage's command asks for, in increasing order.

    A run goes on only to a larger total, so that a stage that was planned for as many steps as the
    next or for more ends where it did, with another course of its learning rate.
    """
    totals: list[int] = []
    for stage in reversed(stages):
        fits = not totals or stage.planned < totals[0]
        totals.insert(0, stage.planned if fits and _follows_plan(stage.request) else stage.end)
    return totals


def _describe_change(change: SettingsChange) -> Iterator[str]:
    settings = ", ".join(
        f"{name.replace('_', ' ')} {old} → {new}" for name, (old, new) in change.settings.items()
    )
    if settings:
        yield f"It went on from step {change.step:,} with other settings: {settings}."
    if change.pictures:
        old_count, new_count = change.pictures
        counts = f"{new_count:,} in place of {old_count:,}"
        yield f"It went on from step {change.step:,} with other pictures: {counts}."
