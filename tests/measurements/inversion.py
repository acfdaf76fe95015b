"""Reconstruction error of DDIM inversion: encoding to noise and decoding again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from ddpm_studio.engine import PictureNoise, ddim
from ddpm_studio.engine.samplers.inversion import ddim_inversion
from ddpm_studio.jobs import ModelStore, example_pictures
from ddpm_studio.jobs.drawing.evaluator import Evaluator
from ddpm_studio.jobs.drawing.pictures import to_latent

_PICTURES = 8
_STEPS = (50, 100, 250)
_ITERATIONS = (1, 2)


def inversion(run: Path) -> dict[str, object]:
    """Return the RMSE, on 0..255, of 8 training pictures, by steps and evaluations a step."""
    model = ModelStore().get(run, "ema", "cpu")
    x_0 = torch.cat([to_latent(picture, model) for picture in example_pictures(run, _PICTURES)])
    network = Evaluator(model.network, model.device)
    rows = []
    for steps in _STEPS:
        schedule = model.process.schedule.strided(steps)
        process = replace(model.process, schedule=schedule, clip_x0=False)
        for iterations in _ITERATIONS:
            for frame in ddim_inversion(process, network, x_0, iterations):
                x_t = frame.x_t
            noise = PictureNoise(0, range(len(x_0)), model.device)
            for frame in ddim(process, network, x_t, noise):
                back = frame.x_t
            gap = (back.clamp(-1, 1) - x_0) * 127.5
            rmse = gap.square().mean((1, 2, 3)).sqrt()
            rows.append(
                {
                    "steps": steps,
                    "iterations": iterations,
                    "rmse_mean": float(rmse.mean()),
                    "rmse_max": float(rmse.max()),
                }
            )
    return {"training_steps": model.step, "pictures": len(x_0), "rows": rows}
