"""Pictures out of the studio: PNG with its recipe, grids, sequences, animations.

The names are loaded at first use, so that a recipe can be read without what writes animations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ddpm_studio.lazy import loader

if TYPE_CHECKING:
    from ddpm_studio.export.animation import ANIMATION_SUFFIXES, check_animation, save_animation
    from ddpm_studio.export.carriers import RECIPE_KEY, RECIPE_SUFFIXES
    from ddpm_studio.export.estimate import Estimate, estimate_animation
    from ddpm_studio.export.grid import make_grid, side_by_side, zoom
    from ddpm_studio.export.pictures import (
        check_sequence_folder,
        each_of,
        save_png,
        save_png_sequence,
    )
    from ddpm_studio.export.recipe import read_recipe
    from ddpm_studio.export.timing import Easing, choose_frames
    from ddpm_studio.export.video import find_ffmpeg
    from ddpm_studio.export.writing import check_destination

_MODULES = {
    "ANIMATION_SUFFIXES": "animation",
    "RECIPE_KEY": "carriers",
    "RECIPE_SUFFIXES": "carriers",
    "Easing": "timing",
    "Estimate": "estimate",
    "check_animation": "animation",
    "check_destination": "writing",
    "check_sequence_folder": "pictures",
    "choose_frames": "timing",
    "each_of": "pictures",
    "estimate_animation": "estimate",
    "find_ffmpeg": "video",
    "make_grid": "grid",
    "read_recipe": "recipe",
    "save_animation": "animation",
    "save_png": "pictures",
    "save_png_sequence": "pictures",
    "side_by_side": "grid",
    "zoom": "grid",
}

__all__ = [
    "ANIMATION_SUFFIXES",
    "RECIPE_KEY",
    "RECIPE_SUFFIXES",
    "Easing",
    "Estimate",
    "check_animation",
    "check_destination",
    "check_sequence_folder",
    "choose_frames",
    "each_of",
    "estimate_animation",
    "find_ffmpeg",
    "make_grid",
    "read_recipe",
    "save_animation",
    "save_png",
    "save_png_sequence",
    "side_by_side",
    "zoom",
]

__getattr__ = loader(__name__, _MODULES)
