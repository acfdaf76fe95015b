"""Commands of model cards and reports that repeat the training and evaluations of a model."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ddpm_studio.catalogue.fields import is_unused_option, option_name
from ddpm_studio.data.samples import resolve_data_path, sample_name
from ddpm_studio.engine.tables import PRESETS
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.command_lines import changed_options
from ddpm_studio.jobs.drawing.recipes import run_id
from ddpm_studio.jobs.drawing.sampling_defaults import default_guidance
from ddpm_studio.requests import (
    DistillRequest,
    EvaluateRequest,
    PrepareOptions,
    SampleRequest,
    SamplerRequest,
    TrainRequest,
)
from ddpm_studio.runs import RunFolder, RunInfo
from ddpm_studio.runs.info import StudentInfo
from ddpm_studio.runs.ready import is_ready, ready_name, ready_runs

# Settings that affect no weights, or are described in another way.
_SKIPPED_TRAIN_FIELDS = ("steps", "epochs", "minutes", "device", "threads")
_SKIPPED_EVALUATE_FIELDS = ("run", "device", "features_file")
_SKIPPED_SAMPLE_FIELDS = ("checkpoint", "device", "precision", "seed", "weights", "ema_length")
# Folders in which system packages install data, the same on every machine.
_SYSTEM_DATA_FOLDERS = ("/usr/share/", "/usr/local/share/")


def data_args(sources: Sequence[str | Path], folder: Path | None = None) -> list[str]:
    """Return names of pictures for others, without paths of this machine.

    ``sample:NAME`` for an embedded data set, the whole path for data of a system package, else the
    last part of the path.

    Args:
        sources: paths of the pictures.
        folder: working directory of the commands on this machine. Existing paths are named relative
            to it, since a bare name may be that of something else, such as a run that was named
            after its pictures.
    """
    args = []
    for source in sources:
        path = resolve_data_path(source)
        name = path.as_posix()
        if not name.startswith(_SYSTEM_DATA_FOLDERS):
            name = (
                path.name if folder is None or not path.exists() else _relative_path(path, folder)
            )
        args.append(sample_name(path) or name)
    return args


def _relative_path(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:
        return str(path)  # On another drive.


def teacher_name(student: StudentInfo) -> str:
    """Return the name of a student's teacher for others: ``ready:NAME`` if it ships too."""
    for run in ready_runs():
        with contextlib.suppress(StudioError):
            run_json = RunFolder.open(run).info.model_dump(
                mode="json", include={"created", "network", "data"}
            )
            if run_id(run_json) == student.teacher_id:
                return ready_name(run)
    return Path(student.teacher).name


def run_name(run: Path) -> str:
    """Return the name of a run for others: ``ready:NAME`` if it is bundled, else its folder's."""
    return ready_name(run) if is_ready(run) else run.name


def train_command(
    info: RunInfo,
    request: TrainRequest,
    name: str,
    data: Sequence[str],
    start_from: str | None = None,
) -> str:
    """Return the command that starts a training like that of a run.

    Args:
        info: a run that was trained here.
        request: the settings with which it was started.
        name: the run folder to write.
        data: names of its pictures.
        start_from: the run to fine-tune, if any.
    """
    assert info.data is not None
    if info.student is not None:
        return _distill_command(request, data, info.student, name)
    args = [*data, "--run", name, option_name("steps"), str(request.steps)]
    skipped = [*_SKIPPED_TRAIN_FIELDS, "preset"]
    if info.preset is not None:
        defaults = _preset_defaults(request.preset)
        args += [option_name("preset"), request.preset]
    else:
        # The base brings a network that no preset makes.
        defaults = TrainRequest()
    if info.process.schedule == "betas":
        skipped.append("schedule")  # Likewise the base's, which has no name.
    if start_from is not None:
        args += ["--from", start_from]
    args += changed_options(request, defaults, skipped)
    args += changed_options(info.data.options, PrepareOptions(), ())
    return shlex.join(["ddpm-studio", "train", *args])


def _preset_defaults(preset: str) -> TrainRequest:
    """Return the request of a command with a preset only, which may be unknown here."""
    if preset in PRESETS:
        return TrainRequest(preset=preset)
    # The recipe of an unknown preset is unknown too: all that it may set is written out.
    fields: dict[str, Any] = dict.fromkeys(TrainRequest.preset_fields())
    return TrainRequest.model_construct(preset=preset, **fields)


def _distill_command(
    request: TrainRequest, data: Sequence[str], student: StudentInfo, name: str
) -> str:
    student_fields: dict[str, Any] = {
        "stages": student.stages,
        "shrink": student.q,
        "draw_steps": student.steps,
    }
    shared_fields = DistillRequest.model_fields.keys() & TrainRequest.model_fields.keys()
    values = {key: getattr(request, key) for key in shared_fields}
    # Names of plug-ins need not be known here, as they are only written out: no validation.
    distill_request = DistillRequest.model_construct(run=Path(), **values, **student_fields)
    args = [teacher_name(student), *data, "--out", name, option_name("steps"), str(request.steps)]
    args += changed_options(distill_request, DistillRequest(run=Path()), _SKIPPED_TRAIN_FIELDS)
    return shlex.join(["ddpm-studio", "distill", *args])


def sample_command(info: RunInfo, step: int, request: EvaluateRequest, model: str, out: str) -> str:
    """Return the command that draws with the sampler of an evaluation.

    Args:
        info: the model.
        step: step of its weights.
        request: request of the evaluation.
        model: name of the model.
        out: file to write.
    """
    settings = _sampler_settings(info, step, request)
    # Compared with nothing, so that all of the settings are written.
    defaults = SampleRequest(run=request.run).model_copy(update=dict.fromkeys(settings))
    others = SampleRequest.model_fields.keys() - settings.keys()
    sample_request = SampleRequest(**{"run": request.run, **settings})
    options = changed_options(sample_request, defaults, others)
    return shlex.join(["ddpm-studio", "sample", model, *options, "--out", out])


def sample_call(info: RunInfo, step: int, request: SamplerRequest, model: str, count: int) -> str:
    """Return the Python call that draws with the sampler of an evaluation.

    Args:
        info: the model.
        step: step of its weights.
        request: request of the evaluation.
        model: name of the model.
        count: number of pictures.
    """
    settings = _sampler_settings(info, step, request).items()
    options = [
        f"{name}={json.dumps(value) if isinstance(value, str) else repr(value)}"
        for name, value in settings
    ]
    return f"ds.open({json.dumps(model)}).sample({', '.join([str(count), *options])})"


def _sampler_settings(info: RunInfo, step: int, request: SamplerRequest) -> dict[str, Any]:
    """Return the sampler's settings of a request that differ from the model's defaults."""
    # Those of SampleRequest: an evaluation's default sampler is another one.
    defaults: dict[str, Any] = {
        name: SampleRequest.model_fields[name].default
        for name in SamplerRequest.model_fields
        if name not in _SKIPPED_SAMPLE_FIELDS
    }
    if info.student is not None:
        defaults |= {"sampler": info.student.sampler, "steps": info.student.steps}
    defaults |= {"guidance": default_guidance(info, step), "clip_x0": info.process.clip_x0}
    # One that can't be chosen has no effect.
    defaults["variance"] = info.fixed_variance or request.variance
    return {
        name: value
        for name, default in defaults.items()
        if (value := getattr(request, name)) not in (None, default)
        and not is_unused_option(SamplerRequest, name, request.__dict__)
    }


def evaluate_command(
    info: RunInfo, step: int, request: EvaluateRequest, model: str, data: Sequence[str]
) -> str:
    """Return the command that repeats an evaluation.

    Args:
        info: the model.
        step: step of its weights.
        request: request of the evaluation.
        model: name of the model.
        data: names of the real pictures, from :func:`data_args`.
    """
    # Defaults of the model would replace settings that are not written out.
    overrides: dict[str, Any] = {}
    if not info.process.clip_x0:
        overrides["clip_x0"] = None
    if default_guidance(info, step) != 1:
        overrides["guidance"] = None
    if info.fixed_variance is None:
        overrides["variance"] = request.variance
    elif info.fixed_variance != EvaluateRequest.model_fields["variance"].default:
        overrides["variance"] = None
    defaults = EvaluateRequest(run=request.run).model_copy(update=overrides)
    args = [model, *data, *changed_options(request, defaults, _SKIPPED_EVALUATE_FIELDS)]
    if request.features_file is not None:
        args += [option_name("features_file"), request.features_file.name]
    return shlex.join(["ddpm-studio", "evaluate", *args])
