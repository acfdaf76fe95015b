"""Contents of a packed model: run.json, half-precision weights, thinned metrics, samples."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from ddpm_studio.errors import StudioError
from ddpm_studio.export import save_png
from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.drawing.sampling import sample
from ddpm_studio.jobs.events import Event, Pictures, Progress
from ddpm_studio.jobs.library import gallery
from ddpm_studio.jobs.library.preview_sheets import read_preview
from ddpm_studio.jobs.publishing.commands import data_args, run_name, teacher_name
from ddpm_studio.requests import PublishRequest, SampleRequest, SamplerRequest
from ddpm_studio.runs import Checkpoint, RunFolder, RunInfo, atomic, metrics
from ddpm_studio.runs.info import Published

_T = TypeVar("_T")

SHEET = "samples.png"
"""File name of the card's picture."""

_MAX_LINES, _MAX_TICKS = 400, 200
_MAX_PREVIEWS = 6
_TICK = "images_per_second"
_HELD_OUT = "held_out_loss"
_TILE = 64


def shared_info(info: RunInfo, request: PublishRequest) -> RunInfo:
    """Return the contents of a packed model's ``run.json``, without paths of this machine."""
    published = Published(
        title=request.title,
        license=request.license,
        credits=request.credits,
        sample=request.sample,
    )
    return _without_paths(info).model_copy(update={"published": published})


def _without_paths(info: RunInfo) -> RunInfo:
    """Return the contents of a ``run.json``, and of its base models', with names for paths."""
    update: dict[str, Any] = {}
    if info.start_from:
        update["start_from"] = run_name(Path(info.start_from))
    if info.base is not None:
        base = _without_paths(RunInfo.read(info.base.run)).model_dump(mode="json")
        update["base"] = info.base.model_copy(update={"run": base})
    if info.student is not None:
        teacher = teacher_name(info.student)
        update["student"] = info.student.model_copy(update={"teacher": teacher})
    for name in ("data", "resumed_data"):
        if (data := getattr(info, name)) is not None:
            update[name] = data.model_copy(update={"sources": tuple(data_args(data.sources))})
    return info.model_copy(update=update)


def pack_weights(run: RunFolder, checkpoint: Checkpoint, packed: RunFolder) -> None:
    """Write the averaged weights in half precision.

    Raises:
        StudioError: if they can't be read, or values exceed the range of float16.
        OSError: if they can't be written.
    """
    weights = checkpoint.load("ema", run.info.network_config())
    half = {name: tensor.to(torch.float16) for name, tensor in weights.items()}
    if not all(bool(tensor.isfinite().all()) for tensor in half.values()):
        raise StudioError(
            "The weights hold values that half precision has no room for.",
            "Share the run folder itself, or an earlier checkpoint of it.",
        )
    loss = checkpoint.state().get("loss")
    state = {"loss": loss} if isinstance(loss, float) and math.isfinite(loss) else {}
    packed.save_checkpoint(checkpoint.step, {"ema": half}, state)


def pack_metrics(run: RunFolder, step: int, packed: RunFolder) -> None:
    """Write a subset of the metrics up to a step, each line unchanged.

    Raises:
        OSError: if they can't be written.
    """
    lines = [line for line in run.metrics() if line["step"] <= step]
    ticks = [line for line in lines if _TICK in line]
    held_out = [line for line in lines if _HELD_OUT in line]
    parts = ((lines, _MAX_LINES), (ticks, _MAX_TICKS), (held_out, _MAX_TICKS))
    selected = {line["step"]: line for part, limit in parts for line in _evenly_spaced(part, limit)}
    metrics.append(packed.metrics_file, [selected[step_number] for step_number in sorted(selected)])


def pack_previews(run: RunFolder, step: int, packed: RunFolder) -> None:
    """Copy some of the training's preview samples up to a step, the last one included.

    Raises:
        OSError: if they can't be written.
    """
    sheets = []
    for sheet in run.previews():
        with contextlib.suppress(StudioError):
            sheets += [sheet] if read_preview(sheet).step <= step else []
    for sheet in _evenly_spaced(sheets, _MAX_PREVIEWS):
        packed.samples_dir.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(packed.samples_dir / sheet.name, sheet.read_bytes())


def pack_samples(
    packed: RunFolder, name: str, sampler_request: SamplerRequest, count: int, models: ModelStore
) -> Generator[Event, None, None]:
    """Draw samples, equally many of each class, as files with recipes and as a sheet.

    Args:
        packed: the packed model.
        name: its name, for the recipes.
        sampler_request: sampler and its settings.
        count: total number, at least one of each class.
        models: store of models.

    Raises:
        StudioError: if they can't be drawn.
        OSError: if they can't be written.
    """
    classes = packed.info.network_basics().num_classes
    labels: Sequence[int | None] = [None] if classes is None else range(classes)
    per_class = math.ceil(count / len(labels))
    settings = {
        key: value
        for key, value in sampler_request
        if key in SampleRequest.model_fields and key not in ("run", "count", "frames", "seed")
    }
    drawn_pictures: list[Pictures] = []
    for index, label in enumerate(labels):
        yield Progress(index, len(labels), "Drawing samples", "")
        request = SampleRequest(
            **settings | {"run": packed.path, "count": per_class, "class_label": label}
        )
        drawn = yield from sample(request, models)
        recipe = {**drawn.recipe, "request": {**_request(drawn.recipe), "run": name}}
        yield from gallery.save_to_gallery(packed.path, replace(drawn, recipe=recipe))
        drawn_pictures.append(drawn.pictures)
    pictures = np.concatenate(drawn_pictures)
    scale = max(1, _TILE // max(pictures.shape[1:3]))
    # A column for each class, or a squarish grid.
    columns = None if classes is None else per_class if classes > _MAX_COLUMNS else classes
    if classes is not None and columns == classes:
        pictures = np.concatenate([pictures[row::per_class] for row in range(per_class)])
    save_png(packed.path / SHEET, pictures, {"kind": "gallery"}, columns=columns, scale=scale)


_MAX_COLUMNS = 20


def _request(recipe: dict[str, object]) -> dict[str, object]:
    request = recipe["request"]
    assert isinstance(request, dict)
    return request


def _evenly_spaced(items: Sequence[_T], limit: int) -> Iterable[_T]:
    """Return at most ``limit`` items, evenly spaced in reverse order, the last one included."""
    stride = max(1, math.ceil(len(items) / limit))
    return items[::-1][::stride]
