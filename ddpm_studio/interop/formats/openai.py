"""OpenAI's improved-diffusion and guided-diffusion checkpoints: flat state dicts.

Names and shapes determine most of the network's configuration; the rest are the flags that its
model card lists.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ddpm_studio.durations import format_count
from ddpm_studio.engine.networks.openai_unet import OpenAIUNetConfig
from ddpm_studio.engine.networks.registry import build_on_meta
from ddpm_studio.engine.networks.unet_config import level_sides
from ddpm_studio.errors import StudioError
from ddpm_studio.interop.formats.format import (
    PAPER_SETTINGS,
    Answers,
    ModelFormat,
    height_width,
    process_of,
    shape_of,
)
from ddpm_studio.interop.formats.source import Source, StateDict, find_state_dict
from ddpm_studio.interop.model import ForeignModel, ForeignNetwork
from ddpm_studio.interop.names import match_weights
from ddpm_studio.pickles.torch_file import load_torch_file
from ddpm_studio.strict_json import require_file

_RESIDUAL = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "shortcut": "skip_connection",
}
_ATTENTION = {"norm": "norm", "qkv": "qkv", "proj": "proj_out"}
_OUTER = {
    "time1": "time_embed.0",
    "time2": "time_embed.2",
    "label": "label_emb",
    "conv_in": "input_blocks.0.0",
    "norm_out": "out.0",
    "conv_out": "out.2",
}
# No model that OpenAI published is half as large.
_MAX_BYTES = 16 << 30
_MAX_BLOCKS = 200
_LABELS = "label_emb.weight"


@dataclass(frozen=True)
class OpenAIFlags:
    """Settings of the network that a checkpoint lacks, named as the flags of OpenAI's scripts.

    Args:
        height: height of the pictures in pixels, their ``image_size``.
        width: width of the pictures in pixels.
        num_heads: number of attention heads, unless ``num_head_channels`` is given.
        num_head_channels: width of a head; None for their −1.
        use_new_attention_order: whether the rows of q, k and v are ordered (q k v, head, channel);
            else, as in nearly all published models, (head, q k v, channel).
        dropout: probability, 0..1.
        t_scale: see :class:`~ddpm_studio.engine.networks.openai_unet.OpenAIUNetConfig`.
    """

    height: int
    width: int
    num_heads: int = 4
    num_head_channels: int | None = None
    use_new_attention_order: bool = False
    dropout: float = 0.0
    t_scale: float = 1.0


def load_openai(file: Path, flags: OpenAIFlags) -> ForeignNetwork:
    """Read a ``.pt`` file of OpenAI's, without unpickling it.

    Raises:
        StudioError: if the file can't be read, is no such checkpoint, or does not fit the flags.
    """
    try:
        if require_file(file).st_size > _MAX_BYTES:
            raise ValueError("it is far larger than any such network")
        return from_openai(load_torch_file(file), flags)
    except (OSError, ValueError) as error:
        raise StudioError(
            f"{file} can't be read as a checkpoint of improved- or guided-diffusion: {error}.",
            "Choose such a file, with the flags that its model card lists.",
        ) from error


def from_openai(
    weights: Mapping[str, Tensor], flags: OpenAIFlags, *, null_label: bool = False
) -> ForeignNetwork:
    """Convert a state dict of OpenAI's U-Net to this program's network.

    Args:
        weights: the weights, by OpenAI's names.
        flags: the settings that the weights do not determine.
        null_label: whether the last class stands for "no label". If not, as in all published
            models, a row of zeros is appended for it.

    Raises:
        ValueError: if a weight is missing, left over or of a wrong shape, or the flags don't fit.
    """
    config = _config(weights, flags)
    if config.num_classes is not None and null_label:
        config = config.with_fields(num_classes=config.num_classes - 1)
    elif config.num_classes is not None:
        rows = weights[_LABELS]
        weights = {**weights, _LABELS: torch.cat([rows, rows.new_zeros(1, rows.shape[1])])}
    shapes = {name: value.shape for name, value in build_on_meta(config).state_dict().items()}
    result = match_weights(weights, {name: [_their_name(name, config)] for name in shapes}, shapes)
    if not flags.use_new_attention_order:
        for name in result:
            if ".qkv." in name:
                result[name] = _new_order(result[name], config)
    return ForeignNetwork(config, result, null_label or config.num_classes is None)


def _new_order(rows: Tensor, config: OpenAIUNetConfig) -> Tensor:
    """Reorder rows of (head, q k v, channel) as (q k v, head, channel)."""
    width = len(rows) // 3
    heads = width // config.head_channels if config.head_channels else config.heads
    by_head = rows.reshape(heads, 3, width // heads, *rows.shape[1:])
    return by_head.transpose(0, 1).reshape(rows.shape)


def _their_name(name: str, config: OpenAIUNetConfig) -> str:
    """Return OpenAI's name of a parameter of our network."""
    path, _, kind = name.rpartition(".")
    if path in _OUTER:
        return f"{_OUTER[path]}.{kind}"
    part, *rest = path.split(".")
    if part.startswith("mid"):
        number = {"mid1": 0, "mid_attention": 1, "mid2": 2}[part]
        inner = _ATTENTION if part == "mid_attention" else _RESIDUAL
        return f"middle_block.{number}.{inner[rest[0]]}.{kind}"
    level, module, *indices = rest
    if part == "down":
        return f"input_blocks.{_down(int(level), module, indices, config)}.{kind}"
    return f"output_blocks.{_up(int(level), module, indices, config)}.{kind}"


def _down(level: int, module: str, indices: list[str], config: OpenAIUNetConfig) -> str:
    first = 1 + level * (config.blocks_per_level + 1)
    if module == "resample":
        name = _RESIDUAL[indices[0]] if config.resample_in_blocks else "op"
        return f"{first + config.blocks_per_level}.0.{name}"
    block, layer = indices
    attention = module == "attention"
    name = (_ATTENTION if attention else _RESIDUAL)[layer]
    return f"{first + int(block)}.{int(attention)}.{name}"


def _up(position: int, module: str, indices: list[str], config: OpenAIUNetConfig) -> str:
    # On the way up, our levels are counted from the lowest resolution.
    first, level = position * (config.blocks_per_level + 1), len(config.widths) - 1 - position
    if module == "resample":
        # After the last block of its level, and that block's attention.
        name = _RESIDUAL[indices[0]] if config.resample_in_blocks else "conv"
        return f"{first + config.blocks_per_level}.{1 + int(config.attends[level])}.{name}"
    block, layer = indices
    attention = module == "attention"
    name = (_ATTENTION if attention else _RESIDUAL)[layer]
    return f"{first + int(block)}.{int(attention)}.{name}"


def _config(weights: StateDict, flags: OpenAIFlags) -> OpenAIUNetConfig:
    """Return the network's configuration from names and shapes of the weights, and the flags."""
    plan = _plan(weights)
    sides = level_sides(flags.height, flags.width, len(plan.widths))
    return OpenAIUNetConfig(
        flags.height,
        flags.width,
        plan.channels,
        base_channels=plan.base,
        widths=plan.widths,
        blocks_per_level=plan.blocks,
        attention_resolutions=tuple(s for s, a in zip(sides, plan.attends, strict=True) if a),
        heads=flags.num_heads,
        head_channels=flags.num_head_channels,
        scale_shift=plan.scale_shift,
        resample_in_blocks=plan.resample_in_blocks,
        dropout=flags.dropout,
        learned_variance=plan.out == 2 * plan.channels,
        num_classes=plan.classes,
        t_scale=flags.t_scale,
    )


@dataclass(frozen=True)
class _Plan:
    """The part of the configuration that names and shapes of the weights determine."""

    channels: int
    out: int
    base: int
    widths: tuple[int, ...]
    blocks: int
    attends: tuple[bool, ...]
    scale_shift: bool
    resample_in_blocks: bool
    classes: int | None

    @property
    def mult(self) -> tuple[float, ...]:
        """Width of each level as a multiple of the base width."""
        return tuple(width / self.base for width in self.widths)


def _plan(weights: StateDict) -> _Plan:
    blocks = 1 + max(
        (int(match[1]) for name in weights if (match := re.match(r"output_blocks\.(\d+)\.", name))),
        default=-1,
    )
    # On the way up, each level but the last ends with an upsampling layer.
    doubling = re.compile(r"output_blocks\.(\d+)\.[12]\.(conv|in_layers\.0)\.weight")
    upsamplers = [
        (int(match[1]), match[2]) for name in weights if (match := doubling.fullmatch(name))
    ]
    per_level = 1 + min((block for block, _ in upsamplers), default=blocks - 1)
    if not 0 < blocks <= _MAX_BLOCKS or per_level < 2 or blocks % per_level:
        raise ValueError("its blocks make no U-Net")
    starts = [1 + level * per_level for level in range(blocks // per_level)]
    widths = [shape_of(weights, f"input_blocks.{k}.0.in_layers.2.weight")[0] for k in starts]
    channels = shape_of(weights, "input_blocks.0.0.weight")[1]
    out = shape_of(weights, "out.2.weight")[0]
    if out not in (channels, 2 * channels):
        raise ValueError(f"it gives {format_count(out, 'channel')} for {channels}")
    by_t = shape_of(weights, "input_blocks.1.0.emb_layers.1.weight")[0]
    if _LABELS in weights and len(shape_of(weights, _LABELS)) != 2:
        raise ValueError(f"{_LABELS} is no table of classes")
    return _Plan(
        channels,
        out,
        shape_of(weights, "time_embed.0.weight")[1],
        tuple(widths),
        per_level - 1,
        tuple(f"input_blocks.{start}.1.qkv.weight" in weights for start in starts),
        by_t == 2 * widths[0],
        any(layer == "in_layers.0" for _, layer in upsamplers),
        shape_of(weights, _LABELS)[0] if _LABELS in weights else None,
    )


class OpenAI(ModelFormat):
    """Checkpoints of OpenAI's code, such as ``ema_0.9999_500000.pt``, and the published models."""

    def recognises(self, source: Source) -> bool:
        """See :class:`ModelFormat`."""
        return {"time_embed.0.weight", "input_blocks.0.0.weight"} <= find_state_dict(source).keys()

    def questions(self, source: Source) -> Answers:
        """Return the flags, with those of the published model of this shape as usual values."""
        plan = _checked_plan(find_state_dict(source))
        # OpenAI's scripts choose the widths of the levels by the size of the pictures.
        side = next((side for side, mult in _MULT.items() if mult == plan.mult), None)
        classes: Answers = {} if plan.classes is None else {"null_class": False}
        return {
            "image_size": side,
            **_published_flags(plan, side),
            "parameterization": "eps",
            **classes,
        }

    def read(self, source: Source, answers: Answers) -> ForeignModel:
        """See :class:`ModelFormat`."""
        table, T = find_state_dict(source), answers["timesteps"]
        _checked_plan(table)
        head_channels = answers["num_head_channels"] or None
        flags = OpenAIFlags(
            *height_width(answers),
            num_heads=answers["num_heads"],
            num_head_channels=head_channels,
            use_new_attention_order=answers["new_attention_order"],
            t_scale=_RESCALED / T if answers["rescale_timesteps"] else 1.0,
        )
        null_label = answers.get("null_class", False)
        network = from_openai(source.tensors(table), flags, null_label=null_label)
        # Their linear schedule is the paper's at T = 1000, and steeper at fewer steps.
        schedules = {PAPER_SETTINGS["schedule"]: "linear_scaled"} if T != _RESCALED else {}
        settings = {**answers, "schedule": schedules.get(answers["schedule"], answers["schedule"])}
        process = process_of(settings, learned=network.config.learned_variance)
        return ForeignModel(
            network.config,
            network.weights,
            null_label=network.null_label,
            process=process,
        )


_RESCALED = 1000
# Channel multipliers that OpenAI's scripts choose by the side of the pictures.
_MULT: dict[int, tuple[float, ...]] = {
    32: (1, 2, 2, 2),
    64: (1, 2, 3, 4),
    128: (1, 1, 2, 3, 4),
    256: (1, 1, 2, 2, 4, 4),
    512: (0.5, 1, 1, 2, 2, 4, 4),
}
_UPSAMPLER_CHANNELS = 6


def _published_flags(plan: _Plan, side: int | None) -> Answers:
    """Return the flags in the model cards of both repositories for a network like this."""
    guided = plan.resample_in_blocks
    # improved-diffusion's small models have T = 4000, and its class-conditional ImageNet model does
    # not rescale t.
    is_long = not guided and side in (32, 64) and plan.out == 2 * plan.channels
    by_channels = guided and side != 128
    return {
        "schedule": "cosine" if is_long or (guided and side == 64) else PAPER_SETTINGS["schedule"],
        "timesteps": 4000 if is_long else _RESCALED,
        "rescale_timesteps": is_long and plan.classes is None,
        "num_heads": 4 if plan.scale_shift else 1,
        "num_head_channels": 64 if by_channels and not any(w % 64 for w in plan.widths) else 0,
        "new_attention_order": guided and side == 64,
    }


def _checked_plan(table: StateDict) -> _Plan:
    """Return the plan of a state dict, unless it is one of OpenAI's other networks.

    Raises:
        ValueError: if it is a classifier or an upsampler, or its blocks make no U-Net.
    """
    if not any(name.startswith("output_blocks.") for name in table):
        raise ValueError("it is a classifier for guidance, no diffusion model")
    if shape_of(table, "input_blocks.0.0.weight")[1] == _UPSAMPLER_CHANNELS:
        raise ValueError("it is an upsampler, which needs a smaller picture beside the noise")
    return _plan(table)
