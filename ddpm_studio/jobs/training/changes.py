"""Changed settings and pictures of a resumed run: merging, reporting, and recording them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ddpm_studio.data import Dataset
from ddpm_studio.engine import Trainer
from ddpm_studio.jobs.events import InfoNotice, Notice
from ddpm_studio.jobs.training.description import data_origins, describe_data
from ddpm_studio.paths import path_exists
from ddpm_studio.requests import TrainRequest
from ddpm_studio.runs import Checkpoint, RunFolder, RunInfo

# Not kept with the run: given each time it is resumed. Lengths are in steps by then.
_NOT_RECORDED = ("device", "devices", "epochs", "minutes")
# Relative change of the learning rate that is worth reporting.
_MIN_RELATIVE_CHANGE = 0.01


def updated_request(recorded: TrainRequest, requested: TrainRequest) -> TrainRequest:
    """Return a run's settings, updated by the changeable ones that are set in ``requested``.

    The number of steps and the devices are always those of ``requested``.
    """
    changed = {
        name: getattr(requested, name)
        for name in TrainRequest.changeable_fields()
        if name in requested.model_fields_set
    }
    current = {name: getattr(requested, name) for name in ("steps", "device", "devices")}
    return recorded.model_copy(update={**changed, **current})


def record_changes(folder: RunFolder, request: TrainRequest, dataset: Dataset, step: int) -> None:
    """Record in ``run.json`` the settings and pictures with which the run continues from a step.

    Raises:
        OSError: if the file can't be written; it is unchanged then.
        StudioError: if it would be too long to be read again; likewise.
    """
    recorded_names = [
        name for name in TrainRequest.changeable_fields() if name not in _NOT_RECORDED
    ]
    settings = {name: getattr(request, name) for name in recorded_names}
    # Pictures that were kept may be known by a source that is gone.
    are_there = all(map(path_exists, dataset.source))
    data = describe_data(dataset) if are_there or _is_other(folder.info, dataset) else None
    folder.record_changes(at=step, data=data, plugins=data_origins(dataset), **settings)


def report_changed_pictures(info: RunInfo, dataset: Dataset) -> Iterator[Notice]:
    """Yield a notice if the pictures are not those that a run was trained on last."""
    if _is_other(info, dataset):
        message = "The pictures have changed since it was last trained; training goes on with them."
        yield Notice(message)


def _is_other(info: RunInfo, dataset: Dataset) -> bool:
    return info.newest_data is None or dataset.fingerprint != info.newest_data.fingerprint


def pictures_seen(info: RunInfo, checkpoint: Checkpoint) -> int:
    """Return the number of pictures that a run had seen by a checkpoint.

    Raises:
        StudioError: if the checkpoint is damaged.
    """
    seen = checkpoint.state().get("pictures")
    # Checkpoints of version 0.1.0 don't record it.
    return seen if isinstance(seen, int) else info.pictures_seen_at(checkpoint.step)


def report_changed_settings(
    recorded: TrainRequest, request: TrainRequest, trainer: Trainer
) -> Iterator[InfoNotice]:
    """Yield a report of changed settings, and of their effect on the learning rate."""
    step = trainer.step_number
    recorded_names = [
        name for name in TrainRequest.changeable_fields() if name not in (*_NOT_RECORDED, "steps")
    ]
    changed = [
        f"{_title(name)} {_format_value(old)} → {_format_value(new)}"
        for name in recorded_names
        if (old := getattr(recorded, name)) != (new := getattr(request, name))
    ]
    if changed:
        yield InfoNotice(f"From step {step + 1:,} on: {', '.join(changed)}.")
    # A decaying schedule ends at the planned number of steps.
    schedule = recorded.learning_rate_schedule
    recorded_config = replace(trainer.config, steps=recorded.steps, learning_rate_schedule=schedule)
    before, now = recorded_config.rate(step), trainer.config.rate(step)
    if abs(now - before) <= _MIN_RELATIVE_CHANGE * max(now, before):
        return
    if schedule != request.learning_rate_schedule:
        yield InfoNotice(
            f"At step {step + 1:,} the learning rate is {now:.3g}; by the schedule of before it "
            f"would have been {before:.3g}."
        )
    else:
        yield InfoNotice(
            f"{_describe_decay(recorded.steps, request.steps)}: training goes on at {now:.3g}, and "
            f"the fall ends at step {request.steps:,}, no longer at step {recorded.steps:,}."
        )


def _describe_decay(before: int, now: int) -> str:
    if now > before:
        return "With more steps the learning rate falls later"
    return "With fewer steps the learning rate falls sooner"


def _title(name: str) -> str:
    title = TrainRequest.model_fields[name].title or name
    return title[:1].lower() + title[1:]


def _format_value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
