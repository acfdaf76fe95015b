"""Parity of import and export with diffusers' UNet2DModel, at its defaults and other settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel

from ddpm_studio.engine import DiffusionProcess, Network, NoiseSchedule
from ddpm_studio.engine.networks.diffusers_unet import DiffusersUNet, DiffusersUNetConfig
from ddpm_studio.engine.networks.dit import DiTConfig
from ddpm_studio.engine.networks.openai_unet import OpenAIUNet, OpenAIUNetConfig
from ddpm_studio.engine.networks.patch_unet import PatchUNetConfig
from ddpm_studio.engine.networks.registry import build
from ddpm_studio.engine.networks.unet import UNet
from ddpm_studio.errors import StudioError
from ddpm_studio.interop import load_diffusers, save_diffusers
from ddpm_studio.interop.unet2d import network_config, network_fields
from tests.parity.networks import randomised

PROCESS = DiffusionProcess(NoiseSchedule.linear())
# diffusers' defaults (which take half a GiB) except for the size, widths and layers per block.
NARROW: dict[str, Any] = {
    "sample_size": 16,
    "block_out_channels": (32, 32, 64, 64),
    "layers_per_block": 1,
}
RESNET = {
    "downsample_type": "resnet",
    "upsample_type": "resnet",
    "down_block_types": ("ResnetDownsampleBlock2D", "AttnDownBlock2D"),
    "up_block_types": ("AttnUpBlock2D", "ResnetUpsampleBlock2D"),
    "block_out_channels": (32, 64),
}


def agree(ours: Network, theirs: UNet2DModel, y: torch.Tensor | None = None) -> None:
    x = torch.randn(2, *ours.config.shape, generator=torch.Generator().manual_seed(1))
    t = torch.tensor([3, 987])
    with torch.inference_mode():
        a, b = ours(x, t, y), theirs(x, t, class_labels=y).sample
    assert float(b.std()) > 0.1
    assert float((a - b).abs().max()) < 1e-5 * max(1.0, float(b.abs().max()))


@pytest.mark.parametrize(
    "flags",
    [
        pytest.param({}, id="defaults"),
        pytest.param({"in_channels": 4, "out_channels": 8, "freq_shift": 1}, id="rgba-learned"),
        pytest.param({"sample_size": (24, 16), "attention_head_dim": None}, id="rectangle"),
        pytest.param({"downsample_padding": 0, "flip_sin_to_cos": False}, id="flags-of-two"),
        pytest.param(
            {"norm_num_groups": 8, "time_embedding_dim": 48, "norm_eps": 1e-4}, id="sizes"
        ),
        pytest.param({"block_out_channels": (32, 96, 64, 32)}, id="no-multiples"),
        pytest.param(
            {"resnet_time_scale_shift": "scale_shift", "attn_norm_num_groups": 32}, id="scale-shift"
        ),
        pytest.param(RESNET, id="resample-in-blocks"),
    ],
)
def test_both_ways(flags: dict[str, Any], tmp_path: Path) -> None:
    theirs = randomised(UNet2DModel(**{**NARROW, **flags}))
    DDPMPipeline(theirs, DDPMScheduler()).save_pretrained(tmp_path / "theirs")
    if flags.get("out_channels") == 8:
        scheduler = DDPMScheduler(variance_type="learned_range")
        scheduler.save_pretrained(tmp_path / "theirs" / "scheduler")
    model = load_diffusers(tmp_path / "theirs")
    ours = model.network()
    assert isinstance(ours, DiffusersUNet)
    agree(ours, theirs)

    save_diffusers(tmp_path / "ours", model.config, ours.state_dict(), model.process)
    agree(ours, UNet2DModel.from_pretrained(tmp_path / "ours" / "unet").eval())
    assert load_diffusers(tmp_path / "ours").config == model.config


def test_the_defaults_are_the_librarys() -> None:
    with torch.device("meta"):
        fields = dict(UNet2DModel(sample_size=32).config)
    assert network_config({"sample_size": 32}, None) == DiffusersUNetConfig()
    written = network_fields(DiffusersUNetConfig())
    told = {k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()}
    assert {k: told[k] for k in written if k != "_class_name"} == {
        k: v for k, v in written.items() if k != "_class_name"
    }


def test_a_rectangle_of_the_papers_network_is_the_papers(tmp_path: Path) -> None:
    theirs = UNet2DModel(
        sample_size=(16, 32),
        block_out_channels=(32, 64),
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=None,
        norm_eps=1e-6,
        freq_shift=1,
        flip_sin_to_cos=False,
        downsample_padding=0,
    )
    DDPMPipeline(randomised(theirs), DDPMScheduler()).save_pretrained(tmp_path)
    ours = load_diffusers(tmp_path).network()
    assert isinstance(ours, UNet)
    assert ours.config.attention_resolutions == (16,)
    agree(ours, theirs)


@pytest.mark.parametrize("heads", [{"heads": 4}, {"head_channels": 16}])
def test_openais_network_is_written_as_theirs(heads: dict[str, int], tmp_path: Path) -> None:
    config = OpenAIUNetConfig(16, 16, 3, 32, (32, 64, 64), 1, (8,), num_classes=3)
    config = config.with_fields(**heads, resample_in_blocks="heads" in heads)
    ours = randomised(OpenAIUNet(config))
    save_diffusers(tmp_path / "out", config, ours.state_dict(), PROCESS)
    theirs = UNet2DModel.from_pretrained(tmp_path / "out" / "unet").eval()
    agree(ours, theirs, torch.tensor([0, 3]))
    again = load_diffusers(tmp_path / "out").network()
    agree(again, theirs, torch.tensor([0, 3]))


@pytest.mark.parametrize(
    "config", [PatchUNetConfig.patches(16), DiTConfig.small(16)], ids=lambda config: config.kind
)
def test_a_network_that_they_do_not_have_is_not_written(
    config: PatchUNetConfig | DiTConfig, tmp_path: Path
) -> None:
    weights = build(config).state_dict()
    with pytest.raises(StudioError, match=config.kind):
        save_diffusers(tmp_path / "out", config, weights, PROCESS)
    assert not list(tmp_path.iterdir())
