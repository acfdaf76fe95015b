"""Adaptive Runge–Kutta 5(4) (Dormand–Prince) with an independent step size per picture.

With a shared step size, a picture would depend on the batch that it is drawn in.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_pictures, check_positive
from ddpm_studio.engine.levels import per_picture

Slope = Callable[[Tensor, Tensor], Tensor]

_FIRST_STEP, _SMALLEST_STEP = 0.02, 1e-9  # as fractions of the interval
_SAFETY, _SHRINK, _GROW = 0.9, 0.2, 10.0


def dormand_prince(
    slope: Slope, x: Tensor, stops: Sequence[float], tolerance: float
) -> Iterator[Tensor]:
    """Integrate the ODE dx/ds = slope(s, x) from the first of the decreasing ``stops`` to the last.

    Args:
        slope: right-hand side, of s, shape (N,), float64 on the CPU, and x, shape (N, C, H, W).
        x: initial value, at the first stop.
        stops: strictly decreasing; the step sizes do not depend on the inner ones.
        tolerance: absolute and relative tolerance of each step, as the root mean square over a
            picture.

    Yields:
        x at each stop, inside a step by the method's 4th-order interpolant (dense output).

    Raises:
        ValueError: if the stops do not decrease, the tolerance is not above 0, or the step size
            becomes too small, as it does where values are NaN.
    """
    check_pictures("x", x)
    check_positive("the tolerance", tolerance)
    if not stops or any(b >= a for a, b in itertools.pairwise(stops)):
        raise ValueError("the stops must fall strictly, and there must be one")
    # Imported here, since scipy is slow to import and rarely needed.
    from scipy.integrate import RK45

    rows, shares = RK45.A.tolist(), RK45.C.tolist()
    weights, error_weights = RK45.B.tolist(), RK45.E.tolist()
    interpolant = torch.from_numpy(RK45.P)
    yield x
    end, way = stops[-1], stops[0] - stops[-1]
    found: dict[int, Tensor] = {}
    coming = 1
    if coming == len(stops):
        return
    s = torch.full((len(x),), stops[0], dtype=torch.float64)
    step = torch.full_like(s, -_FIRST_STEP * way)
    slopes = [slope(s, x)]
    while coming < len(stops):
        last = step <= end - s
        h = torch.where(last, end - s, step)
        ahead = torch.where(last, torch.full_like(s, end), s + h)
        wide = per_picture(h, x)
        for row, share in zip(rows[1:], shares[1:], strict=True):
            slopes.append(slope(s + share * h, x + wide * _weighted(row, slopes)))
        new = x + wide * _weighted(weights, slopes)
        slopes.append(slope(ahead, new))
        scale = tolerance * (1 + torch.maximum(x.abs(), new.abs()))
        error = (wide * _weighted(error_weights, slopes) / scale).square().flatten(1)
        norm = error.mean(1).sqrt().cpu().double()
        good = norm <= 1
        for k in range(coming, len(stops)):
            here = good & (s > stops[k]) & (ahead <= stops[k])
            if bool(here.any()):
                share_of_step = torch.where(here, (stops[k] - s) / h, 0.0)
                powers = share_of_step[:, None] ** torch.arange(1, 5)
                inner = x + wide * _weighted(
                    [per_picture(w, x) for w in (powers @ interpolant.T).T], slopes
                )
                found[k] = torch.where(per_picture(here, x).bool(), inner, found.get(k, inner))
        accept = per_picture(good, x).bool()
        x, slopes = torch.where(accept, new, x), [torch.where(accept, slopes[-1], slopes[0])]
        s = torch.where(good, ahead, s)
        factor = (_SAFETY * norm**-0.2).clamp(_SHRINK, _GROW)
        step = h * torch.where(norm.isfinite(), factor, _SHRINK)
        if bool(((step > -_SMALLEST_STEP * way) & (s > end)).any()):
            raise ValueError("the flow could not be followed: the steps became too small")
        while coming < len(stops) and bool((s <= stops[coming]).all()):
            yield found.pop(coming)
            coming += 1


def _weighted(weights: Sequence[float | Tensor], slopes: Sequence[Tensor]) -> Tensor:
    """Σ weight·slope, over the shorter of both sequences."""
    total = torch.zeros_like(slopes[0])
    for weight, one in zip(weights, slopes, strict=False):
        if isinstance(weight, Tensor) or weight != 0:
            total = total + weight * one
    return total
