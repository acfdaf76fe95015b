"""Progressive generation: x̂_0 along the reverse process, left to right [DDPM Fig. 6].

python figure_6_progressive_generation.py --run runs/example
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from train import RUN, trained

import ddpm_studio as ds
from ddpm_studio import export


def main(given: Sequence[str] | None = None) -> None:
    """Draw with ancestral sampling and lay x̂_0 of each picture out in a row of its own."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--run", type=Path, default=RUN, help="the run to draw with")
    parser.add_argument("--count", type=int, default=6, help="pictures")
    parser.add_argument("--steps", type=int, default=250, help="of the sampler; the paper: all T")
    parser.add_argument("--frames", type=int, default=12, help="moments to show")
    parser.add_argument("--out", type=Path, default=Path("figure-6.png"))
    told = parser.parse_args(given)
    drawn = trained(told.run).sample(
        told.count, sampler="ddpm", steps=told.steps, frames=told.frames, seed=1
    )
    print("t:", *(frame.t for frame in drawn.frames))
    # (moments, pictures, H, W, C) → pictures in rows.
    rows = np.stack([frame.x0_hat for frame in drawn.frames], axis=1)
    sheet = rows.reshape(-1, *rows.shape[2:])
    ds.finish(export.save_grid(told.out, sheet, drawn.recipe, columns=len(drawn.frames), scale=2))
    print(told.out)


if __name__ == "__main__":
    main()
