"""Configurations of diffusers' ``UNet2DModel`` and schedulers, both ways."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from ddpm_studio.engine.networks.unet import UNetConfig
from ddpm_studio.engine.networks.unet_blocks import NORM_EPS
from ddpm_studio.engine.process import DiffusionProcess
from ddpm_studio.engine.schedules.betas import (
    cosine,
    linear,
    quadratic,
    sigmoid,
)
from ddpm_studio.engine.schedules.schedule import NoiseSchedule
from ddpm_studio.engine.tables.schedules import BETA_END, BETA_START

Config = Mapping[str, Any]

_MOST_TIMESTEPS = 10_000
_SHOWN = 60

# Field of UNet2DModel: the only value our network can express, and the default where absent.
_FIXED: dict[str, tuple[Any, Any]] = {
    "_class_name": ("UNet2DModel", "UNet2DModel"),
    "center_input_sample": (False, False),
    "time_embedding_type": ("positional", "positional"),
    "freq_shift": (1, 0),
    "flip_sin_to_cos": (False, True),
    "mid_block_type": ("UNetMidBlock2D", "UNetMidBlock2D"),
    "mid_block_scale_factor": (1, 1),
    "downsample_padding": (0, 1),
    "downsample_type": ("conv", "conv"),
    "upsample_type": ("conv", "conv"),
    "norm_eps": (NORM_EPS, 1e-5),
    "resnet_time_scale_shift": ("default", "default"),
    "add_attention": (True, True),
    "class_embed_type": (None, None),
}
_PREDICTIONS: dict[str, str] = {
    "epsilon": "eps",
    "sample": "x0",
    "v_prediction": "v",
}
_VARIANCES: dict[str, str] = {
    "fixed_small": "fixed_small",
    "fixed_small_log": "fixed_small",
    "fixed_large": "fixed_large",
    "fixed_large_log": "fixed_large",
    "learned_range": "learned_range",
}


class Unsupported(ValueError):  # noqa: N818 - reads as what it says
    """A field of a diffusers configuration holds what the engine cannot express."""

    def __init__(self, field: str, value: object, allowed: object) -> None:
        shown = repr(value)
        shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
        super().__init__(f"{field} is {shown}; only {allowed} is supported")


def unet_config(fields: Config, num_classes: int | None) -> UNetConfig:
    """Read the configuration of a ``UNet2DModel``; absent fields have that class's defaults.

    Args:
        fields: of its config.json.
        num_classes: of the result; ``num_class_embeds`` says nothing of "no label".

    Raises:
        Unsupported: naming the first field that the network cannot express.
        ValueError: if the numbers do not fit together.
    """
    for field, (allowed, default) in _FIXED.items():
        _require(field, fields.get(field, default), (allowed,))
    _require("act_fn", fields.get("act_fn", "silu"), ("silu", "swish"))

    widths = _integers("block_out_channels", fields.get("block_out_channels", (224, 448, 672, 896)))
    base = widths[0]
    if any(width % base for width in widths):
        raise Unsupported("block_out_channels", widths, f"a list of multiples of {base}")
    _require("time_embedding_dim", fields.get("time_embedding_dim"), (None, 4 * base))
    groups = int(fields.get("norm_num_groups", 32))
    _require("attn_norm_num_groups", fields.get("attn_norm_num_groups"), (None, groups))

    side, channels = _side(fields.get("sample_size")), int(fields.get("in_channels", 3))
    _require("in_channels", channels, (1, 3))
    out = int(fields.get("out_channels", 3))
    _require("out_channels", out, (channels, 2 * channels))

    attends = _attending_levels(fields, len(widths))
    heads = fields.get("attention_head_dim", 8)
    attention_widths = {widths[level] for level in attends} | {widths[-1]}
    if heads is not None and attention_widths != {heads}:
        raise Unsupported("attention_head_dim", heads, "None (one head)")
    return UNetConfig(
        image_size=side,
        channels=channels,
        base_channels=base,
        channel_mult=tuple(width // base for width in widths),
        blocks_per_level=int(fields.get("layers_per_block", 2)),
        attention_resolutions=tuple(side // 2**level for level in attends),
        dropout=float(fields.get("dropout", 0.0)),
        norm_groups=groups,
        learned_variance=out == 2 * channels,
        num_classes=num_classes,
    )


def unet_fields(config: UNetConfig) -> dict[str, Any]:
    """Return the config.json with which ``UNet2DModel`` equals a ``UNet``."""
    levels = range(len(config.channel_mult))
    attends = [config.image_size // 2**i in config.attention_resolutions for i in levels]
    embeds = None if config.num_classes is None else config.num_classes + 1
    return {
        **{field: allowed for field, (allowed, _) in _FIXED.items()},
        "act_fn": "silu",
        "attention_head_dim": None,
        "block_out_channels": [config.base_channels * mult for mult in config.channel_mult],
        "down_block_types": ["AttnDownBlock2D" if a else "DownBlock2D" for a in attends],
        "up_block_types": ["AttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attends)],
        "dropout": config.dropout,
        "in_channels": config.channels,
        "out_channels": config.out_channels,
        "layers_per_block": config.blocks_per_level,
        "norm_num_groups": config.norm_groups,
        "num_class_embeds": embeds,
        "sample_size": config.image_size,
    }


def process_from(fields: Config, learned_variance: bool) -> DiffusionProcess:
    """Read a scheduler_config.json of ``DDPMScheduler`` or ``DDIMScheduler``.

    Raises:
        Unsupported: naming the first field that the engine cannot express.
        ValueError: if the βs are impossible.
    """
    name = fields.get("_class_name", "DDPMScheduler")
    _require("_class_name", name, ("DDPMScheduler", "DDIMScheduler"))
    _require("thresholding", fields.get("thresholding", False), (False,))
    _require("rescale_betas_zero_snr", fields.get("rescale_betas_zero_snr", False), (False,))
    clip = bool(fields.get("clip_sample", True))
    if clip:
        _require("clip_sample_range", fields.get("clip_sample_range", 1.0), (1.0,))
    prediction = fields.get("prediction_type", "epsilon")
    _require("prediction_type", prediction, tuple(_PREDICTIONS))
    default = "learned_range" if learned_variance else "fixed_small"
    variance = fields.get("variance_type", default)
    _require("variance_type", variance, tuple(_VARIANCES))
    if (variance == "learned_range") != learned_variance:
        raise ValueError(f"variance_type {variance!r} does not fit the network's out_channels")
    return DiffusionProcess(_schedule(fields), _PREDICTIONS[prediction], _VARIANCES[variance], clip)


def scheduler_fields(process: DiffusionProcess) -> dict[str, Any]:
    """Return the scheduler_config.json with which ``DDPMScheduler`` equals a process.

    Raises:
        Unsupported: if diffusers has no word for the parameterisation or the variance.
    """
    predictions = {ours: theirs for theirs, ours in _PREDICTIONS.items()}
    _require("parameterization", process.parameterization, tuple(predictions))
    _require("variance", process.variance, ("fixed_small", "fixed_large", "learned_range"))
    return {
        "_class_name": "DDPMScheduler",
        "num_train_timesteps": process.schedule.T,
        **_beta_fields(process.schedule),
        "clip_sample": process.clip_x0,
        "clip_sample_range": 1.0,
        "prediction_type": predictions[process.parameterization],
        "variance_type": process.variance,
        # The only spacing that keeps both ends, as NoiseSchedule.strided does.
        "timestep_spacing": "linspace",
        "thresholding": False,
        "steps_offset": 0,
    }


def _schedule(fields: Config) -> NoiseSchedule:
    betas = fields.get("trained_betas")
    if betas is not None:
        if not isinstance(betas, list) or len(betas) > _MOST_TIMESTEPS:
            raise ValueError(f"trained_betas is no list of at most {_MOST_TIMESTEPS:,}")
        return NoiseSchedule.from_betas([float(beta) for beta in betas])
    T = int(fields.get("num_train_timesteps", 1000))
    if not 2 <= T <= _MOST_TIMESTEPS:
        raise ValueError(f"num_train_timesteps must be 2..{_MOST_TIMESTEPS}, not {T:.6g}")
    start = float(fields.get("beta_start", BETA_START))
    end = float(fields.get("beta_end", BETA_END))
    match fields.get("beta_schedule", "linear"):
        case "linear":
            return NoiseSchedule.from_betas(linear(T, start, end))
        case "scaled_linear":
            return NoiseSchedule.from_betas(quadratic(T, start, end))
        case "squaredcos_cap_v2":
            return NoiseSchedule.from_betas(cosine(T))
        case "sigmoid":
            return NoiseSchedule.from_betas(sigmoid(T, start, end))
        case other:
            allowed = "linear, scaled_linear, squaredcos_cap_v2 or sigmoid"
            raise Unsupported("beta_schedule", other, allowed)


def _beta_fields(schedule: NoiseSchedule) -> dict[str, Any]:
    """Name the schedule where diffusers knows it, else spell it out."""
    betas, T = schedule.betas, schedule.T
    start, end = float(betas[0]), float(betas[-1])
    if torch.allclose(betas, linear(T, start, end), rtol=1e-12, atol=0):
        return {"beta_schedule": "linear", "beta_start": start, "beta_end": end}
    if torch.allclose(betas, cosine(T), rtol=1e-12, atol=0):
        return {"beta_schedule": "squaredcos_cap_v2"}
    return {"beta_schedule": "linear", "trained_betas": betas.tolist()}


def _attending_levels(fields: Config, levels: int) -> list[int]:
    down = list(fields.get("down_block_types", ["DownBlock2D"] + ["AttnDownBlock2D"] * 3))
    up = list(fields.get("up_block_types", ["AttnUpBlock2D"] * 3 + ["UpBlock2D"]))
    for block in down:
        _require("down_block_types", block, ("DownBlock2D", "AttnDownBlock2D"))
    for block in up:
        _require("up_block_types", block, ("UpBlock2D", "AttnUpBlock2D"))
    if len(down) != levels:
        raise ValueError(f"down_block_types has {len(down)} blocks for {levels} levels")
    mirrored = [block.replace("Down", "Up") for block in reversed(down)]
    if up != mirrored:
        raise Unsupported("up_block_types", up, f"the mirror of down_block_types, {mirrored},")
    return [level for level, block in enumerate(down) if block.startswith("Attn")]


def _side(size: object) -> int:
    if isinstance(size, list | tuple) and len(set(size)) == 1:
        size = size[0]
    if not isinstance(size, int):
        raise Unsupported("sample_size", size, "one side of a square")
    return size


def _integers(field: str, values: Any) -> list[int]:
    if not isinstance(values, list | tuple) or not values:
        raise Unsupported(field, values, "a list of whole numbers")
    return [int(value) for value in values]


def _require(field: str, value: Any, allowed: tuple[Any, ...]) -> None:
    for one in allowed:
        if isinstance(one, float) and isinstance(value, int | float):
            if math.isclose(value, one, rel_tol=1e-6):
                return
        elif value == one:
            return
    raise Unsupported(field, value, " or ".join(repr(one) for one in allowed))
