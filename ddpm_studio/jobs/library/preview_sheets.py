"""Preview sheets: the files of a training's samples, raw weights above EMA."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ddpm_studio import data
from ddpm_studio.errors import StudioError
from ddpm_studio.export import save_png
from ddpm_studio.jobs.events import SampleGrid

_GAP = 2


def save_preview(grid: SampleGrid) -> None:
    """Write a preview into its file, which is a PNG of two rows.

    Raises:
        StudioError: if it can't be written.
    """
    save_png(
        grid.path,
        np.concatenate([grid.raw, grid.ema]),
        {"kind": "preview", "step": grid.step, "rows": ["raw", "ema"]},
        columns=len(grid.raw),
        gap=_GAP,
    )


def read_preview(path: Path) -> SampleGrid:
    """Read the file of one preview: a row drawn with raw weights above one with EMA.

    Raises:
        StudioError: if it can't be read or is something else.
    """
    sheet = data.read_picture(path)
    try:
        step = int(path.stem.rpartition("-")[2])
    except ValueError as error:
        raise StudioError(f"The picture {path} was not drawn by a training.") from error
    side = (sheet.shape[0] - _GAP) // 2
    count, rest = divmod(sheet.shape[1] + _GAP, max(side, 1) + _GAP)
    if side < 1 or count < 1 or rest or sheet.shape[0] != 2 * side + _GAP:
        raise StudioError(f"The picture {path} was not drawn by a training.")
    pitch = side + _GAP
    raw, ema = (
        np.stack([sheet[top : top + side, k * pitch : k * pitch + side] for k in range(count)])
        for top in (0, pitch)
    )
    return SampleGrid(
        path, step, raw.reshape(count, side, side, -1), ema.reshape(count, side, side, -1)
    )
