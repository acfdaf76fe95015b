"""Noise assignment within a batch, immiscible diffusion [Li et al. 2024].

Each picture is given that noise of the batch which is near it, so that the paths from pictures to
noise cross less, and the network has less to average over.
"""

from __future__ import annotations

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from ddpm_studio.engine.checks import check_like


def assigned(noise: Tensor, x0: Tensor) -> Tensor:
    """Reorder a batch's noise so that Σ‖x_0 − ε‖² is least [Li et al. 2024, Algorithm 1].

    Each ε is drawn as before, and given to another picture at most; together they are the same.

    Args:
        noise: ε, shape (N, …).
        x0: pictures in [−1, 1], shape of ``noise``.

    Returns:
        Shape of ``noise``, its rows in another order.

    Raises:
        ValueError: if the shapes differ.
    """
    check_like("the noise", noise, "x_0", x0)
    # Their norms stand in each row and column alike: what differs is the product.
    gain = x0.flatten(1) @ noise.flatten(1).T
    _, rows = linear_sum_assignment(gain.cpu().numpy(), maximize=True)
    return noise[torch.from_numpy(rows).to(noise.device)]
