"""Decay functions of the learning rate after the warm-up.

Each maps the progress p to a factor; p is 0 at the end of the warm-up and would be 1 one step after
the last.
"""

from __future__ import annotations

import math

DECAY_SHARE = 0.2
"""Fraction of the steps over which :func:`warmup_stable_decay` decays."""


def constant(p: float) -> float:
    """Constant: 1 throughout [DDPM appendix B]."""
    return 1.0


def cosine(p: float) -> float:
    """Cosine decay: (1 + cos πp)/2 [Loshchilov and Hutter 2017, SGDR, eq. 5]."""
    return 0.5 * (1 + math.cos(math.pi * p))


def linear(p: float) -> float:
    """Linear decay: 1 − p."""
    return 1 - p


def warmup_stable_decay(p: float) -> float:
    """Warmup-stable-decay (WSD): 1, then 1 − √s, s the progress in the last fifth.

    [Hägele et al. 2024 §3]
    """
    return 1 - math.sqrt(max(0.0, p - (1 - DECAY_SHARE)) / DECAY_SHARE)
