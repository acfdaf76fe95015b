"""Publishing: a run is packed for sharing, with a model card and newly measured metrics."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ddpm_studio import paths
from ddpm_studio.data.samples import sample_set
from ddpm_studio.errors import StudioError
from ddpm_studio.interop import check_destination
from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.events import Event, Progress
from ddpm_studio.jobs.library.training_pictures import (
    prepare_given_pictures,
    training_sources,
)
from ddpm_studio.jobs.measuring.evaluating import evaluate
from ddpm_studio.jobs.measuring.recorded_requests import real_data_fingerprint, recorded_request
from ddpm_studio.jobs.publishing.card import CardEvaluation, model_card
from ddpm_studio.jobs.publishing.commands import data_args
from ddpm_studio.jobs.publishing.packing import (
    pack_metrics,
    pack_previews,
    pack_samples,
    pack_weights,
    shared_info,
)
from ddpm_studio.requests import EvaluateRequest, PublishRequest
from ddpm_studio.runs import RunFolder, RunInfo, atomic, evaluations
from ddpm_studio.runs.evaluations import RecordedEvaluation
from ddpm_studio.runs.ready import PREFIX

CARD = "README.md"
# Paths of pictures, and whether they have been prepared for the run before.
_Data = tuple[list[Path], bool]


@dataclass(frozen=True)
class PackedModel:
    """A packed model: its path, and its size in bytes."""

    path: Path
    size: int


def publish(
    request: PublishRequest,
    folder: Path,
    models: ModelStore,
    sources: Sequence[Path] = (),
    *,
    are_prepared: bool = False,
) -> Generator[Event, None, PackedModel]:
    """Pack the newest averaged weights of a run into a folder for sharing.

    The folder is a run folder: weights in half precision, some metrics of the training, samples
    with their recipes, and a model card, ``README.md``. The run's evaluations are repeated with
    the packed weights, so that the card's figures can be reproduced. The folder is written
    atomically.

    Args:
        request: the run, and further contents of the card.
        folder: the folder to make; it may exist if it is empty.
        models: store of models.
        sources: the pictures that the run was evaluated with, if they are neither those that it was
            trained on nor the embedded data set that belongs to it.
        are_prepared: as of :func:`prepare_given_pictures`.

    Yields:
        Progress and Notices.

    Raises:
        StudioError: if something is missing that the card needs, the run can't be read, or the
            folder contains files, is the working directory, or can't be written.
    """
    run = RunFolder.open(request.run)
    name = run.path.resolve().name
    _check(run.info, name, folder)
    checkpoint = run.newest()
    to_repeat = _find_evaluations(run, checkpoint.step)
    if not to_repeat:
        raise StudioError(
            f"The averaged weights of {name} at step {checkpoint.step:,} have not been evaluated.",
            f"Do so first: ddpm-studio evaluate {run.path}",
        )
    yield Progress(0, 1, "Looking for the pictures")
    found = yield from _find_data(
        run.info, request, sources, are_prepared, {entry.data for entry in to_repeat}, name
    )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with atomic.atomic_folder(folder) as temporary:
            packed = RunFolder.create(temporary, shared_info(run.info, request))
            pack_weights(run, checkpoint, packed)
            pack_metrics(run, checkpoint.step, packed)
            pack_previews(run, checkpoint.step, packed)
            card_evaluations = []
            for entry in to_repeat:
                repeated = entry.request.model_copy(update={"run": temporary})
                data_paths, is_prepared = found[entry.data]
                yield from evaluate(repeated, data_paths, models, are_prepared=is_prepared)
                recorded = _without_paths(evaluations.read(temporary)[-1], folder.name)
                card_evaluations.append(
                    CardEvaluation(recorded, entry.request, data_args(data_paths))
                )
            _replace_evaluations(temporary, [entry.evaluation for entry in card_evaluations])
            sampler_request = card_evaluations[-1].request
            yield from pack_samples(packed, folder.name, sampler_request, request.count, models)
            card = model_card(packed.info, checkpoint.step, _model_name(folder), card_evaluations)
            atomic.write_bytes(temporary / CARD, card.encode())
            size = sum(file.stat().st_size for file in temporary.rglob("*") if file.is_file())
    except OSError as error:
        raise StudioError(
            f"{folder} can't be written: {error.strerror or error}.",
            "Choose a folder that you may write to.",
        ) from error
    return PackedModel(folder, size)


@dataclass(frozen=True)
class _EvaluationToRepeat:
    """An evaluation recorded by a run: its request, and the fingerprint of its pictures."""

    request: EvaluateRequest
    data: str


def _check(info: RunInfo, name: str, folder: Path) -> None:
    if info.published is not None:
        raise StudioError(f"{name} is packed already.", "Copy its folder.")
    if info.request is None or info.data is None:
        raise StudioError(
            f"{name} was not trained here: its card would have no training command.",
            "Fine-tune it here first, or share it as a folder of diffusers.",
        )
    check_destination(folder)


def _find_evaluations(run: RunFolder, step: int) -> list[_EvaluationToRepeat]:
    """Return the distinct evaluations of the averaged weights of a step, in order."""
    found: dict[tuple[str, str], _EvaluationToRepeat] = {}
    for evaluation in evaluations.read(run.path):
        if evaluation.step != step or (request := recorded_request(evaluation, run.path)) is None:
            continue
        if request.weights == "ema" and request.ema_length is None:
            entry = _EvaluationToRepeat(request, real_data_fingerprint(evaluation))
            found[request.model_dump_json(), entry.data] = entry
    return list(found.values())


def _find_data(
    info: RunInfo,
    request: PublishRequest,
    sources: Sequence[Path],
    are_prepared: bool,
    fingerprints: set[str],
    name: str,
) -> Generator[Event, None, dict[str, _Data]]:
    """Find the pictures of evaluations, and whether they are prepared, by their fingerprint.

    Raises:
        StudioError: if some are not at any of the places considered.
    """
    candidates = [(list(sources), are_prepared)] if sources else []
    if request.sample is not None:
        candidates.append(([sample_set(request.sample).path], False))
    candidates.append((training_sources(info), False))
    found: dict[str, _Data] = {}
    for candidate, is_prepared in candidates:
        if fingerprints <= found.keys():
            break
        if all(map(paths.path_exists, candidate)):
            dataset = yield from prepare_given_pictures(info, candidate, are_prepared=is_prepared)
            found.setdefault(dataset.fingerprint, (candidate, is_prepared))
    if not fingerprints <= found.keys():
        raise StudioError(
            f"The pictures that {name} was evaluated with are not where they could be.",
            "Name them too, or the embedded set that they are.",
        )
    return found


def _without_paths(evaluation: RecordedEvaluation, name: str) -> RecordedEvaluation:
    """Return an evaluation without paths of this machine."""
    details: dict[str, Any] = dict(evaluation.told)
    recipe = dict(details["recipe"])
    recipe["request"] = {**recipe["request"], "run": name}
    compare_fields = dict(recipe["compared"])
    if compare_fields.get("features_file"):
        compare_fields["features_file"] = Path(compare_fields["features_file"]).name
    return replace(evaluation, told={**details, "recipe": {**recipe, "compared": compare_fields}})


def _replace_evaluations(run: Path, recorded: Sequence[RecordedEvaluation]) -> None:
    (run / evaluations.FILE_NAME).unlink()
    for evaluation in recorded:
        evaluations.append(run, evaluation)


def _model_name(folder: Path) -> str:
    """Return the name of the model in commands: ``ready:NAME`` if the folder is a shipped one."""
    is_shipped = folder.resolve().parent == paths.models_dir().resolve()
    return f"{PREFIX}{folder.name}" if is_shipped else folder.name
