"""run.json of version 0.1.0: its meaning does not change with today's defaults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ddpm_studio.engine.networks.unet import UNetConfig
from ddpm_studio.requests import PrepareOptions, TrainRequest
from ddpm_studio.runs import ProcessInfo, RunFolder, RunInfo, legacy_format

TINY = {
    "image_size": 16,
    "channels": 3,
    "base_channels": 32,
    "channel_mult": [1, 2, 4],
    "blocks_per_level": 1,
    "attention_resolutions": [8],
    "dropout": 0.0,
    "norm_groups": 32,
    "learned_variance": False,
    "num_classes": None,
}


def write(folder: Path, **changes: Any) -> Path:
    """Write a run.json as 0.1.0 did, without fields set to ``...``; return the run folder."""
    told: dict[str, Any] = {
        "format_version": 1,
        "created": "2026-01-01T00:00:00+00:00",
        "network": TINY,
        "process": {"schedule": "linear", "timesteps": 20},
        "request": {"preset": "tiny"},
        "data": {"sources": ["a"], "fingerprint": "b", "count": 3, "options": {}},
        **changes,
    }
    folder.mkdir()
    (folder / "run.json").write_text(
        json.dumps({key: value for key, value in told.items() if value is not ...})
    )
    return folder


def test_every_field_of_a_request_has_its_meaning_then() -> None:
    """Every field has an entry for 0.1.0: a new field needs one for what 0.1.0 did in its place."""
    assert set(legacy_format.REQUEST) == set(TrainRequest.model_fields)
    assert set(legacy_format.OPTIONS) == set(PrepareOptions.model_fields)
    process = set(ProcessInfo.model_fields) - {"schedule", "timesteps"}
    assert set(legacy_format.PROCESS) == process


@pytest.mark.parametrize("version", [1, ...])
def test_what_is_left_out_is_that_of_0_1_0(tmp_path: Path, version: object) -> None:
    info = RunFolder.open(write(tmp_path / "run", format_version=version)).info
    assert info.request is not None
    assert dict(info.request) == {
        "preset": "tiny",
        "steps": 5000,
        "batch_size": 32,
        "seed": 0,
        "device": "auto",
        "precision": "auto",
        "learning_rate": 2e-4,
        "warmup_steps": 50,
        "grad_clip": 1.0,
        "dropout": 0.0,
        "ema_decay": 0.9999,
        "flip": True,
        "schedule": "linear",
        "timesteps": 1000,
        "parameterization": "eps",
        "variance": "fixed_large",
        "loss": "simple",
        "timestep_sampling": "uniform",
        "class_conditional": False,
        "label_dropout": 0.1,
        "checkpoint_every": None,
        "return_on_spike": False,
        "deterministic": False,
        "sample_every": None,
        "sample_count": 16,
        **NEW,
    }
    # Every field is set: none comes from today's defaults.
    assert info.request.model_fields_set == set(TrainRequest.model_fields)
    assert info.process.model_fields_set == set(ProcessInfo.model_fields)
    assert info.data is not None
    assert info.data.options.model_fields_set == set(PrepareOptions.model_fields)
    assert info.data.options.fit == "crop"
    assert info.process.parameterization == "eps"


# Fields added after 0.1.0, with what 0.1.0 did. Its Adam had no weight decay, and today's Adam
# ignores the setting.
NEW: dict[str, Any] = {
    "epochs": None,
    "minutes": None,
    "devices": None,
    "threads": None,
    "accumulation": 1,
    "optimizer": "adam",
    "weight_decay": 0.01,
    "optimizer_options": {},
    "learning_rate_schedule": "constant",
    "power_ema": False,
    "zero_terminal_snr": False,
    "held_out": 0.0,
    "augmentation": 0.0,
    "immiscible": False,
}


@pytest.mark.parametrize(
    ("preset", "warmup", "dropout"),
    [("tiny", 50, 0.0), ("small", 500, 0.0), ("ddpm32", 5000, 0.1), ("ddpm256", 5000, 0.0)],
)
def test_null_is_what_the_preset_had(
    tmp_path: Path, preset: str, warmup: int, dropout: float
) -> None:
    request = {"preset": preset, "warmup_steps": None, "dropout": None}
    info = RunFolder.open(write(tmp_path / "run", request=request)).info
    assert info.request is not None
    assert (info.request.warmup_steps, info.request.dropout) == (warmup, dropout)


def test_what_is_told_stays(tmp_path: Path) -> None:
    request = {"preset": "ddpm32", "warmup_steps": 7, "dropout": 0.25, "ema_decay": 0.5}
    info = RunFolder.open(write(tmp_path / "run", request=request)).info
    assert info.request is not None
    assert (info.request.warmup_steps, info.request.dropout) == (7, 0.25)
    assert info.request.ema_decay == 0.5


def test_a_model_trained_elsewhere_has_no_request(tmp_path: Path) -> None:
    info = RunFolder.open(write(tmp_path / "run", request=None, data=None)).info
    assert info.request is None


def test_a_network_left_in_part_is_that_of_0_1_0(tmp_path: Path) -> None:
    network = {key: value for key, value in TINY.items() if key in ("image_size", "base_channels")}
    info = RunFolder.open(write(tmp_path / "run", network=network)).info
    config = info.network_config()
    assert isinstance(config, UNetConfig)
    assert (config.channel_mult, config.dropout, config.norm_groups) == ((1, 2, 2, 2), 0.1, 32)
    assert (config.base_channels, config.height, config.width) == (32, 16, 16)


def test_its_network_is_the_papers(tmp_path: Path) -> None:
    info = RunFolder.open(write(tmp_path / "run")).info
    assert info.network_kind == "unet"
    assert info.network_config() == UNetConfig.tiny(16)


def test_a_new_run_says_its_format(tmp_path: Path) -> None:
    folder = RunFolder.create(
        tmp_path / "run",
        RunInfo(network=TINY, process=ProcessInfo(schedule="linear", timesteps=10)),
    )
    assert json.loads((folder.path / "run.json").read_text())["format_version"] == 2
    assert RunFolder.open(folder.path).info == folder.info
