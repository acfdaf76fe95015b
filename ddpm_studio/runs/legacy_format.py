"""Migration of ``run.json`` files of version 0.1.0: the defaults of that time, frozen.

Such a file names no format, or format 1. Fields that it omits, or leaves to a preset by a null,
have the values below for ever, whatever the current defaults; a later format has its own values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FIRST_VERSION = 1

#: Fields of a training request; those that 0.1.0 did not have are set to its behaviour.
REQUEST: dict[str, Any] = {
    "preset": "tiny",
    "steps": 5000,
    "epochs": None,
    "minutes": None,
    "batch_size": 32,
    "accumulation": 1,
    "seed": 0,
    "device": "auto",
    "devices": None,
    "threads": None,
    "precision": "auto",
    "optimizer": "adam",
    "weight_decay": 0.01,
    "optimizer_options": {},
    "learning_rate": 2e-4,
    "learning_rate_schedule": "constant",
    "warmup_steps": None,
    "grad_clip": 1.0,
    "dropout": None,
    "ema_decay": 0.9999,
    "power_ema": False,
    "held_out": 0.0,
    "flip": True,
    "augmentation": 0.0,
    "immiscible": False,
    "schedule": "linear",
    "timesteps": 1000,
    "zero_terminal_snr": False,
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
}

#: The meaning of null in a training request, by preset.
PRESETS: dict[str, dict[str, Any]] = {
    "tiny": {"warmup_steps": 50, "dropout": 0.0},
    "small": {"warmup_steps": 500, "dropout": 0.0},
    "ddpm32": {"warmup_steps": 5000, "dropout": 0.1},
    "ddpm256": {"warmup_steps": 5000, "dropout": 0.0},
}

PROCESS: dict[str, Any] = {
    "parameterization": "eps",
    "variance": "fixed_large",
    "betas": None,
    "zero_terminal_snr": False,
    "clip_x0": True,
}

OPTIONS: dict[str, Any] = {
    "image_size": None,
    "channels": "auto",
    "fit": "crop",
    "background": "#ffffff",
    "range": None,
    "layout": None,
    "bands": None,
    "frames": None,
    "split": None,
    "array": None,
    "labels": None,
    "classes": {},
    # Under the first rules of preparation, none of the fields above had any effect.
    "rules": 1,
}

NETWORK: dict[str, Any] = {
    "image_size": 32,
    "channels": 3,
    "base_channels": 128,
    "channel_mult": [1, 2, 2, 2],
    "blocks_per_level": 2,
    "attention_resolutions": [16],
    "dropout": 0.1,
    "norm_groups": 32,
    "learned_variance": False,
    "num_classes": None,
}


def fill_in_defaults(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a ``run.json`` with the fields that 0.1.0 omitted filled in; later formats unchanged.

    Args:
        content: the file's JSON object; parts of a wrong type are left as they are.
    """
    if content.get("format_version", FIRST_VERSION) != FIRST_VERSION:
        return dict(content)
    migrated = {**content, "format_version": FIRST_VERSION}
    _fill(migrated, "process", PROCESS)
    _fill(migrated, "network", NETWORK)
    _fill(migrated, "request", REQUEST)
    request, data = migrated.get("request"), migrated.get("data")
    if isinstance(request, dict):
        defaults = PRESETS.get(str(request["preset"]), {})
        migrated["request"] = {k: defaults.get(k) if v is None else v for k, v in request.items()}
    if isinstance(data, dict):
        data = dict(data)
        _fill(data, "options", OPTIONS)
        migrated["data"] = data
    return migrated


def _fill(content: dict[str, Any], part: str, missing: Mapping[str, Any]) -> None:
    fields = content.get(part)
    if isinstance(fields, dict):
        content[part] = {**missing, **fields}
