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

    rows, nodes = RK45.A.tolist(), RK45.C.tolist()
    weights, error_weights = RK45.B.tolist(), RK45.E.tolist()
    interpolant = torch.from_numpy(RK45.P)
    yield x
    end, span = stops[-1], stops[0] - stops[-1]
    found: dict[int, Tensor] = {}
    next_stop = 1
    if next_stop == len(stops):
        return
    s = torch.full((len(x),), stops[0], dtype=torch.float64)
    step = torch.full_like(s, -_FIRST_STEP * span)
    slopes = [slope(s, x)]
    while next_stop < len(stops):
        is_last = step <= end - s
        h = torch.where(is_last, end - s, step)
        s_next = torch.where(is_last, torch.full_like(s, end), s + h)
        h_picture = per_picture(h, x)
        for row, node in zip(rows[1:], nodes[1:], strict=True):
            slopes.append(slope(s + node * h, x + h_picture * _weighted(row, slopes)))
        x_next = x + h_picture * _weighted(weights, slopes)
        slopes.append(slope(s_next, x_next))
        scale = tolerance * (1 + torch.maximum(x.abs(), x_next.abs()))
        error = (h_picture * _weighted(error_weights, slopes) / scale).square().flatten(1)
        norm = error.mean(1).sqrt().cpu().double()
        accepted = norm <= 1
        for k in range(next_stop, len(stops)):
            crossed = accepted & (s > stops[k]) & (s_next <= stops[k])
            if bool(crossed.any()):
                fraction = torch.where(crossed, (stops[k] - s) / h, 0.0)
                powers = fraction[:, None] ** torch.arange(1, 5)
                interpolated = x + h_picture * _weighted(
                    [per_picture(w, x) for w in (powers @ interpolant.T).T], slopes
                )
                found[k] = torch.where(
                    per_picture(crossed, x).bool(), interpolated, found.get(k, interpolated)
                )
        mask = per_picture(accepted, x).bool()
        x, slopes = torch.where(mask, x_next, x), [torch.where(mask, slopes[-1], slopes[0])]
        s = torch.where(accepted, s_next, s)
        factor = (_SAFETY * norm**-0.2).clamp(_SHRINK, _GROW)
        step = h * torch.where(norm.isfinite(), factor, _SHRINK)
        if bool(((step > -_SMALLEST_STEP * span) & (s > end)).any()):
            raise ValueError("the flow could not be followed: the steps became too small")
        while next_stop < len(stops) and bool((s <= stops[next_stop]).all()):
            yield found.pop(next_stop)
            next_stop += 1


def _weighted(weights: Sequence[float | Tensor], slopes: Sequence[Tensor]) -> Tensor:
    """Σ weight·slope, over the shorter of both sequences."""
    total = torch.zeros_like(slopes[0])
    for weight, slope in zip(weights, slopes, strict=False):
        if isinstance(weight, Tensor) or weight != 0:
            total = total + weight * slope
    return total
