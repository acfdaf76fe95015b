"""w86763777/pytorch-ddpm checkpoints: the paper's U-Net but for padding, norm ε and t embedding."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from ddpm_studio.engine.networks.diffusers_unet import DiffusersUNetConfig
from ddpm_studio.engine.networks.embeddings import timestep_embedding
from ddpm_studio.engine.networks.registry import build_on_meta
from ddpm_studio.interop.formats.format import (
    PAPER_SETTINGS,
    Answers,
    ModelFormat,
    default_side,
    height_width,
    process_of,
    shape_of,
)
from ddpm_studio.interop.formats.source import (
    Leaf,
    Source,
    StateDict,
    is_state_dict,
    strip_prefixes,
)
from ddpm_studio.interop.model import ForeignModel
from ddpm_studio.interop.names import match_weights

_EMBEDDING = "time_embedding.timembedding.0.weight"
_TIME = "time_embedding.timembedding.1.weight"
_MAX_BLOCKS = 200
_MAX_TIMESTEPS = 10_000
# Absolute tolerance for float32 sines of arguments up to T, rounded in another way.
_TOLERANCE = 5e-3
_RESIDUAL = {
    "norm1": "block1.0",
    "conv1": "block1.2",
    "time": "temb_proj.1",
    "norm2": "block2.0",
    "conv2": "block2.3",
    "shortcut": "shortcut",
}
_ATTENTION = {"norm": ("group_norm",), "qkv": ("proj_q", "proj_k", "proj_v"), "proj": ("proj",)}
_OUTER = {
    "time1": "time_embedding.timembedding.1",
    "time2": "time_embedding.timembedding.3",
    "conv_in": "head",
    "norm_out": "tail.0",
    "conv_out": "tail.2",
}


class PytorchDDPM(ModelFormat):
    """A checkpoint ``ckpt.pt``: net_model, ema_model, sched, optim, step and x_T."""

    def recognises(self, source: Source) -> bool:
        """See :class:`ModelFormat`."""
        return {_EMBEDDING, "head.weight"} <= _table(source, "net_model", "ema_model").keys()

    def questions(self, source: Source) -> Answers:
        """Return schedule and parameterisation; the file has T, and the size if it has x_T."""
        table = _table(source, "net_model", "ema_model")
        settings = {**PAPER_SETTINGS}
        del settings["timesteps"]
        size = {} if _noise_size(source) else {"image_size": default_side(_Plan(table).attends)}
        return {**size, **settings}

    def read(self, source: Source, answers: Answers) -> ForeignModel:
        """See :class:`ModelFormat`."""
        table = _table(source, "ema_model", "net_model")
        raw = _table(source, "net_model") if "ema_model" in source.items else {}
        T = shape_of(table, _EMBEDDING)[0]
        if T > _MAX_TIMESTEPS:
            raise ValueError(f"it has {T:,} timesteps")
        plan = _Plan(table)
        size = _noise_size(source) or height_width(answers)
        config = plan.config(*size)
        step = source.items.get("step")
        return ForeignModel(
            config,
            _weights(source.tensors(table), plan, config),
            process=process_of({**answers, "timesteps": T}),
            raw=_weights(source.tensors(raw), plan, config) if raw else None,
            training_progress=f"step {step:,}" if type(step) is int else "",
        )


class _Plan:
    """The configuration that names and shapes of the weights determine.

    Raises:
        ValueError: the blocks make no U-Net.
    """

    def __init__(self, table: StateDict) -> None:
        indices = {
            part: {int(m[1][:6]) for n in table if (m := re.match(rf"{part}\.(\d+)\.", n))}
            for part in ("downblocks", "upblocks")
        }
        downsamplers = sorted(
            n for n in indices["downblocks"] if f"downblocks.{n}.main.weight" in table
        )
        self.levels, count = len(downsamplers) + 1, len(indices["downblocks"])
        self.blocks = downsamplers[0] if downsamplers else count
        if not 0 < count <= _MAX_BLOCKS or count != self.levels * (self.blocks + 1) - 1:
            raise ValueError("its blocks make no U-Net")
        starts = [level * (self.blocks + 1) for level in range(self.levels)]
        self.widths = tuple(shape_of(table, f"downblocks.{n}.block1.2.weight")[0] for n in starts)
        self.attends = tuple(f"downblocks.{n}.attn.proj.weight" in table for n in starts)
        self.base, self.channels = shape_of(table, "head.weight")[:2]
        self.hidden = shape_of(table, _TIME)[0]

    def config(self, height: int, width: int) -> DiffusersUNetConfig:
        """Return the network's configuration, with the fixed settings of pytorch-ddpm."""
        if self.widths[0] != self.base:
            raise ValueError("its first level is of another width than its first convolution")
        return DiffusersUNetConfig(
            *(height, width, self.channels),
            block_out_channels=self.widths,
            attention_levels=tuple(n for n, attention in enumerate(self.attends) if attention),
            layers_per_block=self.blocks,
            attention_head_dim=None,
            time_embedding_dim=self.hidden,
            freq_shift=0,
            flip_sin_to_cos=False,
            downsample_padding=1,
        )

    def names(self, name: str) -> list[str]:
        """Return the parameters of the file that, concatenated, are our ``name``."""
        path, _, kind = name.rpartition(".")
        if path in _OUTER:
            return [f"{_OUTER[path]}.{kind}"]
        part, *rest = path.split(".")
        if part.startswith("mid"):
            prefix = f"middleblocks.{int(part == 'mid2')}"
            return _inner(
                prefix, "attention" if part == "mid_attention" else "blocks", rest[0], kind
            )
        level, module, *indices = rest
        # On the way up, a level has one more block; both count levels from the lowest resolution.
        per_level = self.blocks + (1 if part == "down" else 2)
        first = int(level) * per_level
        if module == "resample":
            return [f"{part}blocks.{first + per_level - 1}.main.{kind}"]
        return _inner(f"{part}blocks.{first + int(indices[0])}", module, indices[1], kind)


def _inner(prefix: str, module: str, layer: str, kind: str) -> list[str]:
    if module == "attention":
        return [f"{prefix}.attn.{projection}.{kind}" for projection in _ATTENTION[layer]]
    return [f"{prefix}.{_RESIDUAL[layer]}.{kind}"]


def _weights(
    weights: Mapping[str, Tensor], plan: _Plan, config: DiffusersUNetConfig
) -> dict[str, Tensor]:
    """Convert the weights to our names, with the embedding's sines sorted before its cosines.

    Raises:
        ValueError: if the weights do not fit, or the embedding of t is not sinusoidal.
    """
    given = dict(weights)
    table = given.pop(_EMBEDDING).float()
    T, dim = table.shape
    expected = timestep_embedding(torch.arange(T), dim, shift=0)
    # Theirs interleaves sines and cosines.
    order = torch.cat([torch.arange(0, dim, 2), torch.arange(1, dim, 2)])
    if not torch.allclose(table[:, order], expected, rtol=0, atol=_TOLERANCE):
        raise ValueError("its embedding of t is none of sines and cosines")
    shapes = {name: value.shape for name, value in build_on_meta(config).state_dict().items()}
    result = match_weights(given, {name: plan.names(name) for name in shapes}, shapes)
    result["time1.weight"] = result["time1.weight"][:, order].contiguous()
    return result


def _table(source: Source, *names: str) -> StateDict:
    """Return the first state dict that exists under these names, or else the file itself."""
    existing = [source.items[name] for name in names if name in source.items]
    found = existing[0] if existing else source.tree
    return strip_prefixes(found) if is_state_dict(found) else {}


def _noise_size(source: Source) -> tuple[int, int] | None:
    """Return (height, width) of x_T, the fixed noise of the samples; None if there is none."""
    noise = source.items.get("x_T")
    if isinstance(noise, Leaf) and len(noise.shape) == 4:
        return int(noise.shape[2]), int(noise.shape[3])
    return None
