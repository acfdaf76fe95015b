"""The commands of a model card: how a model was trained and evaluated, to be typed again."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ddpm_studio.catalogue.fields import option_name
from ddpm_studio.data.samples import data_name, named_data
from ddpm_studio.engine.tables import PRESETS
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.command_lines import options_of
from ddpm_studio.jobs.drawing.recipes import run_id
from ddpm_studio.jobs.drawing.sampling_defaults import usual_guidance
from ddpm_studio.requests import DistillRequest, EvaluateRequest, PrepareOptions, TrainRequest
from ddpm_studio.runs import RunFolder, RunInfo
from ddpm_studio.runs.info import StudentInfo
from ddpm_studio.runs.ready import ready_name, ready_runs

# What changes no weight, or is told in another way.
_NOT_TRAINED_WITH = ("steps", "epochs", "minutes", "device", "threads")
_NOT_EVALUATED_WITH = ("run", "checkpoint", "device", "features_file")
# Where a package of the system puts data, on every machine alike.
_SHARED_PLACES = ("/usr/share/", "/usr/local/share/")


def data_words(sources: Sequence[str | Path], folder: Path | None = None) -> list[str]:
    """Return how pictures are named to others: no places of this machine.

    ``sample:NAME`` for an embedded set, the whole path where a package of the system has put
    them, else the last part of it.

    Args:
        sources: where they were found.
        folder: in which somebody types on this machine. What is there still is named by the way
            from it, for a name alone may be that of another thing, such as of the run that was
            named for its pictures.
    """
    words = []
    for source in sources:
        path = named_data(source)
        place = path.as_posix()
        if not place.startswith(_SHARED_PLACES):
            place = path.name if folder is None or not path.exists() else _way(path, folder)
        words.append(data_name(path) or place)
    return words


def _way(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:
        return str(path)  # On another drive.


def teacher_name(student: StudentInfo) -> str:
    """Return how a student's teacher is named to others: ``ready:NAME`` if it ships too."""
    for run in ready_runs():
        with contextlib.suppress(StudioError):
            told = RunFolder.open(run).info.model_dump(
                mode="json", include={"created", "network", "data"}
            )
            if run_id(told) == student.teacher_id:
                return ready_name(run)
    return Path(student.teacher).name


def train_command(info: RunInfo, request: TrainRequest, name: str, data: Sequence[str]) -> str:
    """Return the command that begins a run like this one.

    Args:
        info: of a run that was trained here.
        request: the settings with which it began.
        name: the run folder that it writes.
        data: how its pictures are named.
    """
    assert info.data is not None
    if info.student is not None:
        return _distill_command(request, data, info.student, name)
    usual = _usual(request.preset)
    words = [*data, "--run", name, option_name("steps"), str(request.steps)]
    words += [option_name("preset"), request.preset]
    if info.start_from:
        words += ["--from", Path(info.start_from).name]
    words += options_of(request, usual, _NOT_TRAINED_WITH)
    words += options_of(info.data.options, PrepareOptions(), ())
    return shlex.join(["ddpm-studio", "train", *words])


def _usual(preset: str) -> TrainRequest:
    """Return the request of one who names nothing but a preset, which may be unknown here."""
    if preset in PRESETS:
        return TrainRequest(preset=preset)
    # What its recipe says is not known either: all that it may say is spelt.
    told: dict[str, Any] = dict.fromkeys(TrainRequest.by_preset())
    return TrainRequest.model_construct(preset=preset, **told)


def _distill_command(
    request: TrainRequest, data: Sequence[str], student: StudentInfo, name: str
) -> str:
    of_student: dict[str, Any] = {
        "stages": student.stages,
        "shrink": student.q,
        "draw_steps": student.steps,
    }
    shared = DistillRequest.model_fields.keys() & TrainRequest.model_fields.keys()
    own = {key: getattr(request, key) for key in shared}
    # Whether a plug-in's names are known here matters not: they are only spelt.
    asked = DistillRequest.model_construct(run=Path(), **own, **of_student)
    words = [teacher_name(student), *data, "--out", name, option_name("steps"), str(request.steps)]
    words += options_of(asked, DistillRequest(run=Path()), _NOT_TRAINED_WITH)
    return shlex.join(["ddpm-studio", "distill", *words])


def evaluate_command(
    info: RunInfo, step: int, request: EvaluateRequest, model: str, data: Sequence[str]
) -> str:
    """Return the command that tells these figures again.

    Args:
        info: of the model.
        step: of its weights.
        request: what was asked for.
        model: how the model is named.
        data: what :func:`data_words` returned of the real pictures.
    """
    # What the model brings of its own would stand in for what is not spelt.
    own: dict[str, Any] = {}
    if not info.process.clip_x0:
        own["clip_x0"] = None
    if usual_guidance(info, step) != 1:
        own["guidance"] = None
    usual = EvaluateRequest(run=request.run).model_copy(update=own)
    words = [model, *data, *options_of(request, usual, _NOT_EVALUATED_WITH)]
    if request.features_file is not None:
        words += [option_name("features_file"), request.features_file.name]
    return shlex.join(["ddpm-studio", "evaluate", *words])
