"""Time-limited training as in diffusers' example for unconditional generation."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ddpm_studio.engine import UNetConfig
from tests.benchmarks.peers import diffusers_network

Pictures = npt.NDArray[np.uint8]

# The values of the example.
_BATCH, _LEARNING_RATE, _WARMUP = 16, 1e-4, 500
_AT_ONCE = 100


class PeerTraining:
    """A UNet2DModel in training.

    Args:
        config: the network's configuration; its sides may be larger than those of the pictures.
        pictures: uint8 (N, H, W, C).
        seed: of weights, order, t and noise.
    """

    def __init__(self, config: UNetConfig, pictures: Pictures, seed: int) -> None:
        import diffusers
        from diffusers.training_utils import EMAModel

        torch.manual_seed(seed)
        self.network: Any = diffusers_network(config)
        self.ema = EMAModel(
            self.network.parameters(),
            decay=0.9999,
            use_ema_warmup=True,
            inv_gamma=1.0,
            power=0.75,
            model_cls=diffusers.UNet2DModel,
            model_config=self.network.config,
        )
        self.scheduler = diffusers.DDPMScheduler(num_train_timesteps=1000, beta_schedule="linear")
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=_LEARNING_RATE,
            betas=(0.95, 0.999),
            weight_decay=1e-6,
            eps=1e-8,
        )
        self.steps = 0
        self._pictures, self._random = pictures, np.random.default_rng(seed)
        self._shape = pictures.shape[1:]
        rows, columns = config.height - self._shape[0], config.width - self._shape[1]
        self._pad = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)

    def train(self, seconds: float) -> None:
        """Train for this many seconds; the cosine schedule falls to 0 by then."""
        begun = time.perf_counter()
        while (spent := time.perf_counter() - begun) < seconds:
            self._set_rate(spent / seconds)
            self._step(self._batch())

    def save(self, path: Path) -> None:
        """Save the weights and their averages, as sampling needs them."""
        torch.save({"network": self.network.state_dict(), "ema": self.ema.state_dict()}, path)

    def load(self, path: Path) -> None:
        """Load the weights and averages of a saved training."""
        state = torch.load(path, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.ema.load_state_dict(state["ema"])

    def draw(self, sampler: str, count: int, evaluations: int) -> Pictures:
        """Return samples of the averaged weights, uint8 (N, H, W, C)."""
        self.ema.store(self.network.parameters())
        self.ema.copy_to(self.network.parameters())
        try:
            parts = [
                self._walk(sampler, min(_AT_ONCE, count - first), first, evaluations)
                for first in range(0, count, _AT_ONCE)
            ]
        finally:
            self.ema.restore(self.network.parameters())
        return np.concatenate(parts)

    @torch.inference_mode()
    def _walk(self, sampler: str, count: int, seed: int, evaluations: int) -> Pictures:
        import diffusers

        kind = {"ddim": diffusers.DDIMScheduler, "dpm++2m": diffusers.DPMSolverMultistepScheduler}
        scheduler = kind[sampler].from_config(self.scheduler.config)
        scheduler.set_timesteps(evaluations)
        config = self.network.config
        generator = torch.Generator().manual_seed(seed)
        shape = (count, config.in_channels, *np.broadcast_to(config.sample_size, 2))
        x = torch.randn(shape, generator=generator)
        for t in scheduler.timesteps:
            x = scheduler.step(self.network(x, t).sample, t, x).prev_sample
        left, right, top, bottom = self._pad
        x = x[:, :, top : x.shape[2] - bottom, left : x.shape[3] - right]
        return ((x.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()

    def _set_rate(self, share: float) -> None:
        """Set the example's learning rate, its cosine by the share of time rather than of steps."""
        warmup = min(1.0, (self.steps + 1) / _WARMUP)
        for group in self.optimizer.param_groups:
            group["lr"] = _LEARNING_RATE * warmup * 0.5 * (1 + np.cos(np.pi * share))

    def _batch(self) -> Tensor:
        rows = self._random.integers(0, len(self._pictures), _BATCH)
        x = torch.from_numpy(self._pictures[np.sort(rows)]).permute(0, 3, 1, 2) / 127.5 - 1
        return nn.functional.pad(x, self._pad, value=-1.0)

    def _step(self, x0: Tensor) -> None:
        noise = torch.randn_like(x0)
        t = torch.randint(0, 1000, (len(x0),))
        predicted = self.network(self.scheduler.add_noise(x0, noise, t), t).sample
        nn.functional.mse_loss(predicted, noise).backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.ema.step(self.network.parameters())
        self.steps += 1
