"""Folders of diffusers: export and import, both layouts, old names, pickles, equal samples."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DDPMPipeline
from safetensors.torch import load_file, save_file
from torch import Tensor

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, PictureNoise, UNetConfig, ancestral
from ddpm_studio.engine.networks.diffusers_unet import DiffusersUNetConfig
from ddpm_studio.errors import StudioError
from ddpm_studio.interop import is_diffusers_folder, load_diffusers, save_diffusers
from tests.parity.networks import random_unet

TINY = UNetConfig(16, 16, 3, 32, (1, 2), 1, (8,), dropout=0.0)
WEIGHTS = "diffusion_pytorch_model"


def _export(folder: Path, config: UNetConfig = TINY, **process: Any) -> dict[str, Tensor]:
    weights = random_unet(config).state_dict()
    schedule = process.pop("schedule", NoiseSchedule.linear())
    save_diffusers(folder, config, weights, DiffusionProcess(schedule, **process))
    return weights


def _edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


class _TorchNoise(PictureNoise):
    """Noise in the order in which a diffusers pipeline draws from the same generator."""

    def __init__(self, generator: torch.Generator, count: int) -> None:
        super().__init__(0, range(count), "cpu")
        self._generator = generator

    def draw(self, shape: Sequence[int]) -> Tensor:
        return torch.randn((len(self), *shape), generator=self._generator)


@pytest.mark.parametrize(
    ("config", "variance", "parameterization", "steps"),
    [
        # 7 of 30 would include 14.5, which numpy rounds to 14, and 15.5 to 16; ours rounds both up.
        (TINY, "fixed_large", "eps", 8),
        (TINY, "fixed_small", "v", 8),
        (TINY.with_fields(learned_variance=True), "learned_range", "x0", 8),
        (TINY.with_fields(channels=1), "fixed_large", "eps", 30),
        (TINY.with_fields(augmented=True), "fixed_large", "eps", 8),
    ],
)
def test_pipeline_draws_the_same_pictures(
    config: UNetConfig,
    variance: str,
    parameterization: str,
    steps: int,
    tmp_path: Path,
) -> None:
    schedule = NoiseSchedule.linear(30, 1e-3, 0.3)
    process = DiffusionProcess(schedule, parameterization, variance)
    model = random_unet(config)
    save_diffusers(tmp_path / "out", config, model.state_dict(), process)
    pipeline = DDPMPipeline.from_pretrained(tmp_path / "out", use_safetensors=True)
    pipeline.set_progress_bar_config(disable=True)
    theirs = pipeline(
        batch_size=3,
        generator=torch.Generator().manual_seed(5),
        num_inference_steps=steps,
        output_type="np",
    ).images

    noise = _TorchNoise(torch.Generator().manual_seed(5), 3)
    x_t = noise.draw((config.channels, 16, 16))
    strided = DiffusionProcess(schedule.strided(steps), parameterization, variance)
    with torch.inference_mode():
        *_, last = ancestral(strided, model, x_t, noise)
    ours = (last.x_t / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).numpy()
    # Rounding depends on the processor: 1.2e-5 apart with AVX2; one level of a picture is 4e-3.
    np.testing.assert_allclose(ours, theirs, atol=2e-5)
    assert theirs.std() > 0.05


@pytest.mark.parametrize("name", ["linear", "cosine", "quadratic", "sigmoid", "reciprocal"])
def test_round_trip(name: str, tmp_path: Path) -> None:
    config = TINY.with_fields(num_classes=3, dropout=0.1, channels=1)
    schedule = NoiseSchedule.named(name, 100)
    before = _export(tmp_path / "out", config, schedule=schedule, clip_x0=False)
    model = load_diffusers(tmp_path / "out")
    assert model.config == config
    assert model.process.clip_x0 is False
    assert (model.process.parameterization, model.process.variance) == ("eps", "fixed_large")
    torch.testing.assert_close(model.schedule.betas, schedule.betas, rtol=1e-12, atol=0)
    assert before.keys() == model.weights.keys()
    for key, value in before.items():
        assert torch.equal(value, model.weights[key]), key


def _to_root(folder: Path) -> None:
    for part in ("unet", "scheduler"):
        for file in list((folder / part).iterdir()):
            file.rename(folder / file.name)
        (folder / part).rmdir()


@pytest.mark.parametrize("root", [False, True])
def test_pickle_with_names_of_before_2023(root: bool, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    before = _export(folder)
    if root:
        _to_root(folder)
    part = folder if root else folder / "unet"
    tensors = load_file(part / f"{WEIGHTS}.safetensors")
    old = {
        key.replace("to_q", "query")
        .replace("to_k", "key")
        .replace("to_v", "value")
        .replace("to_out.0", "proj_attn"): value
        for key, value in tensors.items()
    }
    assert old.keys() != tensors.keys()
    torch.save(old, part / f"{WEIGHTS}.bin")
    (part / f"{WEIGHTS}.safetensors").unlink()
    assert is_diffusers_folder(folder)
    after = load_diffusers(folder).weights
    for key, value in before.items():
        assert torch.equal(value, after[key]), key


class _Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("evil"),))


def test_a_pickle_that_is_a_program_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _export(tmp_path / "out")
    (tmp_path / "out" / "unet" / f"{WEIGHTS}.safetensors").unlink()
    torch.save({"conv_in.weight": _Evil()}, tmp_path / "out" / "unet" / f"{WEIGHTS}.bin")
    with pytest.raises(StudioError, match="more than weights"):
        load_diffusers(tmp_path / "out")
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("freq_shift", 2),
        ("flip_sin_to_cos", None),
        ("downsample_padding", 2),
        ("attention_head_dim", "8"),
        ("center_input_sample", True),
        ("act_fn", "gelu"),
        ("resnet_time_scale_shift", "spatial"),
        ("attn_norm_num_groups", 16),
        ("downsample_type", "fir"),
        ("add_attention", False),
        ("time_embedding_type", "fourier"),
        ("down_block_types", ["DownBlock2D", "SkipDownBlock2D"]),
        ("up_block_types", ["UpBlock2D", "UpBlock2D"]),
        ("class_embed_type", "timestep"),
        ("sample_size", [16, 16, 16]),
        ("sample_size", None),
        ("in_channels", "3"),
        ("out_channels", 4),
        ("block_out_channels", []),
        ("mid_block_type", None),
        ("_class_name", "UNet2DConditionModel"),
    ],
)
def test_an_unsupported_network_is_refused_by_field(
    field: str, value: object, tmp_path: Path
) -> None:
    _export(tmp_path / "out")
    _edit(tmp_path / "out" / "unet" / "config.json", **{field: value})
    with pytest.raises(StudioError, match=f"{field} is"):
        load_diffusers(tmp_path / "out")


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("block_out_channels", [32, 48]),
        ("sample_size", [16, 17]),
        ("attention_head_dim", 48),
        ("norm_eps", 0.0),
    ],
)
def test_numbers_that_do_not_fit_are_refused(field: str, changes: object, tmp_path: Path) -> None:
    _export(tmp_path / "out")
    _edit(tmp_path / "out" / "unet" / "config.json", **{field: changes})
    with pytest.raises(StudioError, match=r"groups|not a multiple|can't have|norm_eps"):
        load_diffusers(tmp_path / "out")


@pytest.mark.parametrize(
    ("field", "default"), [("freq_shift", 0), ("flip_sin_to_cos", True), ("norm_eps", 1e-5)]
)
def test_an_absent_field_has_the_default_of_diffusers(
    field: str, default: object, tmp_path: Path
) -> None:
    _export(tmp_path / "out")
    path = tmp_path / "out" / "unet" / "config.json"
    fields = json.loads(path.read_text())
    del fields[field]
    path.write_text(json.dumps(fields))
    config = load_diffusers(tmp_path / "out").config
    assert isinstance(config, DiffusersUNetConfig)
    assert getattr(config, field) == default


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("beta_schedule", "laplace"),
        ("prediction_type", "flow"),
        ("variance_type", "learned"),
        ("variance_type", "learned_range"),
        ("thresholding", True),
        ("clip_sample_range", 2.0),
        ("rescale_betas_zero_snr", True),
        ("_class_name", "KarrasVeScheduler"),
    ],
)
def test_an_unsupported_scheduler_is_refused_by_field(
    field: str, value: object, tmp_path: Path
) -> None:
    _export(tmp_path / "out")
    _edit(tmp_path / "out" / "scheduler" / "scheduler_config.json", **{field: value})
    with pytest.raises(StudioError, match=f"{field} "):
        load_diffusers(tmp_path / "out")


def test_classes_without_a_no_label_row_get_one(tmp_path: Path) -> None:
    _export(tmp_path / "out", TINY.with_fields(num_classes=3))
    (tmp_path / "out" / "ddpm_studio.json").unlink()
    model = load_diffusers(tmp_path / "out")
    assert model.config.num_classes == 4
    assert model.weights["label.weight"].shape[0] == 5
    assert not model.weights["label.weight"][-1].any()


@pytest.mark.parametrize("named", ["unet", f"unet/{WEIGHTS}.safetensors", "unet/config.json"])
def test_a_part_of_a_pipeline_is_read_as_the_whole(named: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    _export(out, TINY.with_fields(num_classes=3))
    model = load_diffusers(out / named)
    assert (model.config.num_classes, model.null_label) == (3, True)
    _edit(out / "model_index.json", vqvae=["diffusers", "VQModel"])
    with pytest.raises(StudioError, match="which works with vqvae"):
        load_diffusers(out / named)


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    _export(folder)
    path = folder / "unet" / f"{WEIGHTS}.safetensors"
    tensors = load_file(path)
    name = "conv_in.weight"
    damaged: dict[str, dict[str, Tensor]] = {
        "lack conv_in.weight": {k: v for k, v in tensors.items() if k != name},
        "besides": {**tensors, "extra": torch.zeros(1)},
        "has shape": {**tensors, name: torch.zeros(1, 3, 3, 3)},
        "not finite": {**tensors, name: torch.full_like(tensors[name], float("nan"))},
    }
    for message, content in damaged.items():
        save_file(content, path)
        with pytest.raises(StudioError, match=message):
            load_diffusers(folder)
    path.write_bytes(b"not weights")
    with pytest.raises(StudioError, match="damaged"):
        load_diffusers(folder)
    path.unlink()
    with pytest.raises(StudioError, match="has no diffusion"):
        load_diffusers(folder)


def test_other_folders_are_refused(tmp_path: Path) -> None:
    assert not is_diffusers_folder(tmp_path)
    with pytest.raises(StudioError, match="not a diffusers model"):
        load_diffusers(tmp_path)
    _export(tmp_path / "out")
    (tmp_path / "out" / "unet" / "config.json").write_text("{")
    with pytest.raises(StudioError, match="cannot be read"):
        load_diffusers(tmp_path / "out")


def test_what_diffusers_cannot_say_is_not_written(tmp_path: Path) -> None:
    refused: list[dict[str, Any]] = [{"parameterization": "mu"}, {"variance": "learned"}]
    for process in refused:
        with pytest.raises(StudioError, match=next(iter(process))):
            _export(tmp_path / "out", **process)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    _export(tmp_path / "out")
    with pytest.raises(StudioError, match="already holds files"):
        _export(tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_the_folder_that_one_is_in_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in (Path(), tmp_path):
        with pytest.raises(StudioError, match="the folder that you are in"):
            _export(folder)
    assert not list(tmp_path.iterdir())
    _export(Path("out"))
    assert is_diffusers_folder(tmp_path / "out")


def test_weights_of_a_compiled_network_and_what_lacks_one(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    _export(folder)
    path = folder / "unet" / f"{WEIGHTS}.safetensors"
    before, tensors = load_diffusers(folder), load_file(path)
    save_file({f"_orig_mod.module.{name}": value for name, value in tensors.items()}, path)
    after = load_diffusers(folder)
    assert before.weights.keys() == after.weights.keys()
    assert all(torch.equal(before.weights[name], after.weights[name]) for name in before.weights)
    (folder / "unet" / "config.json").unlink()
    with pytest.raises(StudioError, match=r"has model_index\.json and lacks unet/config\.json"):
        load_diffusers(folder)
