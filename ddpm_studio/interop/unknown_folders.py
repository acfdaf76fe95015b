"""Unsupported model folders: recognition of other programs' formats, with the remedy for each."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ddpm_studio.errors import StudioError, printable
from ddpm_studio.interop.layout import read_json

_PYTORCH_ONLY = "Only models of PyTorch can be read."
JOIN_REMEDY = (
    "Join them: python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER ckpt.pt."
)
"""Remedy for a sharded checkpoint of torch.distributed."""
_MERGE = "Merge it into its model with its own program."
_WEIGHTS = (".pt", ".pth", ".ckpt", ".safetensors", ".bin")
_MAX_LISTED = 3


class _Kind(NamedTuple):
    """A kind of folder, recognised if any of its glob patterns matches a file in it."""

    patterns: tuple[str, ...]
    description: str
    remedy: str


# ``description`` is the predicate of a sentence about the folder.
_KINDS = (
    _Kind(
        ("*.ckpt*.index", "*.ckpt*.meta"),
        "holds a checkpoint of TensorFlow, as Ho's own code writes",
        "Convert it as pesser/pytorch_diffusion does, and import the result.",
    ),
    _Kind(
        ("*.distcp",),
        "is a checkpoint that is spread over several files (torch.distributed)",
        JOIN_REMEDY,
    ),
    _Kind(
        ("*/*_model_states.pt", "*_model_states.pt"),
        "is a checkpoint of DeepSpeed",
        "Join its parts with the zero_to_fp32.py that lies in it, and import the result.",
    ),
    _Kind(
        ("pytorch_lora_weights.*", "adapter_config.json", "adapter_model.*"),
        "holds a LoRA, which changes another model and is none by itself",
        _MERGE,
    ),
    _Kind(
        ("learned_embeds.*",),
        "holds the embedding of a word (textual inversion), and no model",
        "Use it with the model that it was made for, in its own program.",
    ),
    _Kind(("saved_model.pb",), "is a model of TensorFlow (SavedModel)", _PYTORCH_ONLY),
    _Kind(("*.data-00000-of-*",), "is a checkpoint of TensorFlow", _PYTORCH_ONLY),
    _Kind(
        ("manifest.ocdbt", "_METADATA", "*/manifest.ocdbt", "*/_METADATA"),
        "is a checkpoint of JAX (Orbax)",
        _PYTORCH_ONLY,
    ),
    _Kind(
        ("*.onnx", "unet/*.onnx"),
        "is a model of ONNX, which has no weights to train on",
        "Choose its checkpoint.",
    ),
    _Kind(("*.msgpack", "unet/*.msgpack"), "is a model of Flax", _PYTORCH_ONLY),
    _Kind(
        ("scheduler_config.json",),
        "holds a scheduler, and no network",
        "Choose the folder that it lies in, with the network's beside it.",
    ),
)


def unsupported_folder_error(folder: Path) -> StudioError | None:
    """Return the error for an unsupported folder, recognised by its files; None if unknown."""
    for kind in _KINDS:
        if any(next(folder.glob(pattern), None) is not None for pattern in kind.patterns):
            return StudioError(f"{folder} {kind.description}.", kind.remedy)
    with suppress(StudioError):
        fields = read_json(folder / "config.json")
        if "model_type" in fields and "_class_name" not in fields:
            model_type = printable(str(fields["model_type"]), 40)
            return StudioError(
                f"{folder} is a model of the library transformers ({model_type}).",
                "Only networks that draw pictures from noise can be read.",
            )
    if weights := _weights(folder):
        names = ", ".join(printable(path.name, 60) for path in weights[:_MAX_LISTED])
        more = f" and {len(weights) - _MAX_LISTED:,} more" if len(weights) > _MAX_LISTED else ""
        return StudioError(
            f"{folder} holds {names}{more}, and no config.json that tells what they are.",
            "Choose one of the files, or put the config.json of its network beside it.",
        )
    return None


def _weights(folder: Path) -> Sequence[Path]:
    with suppress(OSError):
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in _WEIGHTS)
    return []
