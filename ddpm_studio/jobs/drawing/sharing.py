"""Shared latents: many pictures from one x_t [DDPM Fig. 7]."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from functools import partial

from torch import Tensor

from ddpm_studio.engine import PictureNoise
from ddpm_studio.engine.pixels import to_uint8
from ddpm_studio.engine.samplers import SAMPLERS
from ddpm_studio.errors import StudioError
from ddpm_studio.export.array_text import Array
from ddpm_studio.jobs.drawing.drawing import check_t, draw, picture_shape, recipe, reverse_process
from ddpm_studio.jobs.drawing.latents import add_noise, forward_noise, latent_to_device, make_latent
from ddpm_studio.jobs.drawing.models import Model, ModelStore
from ddpm_studio.jobs.drawing.pictures import to_latent
from ddpm_studio.jobs.drawing.sampling_defaults import with_run_defaults
from ddpm_studio.jobs.events import (
    DrawingResult,
    DrawingStarted,
    Event,
    Latent,
    Notice,
    Pictures,
    Progress,
)
from ddpm_studio.jobs.job_combinators import map_progress
from ddpm_studio.requests import ShareRequest
from ddpm_studio.runs.classes import known_classes


def share(
    request: ShareRequest,
    picture: Pictures | None,
    models: ModelStore,
    latent: Latent | None = None,
) -> Generator[Event, None, DrawingResult]:
    """Share a latent: fix x_t and draw many x_0 ~ p_θ(x_0|x_t).

    At t = 0 all are the picture itself, at t = T they have nothing in common. Yields
    DrawingStarted, Progress, Notice, and FrameImages of all pictures if ``request.frames`` requests
    them.

    Args:
        request: t, count, sampler.
        picture: uint8 (H, W, C) of the model's size, noised to t; None: x_t comes from a
            reverse process that starts from pure noise and stops at t.
        models: store of models.
        latent: x_t itself, from a file; replaces the picture.

    Raises:
        StudioError: if the run can't be read, picture or latent do not fit, or the sampler
            would draw the same picture each time.
    """
    model = models.for_drawing(request.run, request)
    request = with_run_defaults(model, request)
    check_t(model, request.t)
    sampler = SAMPLERS[request.sampler]
    if request.count > 1 and sampler.deterministic and not (sampler.uses_eta and request.eta):
        suffix = " with η = 0" if sampler.uses_eta else ""
        raise StudioError(
            f"{sampler.title}{suffix} draws the same picture each time.",
            "Choose ddpm, or ddim with an η above 0.",
        )
    if request.count > 1 and sampler.few_step and request.steps == 1:
        raise StudioError(
            f"{sampler.title} in one step draws the same picture each time.",
            "Choose 2 steps or more.",
        )
    steps_done = 0
    inputs: dict[str, Array] = {}
    if latent is not None:
        inputs["latent"] = latent.x_t
        x_t = latent_to_device(model, latent, request.t)
        if sampler.deterministic and (notice := _changes_to_restore(request, latent, model)):
            yield Notice(notice)
    elif picture is not None:
        inputs["source"] = picture
        x_t = add_noise(model, to_latent(picture, model), request.t, request.seed)
    else:
        forward = forward_noise(model, request.seed, 1)
        x_t, steps_done = yield from _latent_from_noise(model, request, forward)
    drawing_recipe = recipe(model, request, inputs)
    if latent is not None:
        label = latent.class_label
        drawing_recipe["latent"] = {
            "t": latent.t,
            "timesteps": latent.timesteps,
            "origin": latent.origin,
            "exact": latent.exact,
            # Left out if there is none, so that recipes stay as they were before it was added.
            **({} if label is None else {"class_label": label}),
        }
    yield DrawingStarted(drawing_recipe)
    noise = PictureNoise(request.seed, range(request.count), model.device)
    start = x_t.expand(request.count, -1, -1, -1)
    drawing = draw(model, request, start, request.t, noise, frames=request.frames, text="Sharing")
    pictures = yield from map_progress(drawing, partial(_offset_progress, steps_done))
    return DrawingResult(
        pictures,
        drawing_recipe,
        to_uint8(x_t).cpu().numpy(),
        make_latent(model, x_t, request.t) if latent is None else latent,
    )


def _changes_to_restore(request: ShareRequest, latent: Latent, model: Model) -> str:
    """Return what to change to come back to the picture of a latent; empty if nothing."""
    if not latent.exact:
        return ""
    changes, label = list[str](), latent.class_label
    if request.class_label != label:
        names = known_classes(model.info)
        changes.append("without a class" if label is None else f"by the class {names[label]}")
    if request.guidance != 1 and label is not None:
        changes.append("at guidance 1")
    if request.clip_x0:
        changes.append("without clipping x̂₀")
    if not changes:
        return ""
    return f"This latent was found by DDIM: draw {', '.join(changes)} to come back to its picture."


def _latent_from_noise(
    model: Model, request: ShareRequest, noise: PictureNoise
) -> Generator[Event, None, tuple[Tensor, int]]:
    """Run the reverse process from T down to t; return x_t and the number of steps."""
    x_t = noise.draw(picture_shape(model))
    steps = 0
    for frame in reverse_process(model, request, x_t, model.process.schedule.T, noise, request.t):
        x_t, steps = frame.x_t, frame.index
        if frame.t == request.t:
            break
        yield Progress(frame.index, frame.total, "Finding a latent")
    return x_t, steps


def _offset_progress(steps_done: int, progress: Progress) -> Progress:
    return replace(progress, done=steps_done + progress.done, total=steps_done + progress.total)
