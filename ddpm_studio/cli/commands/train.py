"""``train DATA… --run DIR``: train a network, or resume a run."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ddpm_studio.catalogue.fields import option_name
from ddpm_studio.cli.options import (
    data_argument,
    request_from_options,
    run_option,
    usage_errors,
    with_options,
)
from ddpm_studio.cli.ranks import is_finished, print_finished
from ddpm_studio.jobs.training.new_run import (
    LENGTH_FIELDS,
    check_new_run,
    check_one_length,
    fine_tune_request,
    recorded_prerequisites,
    resume_request,
)
from ddpm_studio.paths import is_file
from ddpm_studio.requests import PrepareOptions, TrainRequest

if TYPE_CHECKING:
    from ddpm_studio.jobs.training.budget import Budget


@with_options(TrainRequest, PrepareOptions)
def command(
    run: Annotated[
        Path,
        # --out too: torchrun takes --run for an abbreviation of one of its own options.
        typer.Option(
            "--run", "--out", metavar="DIR", help="The run folder to write.", show_default=False
        ),
    ],
    data: Annotated[
        list[Path] | None,
        data_argument(
            help="Pictures, folders, archives, arrays, or sample:NAME; with --resume those of the "
            "run."
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Resume the run; --steps is the new total. Learning rate and batch may be "
            "others than before.",
        ),
    ] = False,
    requeue: Annotated[
        bool,
        typer.Option(
            "--requeue",
            help="Resume the run if it exists, else begin it: for a command that a cluster "
            "starts again. Of a run that has all its steps nothing is asked.",
        ),
    ] = False,
    start_from: Annotated[
        Path | None,
        run_option(
            "--from",
            help="Fine-tune the network of another run, also of an imported one or ready:NAME.",
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget",
            metavar="TIME",
            help="Instead of a length, a time such as 10m or 1h, night, or paper for the steps "
            "that the paper took: network, batch and picture size are chosen to suit it by what "
            "this machine can do, but what is named is kept.",
            show_default=False,
        ),
    ] = None,
    spare: Annotated[
        Path | None,
        typer.Option(
            "--spare",
            metavar="DIR",
            help="Where the run continues if its own folder can't be written to.",
            show_default=False,
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Events as JSON lines on stdout, the result last.")
    ] = False,
    **given: Any,
) -> None:
    """Train a network on pictures."""
    if requeue and is_file(run / "run.json"):
        if is_finished(run, given):
            print_finished(run, json)
            return
        resume = True
        # The run has its network, and its length is by now a number of steps from its start.
        start_from = budget = None
        given = {name: value for name, value in given.items() if name not in LENGTH_FIELDS}
    if not data and not resume:
        raise typer.BadParameter(
            "name the pictures to train on, or go on with a run by --resume.", param_hint="'DATA'"
        )
    if resume and start_from is not None:
        raise typer.BadParameter("a run that goes on has its network.", param_hint="'--from'")
    with usage_errors():
        check_one_length(given)
    time: Budget | None = None
    is_continued = resume or start_from is not None
    if budget is not None:
        from ddpm_studio.jobs.training.budget import resolve_budget

        with usage_errors():
            time, given = resolve_budget(budget, given, begun=is_continued)
    make_request = partial(request_from_options, TrainRequest)
    options = request_from_options(PrepareOptions, given)
    if resume:
        request = make_request({**recorded_prerequisites(run, given, option_name), **given})
        request = resume_request(run, given, request, options, option_name)
    else:
        check_new_run(run, option_name)
        request = (
            fine_tune_request(start_from, given, make_request, option_name)
            if start_from
            else make_request(given)
        )
    from ddpm_studio.cli.train_output import run_training
    from ddpm_studio.jobs import train, train_within_budget
    from ddpm_studio.jobs.training.fallback_folder import FallbackFolder

    if time is not None and not is_continued:
        job = train_within_budget(
            time, data or [], run, request, options, given, spare=FallbackFolder(spare)
        )
    else:
        job = train(
            data or [],
            run,
            request,
            options,
            resume=resume,
            start_from=start_from,
            spare=FallbackFolder(spare),
        )
    run_training(job, run, json)
