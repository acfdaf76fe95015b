"""Training and sampling of the 64-wide 32-px network against diffusers' of the same shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from ddpm_studio.engine import (
    DiffusionProcess,
    NoiseSchedule,
    PictureNoise,
    Trainer,
    TrainingConfig,
    UNet,
    UNetConfig,
    ancestral,
)
from ddpm_studio.jobs.drawing import Evaluator
from tests.benchmarks.pairs import Comparison, compare

_BATCH = 16
_EVALUATIONS = 5
_CONFIG = UNetConfig.small(32, 3)


def peer_network() -> nn.Module:
    """diffusers' UNet2DModel with the options that make it the DDPM network."""
    import diffusers

    network: nn.Module = diffusers.UNet2DModel(
        sample_size=32,
        in_channels=3,
        out_channels=3,
        block_out_channels=[64, 128, 128, 128],
        layers_per_block=2,
        down_block_types=["DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"],
        up_block_types=["UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"],
        attention_head_dim=None,
        norm_eps=1e-6,
        norm_num_groups=32,
        freq_shift=1,
        flip_sin_to_cos=False,
        downsample_padding=0,
    )
    return network


def training(rounds: int) -> Comparison:
    """One optimiser step in float32: noising, loss, gradient, clipping, Adam, EMA."""
    return compare("training step, float32", _our_step(), _peer_step(), rounds)


def sampling(rounds: int) -> Comparison:
    """A few ancestral steps in float32 of one batch."""
    return compare("sampling, float32", _our_walk(), _peer_walk(), rounds)


def _our_step() -> Callable[[], object]:
    images = np.random.default_rng(0).integers(0, 256, (256, 32, 32, 3), dtype=np.uint8)
    process = DiffusionProcess(NoiseSchedule.linear())
    config = TrainingConfig(batch_size=_BATCH)
    trainer = Trainer(UNet(_CONFIG), process, images, config)
    return lambda: trainer.step().loss.item()


def _peer_step() -> Callable[[], object]:
    import diffusers
    from diffusers.training_utils import EMAModel

    network: Any = peer_network()
    scheduler = diffusers.DDPMScheduler()
    ema = EMAModel(network.parameters(), decay=0.9999)
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-4)
    pictures = torch.rand(_BATCH, 3, 32, 32) * 2 - 1

    def step() -> float:
        noise = torch.randn_like(pictures)
        t = torch.randint(0, 1000, (_BATCH,))
        predicted = network(scheduler.add_noise(pictures, noise, t), t).sample
        loss = nn.functional.mse_loss(predicted, noise)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        ema.step(network.parameters())
        return loss.item()

    return step


def _our_walk() -> Callable[[], object]:
    network = UNet(_CONFIG).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    evaluator = Evaluator(network.eval(), torch.device("cpu"))
    process = DiffusionProcess(NoiseSchedule.linear().strided(_EVALUATIONS))

    def walk() -> None:
        noise = PictureNoise(0, range(_BATCH), "cpu")
        for _ in ancestral(process, evaluator, noise.draw((3, 32, 32)), noise):
            pass

    return walk


def _peer_walk() -> Callable[[], object]:
    import diffusers

    pipeline = diffusers.DDPMPipeline(peer_network().eval(), diffusers.DDPMScheduler())
    pipeline.set_progress_bar_config(disable=True)
    return lambda: pipeline(batch_size=_BATCH, num_inference_steps=_EVALUATIONS, output_type="np")
