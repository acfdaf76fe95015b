"""Parameter names: mapping between this program's U-Nets and ``diffusers.UNet2DModel``."""

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
    (r"(\.(?:resnets|downsamplers|upsamplers)\.\d+)\.time\.", r"\1.time_emb_proj."),
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

# UNet2DModel has no input for augmentation; without that input, ours equals one without the layer.
_AUGMENTATION = "augmentation."


def diffusers_names(name: str) -> list[str]:
    """Return the parameters of ``UNet2DModel`` that, concatenated, are our U-Net's ``name``."""
    renamed = _rename(name, _OUTER + _INNER)
    if ".qkv." in renamed:
        return [renamed.replace(".qkv.", f".to_{projection}.") for projection in "qkv"]
    return [renamed]


def to_diffusers(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Convert a U-Net's state dict to diffusers' names, float32 on the CPU.

    The fused q, k and v are split, and the embedding of augmentation is left out.
    """
    result = {}
    for name, value in weights.items():
        if name.startswith(_AUGMENTATION):
            continue
        names = diffusers_names(name)
        for part_name, projection in zip(names, value.chunk(len(names)), strict=True):
            result[part_name] = projection.detach().float().cpu().contiguous().clone()
    return result


def from_diffusers(
    weights: Mapping[str, Tensor], shapes: Mapping[str, torch.Size]
) -> dict[str, Tensor]:
    """Convert a state dict of ``UNet2DModel``, with current or pre-2023 names, to our names.

    Args:
        weights: the weights of a diffusers file.
        shapes: the shape of each parameter of our network.

    Raises:
        ValueError: if a weight is missing, left over, of another shape or not finite.
    """
    given = {_rename(name, _BEFORE_2023): value for name, value in weights.items()}
    return match_weights(given, {name: diffusers_names(name) for name in shapes}, shapes)


def _rename(name: str, rules: Iterable[tuple[str, str]]) -> str:
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return name


def match_weights(
    weights: Mapping[str, Tensor],
    names: Mapping[str, list[str]],
    shapes: Mapping[str, torch.Size],
) -> dict[str, Tensor]:
    """Return a network's state dict from a file's weights, renamed, concatenated and checked.

    Args:
        weights: the weights, by their names in the file.
        names: for each parameter of the network, the names in the file whose weights, concatenated,
            are that parameter.
        shapes: the shape of each parameter of the network.

    Raises:
        ValueError: if a weight is missing, left over, of another shape or not finite.
    """
    given, result = dict(weights), {}
    for name, shape in shapes.items():
        file_names = names[name]
        _raise_if_any("lack", [file_name for file_name in file_names if file_name not in given])
        tensors = [given.pop(file_name) for file_name in file_names]
        if not all(tensor.is_floating_point() for tensor in tensors):
            raise ValueError(f"{file_names[0]} holds numbers of a kind that no weights have")
        if any(
            tensor.shape[1:] != tensors[0].shape[1:] or not tensor.ndim for tensor in tensors[1:]
        ):
            raise ValueError(f"{file_names[0]} does not go with {file_names[-1]}")
        value = (torch.cat(tensors) if len(tensors) > 1 else tensors[0]).float()
        # Attention's projections are, or were in older versions, 1×1 convolutions.
        if value.shape != shape and value.ndim > 1 and value.flatten(1).shape == shape:
            value = value.flatten(1)
        if value.shape != shape:
            raise ValueError(
                f"{file_names[0]} has shape {tuple(value.shape)}, the network needs {tuple(shape)}"
            )
        if not bool(value.isfinite().all()):
            raise ValueError(f"{file_names[0]} holds values that are not finite")
        result[name] = value
    _raise_if_any("hold, besides what the network has,", list(given))
    return result


def _raise_if_any(verb: str, names: list[str]) -> None:
    if names:
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        raise ValueError(f"the weights {verb} {names[0]}{more}")
