"""Noise assignment within a batch: immiscible diffusion [Li et al. 2024].

Each picture is paired with a nearby noise sample of the batch, so that the paths from pictures to
noise cross less, and the network has less to average over. DDIM's reverse process stays exact;
whatever assumes ε to be independent of x_0, such as the bound and the noise that DDPM adds in its
reverse process, holds approximately.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_like


def assign_noise(noise: Tensor, x0: Tensor) -> Tensor:
    """Permute a batch's noise to minimise Σ‖x_0 − ε‖²: linear assignment [Li et al., Algorithm 1].

    As a set, the batch's ε are unchanged, but an ε is no longer independent of its picture. On a
    GPU the host synchronises with the device.

    Args:
        noise: ε, shape (N, …).
        x0: pictures in [−1, 1], shape of ``noise``.

    Returns:
        The permuted noise, shape of ``noise``.

    Raises:
        ValueError: if the shapes differ.
    """
    # Imported here, since scipy is slow to import and rarely needed.
    from scipy.optimize import linear_sum_assignment

    check_like("the noise", noise, "x_0", x0)
    # ‖x_0 − ε‖² = ‖x_0‖² + ‖ε‖² − 2⟨x_0, ε⟩: the norms are the same for every assignment.
    gain = x0.flatten(1) @ noise.flatten(1).T
    _, rows = linear_sum_assignment(gain.cpu().numpy(), maximize=True)
    return noise[torch.from_numpy(rows).to(noise.device)]
