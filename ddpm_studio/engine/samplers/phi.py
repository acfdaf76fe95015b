"""φ-functions of exponential integrators, the weights of a polynomial in a step between levels."""

from __future__ import annotations

import math

# Below this |z| the recurrence suffers cancellation; the power series needs this many terms there.
_SMALL, _TERMS = 1.0, 18


def phi(k: int, z: float) -> float:
    """Evaluate φ_k(z) = ∫_0^1 e^{(1−u)z} u^{k−1}/(k−1)! du, with φ_0(z) = e^z.

    φ_{k+1}(z) = (φ_k(z) − 1/k!)/z and φ_k(0) = 1/k! [Hochbruck & Ostermann 2005].

    Args:
        k: 0 or more.
        z: any number up to some hundreds; −∞, a step from pure noise, gives 0.

    Returns:
        The value, accurate up to rounding.
    """
    if k == 0:
        return math.exp(z)
    if math.isinf(z):
        return 0.0
    if abs(z) < _SMALL:
        return sum(z**j / math.factorial(j + k) for j in range(_TERMS))
    value = math.expm1(z) / z
    for j in range(1, k):
        value = (value - 1 / math.factorial(j)) / z
    return value
