"""Training state as flat dictionaries of tensors, for checkpoints: merge, split and load."""

from __future__ import annotations

from torch import Tensor, nn


def parts(rows: slice, *batch: Tensor | None) -> tuple[Tensor | None, ...]:
    """Slice the rows of each tensor of a batch; None stays None."""
    return tuple(None if tensor is None else tensor[rows] for tensor in batch)


def merge_tensors(tensors: dict[str, Tensor], **parts: dict[str, Tensor]) -> dict[str, Tensor]:
    """Merge tensors with those of named parts, which get keys ``part.key``."""
    prefixed = {
        f"{part}.{key}": value
        for part, part_tensors in parts.items()
        for key, value in part_tensors.items()
    }
    return tensors | prefixed


def split_tensors(
    tensors: dict[str, Tensor], part: str
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Split off the tensors of a part: return the others, and the part's without the prefix."""
    prefix = f"{part}."
    part_tensors = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    return {k: v for k, v in tensors.items() if not k.startswith(prefix)}, part_tensors


def load_strict(network: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Load weights into a network, strictly.

    Raises:
        ValueError: if one is missing, superfluous or of another shape.
    """
    try:
        network.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        raise ValueError(f"the weights do not fit the network: {error}") from error
