"""Variational bound over a data set, and rate–distortion curve [DDPM eq. 5, §4.3, Table 4]."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_integer, check_seed, check_shape
from ddpm_studio.engine.generators import map_events
from ddpm_studio.engine.likelihood.bound import bound_terms, prior_bits
from ddpm_studio.engine.noise import PictureNoise
from ddpm_studio.engine.process import Denoiser, DiffusionProcess

Array = npt.NDArray[np.float64]
Load = Callable[[Sequence[int]], Tensor]
DenoiserFor = Callable[[Sequence[int]], Denoiser]
Terms = tuple[Array, list[float]]
"""Bits, x0_mse and eps_mse of some items, shape (3, n), and L_T of each item's picture."""
Share = Callable[[int, range], Generator[None, None, Terms]]
"""Computes the terms of a batch (number, items) on several processes; yields while waiting."""


@dataclass(frozen=True, eq=False)
class Bound:
    """Variational bound over some pictures, in bits/dim; arrays are in ascending order of t.

    Args:
        T: timesteps of the process.
        t: evaluated timesteps, counted from 1 as in the paper, shape (S,); all if S = T.
        bits: mean L_0 at t = 1, mean L_{t−1} after it, shape (S,).
        x0_mse: mean squared error of x̂_0 predicted from x_t, on the scale [−1, 1], shape (S,).
        eps_mse: mean squared error of ε̂, shape (S,).
        prior: mean L_T.
        totals: the whole bound of each picture, shape (N,).
    """

    T: int
    t: npt.NDArray[np.int64]
    bits: Array
    x0_mse: Array
    eps_mse: Array
    prior: float
    totals: Array

    @property
    def decoder(self) -> float:
        """Decoder term L_0."""
        return float(self.bits[0])

    @property
    def middle(self) -> float:
        """Σ_{t>1} L_{t−1}; timesteps that were left out are interpolated linearly."""
        return float((self.bits * step_weights(self.t, self.T))[1:].sum())

    @property
    def total(self) -> float:
        """The variational bound L_T + Σ L_{t−1} + L_0."""
        return self.prior + self.middle + self.decoder

    @property
    def standard_error(self) -> float:
        """Standard error of the total over pictures; NaN for one picture."""
        return standard_error(self.totals)

    @property
    def rate(self) -> Array:
        """Rate at each evaluated t, shape (S,); see :meth:`rate_at`."""
        return self.rate_at(self.t)

    def rate_at(self, t: npt.NDArray[np.int64]) -> Array:
        """Rate in bits/dim to receive x_T..x_t: L_T + Σ_{s>t} L_{s−1}, t in 1..T, shape of t.

        L_0 is not among them: it is what is left to correct x̂_0 [DDPM §4.3].

        Raises:
            ValueError: if a t is out of range.
        """
        invalid = t[(t < 1) | (t > self.T)]
        if len(invalid):
            raise ValueError(f"t must be 1..{self.T}, not {int(invalid[0])}")
        bits = np.interp(np.arange(1, self.T + 1), self.t, self.bits)
        # Cumulated from t = T down, so that the small terms are added first.
        cumulative = np.append(np.cumsum(bits[:0:-1])[::-1], 0.0)
        return np.asarray(self.prior + cumulative[t - 1])

    @property
    def distortion(self) -> Array:
        """Distortion at each evaluated t: RMSE of x̂_0 on the scale 0..255, shape (S,)."""
        return np.asarray(127.5 * np.sqrt(self.x0_mse))


class BoundSums:
    """Partial sums of a measurement of the bound: the state needed to resume it.

    Pictures are completed one after the other, each over its timesteps, and values are added
    in that order: neither the batch size nor an interruption changes the sums. An *item* is one
    evaluation of the network, of a picture at a timestep.

    Args:
        T: timesteps of the process.
        steps: maximum number of timesteps to evaluate; None: all.
        numbers: the number of each picture, which determines its noise.

    Raises:
        ValueError: if there is no picture, a number is negative, or ``steps`` is out of range.
    """

    def __init__(self, T: int, steps: int | None, numbers: Sequence[int]) -> None:
        if not numbers:
            raise ValueError("there must be at least one picture")
        if min(numbers) < 0:
            raise ValueError(f"numbers of pictures must be 0 or more, not {min(numbers)}")
        self.T, self.numbers = T, tuple(numbers)
        self.t = evaluated_timesteps(T, steps)
        self._weights = step_weights(self.t, T)
        self.done = 0
        self._sums = np.zeros((3, len(self.t)))
        self._priors: list[float] = []
        self._totals: list[float] = []
        self._unfinished = 0.0

    @property
    def items(self) -> int:
        """Total number of items: pictures × timesteps."""
        return len(self.numbers) * len(self.t)

    @property
    def finished(self) -> int:
        """Number of pictures of which all timesteps are evaluated."""
        return len(self._totals)

    def starts(self, size: int) -> range:
        """Return the first item of each remaining batch of up to ``size`` items."""
        return range(self.done, self.items, size)

    def batch(self, start: int, size: int) -> range:
        """Return the items of the batch that begins at item ``start``."""
        return range(start, min(start + size, self.items))

    def state(self) -> dict[str, Any]:
        """Return the sums in JSON-serialisable form, without loss of precision."""
        return {
            "done": self.done,
            "sums": self._sums.tolist(),
            "priors": list(self._priors),
            "totals": list(self._totals),
            "unfinished": self._unfinished,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Resume from an earlier :meth:`state` of the same measurement.

        Raises:
            ValueError: if it does not match; nothing is changed then.
        """
        try:
            done, unfinished = int(state["done"]), float(state["unfinished"])
            sums = np.array(state["sums"], np.float64)
            priors = [float(value) for value in state["priors"]]
            totals = [float(value) for value in state["totals"]]
        except (KeyError, TypeError) as error:
            raise ValueError(f"no state of a measurement: {error!r}") from error
        finished = done // len(self.t)
        if sums.shape != self._sums.shape or not 0 <= done <= self.items:
            raise ValueError("the state is of another measurement")
        if not len(priors) == len(totals) == finished:
            raise ValueError("the state's parts do not fit each other")
        self.done, self._sums, self._unfinished = done, sums, unfinished
        self._priors, self._totals = priors, totals

    def add(self, values: Array, priors: Sequence[float]) -> None:
        """Add the values of the next items.

        Args:
            values: bits, x0_mse and eps_mse of each item, shape (3, n).
            priors: L_T of each item's picture.
        """
        for column, prior in zip(values.T, priors, strict=True):
            position = self.done % len(self.t)
            self._sums[:, position] += column
            self._unfinished += self._weights[position] * column[0]
            self.done += 1
            if position == len(self.t) - 1:
                self._priors.append(prior)
                self._totals.append(float(prior + self._unfinished))
                self._unfinished = 0.0

    def bound(self) -> Bound:
        """Return the bound as means over the items so far.

        Raises:
            ValueError: before the first picture is finished.
        """
        if not self.finished:
            raise ValueError("no picture is finished yet")
        counts = self.finished + (np.arange(len(self.t)) < self.done % len(self.t))
        bits, x0_mse, eps_mse = self._sums / counts
        prior = math.fsum(self._priors) / self.finished
        return Bound(self.T, self.t, bits, x0_mse, eps_mse, prior, np.array(self._totals))


def measure_bound(
    process: DiffusionProcess,
    model_for: DenoiserFor,
    load: Load,
    sums: BoundSums,
    *,
    seed: int,
    batch: int,
    share: Share | None = None,
) -> Generator[BoundSums, None, Bound]:
    """Measure the variational bound: each picture at each timestep, with one noise sample each.

    Everything but the network is computed in float64 where the device supports it.

    Args:
        process: the diffusion process, over its whole schedule; x̂_0 is clipped if its ``clip_x0``
            is set.
        model_for: returns the network for a batch of pictures, given their numbers.
        load: returns x_0 of pictures, given their numbers, shape (n, C, H, W), on the network's
            device.
        sums: partial sums to start from; updated in place.
        seed: 0..2^63−1; the noise depends on it, the picture's number and t.
        batch: evaluations of the network per batch.
        share: computes the terms of a batch on several processes; None: in this one.

    Yields:
        ``sums`` after each batch, and while waiting for one.

    Raises:
        ValueError: if the network's output is not finite, the sums have another T, or ``load``
            returns another number of pictures.
    """
    check_integer("the batch", batch, 1)
    check_seed(seed)
    if sums.T != process.schedule.T:
        raise ValueError(f"the sums are of T = {sums.T}, the process of {process.schedule.T}")
    for k, start in enumerate(sums.starts(batch)):
        items = sums.batch(start, batch)
        if share is None:
            terms = evaluate_terms(process, model_for, load, sums, items, seed=seed)
        else:
            terms = yield from map_events(share(k, items), lambda _: sums)
        sums.add(*terms)
        yield sums
    return sums.bound()


def evaluate_terms(
    process: DiffusionProcess,
    model_for: DenoiserFor,
    load: Load,
    sums: BoundSums,
    items: range,
    *,
    seed: int,
) -> Terms:
    """Evaluate the terms of the bound for some items of a measurement; see :func:`measure_bound`.

    Args:
        process: the diffusion process, over its whole schedule.
        model_for: returns the network for a batch of pictures.
        load: returns x_0 of pictures.
        sums: map items to pictures and timesteps; not changed.
        items: the items to evaluate.
        seed: 0..2^63−1.

    Raises:
        ValueError: if the network's output is not finite, or ``load`` returns another number of
            pictures.
    """
    per_picture = len(sums.t)
    numbers = [sums.numbers[item // per_picture] for item in items]
    indices = [int(sums.t[item % per_picture]) - 1 for item in items]
    pictures = list(dict.fromkeys(numbers))
    rows = {number: row for row, number in enumerate(pictures)}
    x0 = to_float64(load(pictures))
    check_shape("the pictures", x0, (len(pictures), "C", "H", "W"))
    prior = prior_bits(process, x0.cpu()).tolist()
    x0 = x0[[rows[number] for number in numbers]]
    noise = bound_noise(seed, process.schedule.T, numbers, indices, x0)
    with torch.no_grad():
        index = torch.tensor(indices, device=x0.device)
        terms = bound_terms(process, model_for(numbers), x0, index, noise)
    values = torch.stack([terms.bits, terms.x0_mse, terms.eps_mse]).cpu().double().numpy()
    if not np.isfinite(values).all():
        t = indices[int(np.isfinite(values).all(0).argmin())] + 1
        raise ValueError(f"the network's answer at t = {t} is no number")
    # KL and −log P are never negative, but rounding errors may make them so.
    values[0] = np.maximum(values[0], 0)
    return values, [prior[rows[number]] for number in numbers]


def bound_noise(
    seed: int, T: int, numbers: Sequence[int], indices: Sequence[int], like: Tensor
) -> Tensor:
    """Noise ε of each picture at each index, identical on every device, shape of ``like``."""
    streams = [number * T + index for number, index in zip(numbers, indices, strict=True)]
    return PictureNoise(seed, streams, "cpu").draw(like.shape[1:]).to(like)


def to_float64(x: Tensor) -> Tensor:
    """Return x in float64, or unchanged on MPS, which has no float64."""
    return x if x.device.type == "mps" else x.double()


def evaluated_timesteps(T: int, steps: int | None) -> npt.NDArray[np.int64]:
    """Timesteps to evaluate: 1, and up to ``steps`` − 1 of 2..T, evenly spaced in ∛t; None: all.

    Both 2 and T are among them. Most of the bound comes from small t: with 100 of 1000 timesteps
    the error is .004 bits/dim on Gaussian data, but 1.4 if they are evenly spaced in t.

    Raises:
        ValueError: if ``steps`` is not in 3..T.
    """
    check_integer("T", T, 1)
    if steps is None or steps == T:
        return np.arange(1, T + 1)
    check_integer("steps", steps, 3, T)
    grid = np.linspace(2 ** (1 / 3), T ** (1 / 3), steps - 1) ** 3
    return np.unique(np.append(1, grid.round().astype(np.int64)))


def step_weights(t: npt.NDArray[np.int64], T: int) -> Array:
    """Quadrature weights of the evaluated t for the sum over 1..T, by linear interpolation."""
    if len(t) == T:
        return np.ones(T)
    weights = np.ones(len(t))
    gaps = np.diff(t[1:])
    weights[1:-1] += (gaps - 1) / 2
    weights[2:] += (gaps - 1) / 2
    return weights


def standard_error(values: Array) -> float:
    """Standard error of the mean; NaN for one value."""
    if len(values) < 2:
        return math.nan
    return float(values.std(ddof=1) / math.sqrt(len(values)))
