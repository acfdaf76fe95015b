"""``distill RUN --out DIR``: distil a model into a few-step student, or resume that."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ddpm_studio.catalogue.fields import option_name
from ddpm_studio.cli.options import (
    Run,
    data_argument,
    request_from_options,
    usage_errors,
    with_options,
)
from ddpm_studio.jobs.training.new_run import check_new_run, check_one_length
from ddpm_studio.requests import DistillRequest, PrepareOptions


@with_options(DistillRequest, skip={"run"})
def command(
    run: Run,
    student: Annotated[
        Path,
        typer.Option(
            "--out", "--run", metavar="DIR", help="The student's run folder.", show_default=False
        ),
    ],
    data: Annotated[
        list[Path] | None,
        data_argument(
            help="Pictures to tune on, or sample:NAME; left out: those that the model was trained "
            "on."
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume the student; --steps is the new total.")
    ] = False,
    spare: Annotated[
        Path | None,
        typer.Option(
            "--spare",
            metavar="DIR",
            help="Where the student continues if its own folder can't be written to.",
            show_default=False,
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Events as JSON lines on stdout, the result last.")
    ] = False,
    **given: Any,
) -> None:
    """Distil a model into a few-step student."""
    with usage_errors():
        check_one_length(given)
    request = request_from_options(DistillRequest, given, run=run)
    if not resume:
        check_new_run(student, option_name)
    from ddpm_studio.cli.train_output import run_training
    from ddpm_studio.jobs import distill, train
    from ddpm_studio.jobs.training.distilling import resume_student_request
    from ddpm_studio.jobs.training.fallback_folder import FallbackFolder

    fallback = FallbackFolder(spare)
    if resume:
        student_request = resume_student_request(student, given, request, option_name)
        job = train(
            data or [], student, student_request, PrepareOptions(), resume=True, spare=fallback
        )
    else:
        job = distill(request, student, data or [], spare=fallback)
    run_training(job, student, json)
