"""Import of diffusers' own outputs: its trainer, averages, variants, shards, other schedulers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel
from diffusers.training_utils import EMAModel
from torch import Tensor

from ddpm_studio.engine.process import DiffusionProcess
from ddpm_studio.engine.schedules.schedule import NoiseSchedule
from ddpm_studio.errors import StudioError
from ddpm_studio.interop import ForeignModel, load_diffusers, open_recognised
from tests.interop.formats.made_up import close
from tests.parity.networks import randomised

# The library's defaults except for size and widths, as in train_unconditional.py.
SHAPE: dict[str, Any] = {
    "sample_size": 16,
    "layers_per_block": 1,
    "block_out_channels": (32, 64),
    "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
    "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
}
PAPER_SETTINGS = {"schedule": "linear", "timesteps": 1000, "parameterization": "eps"}


def unet(seed: int = 0, **changes: Any) -> UNet2DModel:
    return randomised(UNet2DModel(**{**SHAPE, **changes}), seed)


def read(path: Path, **answers: Any) -> ForeignModel:
    with open_recognised(path) as found:
        assert found.info.name == "diffusers"
        return found.read({**found.defaults, **answers})


def agree(
    model: ForeignModel, theirs: UNet2DModel, y: Tensor | None = None, raw: bool = False
) -> None:
    network = model.network()
    if raw:
        assert model.raw is not None
        network.load_state_dict(model.raw)
    x = torch.randn(2, *model.config.shape, generator=torch.Generator().manual_seed(1))
    t = torch.tensor([3, 987])
    with torch.inference_mode():
        assert close(network(x, t, y), theirs(x, t, class_labels=y).sample)


def trainers_checkpoint(folder: Path) -> tuple[UNet2DModel, UNet2DModel]:
    """Write a checkpoint as train_unconditional.py does; return the network and its average."""
    net, ema = unet(0), unet(1)
    net.save_pretrained(folder / "unet")
    average = EMAModel(ema.parameters(), model_cls=UNet2DModel, model_config=ema.config)
    average.save_pretrained(folder / "unet_ema")
    torch.save({"state": {}, "param_groups": []}, folder / "optimizer.bin")
    torch.save({"last_epoch": 3}, folder / "scheduler.bin")
    return net, ema


def test_a_checkpoint_of_the_trainer_has_both_networks(tmp_path: Path) -> None:
    net, ema = trainers_checkpoint(tmp_path / "checkpoint-500")
    with open_recognised(tmp_path / "checkpoint-500") as found:
        assert found.defaults == PAPER_SETTINGS
    model = read(tmp_path / "checkpoint-500", schedule="cosine", timesteps=50)
    assert model.training_progress == "step 500"
    torch.testing.assert_close(model.schedule.betas, NoiseSchedule.cosine(50).betas)
    agree(model, ema)
    agree(model, net, raw=True)


def test_of_a_trainers_folder_the_newest_is_read(tmp_path: Path) -> None:
    trainers_checkpoint(tmp_path / "checkpoint-500")
    newest = unet(7)
    newest.save_pretrained(tmp_path / "checkpoint-1000" / "unet")
    DDPMScheduler(200).save_pretrained(tmp_path / "scheduler")
    model = read(tmp_path)
    assert (model.training_progress, len(model.schedule.betas)) == ("step 1,000", 200)
    agree(model, newest)


@pytest.mark.parametrize("part", ["unet", "unet_ema"])
def test_one_network_of_a_folder(part: str, tmp_path: Path) -> None:
    net, ema = trainers_checkpoint(tmp_path)
    DDPMScheduler(100, prediction_type="v_prediction").save_pretrained(tmp_path / "scheduler")
    model = read(tmp_path / part)
    assert (len(model.schedule.betas), model.process.parameterization) == (100, "v")
    agree(model, net if part == "unet" else ema)


@pytest.mark.parametrize("chosen", ["model_index.json", "unet/diffusion_pytorch_model.safetensors"])
def test_a_file_of_a_pipeline_stands_for_it(chosen: str, tmp_path: Path) -> None:
    theirs = unet()
    DDPMPipeline(theirs, DDPMScheduler(300)).save_pretrained(tmp_path)
    model = read(tmp_path / chosen)
    assert len(model.schedule.betas) == 300
    agree(model, theirs)


@pytest.mark.parametrize("safe", [True, False])
def test_half_precision_alone_is_read_and_told(safe: bool, tmp_path: Path) -> None:
    theirs = unet().half()
    pipeline = DDPMPipeline(theirs, DDPMScheduler())
    pipeline.save_pretrained(tmp_path, variant="fp16", safe_serialization=safe)
    model = read(tmp_path)
    assert any("fp16" in note for note in model.notes)
    agree(model, theirs.float())


def test_full_precision_is_read_where_it_is(tmp_path: Path) -> None:
    theirs = unet()
    pipeline = DDPMPipeline(theirs, DDPMScheduler())
    pipeline.save_pretrained(tmp_path)
    unet(5).half().save_pretrained(tmp_path / "unet", variant="fp16")
    model = read(tmp_path)
    assert not model.notes
    agree(model, theirs)


@pytest.mark.parametrize("variant", [None, "fp16"])
@pytest.mark.parametrize("safe", [True, False])
def test_shards_are_put_together(variant: str | None, safe: bool, tmp_path: Path) -> None:
    theirs = unet()
    theirs.save_pretrained(
        tmp_path / "unet", max_shard_size="200KB", variant=variant, safe_serialization=safe
    )
    DDPMScheduler().save_pretrained(tmp_path / "scheduler")
    parts = [path for path in (tmp_path / "unet").iterdir() if "-of-" in path.name]
    assert len(parts) > 1
    agree(read(tmp_path), theirs)
    parts[0].unlink()
    with pytest.raises(StudioError, match=f"lacks {parts[0].name}"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["../x.safetensors", "/x.safetensors", "x.py", 3])
def test_a_list_of_shards_leads_nowhere_else(name: object, tmp_path: Path) -> None:
    unet().save_pretrained(tmp_path / "unet", max_shard_size="200KB")
    DDPMScheduler().save_pretrained(tmp_path / "scheduler")
    index = next((tmp_path / "unet").glob("*.index.json"))
    index.write_text(json.dumps({"weight_map": {"a": name}}))
    with pytest.raises(StudioError, match="names"):
        read(tmp_path)


BY_BETAS = [
    "DDIMScheduler",
    "DEISMultistepScheduler",
    "DPMSolverMultistepScheduler",
    "DPMSolverSinglestepScheduler",
    "EulerAncestralDiscreteScheduler",
    "EulerDiscreteScheduler",
    "HeunDiscreteScheduler",
    "KDPM2DiscreteScheduler",
    "LMSDiscreteScheduler",
    "PNDMScheduler",
    "UniPCMultistepScheduler",
]


@pytest.mark.parametrize("name", BY_BETAS)
def test_what_is_meant_by_the_betas_of_any_scheduler(name: str, tmp_path: Path) -> None:
    # The usual way to swap schedulers: from the configuration of the previous one.
    first = DDPMScheduler(1000, beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction")
    swapped = getattr(diffusers, name).from_config(first.config)
    DDPMPipeline(unet(), swapped).save_pretrained(tmp_path)
    model = read(tmp_path)
    assert model.process.parameterization == "v"
    expected = torch.cumprod(1 - model.schedule.betas, 0)
    torch.testing.assert_close(first.alphas_cumprod.double(), expected, rtol=1e-4, atol=1e-7)
    told = [note for note in model.notes if name in note]
    assert bool(told) == (name != "DDIMScheduler")


@pytest.mark.parametrize("name", [*BY_BETAS, "DDPMScheduler"])
def test_absent_fields_have_the_defaults_of_the_class(name: str, tmp_path: Path) -> None:
    DDPMPipeline(unet(), DDPMScheduler()).save_pretrained(tmp_path)
    (tmp_path / "scheduler/scheduler_config.json").write_text(json.dumps({"_class_name": name}))
    theirs = getattr(diffusers, name)().betas
    torch.testing.assert_close(read(tmp_path).schedule.betas.float(), theirs, rtol=1e-5, atol=0)


@pytest.mark.parametrize("name", ["EDMEulerScheduler", "EDMDPMSolverMultistepScheduler"])
def test_edms_schedulers_are_edms_preconditioning(name: str, tmp_path: Path) -> None:
    theirs, scheduler = unet(), getattr(diffusers, name)()
    DDPMPipeline(theirs, scheduler).save_pretrained(tmp_path)
    model = read(tmp_path)
    assert isinstance(model.process, DiffusionProcess)
    x0 = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(3))
    sigma = torch.tensor([0.3, 7.0])
    noised = x0 + sigma[:, None, None, None] * torch.ones_like(x0)
    inputs = [scheduler.precondition_inputs(x, s) for x, s in zip(noised, sigma, strict=True)]
    noise = torch.stack([scheduler.precondition_noise(s) for s in sigma])
    with torch.inference_mode():
        out = theirs(torch.stack(inputs), noise).sample
        expected = torch.stack(
            [
                scheduler.precondition_outputs(x, o, s)
                for x, o, s in zip(noised, out, sigma, strict=True)
            ]
        )
        x_t = noised / (1 + sigma[:, None, None, None] ** 2).sqrt()
        prediction = model.process.predict(model.network(), x_t, sigma)
        ours = model.process.x0_from_prediction(x_t, sigma, prediction)
    assert close(ours, expected)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"_class_name": "KarrasVeScheduler"}, "KarrasVeScheduler"),
        ({"_class_name": "LCMScheduler"}, "LCMScheduler"),
        ({"_class_name": "ScoreSdeVeScheduler"}, "ScoreSdeVeScheduler"),
        ({"_class_name": "EDMEulerScheduler", "sigma_data": 1.0}, "sigma_data is 1.0"),
        ({"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 9}, "is 9"),
        ({"_class_name": "UniPCMultistepScheduler", "use_flow_sigmas": True}, "use_flow_sigmas"),
        ({"_class_name": ["DDPMScheduler"]}, "_class_name is"),
    ],
)
def test_a_scheduler_of_another_kind_is_named(
    fields: dict[str, Any], named: str, tmp_path: Path
) -> None:
    DDPMPipeline(unet(), DDPMScheduler()).save_pretrained(tmp_path)
    (tmp_path / "scheduler/scheduler_config.json").write_text(json.dumps(fields))
    with pytest.raises(StudioError, match=named):
        read(tmp_path)


def test_infinity_is_read_and_nan_is_not(tmp_path: Path) -> None:
    DDPMPipeline(unet(), DDPMScheduler()).save_pretrained(tmp_path)
    file = tmp_path / "scheduler/scheduler_config.json"
    file.write_text('{"lambda_min_clipped": -Infinity}')
    read(tmp_path)
    file.write_text('{"lambda_min_clipped": NaN}')
    with pytest.raises(StudioError, match="NaN is not JSON"):
        read(tmp_path)


def test_without_a_size_one_is_asked_for(tmp_path: Path) -> None:
    theirs = unet(sample_size=None)
    DDPMPipeline(theirs, DDPMScheduler()).save_pretrained(tmp_path)
    with open_recognised(tmp_path) as found:
        assert found.defaults == {"image_size": None}
    model = read(tmp_path, image_size=(16, 8))
    assert model.config.shape == (3, 8, 16)
    agree(model, theirs)


@pytest.mark.parametrize("null_class", [False, True])
def test_classes_are_asked_whether_one_is_none(null_class: bool, tmp_path: Path) -> None:
    theirs = unet(num_class_embeds=5)
    DDPMPipeline(theirs, DDPMScheduler()).save_pretrained(tmp_path)
    with open_recognised(tmp_path) as found:
        assert found.defaults == {"null_class": False}
    model = read(tmp_path, null_class=null_class)
    assert (model.config.num_classes, model.null_label) == (4 if null_class else 5, null_class)
    agree(model, theirs, torch.tensor([0, 4]))


def test_the_newest_version_in_the_hubs_cache_is_read(tmp_path: Path) -> None:
    theirs = unet()
    cache = tmp_path / "models--google--ddpm"
    DDPMPipeline(theirs, DDPMScheduler()).save_pretrained(cache / "snapshots" / "0ab1")
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text("0ab1\n")
    agree(read(cache), theirs)
    (cache / "refs" / "main").write_text("../../x")
    with pytest.raises(StudioError, match="not a diffusers model"):
        read(cache)


@pytest.mark.parametrize(
    ("down", "up", "named"),
    [
        ("DownBlock2D ResnetDownsampleBlock2D", "ResnetUpsampleBlock2D UpBlock2D", "Resnet"),
        ("SkipDownBlock2D AttnSkipDownBlock2D", "AttnSkipUpBlock2D SkipUpBlock2D", "SkipDown"),
    ],
)
def test_blocks_that_no_network_here_has_are_named(
    down: str, up: str, named: str, tmp_path: Path
) -> None:
    theirs = unet(down_block_types=tuple(down.split()), up_block_types=tuple(up.split()))
    theirs.save_pretrained(tmp_path)
    with pytest.raises(StudioError, match=named) as told:
        read(tmp_path)
    assert "cannot express" in str(told.value)


def test_residual_blocks_that_change_the_resolution_are_read(tmp_path: Path) -> None:
    blocks = ("ResnetDownsampleBlock2D",) * 2, ("ResnetUpsampleBlock2D",) * 2
    theirs = unet(down_block_types=blocks[0], up_block_types=blocks[1])
    DDPMPipeline(theirs, DDPMScheduler()).save_pretrained(tmp_path)
    agree(read(tmp_path), theirs)


def test_a_network_of_another_class_is_named_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"_class_name": "AutoencoderKL"}')
    (tmp_path / "diffusion_pytorch_model.safetensors").write_bytes(b"x")
    with pytest.raises(StudioError, match="AutoencoderKL"), open_recognised(tmp_path):
        pass


def test_a_pipeline_of_more_is_named(tmp_path: Path) -> None:
    unet().save_pretrained(tmp_path / "unet")
    index = {
        "_class_name": "StableDiffusionPipeline",
        "vae": ["diffusers", "AutoencoderKL"],
        "safety_checker": [None, None],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "scheduler": ["diffusers", "PNDMScheduler"],
    }
    (tmp_path / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(StudioError, match=r"StableDiffusionPipeline, which works with vae\."):
        read(tmp_path)


def test_a_pipeline_without_its_scheduler_is_not_whole(tmp_path: Path) -> None:
    DDPMPipeline(unet(), DDPMScheduler()).save_pretrained(tmp_path)
    (tmp_path / "scheduler/scheduler_config.json").unlink()
    for refused in (read, load_diffusers):
        with pytest.raises(StudioError, match="scheduler_config"):
            refused(tmp_path)
