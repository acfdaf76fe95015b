"""Power-function EMA and post-hoc EMA: averages of other lengths after the training [EDM2 §3].

An average of relative width σ_rel weights the parameters of step τ by τ^γ up to the current step t:
at any time it covers the same fraction of the training. Snapshots of two of them, taken at
intervals, suffice to reconstruct one of nearly any length after the training.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ddpm_studio.engine.checks import check_integer

SHORT, LONG = 0.05, 0.10
"""Relative widths that are tracked, from which others are reconstructed [EDM2 §3.2]."""
SHORTEST, LONGEST = 0.01, 0.25
"""Allowed relative widths: γ = 97 to .72. No profile is wider than .30."""


def gamma(width: float) -> float:
    """Exponent γ of the average of relative width σ_rel [EDM2 appendix C].

    The solution γ of (γ+1)/((γ+2)²(γ+3)) = σ_rel² that is the largest root of the cubic.

    Args:
        width: σ_rel, from .01 to .25.

    Raises:
        ValueError: for a width outside this range.
    """
    if not SHORTEST <= width <= LONGEST:
        raise ValueError(f"an average's relative width is {SHORTEST} to {LONGEST}, not {width}")
    square = width**-2
    roots = np.roots([1, 7, 16 - square, 12 - square])
    return float(roots.real.max())


def relative_width(exponent: float) -> float:
    """Relative width σ_rel = (γ+1)^½ (γ+2)⁻¹ (γ+3)^−½ of an exponent γ [EDM2 eq. 3]."""
    if not -1 < exponent < math.inf:
        raise ValueError(f"γ must be above −1, not {exponent}")
    return float(np.sqrt((exponent + 1) / (exponent + 3)) / (exponent + 2))


class PowerEMA:
    """Power-function EMA of a network's weights, with relative width σ_rel.

    Args:
        network: the network in training.
        width: σ_rel.
    """

    def __init__(self, network: nn.Module, width: float) -> None:
        self.width = width
        self._exponent = gamma(width)
        self._names = [name for name, _ in network.named_parameters()]
        self._current: list[Tensor] = list(network.parameters())
        self._averaged = [p.detach().clone() for p in self._current]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Update with the weights after step t = 1, 2, …: decay (1 − 1/t)^{γ+1} [EDM2 eq. 2]."""
        decay = (1 - 1 / step) ** (self._exponent + 1)
        torch._foreach_lerp_(self._averaged, self._current, 1 - decay)

    def tensors(self) -> dict[str, Tensor]:
        """Return the averaged weights by name."""
        return dict(zip(self._names, self._averaged, strict=True))

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Restore averaged weights from a checkpoint.

        Raises:
            ValueError: if one is missing or has another shape.
        """
        for name, average in zip(self._names, self._averaged, strict=True):
            given = tensors.get(name)
            if given is None or given.shape != average.shape:
                raise ValueError(f"the average of width {self.width:g} lacks a fitting {name}")
            average.copy_(given)


class Snapshot(NamedTuple):
    """Snapshot of an average, identified by its relative width and the step it was taken at."""

    width: float
    step: int


def coefficients(snapshots: Sequence[Snapshot], requested: Snapshot) -> npt.NDArray[np.float64]:
    """Post-hoc EMA: coefficients of snapshots for a given average, by least squares [EDM2 §3.2].

    They are constrained to sum to 1: weights remain near their initial values, which must not be
    scaled by the residual of the fit.

    Args:
        snapshots: distinct snapshots of steps up to the requested one's.
        requested: width and last step of the average to reconstruct.

    Returns:
        Coefficient of each snapshot, shape (N,).

    Raises:
        ValueError: without snapshots, for duplicates, or for a snapshot later than requested.
    """
    if not snapshots or len(set(snapshots)) < len(snapshots):
        raise ValueError("an average is made of one or more snapshots, each once")
    if max(snapshot.step for snapshot in snapshots) > requested.step:
        raise ValueError(f"a snapshot is later than step {requested.step}")
    for snapshot in snapshots:
        check_integer("a snapshot's step", snapshot.step, 1)
    count = len(snapshots)
    exponents = np.array([gamma(snapshot.width) for snapshot in snapshots])
    times = np.array([snapshot.step / requested.step for snapshot in snapshots])
    # The last row and column are those of the constraint and its Lagrange multiplier.
    system, target = np.ones((count + 1, count + 1)), np.ones(count + 1)
    system[:count, :count] = _inner(exponents[:, None], times[:, None], exponents, times)
    system[count, count] = 0
    target[:count] = _inner(exponents, times, np.array(gamma(requested.width)), np.array(1.0))
    return np.asarray(np.linalg.lstsq(system, target, rcond=None)[0][:count], np.float64)


def _inner(
    a: npt.NDArray[np.float64],
    a_end: npt.NDArray[np.float64],
    b: npt.NDArray[np.float64],
    b_end: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Inner product ∫ p_a p_b of profiles p_γ(τ; t) = (γ+1) τ^γ/t^{γ+1} for τ ≤ t, else 0."""
    exponent = np.where(a_end <= b_end, b, a)
    first, last = np.minimum(a_end, b_end), np.maximum(a_end, b_end)
    product: npt.NDArray[np.float64] = (
        (a + 1) * (b + 1) / (a + b + 1) * (first / last) ** exponent / last
    )
    return product
