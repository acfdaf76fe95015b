"""Parity of our U-Net with diffusers' UNet2DModel, loaded from the same folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from diffusers import UNet2DModel

from ddpm_studio.engine import DiffusionProcess, Network, NoiseSchedule, UNetConfig
from ddpm_studio.interop import load_diffusers, save_diffusers
from tests.parity.networks import random_unet

PROCESS = DiffusionProcess(NoiseSchedule.linear())
NARROW_256 = UNetConfig.ddpm256(64).with_fields(base_channels=32, attention_resolutions=(4,))


def _compare(ours: Network, theirs: UNet2DModel, labels: bool = False) -> None:
    config = ours.config
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(2, *config.shape, generator=generator)
    t, y = torch.tensor([3, 987]), torch.tensor([0, 2]) if labels else None
    with torch.inference_mode():
        a, b = ours(x, t, y), theirs(x, t, class_labels=y).sample
    assert float(b.std()) > 0.1
    assert float((a - b).abs().max()) < 1e-5 * max(1.0, float(b.abs().max()))


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(UNetConfig.ddpm32(), id="32px"),
        pytest.param(NARROW_256, id="256px-narrow"),
        pytest.param(UNetConfig.ddpm256(), id="256px", marks=pytest.mark.slow),
        pytest.param(
            UNetConfig.tiny(28, 1).with_fields(learned_variance=True), id="tiny-gray-learned"
        ),
    ],
)
def test_export_equals_ours(config: UNetConfig, tmp_path: Path) -> None:
    ours = random_unet(config)
    process = PROCESS
    if config.learned_variance:
        process = DiffusionProcess(PROCESS.schedule, variance="learned_range")
    save_diffusers(tmp_path / "out", config, ours.state_dict(), process)
    theirs = UNet2DModel.from_pretrained(tmp_path / "out" / "unet").eval()
    _compare(ours, theirs)


@pytest.mark.parametrize("layout", ["parts", "root"])
def test_import_equals_theirs(layout: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = UNet2DModel(
        sample_size=32,
        block_out_channels=(32, 64, 64, 64),
        layers_per_block=2,
        down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=None,
        norm_eps=1e-6,
        freq_shift=1,
        flip_sin_to_cos=False,
        downsample_padding=0,
    ).eval()
    save_pipeline(theirs, tmp_path, layout)
    _compare(load_diffusers(tmp_path).network(), theirs)


def test_labels_agree(tmp_path: Path) -> None:
    config = UNetConfig.tiny(16).with_fields(num_classes=4)
    ours = random_unet(config)
    save_diffusers(tmp_path / "out", config, ours.state_dict(), PROCESS)
    _compare(ours, UNet2DModel.from_pretrained(tmp_path / "out" / "unet").eval(), labels=True)


def save_pipeline(model: UNet2DModel, folder: Path, layout: str) -> None:
    from diffusers import DDPMPipeline, DDPMScheduler

    if layout == "parts":
        DDPMPipeline(model, DDPMScheduler()).save_pretrained(folder)
    else:
        model.save_pretrained(folder)
        DDPMScheduler().save_pretrained(folder)
