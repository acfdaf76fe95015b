"""Open a folder that diffusers wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ddpm_studio.engine.networks.network import Network, NetworkConfig
from ddpm_studio.engine.networks.registry import outline
from ddpm_studio.engine.process import DiffusionProcess
from ddpm_studio.engine.schedules.schedule import NoiseSchedule
from ddpm_studio.errors import StudioError
from ddpm_studio.interop.configs import process_from
from ddpm_studio.interop.names import from_diffusers
from ddpm_studio.pickles.torch_file import load_torch_file
from ddpm_studio.interop.unet2d import network_config
from ddpm_studio.strict_json import read_object, require_file

WEIGHTS = "diffusion_pytorch_model"
# Says that the last row of the class embedding stands for "no label", which diffusers'
# own configuration has no word for.
NO_LABEL_FILE = "ddpm_studio.json"

_MAX_JSON = 1 << 20
# No number is wider; names and shapes fit into the rest.
_WIDEST, _OVERHEAD = 8, 32 << 20


@dataclass(frozen=True)
class DiffusersModel:
    """What a diffusers folder holds.

    Args:
        config: shape of the network.
        weights: for the network's ``load_state_dict``, float32 on the CPU.
        process: schedule, parameterisation, variance and clipping of its scheduler.
    """

    config: NetworkConfig
    weights: dict[str, Tensor]
    process: DiffusionProcess

    @property
    def schedule(self) -> NoiseSchedule:
        """The noise schedule that the network was trained with."""
        return self.process.schedule

    def network(self) -> Network:
        """Return the network with its weights, ready to sample."""
        model = outline(self.config)
        model.load_state_dict(self.weights, assign=True)
        return model.eval()


def is_diffusers_folder(folder: Path) -> bool:
    """Whether a folder has one of the two layouts: parts in folders, or all at the root."""
    return _layout(folder) is not None


def load_diffusers(folder: Path) -> DiffusersModel:
    """Read a ``DDPMPipeline`` folder, in either layout; nothing in it is executed.

    Args:
        folder: with ``unet/`` and ``scheduler/``, or with their files at the root.

    Raises:
        StudioError: if a file is missing or damaged, or a field asks for what the network
            cannot express; the field is named.
    """
    layout = _layout(folder)
    if layout is None:
        raise StudioError(
            f"{folder} is not a diffusers model.",
            "Choose a folder with model_index.json, or with unet/config.json "
            "and scheduler/scheduler_config.json.",
        )
    unet_folder, scheduler_file = layout
    unet_file = unet_folder / "config.json"
    fields = _read_json(unet_file)
    no_label_row = (folder / NO_LABEL_FILE).exists()
    embeds = fields.get("num_class_embeds")
    try:
        config = network_config(
            fields, embeds if embeds is None or not no_label_row else embeds - 1
        )
    except (ValueError, TypeError, ArithmeticError) as error:
        raise _unsupported(unet_file, error) from error
    try:
        process = process_from(_read_json(scheduler_file), config.learned_variance)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise _unsupported(scheduler_file, error) from error

    shapes = {name: value.shape for name, value in outline(config).state_dict().items()}
    numbers = sum(shape.numel() for shape in shapes.values())
    weights_file, weights = _read_weights(unet_folder, _WIDEST * numbers + _OVERHEAD)
    if config.num_classes is not None and not no_label_row:
        weights = _with_no_label_row(weights)
    try:
        return DiffusersModel(config, from_diffusers(weights, shapes), process)
    except ValueError as error:
        raise StudioError(
            f"{weights_file.name} does not fit config.json: {error}.",
            "Download the model again, or choose another.",
        ) from error


def _layout(folder: Path) -> tuple[Path, Path] | None:
    """Return the network's folder and the scheduler's file."""
    name = "scheduler_config.json"
    for unet, scheduler in (
        (folder / "unet", folder / "scheduler" / name),
        (folder, folder / name),
    ):
        if (unet / "config.json").is_file() and scheduler.is_file():
            return unet, scheduler
    return None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return read_object(path, _MAX_JSON)
    except (OSError, ValueError) as error:
        raise StudioError(f"{path} cannot be read: {error}.", "Download it again.") from error


def _read_weights(folder: Path, most: int) -> tuple[Path, dict[str, Tensor]]:
    """Read the table of weights, unless its file has more than ``most`` bytes."""
    safe, pickled = folder / f"{WEIGHTS}.safetensors", folder / f"{WEIGHTS}.bin"
    path = safe if safe.is_file() else pickled
    if not path.is_file():
        raise StudioError(
            f"{folder} has no {safe.name} and no {pickled.name}.", "Download the model again."
        )
    try:
        if require_file(path).st_size > most:
            raise ValueError("it is far larger than its network")
        # Not mapped: a file cut short on a network disk would end the process.
        return path, load_file(path, backend="pread") if path is safe else load_torch_file(path)
    except (SafetensorError, ValueError, OSError) as error:
        raise StudioError(
            f"{path} is damaged or holds more than weights: {error}.",
            "Download it again, or choose a model with safetensors.",
        ) from error


def _with_no_label_row(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    name = "class_embedding.weight"
    if name not in weights:
        return weights
    rows = weights[name]
    return {**weights, name: torch.cat([rows, rows.new_zeros(1, *rows.shape[1:])])}


def _unsupported(path: Path, error: Exception) -> StudioError:
    return StudioError(
        f"{path} describes a network that DDPM Studio cannot express: {error}.",
        "Choose a model of the DDPM family, such as google/ddpm-cifar10-32.",
    )
