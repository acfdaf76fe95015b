"""diffusers model format: pipelines, checkpoints of its training script, single networks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ddpm_studio.engine.networks.network import NetworkConfig
from ddpm_studio.engine.networks.registry import build_on_meta
from ddpm_studio.engine.process import DiffusionProcess
from ddpm_studio.errors import StudioError
from ddpm_studio.interop.configs import UnsupportedFieldError, is_sampling_scheduler, process_from
from ddpm_studio.interop.formats.format import (
    PAPER_SETTINGS,
    Answers,
    ModelFormat,
    height_width,
    process_of,
)
from ddpm_studio.interop.formats.source import Source, strip_prefixes
from ddpm_studio.interop.layout import (
    INDEX,
    ModelLayout,
    find_layout,
    read_json,
    read_weights,
    variant_of,
)
from ddpm_studio.interop.model import ForeignModel
from ddpm_studio.interop.names import from_diffusers
from ddpm_studio.interop.unet2d import network_config, require_network

# This file marks the last row of the class embedding as "no label", for which diffusers'
# configuration has no field.
NO_LABEL_FILE = "ddpm_studio.json"

# Largest size of a number in bytes, and an allowance for names and shapes.
_MAX_BYTES_PER_NUMBER, _OVERHEAD = 8, 32 << 20
_STEP = re.compile(r"checkpoint-(\d{1,12})")


class Diffusers(ModelFormat):
    """A diffusers folder, or one of its files."""

    def recognises(self, source: Source) -> bool:
        """See :class:`ModelFormat`."""
        return find_layout(source.path) is not None or (source.path / INDEX).is_file()

    def questions(self, source: Source) -> Answers:
        """Return the settings that a network without a pipeline lacks; see :class:`ModelFormat`."""
        layout = _layout(source.path)
        file = layout.unet / "config.json"
        fields = read_json(file)
        try:
            require_network(fields)
        except UnsupportedFieldError as error:
            raise _unsupported(file, error) from error
        missing: dict[str, Any] = {}
        if fields.get("sample_size") is None:
            missing["image_size"] = None
        if layout.scheduler is None:
            missing.update(PAPER_SETTINGS)
        embeds = fields.get("num_class_embeds")
        if embeds is not None and not (layout.root / NO_LABEL_FILE).exists():
            missing["null_class"] = False
        return missing

    def read(self, source: Source, answers: Answers) -> ForeignModel:
        """See :class:`ModelFormat`."""
        return _read(_layout(source.path), answers)


def is_diffusers_folder(folder: Path) -> bool:
    """Whether a folder is a diffusers model, with its parts in subfolders or all at the root."""
    return find_layout(folder) is not None


def load_diffusers(folder: Path) -> ForeignModel:
    """Read a ``DDPMPipeline`` folder of any layout; nothing in it is executed.

    Args:
        folder: folder with ``unet/`` and ``scheduler/``, or with their files at the root.

    Raises:
        StudioError: if a file is missing or damaged, or the value of a field is unsupported; the
            message names it.
    """
    layout = _layout(folder)
    if layout.scheduler is None:
        raise StudioError(f"{folder} has no scheduler_config.json.", "Download the model again.")
    return _read(layout, {})


def _layout(path: Path) -> ModelLayout:
    layout = find_layout(path)
    index = (path if layout is None else layout.root) / INDEX
    if index.is_file():
        _check_pipeline(index)
    if layout is None and index.is_file():
        raise StudioError(
            f"{path} has {INDEX} and lacks unet/config.json.", "Download the rest of the model."
        )
    if layout is None:
        raise StudioError(
            f"{path} is not a diffusers model.",
            "Choose a folder with model_index.json, or with unet/config.json "
            "and scheduler/scheduler_config.json.",
        )
    if layout.scheduler is None and index.is_file():
        raise StudioError(
            f"{layout.root} lacks scheduler/scheduler_config.json.", "Download the model again."
        )
    return layout


def _check_pipeline(index: Path) -> None:
    """Refuse a pipeline with components other than a U-Net on pixels and its scheduler."""
    fields = read_json(index)
    pipeline = str(fields.get("_class_name", "pipeline"))
    components = {
        name
        for name, component in fields.items()
        if isinstance(component, list) and component[-1:] != [None]
    }
    if others := sorted(components - {"unet", "scheduler"}):
        raise StudioError(
            f"{index.parent} holds a {pipeline}, which works with {', '.join(others)}.",
            "Only pipelines of a UNet2DModel on pixels and a scheduler, such as DDPMPipeline, "
            "can be read.",
        )


def _read(layout: ModelLayout, answers: Answers) -> ForeignModel:
    file = layout.unet / "config.json"
    fields = read_json(file)
    if fields.get("sample_size") is None and "image_size" in answers:
        fields["sample_size"] = list(height_width(answers))
    null_row = (layout.root / NO_LABEL_FILE).exists() or answers.get("null_class", False)
    embeds = fields.get("num_class_embeds")
    try:
        config = network_config(fields, embeds if embeds is None or not null_row else embeds - 1)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise _unsupported(file, error) from error
    process, notes = _process(layout, config, answers)
    weights, weight_notes = _weights(layout.unet, config, null_row)
    raw = None if layout.raw is None else _weights(layout.raw, config, null_row)[0]
    step = _STEP.fullmatch(layout.root.name)
    return ForeignModel(
        config,
        weights,
        null_label=null_row or config.num_classes is None,
        process=process,
        raw=raw,
        training_progress=f"step {int(step[1]):,}" if step else "",
        notes=(*notes, *weight_notes),
    )


def _process(
    layout: ModelLayout, config: NetworkConfig, answers: Answers
) -> tuple[DiffusionProcess, list[str]]:
    """Return the diffusion process, and notes on how it was read."""
    if layout.scheduler is None:
        return process_of(answers, learned=config.learned_variance), []
    fields = read_json(layout.scheduler)
    try:
        process = process_from(fields, config.learned_variance)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise _unsupported(layout.scheduler, error) from error
    if not is_sampling_scheduler(fields):
        return process, []
    return process, [
        f"What {fields['_class_name']} says of the noise is read; its way of drawing is not: the "
        "sampler is chosen here."
    ]


def _weights(
    folder: Path, config: NetworkConfig, null_row: bool
) -> tuple[dict[str, Tensor], list[str]]:
    """Return a network's weights, and notes on where they were read from."""
    shapes = {name: value.shape for name, value in build_on_meta(config).state_dict().items()}
    parameters = sum(shape.numel() for shape in shapes.values())
    file, table = read_weights(folder, _MAX_BYTES_PER_NUMBER * parameters + _OVERHEAD)
    weights = dict(strip_prefixes(table))
    if config.num_classes is not None and not null_row:
        weights = _with_no_label_row(weights)
    try:
        found = from_diffusers(weights, shapes)
    except ValueError as error:
        raise StudioError(
            f"{file.name} does not fit config.json: {error}.",
            "Download the model again, or choose another.",
        ) from error
    variant = variant_of(file)
    return found, [f"The weights are those of {file.name}."] if variant else []


def _with_no_label_row(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    name = "class_embedding.weight"
    if name not in weights:
        return dict(weights)
    rows = weights[name]
    return {**weights, name: torch.cat([rows, rows.new_zeros(1, *rows.shape[1:])])}


def _unsupported(path: Path, error: Exception) -> StudioError:
    kind = "a scheduler" if "scheduler" in path.name else "a network"
    known = isinstance(error, UnsupportedFieldError)
    return StudioError(
        f"{path} describes {kind} that DDPM Studio cannot express: {error}.",
        "Choose a model of the DDPM family, such as google/ddpm-cifar10-32 (a name on the "
        "Hugging Face Hub)."
        if known
        else "The file is damaged, or was changed by hand.",
    )
