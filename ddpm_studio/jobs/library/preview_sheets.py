"""Preview sheets: PNG files of a training's samples, raw weights above EMA."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ddpm_studio import data
from ddpm_studio.errors import StudioError
from ddpm_studio.export import read_recipe, save_png
from ddpm_studio.jobs.events import SampleGrid

_GAP = 2


def save_preview(grid: SampleGrid) -> None:
    """Write a preview as a PNG sheet with two rows.

    Raises:
        StudioError: if it can't be written.
    """
    recipe: dict[str, object] = {"kind": "preview", "step": grid.step, "rows": ["raw", "ema"]}
    height, width = grid.raw.shape[1:3]
    if width != height:
        recipe["width"] = width
    save_png(
        grid.path,
        np.concatenate([grid.raw, grid.ema]),
        recipe,
        columns=len(grid.raw),
        gap=_GAP,
    )


def read_preview(path: Path) -> SampleGrid:
    """Read a preview sheet: a row drawn with raw weights above one with EMA.

    Raises:
        StudioError: if it can't be read or is no preview sheet.
    """
    sheet = data.read_picture(path, alpha=True)
    try:
        step = int(path.stem.rpartition("-")[2])
    except ValueError as error:
        raise StudioError(f"The picture {path} was not drawn by a training.") from error
    height = (sheet.shape[0] - _GAP) // 2
    # The first sheets had square pictures only and do not contain the width.
    recorded_width = (read_recipe(path) or {}).get("width", height)
    width = recorded_width if type(recorded_width) is int else 0
    count, remainder = divmod(sheet.shape[1] + _GAP, max(width, 1) + _GAP)
    if min(height, width, count) < 1 or remainder or sheet.shape[0] != 2 * height + _GAP:
        raise StudioError(f"The picture {path} was not drawn by a training.")
    pitch, sheet_width = width + _GAP, sheet.shape[1]
    raw, ema = (
        np.stack(
            [
                sheet[top : top + height, left : left + width]
                for left in range(0, sheet_width, pitch)
            ]
        )
        for top in (0, height + _GAP)
    )
    return SampleGrid(path, step, raw, ema)
