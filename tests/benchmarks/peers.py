"""Peers to compare with: the same work as done by their own example or trainer.

``diffusers``: its UNet2DModel with the options that make it the DDPM network, trained as in its
example for unconditional generation. ``denoising-diffusion-pytorch``: its own network of the same
widths and blocks (RMS norm, linear attention outside the level that attends), trained as its
Trainer does.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from ddpm_studio.engine import UNetConfig
from tests.benchmarks.figures import UnavailableError
from tests.benchmarks.shapes import CONFIG

Step = Callable[[], float]
Walk = Callable[[], object]


@dataclass(frozen=True)
class Peer:
    """Functions that build a peer's network, its training step and its sampling.

    Args:
        name: the name of the package.
        network: builds the network, float32, in training mode.
        step: (network, batch, device, bf16) → one training step, returning the loss.
        walk: (network, batch, evaluations, device, bf16) → sampling with that many evaluations.
    """

    name: str
    network: Callable[[], nn.Module]
    step: Callable[[nn.Module, int, str, bool], Step]
    walk: Callable[[nn.Module, int, int, str, bool], Walk]


def peers(config: UNetConfig = CONFIG) -> list[Peer]:
    """Return the peers that can be imported, with networks of this configuration.

    Raises:
        UnavailableError: if there is none.
    """
    found = []
    if importlib.util.find_spec("diffusers"):
        found.append(
            Peer(
                "diffusers",
                partial(diffusers_network, config),
                partial(_diffusers_step, config),
                partial(_diffusers_walk, config),
            )
        )
    if importlib.util.find_spec("denoising_diffusion_pytorch"):
        found.append(
            Peer(
                "denoising-diffusion-pytorch",
                partial(_ddp_network, config),
                partial(_ddp_step, config),
                partial(_ddp_walk, config),
            )
        )
    if not found:
        raise UnavailableError("neither diffusers nor denoising-diffusion-pytorch is installed")
    return found


def autocast(device: str, bf16: bool) -> contextlib.AbstractContextManager[object]:
    """Return the context for bf16 in both peers: torch's autocast, which accelerate enters."""
    return torch.autocast(device, dtype=torch.bfloat16) if bf16 else contextlib.nullcontext()


def diffusers_network(config: UNetConfig) -> nn.Module:
    """Return diffusers' UNet2DModel with the options that make it the DDPM network."""
    import diffusers

    base = config.base_channels
    attends = config.attends
    network: nn.Module = diffusers.UNet2DModel(
        sample_size=config.height,
        in_channels=config.channels,
        out_channels=config.channels,
        block_out_channels=[base * mult for mult in config.channel_mult],
        layers_per_block=config.blocks_per_level,
        down_block_types=["AttnDownBlock2D" if a else "DownBlock2D" for a in attends],
        up_block_types=["AttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attends)],
        attention_head_dim=None,
        norm_eps=1e-6,
        norm_num_groups=32,
        freq_shift=1,
        flip_sin_to_cos=False,
        downsample_padding=0,
    )
    return network


def _diffusers_step(config: UNetConfig, network: Any, batch: int, device: str, bf16: bool) -> Step:
    import diffusers
    from diffusers.training_utils import EMAModel

    network.to(device)
    scheduler = diffusers.DDPMScheduler()
    ema = EMAModel(network.parameters(), decay=0.9999)
    ema.to(device)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, betas=(0.95, 0.999))
    side = config.height
    pictures = torch.rand(batch, config.channels, side, side, device=device) * 2 - 1

    def step() -> float:
        noise = torch.randn_like(pictures)
        t = torch.randint(0, 1000, (batch,), device=device)
        noisy = scheduler.add_noise(pictures, noise, t)
        with autocast(device, bf16):
            predicted = network(noisy, t).sample
            loss = nn.functional.mse_loss(predicted.float(), noise)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        ema.step(network.parameters())
        return loss.detach().item()

    return step


def _diffusers_walk(
    config: UNetConfig, network: Any, batch: int, evaluations: int, device: str, bf16: bool
) -> Walk:
    import diffusers

    pipeline = diffusers.DDPMPipeline(network.eval(), diffusers.DDPMScheduler()).to(device)
    pipeline.set_progress_bar_config(disable=True)

    def walk() -> object:
        with autocast(device, bf16):
            return pipeline(
                batch_size=batch, num_inference_steps=evaluations, output_type="np"
            ).images

    return walk


def _ddp() -> Any:
    """Import denoising_diffusion_pytorch, with a stub for torchvision where that is missing."""
    if "torchvision" not in sys.modules and not importlib.util.find_spec("torchvision"):
        # It reads and saves pictures with torchvision, which has no build for a CPU-only torch;
        # network, loss and sampling, all that is measured here, do not use it.
        stand_in = types.ModuleType("torchvision")
        stand_in.transforms = stand_in.utils = None  # type: ignore[attr-defined]
        sys.modules["torchvision"] = stand_in
    return importlib.import_module("denoising_diffusion_pytorch.denoising_diffusion_pytorch")


def _ddp_network(config: UNetConfig) -> nn.Module:
    network: nn.Module = _ddp().Unet(
        config.base_channels,
        dim_mults=config.channel_mult,
        channels=config.channels,
        full_attn=tuple(config.attends),
    )
    return network


def _ddp_step(config: UNetConfig, network: nn.Module, batch: int, device: str, bf16: bool) -> Step:
    from ema_pytorch import EMA

    side = config.height
    diffusion: nn.Module = _ddp().GaussianDiffusion(network, image_size=side).to(device)
    optimizer = torch.optim.Adam(diffusion.parameters(), lr=1e-4, betas=(0.9, 0.99))
    ema: Any = EMA(diffusion, beta=0.995, update_every=10).to(device)
    pictures = torch.rand(batch, config.channels, side, side, device=device)

    def step() -> float:
        with autocast(device, bf16):
            loss = diffusion(pictures)
        told = float(loss.item())
        loss.backward()
        nn.utils.clip_grad_norm_(diffusion.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        ema.update()
        return told

    return step


def _ddp_walk(
    config: UNetConfig, network: nn.Module, batch: int, evaluations: int, device: str, bf16: bool
) -> Walk:
    side = config.height
    diffusion: Any = (
        _ddp().GaussianDiffusion(network, image_size=side, timesteps=evaluations).to(device)
    )
    diffusion.eval()

    def walk() -> object:
        with autocast(device, bf16), torch.inference_mode():
            return diffusion.sample(batch_size=batch).cpu().numpy()

    return walk
