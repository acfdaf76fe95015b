"""Parity of guidance rescaling with diffusers [Lin et al. 2023]."""

from __future__ import annotations

import pytest
import torch
from diffusers.guiders.guider_utils import rescale_noise_cfg
from torch import Tensor

from ddpm_studio.engine import UNetConfig
from ddpm_studio.engine.guidance import GuidedDenoiser

CONFIG = UNetConfig.tiny(8, 1).with_fields(num_classes=3)


class Uneven:
    """Model that predicts a class-dependent function of x, and with ``learned`` x as variance."""

    def __init__(self, learned: bool) -> None:
        self.learned = learned

    def __call__(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        factor = (1 + y)[:, None, None, None]
        mean = factor * torch.sin(factor * x)
        return torch.cat([mean, x], dim=1) if self.learned else mean


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_rescaling(share: float, learned: bool) -> None:
    x = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    t, classes = torch.tensor([100, 200]), torch.tensor([0, 2])
    network = Uneven(learned)
    out = GuidedDenoiser(network, CONFIG, classes, 4.0, share)(x, t)
    plain, none = (network(x, t, y)[:, :1] for y in (classes, torch.full_like(classes, 3)))
    theirs = rescale_noise_cfg(none + 4.0 * (plain - none), plain, guidance_rescale=share)
    torch.testing.assert_close(out[:, :1], theirs, rtol=1e-5, atol=1e-6)
    if share == 1:
        torch.testing.assert_close(out[:, :1].flatten(1).std(1), plain.flatten(1).std(1))
    else:
        assert not torch.allclose(out[:, :1].flatten(1).std(1), plain.flatten(1).std(1), rtol=0.01)
    if learned:
        assert torch.equal(out[:, 1:], x)
