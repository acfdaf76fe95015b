"""``evaluate RUN|SAMPLES [DATA…]``: metrics of samples against real pictures: FID and others."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ddpm_studio.catalogue.fields import option_name
from ddpm_studio.cli.options import (
    Devices,
    Json,
    data_argument,
    request_from_options,
    run_argument,
    with_options,
)
from ddpm_studio.cli.output import print_json
from ddpm_studio.durations import format_count
from ddpm_studio.errors import StudioError
from ddpm_studio.paths import is_file, path_exists
from ddpm_studio.rank_flag import requested_devices
from ddpm_studio.requests import CompareRequest, EvaluateRequest, PrepareOptions

if TYPE_CHECKING:
    from ddpm_studio.jobs.events import EvaluationResult


@with_options(EvaluateRequest, PrepareOptions, skip={"run"})
def command(
    samples: Annotated[
        Path,
        run_argument(
            metavar="RUN|SAMPLES",
            help="A run folder, ready:NAME, or the samples of any model: a folder, an archive or "
            "an array.",
        ),
    ],
    data: Annotated[
        list[Path] | None,
        data_argument(
            help="The real pictures, or sample:NAME; of a run those it was trained on where they "
            "are left out."
        ),
    ] = None,
    devices: Devices = None,
    json: Json = False,
    **given: Any,
) -> None:
    """Compare samples with real pictures: Fréchet distance, KID, precision, recall."""
    if not path_exists(samples):
        raise StudioError(
            f"There is no file or folder {samples}.", "Check the path; it may have been moved."
        )
    is_run = is_file(samples / "run.json")
    _reject_unused_options(is_run, given)
    from ddpm_studio.cli.job_runner import run_job
    from ddpm_studio.jobs import ModelStore, evaluate, evaluate_files

    if is_run:
        request = request_from_options(EvaluateRequest, given, run=samples)
        result = run_job(evaluate(request, data or [], ModelStore(), requested_devices(devices)))
    else:
        if devices is not None:
            raise typer.BadParameter(
                "is of no effect with pictures out of files.", param_hint="'--devices'"
            )
        if not data:
            raise typer.BadParameter("name the pictures to compare with.", param_hint="'DATA'")
        compare_request = request_from_options(CompareRequest, given)
        options = request_from_options(PrepareOptions, given)
        result = run_job(evaluate_files(compare_request, [samples], data, options))
    if json:
        print_json(asdict(result))
    else:
        _print_result(result)


def _reject_unused_options(is_run: bool, given: dict[str, Any]) -> None:
    """Refuse options without effect: preparation for a run, and drawing for samples in files."""
    used_request = EvaluateRequest if is_run else CompareRequest
    other_request = PrepareOptions if is_run else EvaluateRequest
    for name in given:
        if name in other_request.model_fields and name not in used_request.model_fields:
            source_text = (
                "a run, whose pictures are read as in its training"
                if is_run
                else "pictures out of files"
            )
            raise typer.BadParameter(
                f"is of no effect with {source_text}.", param_hint=f"'{option_name(name)}'"
            )


def _print_result(result: EvaluationResult) -> None:
    width = max((len(figure.title) for figure in result.figures), default=0)
    floors = any(figure.floor is not None for figure in result.figures)
    if floors:
        print(f"{'':<{width}}  {'Samples':>11}  {'Floor':>11}")
    for figure in result.figures:
        floor = "" if figure.floor is None else f"  {figure.floor:11.4f}"
        print(f"{figure.title:<{width}}  {figure.value:11.4f}{floor}")
    print(
        f"Of {result.samples:,} samples against {format_count(result.reference, 'real picture')}, "
        f"in {result.features}."
    )
    if floors:
        real = format_count(result.floor, "real picture")
        print(f"Floor: the same of {real} in the place of samples.")
    accuracy = result.features_told.get("held_out_accuracy")
    if isinstance(accuracy, float):
        tested_count = result.features_told.get("held_out_pictures")
        print(f"The classifier names {accuracy:.1%} of {tested_count:,} held-out pictures rightly.")
