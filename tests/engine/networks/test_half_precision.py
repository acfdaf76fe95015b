"""The bf16 copy of a network: close to it, half its size, float32 where it matters."""

from __future__ import annotations

import torch

from ddpm_studio.engine import UNet, UNetConfig, to_bf16
from tests.parity.networks import random_unet

CONFIG = UNetConfig.tiny(16).with_fields(num_classes=3)


def test_it_predicts_what_the_network_does() -> None:
    network = random_unet(CONFIG)
    half = to_bf16(network)
    x, t = torch.randn(4, 3, 16, 16), torch.tensor([0, 1, 500, 999])
    with torch.no_grad():
        for y in (None, torch.tensor([0, 1, 2, 3])):
            exact, close = network(x, t, y), half(x, t, y)
            assert close.dtype == torch.float32
            assert float((close - exact).norm() / exact.norm()) < 0.03


def test_neighbouring_timesteps_stay_apart() -> None:
    half = to_bf16(random_unet(CONFIG))
    t = torch.arange(900, 1000)
    embedded = half._embed(torch.zeros(100, 3, 16, 16), t, None, None)
    assert len(embedded.unique(dim=0)) == 100


def test_it_is_a_copy() -> None:
    network = UNet(CONFIG)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    half = to_bf16(network)
    for tensor in half.state_dict().values():
        tensor.zero_()
    assert all(torch.equal(before[name], now) for name, now in network.state_dict().items())
    assert not half.training
    assert (network.precision, half.precision) == ("float32", "bf16")
