"""Configurations of diffusers' ``UNet2DModel``: conversion from and to this program's networks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ddpm_studio.durations import format_count
from ddpm_studio.engine.networks.diffusers_unet import DiffusersUNetConfig
from ddpm_studio.engine.networks.network import NetworkConfig
from ddpm_studio.engine.networks.openai_unet import OpenAIUNetConfig
from ddpm_studio.engine.networks.unet_blocks import NORM_EPS
from ddpm_studio.engine.networks.unet_config import UNetConfig, level_sides
from ddpm_studio.interop.configs import Config, UnsupportedFieldError, require

# Field of UNet2DModel: the only value our networks can express, and the default where absent.
_FIXED: dict[str, tuple[Any, Any]] = {
    "_class_name": ("UNet2DModel", "UNet2DModel"),
    "center_input_sample": (False, False),
    "time_embedding_type": ("positional", "positional"),
    "mid_block_type": ("UNetMidBlock2D", "UNetMidBlock2D"),
    "mid_block_scale_factor": (1, 1),
    "add_attention": (True, True),
    "class_embed_type": (None, None),
}
# Field: the values it may have, and the default where absent.
_CHOICES: dict[str, tuple[tuple[Any, ...], Any]] = {
    "act_fn": (("silu", "swish"), "silu"),
    "freq_shift": ((0, 1), 0),
    "flip_sin_to_cos": ((False, True), True),
    "downsample_padding": ((0, 1), 1),
    "resnet_time_scale_shift": (("default", "scale_shift"), "default"),
    "downsample_type": (("conv", "resnet"), "conv"),
    "upsample_type": (("conv", "resnet"), "conv"),
}
_TYPES = {
    "down_block_types": ("DownBlock2D", "AttnDownBlock2D", "ResnetDownsampleBlock2D"),
    "up_block_types": ("UpBlock2D", "AttnUpBlock2D", "ResnetUpsampleBlock2D"),
}


def require_network(fields: Config) -> None:
    """Check that a configuration is of a ``UNet2DModel``, before any other field is read.

    Raises:
        UnsupportedFieldError: the configuration names another class.
    """
    allowed, default = _FIXED["_class_name"]
    require("_class_name", fields.get("_class_name", default), (allowed,))


def network_config(fields: Config, num_classes: int | None) -> UNetConfig | DiffusersUNetConfig:
    """Convert the configuration of a ``UNet2DModel``; absent fields have that class's defaults.

    Args:
        fields: the fields of its config.json.
        num_classes: number of classes, without "no label", which ``num_class_embeds`` may or may
            not include; None for an unconditional network.

    Returns:
        The paper's U-Net if the configuration is equivalent to one, else the library's U-Net.

    Raises:
        UnsupportedFieldError: naming the first field that no network here can express.
        ValueError: if the numbers do not fit together.
    """
    for field, (allowed, default) in _FIXED.items():
        require(field, fields.get(field, default), (allowed,))
    chosen = {}
    for field, (choices, default) in _CHOICES.items():
        chosen[field] = fields.get(field, default)
        require(field, chosen[field], choices)

    widths = _integers("block_out_channels", fields.get("block_out_channels", (224, 448, 672, 896)))
    groups = _integer("norm_num_groups", fields.get("norm_num_groups", 32))
    scale_shift = chosen["resnet_time_scale_shift"] == "scale_shift"
    # With scale_shift, the middle's attention has no GroupNorm unless the field is given.
    allowed_groups = (groups,) if scale_shift else (None, groups)
    require("attn_norm_num_groups", fields.get("attn_norm_num_groups"), allowed_groups)

    height, width = _size(fields.get("sample_size"))
    channels = _integer("in_channels", fields.get("in_channels", 3))
    out_channels = _integer("out_channels", fields.get("out_channels", 3))
    require("out_channels", out_channels, (channels, 2 * channels))
    attends, resample_in_blocks = _levels(fields, len(widths), chosen)
    head_channels = fields.get("attention_head_dim", 8)
    hidden = fields.get("time_embedding_dim")
    config = DiffusersUNetConfig(
        height,
        width,
        channels,
        block_out_channels=tuple(widths),
        attention_levels=tuple(level for level, attention in enumerate(attends) if attention),
        layers_per_block=_integer("layers_per_block", fields.get("layers_per_block", 2)),
        attention_head_dim=None
        if head_channels is None
        else _integer("attention_head_dim", head_channels),
        norm_num_groups=groups,
        norm_eps=float(fields.get("norm_eps", 1e-5)),
        time_embedding_dim=None if hidden is None else _integer("time_embedding_dim", hidden),
        freq_shift=int(chosen["freq_shift"]),
        flip_sin_to_cos=bool(chosen["flip_sin_to_cos"]),
        downsample_padding=int(chosen["downsample_padding"]),
        scale_shift=scale_shift,
        resample_in_blocks=resample_in_blocks,
        dropout=float(fields.get("dropout", 0.0)),
        learned_variance=out_channels == 2 * channels,
        num_classes=num_classes,
    )
    return _paper_form(config) or config


def network_fields(config: NetworkConfig) -> dict[str, Any]:
    """Return the config.json that makes ``UNet2DModel`` equal to a network.

    Raises:
        UnsupportedFieldError: if ``UNet2DModel`` can't express this kind of network, or its
            settings.
    """
    shape = _library_form(config)
    levels = len(shape.block_out_channels)
    kind = "resnet" if shape.resample_in_blocks else "conv"
    plain = "ResnetDownsampleBlock2D" if shape.resample_in_blocks else "DownBlock2D"
    down_blocks = [
        "AttnDownBlock2D" if i in shape.attention_levels else plain for i in range(levels)
    ]
    return {
        **{field: allowed for field, (allowed, _) in _FIXED.items()},
        "act_fn": "silu",
        "attention_head_dim": shape.attention_head_dim,
        "attn_norm_num_groups": shape.norm_num_groups if shape.scale_shift else None,
        "block_out_channels": list(shape.block_out_channels),
        "down_block_types": down_blocks,
        "up_block_types": _up_block_types(down_blocks),
        "downsample_padding": shape.downsample_padding,
        "downsample_type": kind,
        "upsample_type": kind,
        "dropout": shape.dropout,
        "flip_sin_to_cos": shape.flip_sin_to_cos,
        "freq_shift": shape.freq_shift,
        "in_channels": shape.channels,
        "out_channels": shape.out_channels,
        "layers_per_block": shape.layers_per_block,
        "norm_eps": shape.norm_eps,
        "norm_num_groups": shape.norm_num_groups,
        "num_class_embeds": None if shape.num_classes is None else shape.num_classes + 1,
        "resnet_time_scale_shift": "scale_shift" if shape.scale_shift else "default",
        "sample_size": shape.height if shape.height == shape.width else [shape.height, shape.width],
        "time_embedding_dim": shape.time_embedding_dim,
    }


def _library_form(config: NetworkConfig) -> DiffusersUNetConfig:
    """Return the equivalent DiffusersUNetConfig of a network; the weights have the same names.

    Raises:
        UnsupportedFieldError: if there is none.
    """
    if isinstance(config, DiffusersUNetConfig):
        return config
    if config.kind not in (UNetConfig.kind, OpenAIUNetConfig.kind):
        raise UnsupportedFieldError(
            "the kind of network", config.kind, "a U-Net on pixels, such as the preset tiny,"
        )
    common: dict[str, Any] = {
        "dropout": config.dropout,
        "learned_variance": config.learned_variance,
        "num_classes": config.num_classes,
    }
    if isinstance(config, UNetConfig):
        require("the first of channel_mult", config.channel_mult[0], (1,))
        return DiffusersUNetConfig(
            *(config.height, config.width, config.channels),
            block_out_channels=tuple(config.base_channels * mult for mult in config.channel_mult),
            attention_levels=_level_indices(config.attends),
            layers_per_block=config.blocks_per_level,
            attention_head_dim=None,
            norm_num_groups=config.norm_groups,
            norm_eps=NORM_EPS,
            freq_shift=1,
            flip_sin_to_cos=False,
            downsample_padding=0,
            **common,
        )
    assert isinstance(config, OpenAIUNetConfig)
    require("t_scale", config.t_scale, (1.0,))
    require("the first of widths", config.widths[0], (config.base_channels,))
    attending = {config.widths[i] for i in _level_indices(config.attends)} | {config.widths[-1]}
    if config.head_channels is None and config.heads > 1 and len(attending) > 1:
        raise UnsupportedFieldError(
            "heads", config.heads, "head_channels, or one width with attention,"
        )
    one_width = attending.pop() // config.heads if config.heads > 1 else None
    return DiffusersUNetConfig(
        *(config.height, config.width, config.channels),
        block_out_channels=config.widths,
        attention_levels=_level_indices(config.attends),
        layers_per_block=config.blocks_per_level,
        attention_head_dim=config.head_channels or one_width,
        norm_num_groups=config.norm_groups,
        scale_shift=config.scale_shift,
        resample_in_blocks=config.resample_in_blocks,
        **common,
    )


def _paper_form(config: DiffusersUNetConfig) -> UNetConfig | None:
    """Return the equivalent configuration of the paper's U-Net; None if there is none."""
    widths = config.block_out_channels
    base = widths[0]
    attending = {widths[level] for level in config.attention_levels} | {widths[-1]}
    one_head = config.attention_head_dim is None or attending == {config.attention_head_dim}
    flags = (config.freq_shift, config.flip_sin_to_cos, config.downsample_padding)
    is_paper = (
        flags == (1, False, 0)
        and one_head
        and math.isclose(config.norm_eps, NORM_EPS, rel_tol=1e-6)
        and not config.scale_shift
        and not config.resample_in_blocks
        and config.time_embedding_dim in (None, 4 * base)
        and not any(width % base for width in widths)
    )
    if not is_paper:
        return None
    sides = level_sides(config.height, config.width, len(widths))
    return UNetConfig(
        *(config.height, config.width, config.channels),
        base_channels=base,
        channel_mult=tuple(width // base for width in widths),
        blocks_per_level=config.layers_per_block,
        attention_resolutions=tuple(sides[level] for level in config.attention_levels),
        norm_groups=config.norm_num_groups,
        dropout=config.dropout,
        learned_variance=config.learned_variance,
        num_classes=config.num_classes,
    )


def _levels(fields: Config, levels: int, chosen: Mapping[str, Any]) -> tuple[list[bool], bool]:
    """Return for each level whether it has attention, and whether residual blocks resample.

    Raises:
        UnsupportedFieldError: if the types of blocks can't be expressed.
        ValueError: if there are more or fewer blocks than levels.
    """
    down_blocks = list(fields.get("down_block_types", ["DownBlock2D"] + ["AttnDownBlock2D"] * 3))
    up_blocks = list(fields.get("up_block_types", ["AttnUpBlock2D"] * 3 + ["UpBlock2D"]))
    for field, blocks in (("down_block_types", down_blocks), ("up_block_types", up_blocks)):
        for block in blocks:
            require(field, block, _TYPES[field])
    if len(down_blocks) != levels:
        raise ValueError(
            f"down_block_types has {format_count(len(down_blocks), 'block')} for "
            f"{format_count(levels, 'level')}"
        )
    if up_blocks != _up_block_types(down_blocks):
        raise UnsupportedFieldError(
            "up_block_types",
            up_blocks,
            f"the mirror of down_block_types, {_up_block_types(down_blocks)},",
        )
    # The last block of each side does not change the resolution.
    down_kinds = {
        block: _resampling(block, chosen["downsample_type"]) for block in down_blocks[:-1]
    }
    up_kinds = {block: _resampling(block, chosen["upsample_type"]) for block in up_blocks[:-1]}
    kinds = {*down_kinds.values(), *up_kinds.values()}
    if len(kinds) > 1:
        described = [f"{block} ({kind})" for block, kind in (down_kinds | up_kinds).items()]
        raise UnsupportedFieldError(
            "the way to change resolution", described, "one way for all blocks"
        )
    return [block.startswith("Attn") for block in down_blocks], kinds == {"resnet"}


def _resampling(block: str, attending: str) -> str:
    """Return how a block resamples, "resnet" or "conv"; attention blocks have a field for it."""
    if block.startswith("Attn"):
        return attending
    return "resnet" if "Resnet" in block else "conv"


def _up_block_types(down_blocks: list[str]) -> list[str]:
    return [block.replace("Down", "Up") for block in reversed(down_blocks)]


def _level_indices(attends: tuple[bool, ...]) -> tuple[int, ...]:
    return tuple(level for level, attention in enumerate(attends) if attention)


def _size(size: object) -> tuple[int, int]:
    sides = size if isinstance(size, list | tuple) else (size, size)
    if len(sides) != 2 or not all(type(side) is int for side in sides):
        raise UnsupportedFieldError("sample_size", size, "a side, or height and width,")
    return sides[0], sides[1]


def _integers(field: str, values: Any) -> list[int]:
    if not isinstance(values, list | tuple) or not values:
        raise UnsupportedFieldError(field, values, "a list of whole numbers")
    return [_integer(field, value) for value in values]


def _integer(field: str, value: Any) -> int:
    if type(value) is not int:
        raise UnsupportedFieldError(field, value, "a whole number")
    return value
