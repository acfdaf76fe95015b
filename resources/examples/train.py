"""Train a network on Fashion-MNIST for about a minute, and draw what it has learned.

python train.py --run runs/example

The scripts of the figures draw with the same run, and train it where it is not there yet.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import ddpm_studio as ds

RUN = Path("runs/example")


def trained(run: Path, steps: int = 300, parameterization: str = "x0") -> ds.Run:
    """Open a run, or train it first where there is none.

    Args:
        run: its folder.
        steps: optimiser steps of a new one; more of them draw better garments.
        parameterization: what a new one predicts.
    """
    if run.exists():
        return ds.open(run)
    fashion = next(one for one in ds.data.sample_sets() if one.name == "fashion-mnist")
    return ds.train(
        fashion.path,
        run=run,
        steps=steps,
        channels="gray",
        # What draws best after a short training on a CPU are the defaults; preset="ddpm32" has the
        # paper's choices.
        parameterization=parameterization,
    )


def main(given: Sequence[str] | None = None) -> None:
    """Train, tell the loss, and draw 16 garments in a few steps."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--run", type=Path, default=RUN, help="the run folder")
    parser.add_argument("--steps", type=int, default=300, help="optimiser steps")
    parser.add_argument("--out", type=Path, default=Path("garments.png"))
    told = parser.parse_args(given)
    run = trained(told.run, told.steps)
    print(run)
    loss = run.metrics()["loss"]
    print(f"loss: {loss[0]:.3f} at first, {loss[-1]:.3f} at the end")
    print(run.sample(16, sampler="dpm++2m-sde", steps=20).save(told.out, scale=4))


if __name__ == "__main__":
    main()
