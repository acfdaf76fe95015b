"""Inpainting by RePaint [Lugmayr et al. 2022], or by the multistep scheme of a student."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ddpm_studio.engine import PictureNoise
from ddpm_studio.engine.samplers import Frames, consistency_inpaint, grid
from ddpm_studio.engine.samplers.inpaint import inpaint as repaint
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.drawing import (
    check_steps,
    evaluator_for,
    picture_shape,
    recipe,
    requested_process,
    run_reverse_process,
)
from ddpm_studio.jobs.drawing.models import Model, ModelStore
from ddpm_studio.jobs.drawing.pictures import load_file, to_latent
from ddpm_studio.jobs.drawing.sampling_defaults import with_default_guidance, with_process_defaults
from ddpm_studio.jobs.events import DrawingResult, DrawingStarted, Event, Pictures
from ddpm_studio.requests import InpaintRequest

Mask = npt.NDArray[np.bool_]

_DEFAULT_STEPS, _STUDENT_STEPS = 100, 4


def inpaint(
    request: InpaintRequest, picture: Pictures, mask: Mask, models: ModelStore
) -> Generator[Event, None, DrawingResult]:
    """Inpaint the masked part of a picture; the other pixels are kept.

    Yields DrawingStarted, Progress, and FrameImages of all pictures if ``request.frames`` asks for
    them.

    Args:
        request: number of pictures, steps, and other settings.
        picture: uint8 (H, W, C), of the model's size.
        mask: (H, W), True where the picture is to be inpainted.
        models: store of models.

    Raises:
        StudioError: if the run can't be read, picture or mask do not fit, or a setting is out of
            range.
    """
    model = models.for_drawing(request.run, request)
    request = with_process_defaults(model, request)
    if request.class_label is not None:
        request = with_default_guidance(model, request)
    x_0 = to_latent(picture, model)
    if mask.shape != picture.shape[:2]:
        raise StudioError(
            f"The mask has the shape {mask.shape}, the picture {picture.shape[:2]}.",
            "Use a mask of the picture's size.",
        )
    if not mask.any():
        raise StudioError("The mask leaves nothing to fill in.", "Mark a part of the picture.")
    drawing_recipe = recipe(model, request, {"picture": picture, "mask": mask})
    yield DrawingStarted(drawing_recipe)
    pictures = yield from run_reverse_process(
        _reverse_process(model, request, x_0, mask), request.frames, "Filling in"
    )
    return DrawingResult(pictures, drawing_recipe)


def _reverse_process(model: Model, request: InpaintRequest, x_0: Tensor, mask: Mask) -> Frames:
    """Return the reverse process of RePaint, or that of a few-step student."""
    T, student = model.process.schedule.T, model.info.student
    steps = request.steps or min(_STUDENT_STEPS if student else _DEFAULT_STEPS, T)
    check_steps(model, steps)
    process = requested_process(model, request)
    schedule = process.schedule
    indices = grid.consistency(schedule, steps) if student else schedule.even_indices(steps)
    process = replace(process, schedule=schedule.keep(indices))
    noise = PictureNoise(request.seed, range(request.count), model.device)
    evaluator = evaluator_for(model, request)
    x_T = noise.draw(picture_shape(model))
    known = x_0.expand(request.count, -1, -1, -1)
    keep = torch.from_numpy(~mask).to(model.device)[None, None]
    if student:
        resamplings = request.resamplings
        return consistency_inpaint(process, evaluator, x_T, noise, known, keep, resamplings)
    jump, resamplings = request.jump, request.resamplings
    return repaint(process, evaluator, x_T, noise, known, keep, jump, resamplings)


def load_mask(path: Path, run: Path) -> Mask:
    """Read a mask, white where to inpaint, prepared like the run's training pictures.

    Returns:
        The mask, (H, W) of the model's size.

    Raises:
        StudioError: if the file is no picture, or the run can't be read.
    """
    return mask_of(load_file(path, run, flat=True).picture)


def mask_of(picture: Pictures) -> Mask:
    """Return the mask (H, W) of a picture (H, W, C): True where it is lighter than mid-gray."""
    mask: Mask = picture.mean(axis=2) > 127.5
    return mask
