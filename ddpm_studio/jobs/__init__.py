"""Long jobs: plain generators that yield events and know nothing of who listens.

The names are loaded at first use, so that a listener can know the events without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ddpm_studio.lazy import loader

if TYPE_CHECKING:
    from ddpm_studio.jobs.drawing.inpainting import inpaint, load_mask
    from ddpm_studio.jobs.drawing.interpolation import interpolate, walk_path
    from ddpm_studio.jobs.drawing.latents import encode_picture, load_latent, save_latent
    from ddpm_studio.jobs.drawing.models import Model, ModelStore
    from ddpm_studio.jobs.drawing.pictures import fit_picture, load_picture
    from ddpm_studio.jobs.drawing.redrawing import redraw
    from ddpm_studio.jobs.drawing.sampling import sample
    from ddpm_studio.jobs.drawing.series import interpolate_series, share_series
    from ddpm_studio.jobs.drawing.sharing import share
    from ddpm_studio.jobs.library.describing import RunSummary, describe_run
    from ddpm_studio.jobs.library.exchange import export_diffusers, import_diffusers
    from ddpm_studio.jobs.library.learnt import some_pictures
    from ddpm_studio.jobs.measuring.bits import measure_bits
    from ddpm_studio.jobs.measuring.bound import bound_parts, step_gaussians
    from ddpm_studio.jobs.measuring.decoding import decode
    from ddpm_studio.jobs.measuring.forward import noised_picture, schedule_tables
    from ddpm_studio.jobs.measuring.neighbours import find_neighbours
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
    from ddpm_studio.jobs.training.training import TrainResult, train

_MODULES = {
    "Model": "drawing.models",
    "ModelStore": "drawing.models",
    "PointModel": "playground",
    "RunSummary": "library.describing",
    "TrainResult": "training.training",
    "bound_parts": "measuring.bound",
    "decode": "measuring.decoding",
    "describe_run": "library.describing",
    "diffused": "playground",
    "encode_picture": "drawing.latents",
    "export_diffusers": "library.exchange",
    "find_neighbours": "measuring.neighbours",
    "fit_picture": "drawing.pictures",
    "import_diffusers": "library.exchange",
    "inpaint": "drawing.inpainting",
    "interpolate": "drawing.interpolation",
    "interpolate_series": "drawing.series",
    "langevin": "playground",
    "look_at_points": "playground",
    "load_latent": "drawing.latents",
    "load_mask": "drawing.inpainting",
    "load_picture": "drawing.pictures",
    "measure_bits": "measuring.bits",
    "noised_picture": "measuring.forward",
    "play": "playground",
    "redraw": "drawing.redrawing",
    "sample": "drawing.sampling",
    "save_latent": "drawing.latents",
    "schedule_tables": "measuring.forward",
    "score_field": "playground",
    "shape_points": "playground",
    "share": "drawing.sharing",
    "share_series": "drawing.series",
    "step_gaussians": "measuring.bound",
    "some_pictures": "library.learnt",
    "start_noise": "playground",
    "train": "training.training",
    "true_score": "playground",
    "walk_path": "drawing.interpolation",
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
