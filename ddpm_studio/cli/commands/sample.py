"""``sample RUN``: draw pictures from noise, with the trajectory on request."""

from __future__ import annotations

from typing import Any

from ddpm_studio.cli.options import Devices, Json, Run, request_from_options, with_options
from ddpm_studio.cli.output import print_drawing, print_files
from ddpm_studio.cli.output_files import (
    Gif,
    Npy,
    Out,
    check_output_path,
    grid_layout,
    write_pictures,
)
from ddpm_studio.cli.trajectory import TrajectoryRecorder
from ddpm_studio.rank_flag import requested_devices
from ddpm_studio.requests import (
    AnimationOptions,
    ArrayOptions,
    GridOptions,
    SampleRequest,
    ViewOptions,
)


@with_options(SampleRequest, GridOptions, AnimationOptions, ViewOptions, ArrayOptions, skip={"run"})
def command(
    run: Run,
    out: Out,
    gif: Gif = None,
    npy: Npy = None,
    devices: Devices = None,
    json: Json = False,
    **given: Any,
) -> None:
    """Draw pictures from noise."""
    rank_devices = requested_devices(devices)
    animation, grid = request_from_options(AnimationOptions, given), grid_layout(given, run)
    check_output_path(out, given, alone=gif is None)
    view = request_from_options(ViewOptions, given)
    array_options = request_from_options(ArrayOptions, given)
    recorder = TrajectoryRecorder(given, gif, view, animation, grid, npy, array_options)
    request = recorder.with_frames(request_from_options(SampleRequest, given, run=run))
    from ddpm_studio.cli.job_runner import run_job
    from ddpm_studio.jobs import ModelStore, sample, sample_to_file

    if gif is None and npy is None and out.suffix.lower() != ".png":
        recipe = run_job(sample_to_file(request, out, ModelStore(), grid, rank_devices))
        print_files([out], request.count, recipe, json)
        return
    drawn = run_job(sample(request, ModelStore(), rank_devices), recorder)
    write_pictures(out, drawn.pictures, drawn.recipe, grid)
    print_drawing([out, *recorder.write(drawn.recipe)], drawn, json)
