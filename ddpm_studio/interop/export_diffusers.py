"""Export of a model as a diffusers pipeline folder."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from ddpm_studio.engine.networks.network import NetworkConfig
from ddpm_studio.engine.process import DiffusionProcess
from ddpm_studio.errors import StudioError
from ddpm_studio.interop.configs import UnsupportedFieldError, scheduler_fields
from ddpm_studio.interop.formats.diffusers import NO_LABEL_FILE
from ddpm_studio.interop.layout import WEIGHTS
from ddpm_studio.interop.names import to_diffusers
from ddpm_studio.interop.unet2d import network_fields
from ddpm_studio.paths import path_exists, rename_with_retries

# The oldest version of diffusers that can read everything written here.
_VERSION = "0.31.0"
_CLASSES = "class_embedding.weight"


def save_diffusers(
    folder: Path,
    config: NetworkConfig,
    weights: Mapping[str, Tensor],
    process: DiffusionProcess,
    *,
    null_label: bool = True,
    card: str = "",
) -> None:
    """Write a folder that ``DDPMPipeline.from_pretrained`` can load.

    The write is atomic: a temporary folder is renamed. A class-conditional network for which "no
    label" was learnt has one more class in diffusers, the last.

    Args:
        folder: the folder to create; it may exist if it is empty.
        config: configuration of the network.
        weights: the network's ``state_dict()``, with or without EMA.
        process: schedule, parameterisation, variance and clipping.
        null_label: whether the embedding of "no label" was learnt; else it is left out.
        card: the model card in Markdown; empty for none.

    Raises:
        StudioError: if the folder is not empty or is the current one, or if diffusers cannot
            express the network or the process.
    """
    folder = Path(folder)
    check_destination(folder)
    try:
        network, scheduler = network_fields(config), scheduler_fields(process)
        if config.num_classes is not None and not null_label:
            network["num_class_embeds"] = config.num_classes
    except UnsupportedFieldError as error:
        raise StudioError(
            f"diffusers cannot express this model: {error}.", "Keep it as a run folder."
        ) from error

    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        temporary.chmod(0o755)
        index = {
            "_class_name": "DDPMPipeline",
            "scheduler": ["diffusers", "DDPMScheduler"],
            "unet": ["diffusers", "UNet2DModel"],
        }
        _write_json(temporary / "model_index.json", index)
        _write_json(temporary / "scheduler" / "scheduler_config.json", scheduler)
        _write_json(temporary / "unet" / "config.json", network)
        tensors = to_diffusers(weights)
        if config.num_classes is not None and not null_label:
            tensors[_CLASSES] = tensors[_CLASSES][: config.num_classes].clone()
        save_file(tensors, temporary / "unet" / f"{WEIGHTS}.safetensors", {"format": "pt"})
        if config.num_classes is not None and null_label:
            _write_json(temporary / NO_LABEL_FILE, {"no_label_class": config.num_classes})
        if card:
            (temporary / "README.md").write_text(card, encoding="utf-8")
        if folder.exists():
            folder.rmdir()
        rename_with_retries(Path.rename, temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_destination(folder: Path) -> None:
    """Check that a folder can be created or, if it is empty, replaced.

    Raises:
        StudioError: if the path is a file or a folder with files, or the current folder.
    """
    if not path_exists(folder):
        return
    if not folder.is_dir() or any(folder.iterdir()):
        raise StudioError(f"{folder} already holds files.", "Choose a new or an empty folder.")
    # The current folder of a process can't be replaced: Windows refuses that.
    if folder.samefile("."):
        raise StudioError(
            f"{folder} is the folder that you are in, which can't be made anew.",
            "Name a new folder in it.",
        )


def _write_json(path: Path, fields: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    text = json.dumps({**fields, "_diffusers_version": _VERSION}, indent=2, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
