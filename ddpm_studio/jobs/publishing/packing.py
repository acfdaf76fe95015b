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
from ddpm_studio.runs.info import BaseInfo, Published

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
    data = info.data
    told: dict[str, Any] = {
        "published": Published(
            title=request.title,
            license=request.license,
            credits=request.credits,
            sample=request.sample,
        ),
        "start_from": run_name(Path(info.start_from)) if info.start_from else None,
    }
    if info.base is not None:
        told["base"] = info.base.model_copy(update={"run": _shared_base(info.base)})
    if info.student is not None:
        told["student"] = info.student.model_copy(update={"teacher": teacher_name(info.student)})
    if data is not None:
        told["data"] = data.model_copy(update={"sources": tuple(data_args(data.sources))})
    return info.model_copy(update=told)


def _shared_base(base: BaseInfo) -> dict[str, Any]:
    """Return the content of a base model's ``run.json`` without paths of this machine."""
    told = dict(base.run)
    if told.get("data"):
        told["data"] = {**told["data"], "sources": data_args(told["data"]["sources"])}
    if told.get("start_from"):
        told["start_from"] = run_name(Path(told["start_from"]))
    if told.get("base"):
        inner = BaseInfo.model_validate(told["base"])
        told["base"] = {**told["base"], "run": _shared_base(inner)}
    return told


def pack_weights(run: RunFolder, checkpoint: Checkpoint, into: RunFolder) -> None:
    """Write the averaged weights in half precision.

    Raises:
        StudioError: if they can't be read, or values exceed the range of float16.
        OSError: if they can't be written.
    """
    whole = checkpoint.load("ema", run.info.network_config())
    half = {name: tensor.to(torch.float16) for name, tensor in whole.items()}
    if not all(bool(tensor.isfinite().all()) for tensor in half.values()):
        raise StudioError(
            "The weights hold values that half precision has no room for.",
            "Share the run folder itself, or an earlier checkpoint of it.",
        )
    loss = checkpoint.state().get("loss")
    state = {"loss": loss} if isinstance(loss, float) and math.isfinite(loss) else {}
    into.save_checkpoint(checkpoint.step, {"ema": half}, state)


def pack_metrics(run: RunFolder, step: int, into: RunFolder) -> None:
    """Write a subset of the metrics up to a step, each line unchanged.

    Raises:
        OSError: if they can't be written.
    """
    lines = [line for line in run.metrics() if line["step"] <= step]
    ticks = [line for line in lines if _TICK in line]
    measured = [line for line in lines if _HELD_OUT in line]
    parts = ((lines, _MAX_LINES), (ticks, _MAX_TICKS), (measured, _MAX_TICKS))
    kept = {line["step"]: line for part, most in parts for line in _evenly_spaced(part, most)}
    metrics.append(into.metrics_file, [kept[number] for number in sorted(kept)])


def pack_previews(run: RunFolder, step: int, into: RunFolder) -> None:
    """Copy some of the training's preview samples up to a step, the last one included.

    Raises:
        OSError: if they can't be written.
    """
    found = []
    for sheet in run.previews():
        with contextlib.suppress(StudioError):
            found += [sheet] if read_preview(sheet).step <= step else []
    for sheet in _evenly_spaced(found, _MAX_PREVIEWS):
        into.samples_dir.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(into.samples_dir / sheet.name, sheet.read_bytes())


def pack_samples(
    into: RunFolder, name: str, like: SamplerRequest, count: int, models: ModelStore
) -> Generator[Event, None, None]:
    """Draw samples, equally many of each class, as files with recipes and as a sheet.

    Args:
        into: the packed model.
        name: its name, for the recipes.
        like: sampler and its settings.
        count: total number, at least one of each class.
        models: store of models.

    Raises:
        StudioError: if they can't be drawn.
        OSError: if they can't be written.
    """
    classes = into.info.network_basics().num_classes
    labels: Sequence[int | None] = [None] if classes is None else range(classes)
    each = math.ceil(count / len(labels))
    same = {
        key: value
        for key, value in like
        if key in SampleRequest.model_fields and key not in ("run", "count", "frames", "seed")
    }
    shown: list[Pictures] = []
    for number, label in enumerate(labels):
        yield Progress(number, len(labels), "Drawing samples", "")
        asked = SampleRequest(**same | {"run": into.path, "count": each, "class_label": label})
        drawn = yield from sample(asked, models)
        recipe = {**drawn.recipe, "request": {**_request(drawn.recipe), "run": name}}
        yield from gallery.save_to_gallery(into.path, replace(drawn, recipe=recipe))
        shown.append(drawn.pictures)
    pictures = np.concatenate(shown)
    scale = max(1, _TILE // max(pictures.shape[1:3]))
    # A column for each class, or a squarish grid.
    columns = None if classes is None else each if classes > _MAX_COLUMNS else classes
    if classes is not None and columns == classes:
        pictures = np.concatenate([pictures[row::each] for row in range(each)])
    save_png(into.path / SHEET, pictures, {"kind": "gallery"}, columns=columns, scale=scale)


_MAX_COLUMNS = 20


def _request(recipe: dict[str, object]) -> dict[str, object]:
    asked = recipe["request"]
    assert isinstance(asked, dict)
    return asked


def _evenly_spaced(found: Sequence[_T], most: int) -> Iterable[_T]:
    """Return at most ``most`` items, evenly spaced in reverse order, the last one included."""
    every = max(1, math.ceil(len(found) / most))
    return found[::-1][::every]
