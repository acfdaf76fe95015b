"""Read the checkpoints of OpenAI's improved- and guided-diffusion.

Such a file is a flat table of weights. Their names and shapes tell most of the network; what
they don't tell are the flags that its model card lists.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ddpm_studio.engine.networks.network import Network
from ddpm_studio.engine.networks.openai_unet import OpenAIUNetConfig
from ddpm_studio.engine.networks.registry import outline
from ddpm_studio.engine.networks.unet_config import level_sides
from ddpm_studio.errors import StudioError
from ddpm_studio.interop.names import matched
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
# No model that they published is half as large.
_MOST_BYTES = 16 << 30
_MOST_BLOCKS = 200
_LABELS = "label_emb.weight"


@dataclass(frozen=True)
class OpenAIFlags:
    """What a checkpoint does not say of its network, by the names of their command's flags.

    Args:
        height: ``image_size``: of the pictures in pixels.
        width: the same.
        num_heads: of each attention, unless ``num_head_channels`` is given.
        num_head_channels: width of a head; None: their −1.
        use_new_attention_order: whether q, k and v come one after the other, each with all its
            heads. Without, as in all models that they published, each head has its q, k and v.
        dropout: probability, 0..1.
    """

    height: int
    width: int
    num_heads: int = 4
    num_head_channels: int | None = None
    use_new_attention_order: bool = False
    dropout: float = 0.0


@dataclass(frozen=True)
class OpenAIModel:
    """A checkpoint's network.

    Args:
        config: its shape.
        weights: for the network's ``load_state_dict``, float32 on the CPU.
    """

    config: OpenAIUNetConfig
    weights: dict[str, Tensor]

    def network(self) -> Network:
        """Return the network with its weights, ready to sample."""
        model = outline(self.config)
        model.load_state_dict(self.weights, assign=True)
        return model.eval()


def load_openai(file: Path, flags: OpenAIFlags) -> OpenAIModel:
    """Read a ``.pt`` file, without unpickling it.

    Raises:
        StudioError: if it can't be read, is no such checkpoint, or does not fit the flags.
    """
    try:
        if require_file(file).st_size > _MOST_BYTES:
            raise ValueError("it is far larger than any such network")
        return from_openai(load_torch_file(file), flags)
    except (OSError, ValueError) as error:
        raise StudioError(
            f"{file} can't be read as a checkpoint of improved- or guided-diffusion: {error}.",
            "Choose such a file, with the flags that its model card lists.",
        ) from error


def from_openai(weights: Mapping[str, Tensor], flags: OpenAIFlags) -> OpenAIModel:
    """Read a table of weights.

    Classes get one more row for "no label", which is 0: these networks have none.

    Raises:
        ValueError: if a weight is missing, left over or of a wrong shape, or the flags don't fit.
    """
    config = _config(weights, flags)
    if config.num_classes is not None:
        rows = _weight(weights, _LABELS)
        weights = {**weights, _LABELS: torch.cat([rows, rows.new_zeros(1, rows.shape[1])])}
    shapes = {name: value.shape for name, value in outline(config).state_dict().items()}
    result = matched(weights, {name: [_their_name(name, config)] for name in shapes}, shapes)
    if not flags.use_new_attention_order:
        for name in result:
            if ".qkv." in name:
                result[name] = _new_order(result[name], config)
    return OpenAIModel(config, result)


def _new_order(rows: Tensor, config: OpenAIUNetConfig) -> Tensor:
    """Turn rows of (head, q k v, channel) into rows of (q k v, head, channel)."""
    width = len(rows) // 3
    heads = width // config.head_channels if config.head_channels else config.heads
    apart = rows.reshape(heads, 3, width // heads, *rows.shape[1:])
    return apart.transpose(0, 1).reshape(rows.shape)


def _their_name(name: str, config: OpenAIUNetConfig) -> str:
    """Return what they call a parameter of our network."""
    path, _, kind = name.rpartition(".")
    if path in _OUTER:
        return f"{_OUTER[path]}.{kind}"
    part, *rest = path.split(".")
    if part.startswith("mid"):
        number = {"mid1": 0, "mid_attention": 1, "mid2": 2}[part]
        inner = _ATTENTION if part == "mid_attention" else _RESIDUAL
        return f"middle_block.{number}.{inner[rest[0]]}.{kind}"
    level, what, *within = rest
    if part == "down":
        return f"input_blocks.{_down(int(level), what, within, config)}.{kind}"
    return f"output_blocks.{_up(int(level), what, within, config)}.{kind}"


def _down(level: int, what: str, within: list[str], config: OpenAIUNetConfig) -> str:
    first = 1 + level * (config.blocks_per_level + 1)
    if what == "resample":
        inner = _RESIDUAL[within[0]] if config.resample_in_blocks else "op"
        return f"{first + config.blocks_per_level}.0.{inner}"
    number, layer = within
    attention = what == "attention"
    inner = (_ATTENTION if attention else _RESIDUAL)[layer]
    return f"{first + int(number)}.{int(attention)}.{inner}"


def _up(place: int, what: str, within: list[str], config: OpenAIUNetConfig) -> str:
    # Going up, our levels count from the lowest.
    first, level = place * (config.blocks_per_level + 1), len(config.widths) - 1 - place
    if what == "resample":
        # Behind the last block of its level, and that block's attention.
        inner = _RESIDUAL[within[0]] if config.resample_in_blocks else "conv"
        return f"{first + config.blocks_per_level}.{1 + int(config.attends[level])}.{inner}"
    number, layer = within
    attention = what == "attention"
    inner = (_ATTENTION if attention else _RESIDUAL)[layer]
    return f"{first + int(number)}.{int(attention)}.{inner}"


def _config(weights: Mapping[str, Tensor], flags: OpenAIFlags) -> OpenAIUNetConfig:
    """Read from names and shapes what the network is."""
    blocks = 1 + max(
        (int(match[1]) for name in weights if (match := re.match(r"output_blocks\.(\d+)\.", name))),
        default=-1,
    )
    # Each level but the last going up ends with what doubles the resolution.
    doubling = re.compile(r"output_blocks\.(\d+)\.[12]\.(conv|in_layers\.0)\.weight")
    ends = [(int(match[1]), match[2]) for name in weights if (match := doubling.fullmatch(name))]
    per_level = 1 + min((number for number, _ in ends), default=blocks - 1)
    if not 0 < blocks <= _MOST_BLOCKS or per_level < 2 or blocks % per_level:
        raise ValueError("its blocks make no U-Net")
    levels = blocks // per_level
    starts = [1 + level * per_level for level in range(levels)]
    widths = [_weight(weights, f"input_blocks.{k}.0.in_layers.2.weight").shape[0] for k in starts]
    sides = level_sides(flags.height, flags.width, levels)
    attends = [f"input_blocks.{start}.1.qkv.weight" in weights for start in starts]
    channels = _weight(weights, "input_blocks.0.0.weight").shape[1]
    out = _weight(weights, "out.2.weight").shape[0]
    if out not in (channels, 2 * channels):
        raise ValueError(f"it gives {out} channels for {channels}")
    by_t = _weight(weights, "input_blocks.1.0.emb_layers.1.weight").shape[0]
    return OpenAIUNetConfig(
        flags.height,
        flags.width,
        channels,
        base_channels=_weight(weights, "time_embed.0.weight").shape[1],
        widths=tuple(widths),
        blocks_per_level=per_level - 1,
        attention_resolutions=tuple(s for s, a in zip(sides, attends, strict=True) if a),
        heads=flags.num_heads,
        head_channels=flags.num_head_channels,
        scale_shift=by_t == 2 * widths[0],
        resample_in_blocks=any(what == "in_layers.0" for _, what in ends),
        dropout=flags.dropout,
        learned_variance=out == 2 * channels,
        num_classes=len(weights[_LABELS]) if _LABELS in weights else None,
    )


def _weight(weights: Mapping[str, Tensor], name: str) -> Tensor:
    if name not in weights or weights[name].ndim < 2:
        raise ValueError(f"the weights lack {name}")
    return weights[name]
