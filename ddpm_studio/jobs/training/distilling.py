"""Distillation of a run into a few-step student by consistency tuning [Geng et al. 2024]."""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence
from pathlib import Path

from ddpm_studio.engine.consistency.function import check_consistency_tunable
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.drawing.pictures import options_like_training
from ddpm_studio.jobs.drawing.recipes import run_id
from ddpm_studio.jobs.events import Event
from ddpm_studio.jobs.library.training_pictures import options_for_given
from ddpm_studio.jobs.request_building import OptionNamer
from ddpm_studio.jobs.training.fallback_folder import FallbackFolder
from ddpm_studio.jobs.training.new_run import resume_request, unchangeable_option_error
from ddpm_studio.jobs.training.training import TrainResult, train
from ddpm_studio.requests import DistillRequest, PrepareOptions, TrainRequest
from ddpm_studio.runs import RunFolder, RunInfo
from ddpm_studio.runs.info import StudentInfo

# Settings that a student has of its own, not from its teacher.
_OWN_FIELDS = set(DistillRequest.model_fields) & set(TrainRequest.model_fields)


def distill(
    request: DistillRequest,
    run: Path,
    sources: Sequence[Path] = (),
    *,
    models: ModelStore | None = None,
    spare: FallbackFolder | None = None,
) -> Generator[Event, None, TrainResult]:
    """Tune the newest averaged weights of ``request.run`` into a student, in a new run.

    It is a training in all other respects: closing the generator saves it,
    ``train(…, resume=True)`` resumes it, and its run folder's ``run.json`` names its teacher.

    Args:
        request: the teacher and the settings.
        run: the student's run folder, new.
        sources: files and folders of the pictures; empty for those that the teacher was trained on.
        models: store that provides the network to others while it trains.
        spare: where to save if the run folder can't be written to.

    Yields:
        The events of :func:`~ddpm_studio.jobs.training.training.train`.

    Raises:
        StudioError: if the teacher can't be read or can't have a student, and as ``train``.
    """
    folder = RunFolder.open(request.run)
    info = folder.info
    check_teacher(info, request.run.resolve().name)
    student = StudentInfo(
        teacher=str(request.run.resolve()),
        teacher_id=run_id(info.model_dump(mode="json", include={"created", "network", "data"})),
        teacher_step=folder.newest().step,
        steps=request.draw_steps,
        stages=request.stages,
        q=request.shrink,
    )
    return (
        yield from train(
            sources,
            run,
            student_settings(request, info),
            options_for_given(info, sources) if sources else options_like_training(info),
            start_from=request.run,
            student=student,
            models=models,
            spare=spare,
        )
    )


def check_teacher(info: RunInfo, name: str) -> None:
    """Raise StudioError for a run that can't have a student.

    Raises:
        StudioError: with the reason.
    """
    if info.student is not None:
        raise StudioError(
            f"{name} is a few-step student itself.", "Train it further, or name its teacher."
        )
    try:
        check_consistency_tunable(info.process.build())
    except ValueError as error:
        raise StudioError(
            f"{name} can't have a few-step student: {error}.",
            "Train a model that predicts x_0 or v, without zero terminal SNR.",
        ) from error


def student_settings(request: DistillRequest, teacher: RunInfo) -> TrainRequest:
    """Return a student's training settings: its own, and the teacher's for all others."""
    process = teacher.process
    # The settings of a model that was trained elsewhere are unknown.
    teacher_request = teacher.request or TrainRequest(
        timesteps=process.timesteps,
        parameterization=process.parameterization,
        variance=process.variance,
        loss="hybrid" if process.build().learned else "simple",
        class_conditional=teacher.network_config().num_classes is not None,
    )
    own_settings = {name: getattr(request, name) for name in _OWN_FIELDS}
    reset = {"epochs": None, "accumulation": 1, "power_ema": False, "devices": None}
    return teacher_request.model_copy(update={**own_settings, **reset})


def resume_student_request(
    run: Path, given: Collection[str], request: DistillRequest, option_name: OptionNamer = str
) -> TrainRequest:
    """Return the settings to resume a student with.

    Args:
        run: the student's run folder.
        given: names of the options that were given; without ``steps`` the planned total is kept.
        request: the requested settings.
        option_name: returns an option's name for error messages, given its field.

    Raises:
        StudioError: if it is no student, or an option differs from the value it was begun with and
            can't change.
    """
    student = RunFolder.open(run).info.student
    if student is None:
        raise StudioError(f"{run} is no few-step student.", "Train it further as any other run.")
    fixed = {"stages": student.stages, "shrink": student.q, "draw_steps": student.steps}
    for name, recorded_value in fixed.items():
        if name in given and getattr(request, name) != recorded_value:
            raise unchangeable_option_error(
                option_name(name), recorded_value, getattr(request, name)
            )
    own_settings = {name: getattr(request, name) for name in given if name in _OWN_FIELDS}
    return resume_request(
        run, own_settings, TrainRequest(**own_settings), PrepareOptions(), option_name
    )
