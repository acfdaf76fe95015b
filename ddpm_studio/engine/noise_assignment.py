"""Noise assignment within a batch, immiscible diffusion [Li et al. 2024].

Each picture is given that noise of the batch which is near it, so that the paths from pictures to
noise cross less, and the network has less to average over. DDIM's reverse process stays exact;
what takes ε to be independent of x_0, such as the bound and the noise that DDPM adds on its way,
holds by approximation.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_like


def assigned(noise: Tensor, x0: Tensor) -> Tensor:
    """Reorder a batch's noise so that Σ‖x_0 − ε‖² is least [Li et al. 2024, Algorithm 1].

    The batch's ε only change places: as a set they are as drawn, but an ε is no longer independent
    of its picture. On a GPU the host waits for the batch.

    Args:
        noise: ε, shape (N, …).
        x0: pictures in [−1, 1], shape of ``noise``.

    Returns:
        Shape of ``noise``, its rows in another order.

    Raises:
        ValueError: if the shapes differ.
    """
    # It takes long to import, and few trainings need it.
    from scipy.optimize import linear_sum_assignment

    check_like("the noise", noise, "x_0", x0)
    # ‖x_0 − ε‖² = ‖x_0‖² + ‖ε‖² − 2⟨x_0, ε⟩: the norms are the same for every assignment.
    gain = x0.flatten(1) @ noise.flatten(1).T
    _, rows = linear_sum_assignment(gain.cpu().numpy(), maximize=True)
    return noise[torch.from_numpy(rows).to(noise.device)]
