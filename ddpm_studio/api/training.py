"""Training from Python."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ddpm_studio import jobs
from ddpm_studio.api.options import accepts_options, check_options, options_for
from ddpm_studio.api.pictures import AnyPath, as_paths
from ddpm_studio.api.run import Run
from ddpm_studio.api.stoppable import run_training
from ddpm_studio.api.store import models
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.request_building import build_request
from ddpm_studio.jobs.training.budget import Budget, resolve_budget
from ddpm_studio.jobs.training.fallback_folder import FallbackFolder
from ddpm_studio.jobs.training.new_run import (
    check_new_run,
    check_one_length,
    fine_tune_request,
    recorded_prerequisites,
    resume_request,
)
from ddpm_studio.requests import PrepareOptions, TrainRequest
from ddpm_studio.runs.ready import resolve_run


@accepts_options(TrainRequest, PrepareOptions)
def train(
    data: AnyPath | Sequence[AnyPath] | None = None,
    *,
    run: AnyPath,
    resume: bool = False,
    start_from: AnyPath | None = None,
    budget: str | None = None,
    spare: AnyPath | None = None,
    progress: bool = True,
    **options: Any,
) -> Run:
    """Train a network on pictures, into a run folder [DDPM Algorithm 1].

    Ctrl-C, or a notebook's interrupt, ends it after the current step: a complete checkpoint is
    saved, and a KeyboardInterrupt is raised that names it; ``resume=True`` goes on from there.

    Args:
        data: pictures, folders, archives, arrays in files, one path or several; ``sample:NAME``:
            an embedded set. None: those of the run that is resumed.
        run: the run folder: new, or existing to resume.
        resume: go on with the run; ``steps`` is the new total.
        start_from: run whose network is fine-tuned, also an imported or a ready one,
            ``ready:NAME``.
        budget: in place of a length, a time such as "10m", "1.5h" or "night", or "paper" for as
            many steps as the paper took: network, batch and picture size are chosen to suit it at
            the speed of this machine; options that are given are kept.
        spare: fallback folder in which the run goes on if its own can't be written to.
        progress: show a progress bar in a notebook or, on stderr, in a terminal; elsewhere,
            messages are warnings of the logger ``ddpm_studio``.
        options: fields of :class:`ddpm_studio.requests.TrainRequest` and
            :class:`ddpm_studio.requests.PrepareOptions`.

    Returns:
        The run.

    Raises:
        TypeError: for an unknown option.
        StudioError: for pictures, settings or a run folder that can't be used, and if training
            can't go on: its last good state is saved then.
        KeyboardInterrupt: as above.
    """
    folder, sources = Path(run), as_paths(data)
    if not sources and not resume:
        raise StudioError(
            "There is nothing to train on.",
            "Name the pictures, or go on with a run by resume=True.",
        )
    if resume and start_from is not None:
        raise StudioError("A run that goes on has its network.", "Leave start_from out.")
    given = check_options("train", options, TrainRequest, PrepareOptions)
    check_one_length(given)
    time: Budget | None = None
    base = None if start_from is None else resolve_run(start_from)
    is_continued = resume or base is not None
    if budget is not None:
        time, given = resolve_budget(budget, given, begun=is_continued)
    prepare_options = build_request(PrepareOptions, options_for(PrepareOptions, given))
    train_options = options_for(TrainRequest, given)
    make_request = partial(build_request, TrainRequest)
    if resume:
        request = resume_request(
            folder,
            given,
            make_request({**recorded_prerequisites(folder, train_options), **train_options}),
            prepare_options,
        )
    else:
        check_new_run(folder)
        request = (
            make_request(train_options)
            if base is None
            else fine_tune_request(base, train_options, make_request)
        )
    fallback = FallbackFolder(None if spare is None else Path(spare))
    if time is not None and not is_continued:
        job = jobs.train_within_budget(
            time, sources, folder, request, prepare_options, given, models=models(), spare=fallback
        )
    else:
        job = jobs.train(
            sources,
            folder,
            request,
            prepare_options,
            resume=resume,
            start_from=base,
            models=models(),
            spare=fallback,
        )
    return Run(run_training(job, folder, progress), progress=progress)
