"""How the parameters of ``UNet`` and ``diffusers.UNet2DModel`` correspond."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

_OUTER = [
    (r"^time([12])\.", r"time_embedding.linear_\1."),
    (r"^label\.", "class_embedding."),
    (r"^norm_out\.", "conv_norm_out."),
    (r"^mid1\.", "mid_block.resnets.0."),
    (r"^mid2\.", "mid_block.resnets.1."),
    (r"^mid_attention\.", "mid_block.attentions.0."),
    (r"^(down|up)\.(\d+)\.blocks\.", r"\1_blocks.\2.resnets."),
    (r"^(down|up)\.(\d+)\.attention\.", r"\1_blocks.\2.attentions."),
    (r"^(down|up)\.(\d+)\.resample\.", r"\1_blocks.\2.\1samplers.0."),
]
_INNER = [
    (r"(\.resnets\.\d+)\.time\.", r"\1.time_emb_proj."),
    (r"(\.resnets\.\d+)\.shortcut\.", r"\1.conv_shortcut."),
    (r"(\.attentions\.\d+)\.norm\.", r"\1.group_norm."),
    (r"(\.attentions\.\d+)\.proj\.", r"\1.to_out.0."),
]
_BEFORE_2023 = [
    (r"(\.attentions\.\d+)\.query\.", r"\1.to_q."),
    (r"(\.attentions\.\d+)\.key\.", r"\1.to_k."),
    (r"(\.attentions\.\d+)\.value\.", r"\1.to_v."),
    (r"(\.attentions\.\d+)\.proj_attn\.", r"\1.to_out.0."),
]


def diffusers_names(name: str) -> list[str]:
    """Return the parameters of ``UNet2DModel`` that, stacked, are the ``UNet``'s ``name``."""
    renamed = _rename(name, _OUTER + _INNER)
    if ".qkv." in renamed:
        return [renamed.replace(".qkv.", f".to_{part}.") for part in "qkv"]
    return [renamed]


def to_diffusers(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename a ``UNet``'s weights and part its fused q, k and v."""
    result = {}
    for name, value in weights.items():
        names = diffusers_names(name)
        for part_name, part in zip(names, value.chunk(len(names)), strict=True):
            result[part_name] = part.detach().float().cpu().contiguous().clone()
    return result


def from_diffusers(
    weights: Mapping[str, Tensor], shapes: Mapping[str, torch.Size]
) -> dict[str, Tensor]:
    """Rename the weights of ``UNet2DModel``, of today or of before 2023, for a ``UNet``.

    Args:
        weights: as in a diffusers file.
        shapes: of each parameter of the ``UNet`` that is to hold them.

    Raises:
        ValueError: if a weight is missing, left over, of another shape or not finite.
    """
    given = {_rename(name, _BEFORE_2023): value for name, value in weights.items()}
    result = {}
    for name, shape in shapes.items():
        names = diffusers_names(name)
        _refuse("lack", [part for part in names if part not in given])
        value = torch.cat([given.pop(part).float() for part in names])
        # Attention was once made of 1×1 convolutions.
        if value.shape != shape and value.squeeze().shape == shape:
            value = value.squeeze()
        if value.shape != shape:
            raise ValueError(
                f"{names[0]} has shape {tuple(value.shape)}, the network needs {tuple(shape)}"
            )
        if not bool(value.isfinite().all()):
            raise ValueError(f"{names[0]} holds values that are not finite")
        result[name] = value
    _refuse("hold, besides what the network has,", list(given))
    return result


def _rename(name: str, rules: Iterable[tuple[str, str]]) -> str:
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return name


def _refuse(verb: str, names: list[str]) -> None:
    if names:
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        raise ValueError(f"the weights {verb} {names[0]}{more}")
