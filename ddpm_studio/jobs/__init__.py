"""Long jobs: plain generators that yield events and know nothing of who listens.

The names are loaded at first use, so that a listener can know the events without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ddpm_studio.lazy import loader

if TYPE_CHECKING:
    from ddpm_studio.jobs.bits import measure_bits
    from ddpm_studio.jobs.bound import bound_parts, step_gaussians
    from ddpm_studio.jobs.decoding import decode
    from ddpm_studio.jobs.describing import RunSummary, describe_run
    from ddpm_studio.jobs.exchange import export_diffusers, import_diffusers
    from ddpm_studio.jobs.forward import noised_picture, schedule_tables
    from ddpm_studio.jobs.inpainting import inpaint, load_mask
    from ddpm_studio.jobs.interpolation import interpolate, walk_path
    from ddpm_studio.jobs.latents import encode_picture, load_latent, save_latent
    from ddpm_studio.jobs.learnt import some_pictures
    from ddpm_studio.jobs.models import Model, ModelStore
    from ddpm_studio.jobs.neighbours import find_neighbours
    from ddpm_studio.jobs.pictures import fit_picture, load_picture
    from ddpm_studio.jobs.playground import (
        PointModel,
        diffused,
        langevin,
        look_at_points,
        play,
        score_field,
        shape_points,
        start_noise,
        true_score,
        walk_points,
    )
    from ddpm_studio.jobs.redrawing import redraw
    from ddpm_studio.jobs.sampling import sample
    from ddpm_studio.jobs.series import interpolate_series, share_series
    from ddpm_studio.jobs.sharing import share
    from ddpm_studio.jobs.training import TrainResult, train

_MODULES = {
    "Model": "models",
    "ModelStore": "models",
    "PointModel": "playground",
    "RunSummary": "describing",
    "TrainResult": "training",
    "bound_parts": "bound",
    "decode": "decoding",
    "describe_run": "describing",
    "diffused": "playground",
    "encode_picture": "latents",
    "export_diffusers": "exchange",
    "find_neighbours": "neighbours",
    "fit_picture": "pictures",
    "import_diffusers": "exchange",
    "inpaint": "inpainting",
    "interpolate": "interpolation",
    "interpolate_series": "series",
    "langevin": "playground",
    "look_at_points": "playground",
    "load_latent": "latents",
    "load_mask": "inpainting",
    "load_picture": "pictures",
    "measure_bits": "bits",
    "noised_picture": "forward",
    "play": "playground",
    "redraw": "redrawing",
    "sample": "sampling",
    "save_latent": "latents",
    "schedule_tables": "forward",
    "score_field": "playground",
    "shape_points": "playground",
    "share": "sharing",
    "share_series": "series",
    "step_gaussians": "bound",
    "some_pictures": "learnt",
    "start_noise": "playground",
    "train": "training",
    "true_score": "playground",
    "walk_path": "interpolation",
    "walk_points": "playground",
}

__all__ = [
    "Model",
    "ModelStore",
    "PointModel",
    "RunSummary",
    "TrainResult",
    "bound_parts",
    "decode",
    "describe_run",
    "diffused",
    "encode_picture",
    "export_diffusers",
    "find_neighbours",
    "fit_picture",
    "import_diffusers",
    "inpaint",
    "interpolate",
    "interpolate_series",
    "langevin",
    "load_latent",
    "load_mask",
    "load_picture",
    "look_at_points",
    "measure_bits",
    "noised_picture",
    "play",
    "redraw",
    "sample",
    "save_latent",
    "schedule_tables",
    "score_field",
    "shape_points",
    "share",
    "share_series",
    "some_pictures",
    "start_noise",
    "step_gaussians",
    "train",
    "true_score",
    "walk_path",
    "walk_points",
]

__getattr__ = loader(__name__, _MODULES)
