"""Interpolation in latent space, from coarse to fine [DDPM Fig. 8, 9].

python figure_8_interpolation.py --run runs/example
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
    """Walk between two pictures at several t, one below the other; their ends are the sources."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--run", type=Path, default=RUN, help="the run to draw with")
    parser.add_argument("--steps-lambda", type=int, default=9, help="pictures in a row")
    parser.add_argument("--steps", type=int, default=100, help="of the sampler from T")
    parser.add_argument("--out", type=Path, default=Path("figure-8.png"))
    told = parser.parse_args(given)
    run = trained(told.run)
    T = run.info.process.timesteps
    # Two of the pictures that it was trained on.
    first, second = ds.jobs.example_pictures(run.path, 2)
    rows = []
    for t in (T, 3 * T // 4, T // 2, T // 4, T // 8):
        drawn = run.interpolate(
            first,
            second,
            t=t,
            steps_lambda=told.steps_lambda,
            sampler="ddpm",
            steps=told.steps,  # From T: from a smaller t it takes its share of them.
        )
        rows += [first[None], drawn.pictures, second[None]]
        print(f"t = {t}:", drawn)
    sheet = np.concatenate(rows)
    ds.finish(export.save_grid(told.out, sheet, columns=told.steps_lambda + 2, scale=2))
    print(told.out)


if __name__ == "__main__":
    main()
