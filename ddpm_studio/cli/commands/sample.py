"""``sample RUN``: draw pictures from noise, with the trajectory on request."""

from __future__ import annotations

from typing import Any

from ddpm_studio.cli.options import Devices, Json, Run, validated, with_options
from ddpm_studio.cli.output import tell_drawn, tell_written
from ddpm_studio.cli.output_files import Gif, Npy, Out, check_out, layout, write_out
from ddpm_studio.cli.trajectory import TrajectoryRecorder
from ddpm_studio.rank_flag import asked_devices
from ddpm_studio.requests import (
    AnimationOptions,
    GridOptions,
    NumbersOptions,
    SampleRequest,
    ViewOptions,
)


@with_options(
    SampleRequest, GridOptions, AnimationOptions, ViewOptions, NumbersOptions, skip={"run"}
)
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
    shared = asked_devices(devices)
    animation, grid = validated(AnimationOptions, given), layout(given, run)
    check_out(out, given, alone=gif is None)
    view, numbers = validated(ViewOptions, given), validated(NumbersOptions, given)
    trajectory = TrajectoryRecorder(given, gif, view, animation, grid, npy, numbers)
    request = trajectory.ask(validated(SampleRequest, given, run=run))
    from ddpm_studio.cli.job_runner import listen
    from ddpm_studio.jobs import ModelStore, sample, sample_to_file

    if gif is None and npy is None and out.suffix.lower() != ".png":
        recipe = listen(sample_to_file(request, out, ModelStore(), grid, shared))
        tell_written([out], request.count, recipe, json)
        return
    drawn = listen(sample(request, ModelStore(), shared), trajectory)
    write_out(out, drawn.pictures, drawn.recipe, grid)
    tell_drawn([out, *trajectory.write(drawn.recipe)], drawn, json)
