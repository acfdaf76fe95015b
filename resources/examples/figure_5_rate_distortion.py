"""Rate against distortion of progressive coding, in small [DDPM §4.3, Fig. 5, Table 4].

python figure_5_rate_distortion.py --run runs/example-v

A network that predicts x_0 is not exact enough at small t, where nearly all bits are; one that
predicts v errs there in proportion to the noise. So this figure has a run of its own.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from train import trained


def main(given: Sequence[str] | None = None) -> None:
    """Measure the bound over a few pictures, print a table and draw the figure's three curves."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--run", type=Path, default=Path("runs/example-v"), help="the run")
    parser.add_argument("--count", type=int, default=8, help="pictures; the paper took 10,000")
    parser.add_argument("--timesteps", type=int, default=100, help="how many of T are evaluated")
    parser.add_argument("--out", type=Path, default=Path("figure-5.png"))
    told = parser.parse_args(given)
    run = trained(told.run, parameterization="v")
    bits = run.bits(count=told.count, timesteps=told.timesteps)
    print(bits)

    print("   t   rate, bits/dim   RMSE on 0..255")
    for k in range(len(bits.t) - 1, -1, -max(1, len(bits.t) // 10)):
        print(f"{bits.t[k]:>4} {bits.rate[k]:>16.5f} {bits.distortion[k]:>16.2f}")

    figure = Figure((12, 3.5), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    # Decoding goes from t = T to 1.
    decoded = [bits.T - t for t in bits.t]
    left.plot(decoded, bits.distortion)
    left.set(xlabel="reverse steps, T − t", ylabel="distortion, RMSE on 0..255")
    middle.plot(decoded, bits.rate)
    middle.set(xlabel="reverse steps, T − t", ylabel="rate, bits/dim")
    right.plot(bits.rate, bits.distortion)
    right.set(xlabel="rate, bits/dim", ylabel="distortion, RMSE on 0..255")
    figure.savefig(told.out, dpi=120)
    print(told.out)


if __name__ == "__main__":
    main()
