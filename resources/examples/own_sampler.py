"""A sampler of one's own, in the window's and the terminal's manner but without a package.

python own_sampler.py --run runs/example

Each step predicts x̂_0 and noises it again to the timestep before, with a share ``keep`` of the
predicted noise ε̂ and the rest drawn anew: DDIM at 1; at 0, the way in which consistency models
take several steps [Song et al. 2023, Algorithm 1].
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor
from train import RUN, trained

from ddpm_studio import catalogue
from ddpm_studio.engine import Denoiser, DiffusionProcess, Frame, Frames, PictureNoise


def renoise(
    process: DiffusionProcess,
    model: Denoiser,
    x_t: Tensor,
    noise: PictureNoise,
    keep: float = 0.5,
) -> Frames:
    """Walk from x_t to x_0: a generator of one Frame a timestep, which returns x_0.

    Args:
        process: its schedule has the timesteps that are kept, and no others.
        model: the network; ``process`` knows what it predicts.
        x_t: where to start, shape (N, C, H, W).
        noise: one stream of N(0, I) a picture.
        keep: the share of the variance that stays ε̂'s, 0..1.
    """
    schedule = process.schedule
    for index in reversed(range(schedule.T)):
        p = process.p_mean_variance(model, x_t, index)
        t = int(schedule.timesteps[index]) + 1
        yield Frame(t, x_t, p.x0_hat, p.eps, schedule.T - 1 - index, schedule.T)
        # ᾱ of the timestep before, 1 at the last: x_0 is x̂_0 then.
        alpha_bar = float(schedule.alphas_cumprod_prev[index])
        eps = math.sqrt(keep) * p.eps + math.sqrt(1 - keep) * noise.draw(x_t.shape[1:])
        x_t = math.sqrt(alpha_bar) * p.x0_hat + math.sqrt(1 - alpha_bar) * eps
    yield Frame(0, x_t, x_t, p.eps, schedule.T, schedule.T)
    return x_t


RENOISE = catalogue.SamplerInfo(
    "renoise",
    "Noise again",
    "x̂_0 noised to the timestep before, in part with ε̂",
    f"{__name__}:renoise",
    deterministic=False,
    default_steps=20,
    options=(catalogue.Option("keep", "Keep", "Share of ε̂ that is kept.", 0.5, 0.0, 1.0),),
)


def main(given: Sequence[str] | None = None) -> None:
    """Draw the same 16 noises with three shares of ε̂, one below the other."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--run", type=Path, default=RUN, help="the run to draw with")
    parser.add_argument("--out", type=Path, default=Path("renoise"), help="a folder")
    told = parser.parse_args(given)
    catalogue.SAMPLERS.add(RENOISE)
    run = trained(told.run)
    told.out.mkdir(parents=True, exist_ok=True)
    for keep in (0.0, 0.5, 1.0):
        drawn = run.sample(16, sampler="renoise", sampler_options={"keep": keep}, steps=20)
        print(drawn, drawn.save(told.out / f"keep-{keep:g}.png", scale=4))


if __name__ == "__main__":
    main()
