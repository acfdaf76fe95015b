"""Forward process of one picture, and tables of its noise schedule."""

from __future__ import annotations

import numpy as np
import torch

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, PictureNoise
from ddpm_studio.engine.likelihood.bound import prior_bits
from ddpm_studio.engine.pixels import to_model, to_uint8
from ddpm_studio.engine.tables import SCHEDULES
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import NoisedPicture, Pictures, ScheduleTables
from ddpm_studio.jobs.frames import SCALES
from ddpm_studio.requests import ScheduleRequest


def schedule_tables(request: ScheduleRequest, picture: Pictures | None = None) -> ScheduleTables:
    """Return a schedule's tables over t, and L_T of a picture (H, W, C), if one is given.

    Raises:
        StudioError: if the schedule is invalid, such as one whose β reaches 1.
    """
    name, T = request.schedule, request.timesteps
    ends = (request.beta_start, request.beta_end) if SCHEDULES[name].ends != "none" else None
    try:
        schedule = NoiseSchedule.named(name, T, ends)
    except ValueError as error:
        raise StudioError(
            f"There is no such schedule: {error}.", "Take a larger T or a smaller β."
        ) from error
    prior = None
    if picture is not None:
        x_0 = to_model(torch.from_numpy(picture[None].copy()))
        prior = float(prior_bits(DiffusionProcess(schedule), x_0)[0])
    return ScheduleTables(
        schedule.betas.numpy(),
        schedule.alphas_cumprod.numpy(),
        schedule.sqrt_alphas_cumprod.numpy(),
        schedule.sqrt_one_minus_alphas_cumprod.numpy(),
        schedule.snr.numpy(),
        prior,
    )


def noised_picture(picture: Pictures, seed: int) -> NoisedPicture:
    """Return x_0 of a picture, uint8 (H, W, C), in the network's range, and noise of its shape."""
    x_0 = to_model(torch.from_numpy(picture[None].copy()))
    eps = PictureNoise(seed, [0], "cpu").draw(x_0.shape[1:])
    x_0_shown, eps_shown = (x[0].permute(1, 2, 0).contiguous() for x in (x_0, eps))
    return NoisedPicture(
        x_0_shown.numpy().astype(np.float32),
        eps_shown.numpy(),
        to_uint8(eps, SCALES["eps"])[0].numpy(),
    )
