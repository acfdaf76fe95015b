"""Display of interpolations in a grid, labelled with λ and, for several rows, with t."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.widgets.pictures.row_grid import RowGrid


def show_mixes(
    grid: RowGrid,
    pictures: Pictures | None,
    ts: Sequence[int],
    recipe: dict[str, object] | None,
) -> None:
    """Show interpolations (N, H, W, C) in one row or in a row for each of ``ts``; None: none."""
    if pictures is None:
        grid.set_rows(None, ())
    elif ts:
        labels = [f"t = {t:,}" for t in ts]
        column_labels = [
            f"{value:.2g}" for value in np.linspace(0, 1, len(pictures) // len(labels))
        ]
        column_labels[0] = f"λ = {column_labels[0]}"
        grid.set_rows(pictures, labels, recipe=recipe, column_labels=column_labels)
    else:
        captions = [f"{value:.2g}" for value in np.linspace(0, 1, len(pictures))]
        grid.set_rows(pictures, ["λ"], captions, recipe=recipe)


def show_square(grid: RowGrid, pictures: Pictures | None, recipe: dict[str, object] | None) -> None:
    """Show the square among four pictures, (N, H, W, C) in row-major order, or none."""
    side = 0 if pictures is None else math.isqrt(len(pictures))
    labels = [f"{value:.3g}" for value in np.linspace(0, 1, side)]
    grid.set_rows(pictures, labels, recipe=recipe)
