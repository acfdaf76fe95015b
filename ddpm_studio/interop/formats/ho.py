"""Weights of the paper's U-Net by Ho et al., as converted by pesser/pytorch_diffusion."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from torch import Tensor

from ddpm_studio.durations import format_count
from ddpm_studio.engine.networks.registry import build_on_meta
from ddpm_studio.engine.networks.unet_config import UNetConfig, level_sides
from ddpm_studio.interop.formats.format import (
    PAPER_SETTINGS,
    Answers,
    ModelFormat,
    default_side,
    height_width,
    process_of,
    shape_of,
)
from ddpm_studio.interop.formats.source import Source, StateDict, find_state_dict
from ddpm_studio.interop.model import ForeignModel
from ddpm_studio.interop.names import match_weights

_MAX_LEVELS = 12
_NAMES: list[tuple[str, str | Callable[[re.Match[str]], str]]] = [
    (r"^time([12])\.", lambda match: f"temb.dense.{int(match[1]) - 1}."),
    (r"^mid_attention\.", "mid.attn_1."),
    (r"^mid([12])\.", r"mid.block_\1."),
    (r"^(down|up)\.(\d+)\.blocks\.", r"\1.\2.block."),
    (r"^(down|up)\.(\d+)\.attention\.", r"\1.\2.attn."),
    (r"^(down|up)\.(\d+)\.resample\.", r"\1.\2.\1sample."),
    (r"\.time\.", ".temb_proj."),
    (r"\.shortcut\.", ".nin_shortcut."),
    (r"\.proj\.", ".proj_out."),
]


class Ho(ModelFormat):
    """A flat state dict such as ``ema_cifar10.ckpt``."""

    def recognises(self, source: Source) -> bool:
        """See :class:`ModelFormat`."""
        return is_paper_unet(find_state_dict(source))

    def questions(self, source: Source) -> Answers:
        """See :class:`ModelFormat`."""
        return questions_about(find_state_dict(source))

    def read(self, source: Source, answers: Answers) -> ForeignModel:
        """See :class:`ModelFormat`."""
        table = find_state_dict(source)
        config = paper_config(table, answers)
        weights = paper_weights(source.tensors(table), config)
        process = process_of(answers, learned=config.learned_variance)
        return ForeignModel(config, weights, process=process)


def is_paper_unet(table: StateDict) -> bool:
    """Whether a state dict has the parameter names of this format."""
    return {"temb.dense.0.weight", "conv_in.weight", "down.0.block.0.conv1.weight"} <= table.keys()


def questions_about(table: StateDict) -> Answers:
    """Return the settings that a state dict of this format lacks, with the paper's values.

    Raises:
        ValueError: if its blocks make no U-Net.
    """
    return {"image_size": default_side(_attends(table)), **PAPER_SETTINGS}


def paper_config(table: StateDict, answers: Answers) -> UNetConfig:
    """Derive the network's configuration from the names and shapes of its weights.

    Raises:
        ValueError: if they do not make a U-Net of the paper's kind.
    """
    height, width = height_width(answers)
    attends = _attends(table)
    base, channels = shape_of(table, "conv_in.weight")[:2]
    out = shape_of(table, "conv_out.weight")[0]
    if out not in (channels, 2 * channels):
        raise ValueError(f"it gives {format_count(out, 'channel')} for {channels}")
    widths = [
        shape_of(table, f"down.{level}.block.0.conv1.weight")[0] for level in range(len(attends))
    ]
    if any(level_width % base for level_width in widths):
        raise ValueError("its levels are no multiples of the first width")
    sides = level_sides(height, width, len(widths))
    return UNetConfig(
        *(height, width, channels),
        base_channels=base,
        channel_mult=tuple(level_width // base for level_width in widths),
        blocks_per_level=_count(table, r"down\.0\.block\.(\d+)\."),
        attention_resolutions=tuple(s for s, a in zip(sides, attends, strict=True) if a),
        dropout=0.0,
        learned_variance=out == 2 * channels,
    )


def paper_weights(weights: Mapping[str, Tensor], config: UNetConfig) -> dict[str, Tensor]:
    """Convert the weights to the parameter names of :class:`UNetConfig`'s network.

    Raises:
        ValueError: if a weight is missing, left over, of another shape or not finite.
    """
    shapes = {name: value.shape for name, value in build_on_meta(config).state_dict().items()}
    levels = len(config.channel_mult)
    return match_weights(weights, {name: _their_names(name, levels) for name in shapes}, shapes)


def _their_names(name: str, levels: int) -> list[str]:
    """Return the parameters of the file that, concatenated, are our ``name``."""
    for pattern, replacement in _NAMES:
        name = re.sub(pattern, replacement, name)
    # On the way up, our levels are counted from the lowest resolution.
    name = re.sub(r"^up\.(\d+)\.", lambda match: f"up.{levels - 1 - int(match[1])}.", name)
    return [name.replace(".qkv.", f".{part}.") for part in "qkv"] if ".qkv." in name else [name]


def _attends(table: StateDict) -> tuple[bool, ...]:
    levels = _count(table, r"down\.(\d+)\.")
    if not 0 < levels <= _MAX_LEVELS:
        raise ValueError("its blocks make no U-Net")
    return tuple(f"down.{level}.attn.0.q.weight" in table for level in range(levels))


def _count(table: StateDict, pattern: str) -> int:
    found = (re.match(pattern, name) for name in table)
    return 1 + max((int(match[1][:6]) for match in found if match), default=-1)
