"""Shared latents: many x_0 from one x_t, which keep what x_t tells [DDPM Fig. 7].

python figure_7_shared_latents.py --run runs/example
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
    """Draw a row for each t; its first picture is x_t, the others share it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--run", type=Path, default=RUN, help="the run to draw with")
    parser.add_argument("--count", type=int, default=8, help="pictures in a row")
    parser.add_argument("--steps", type=int, default=100, help="of the sampler from T")
    parser.add_argument("--out", type=Path, default=Path("figure-7.png"))
    told = parser.parse_args(given)
    run = trained(told.run)
    T = run.info.process.timesteps
    # As in the paper, the picture to share is one that the model drew.
    picture = run.sample(1, sampler="ddpm", steps=told.steps, seed=3)[0]
    rows = []
    for t in (T, 3 * T // 4, T // 2, T // 4):
        # From a smaller t a sampler takes its share of the steps.
        drawn = run.share(picture, t=t, count=told.count, sampler="ddpm", steps=told.steps)
        assert drawn.latent is not None
        rows += [drawn.latent, drawn.pictures]
        print(f"t = {t}:", drawn)
    sheet = np.concatenate(rows)
    ds.finish(export.save_grid(told.out, sheet, columns=told.count + 1, scale=2))
    print(told.out)


if __name__ == "__main__":
    main()
