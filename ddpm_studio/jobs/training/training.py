"""Training of a network on pictures, into a run folder [DDPM Algorithm 1]."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch

from ddpm_studio.catalogue.origins import require
from ddpm_studio.data import Dataset
from ddpm_studio.durations import format_count
from ddpm_studio.engine import Network, Trainer
from ddpm_studio.engine.device.ranks import SINGLE_PROCESS
from ddpm_studio.engine.losses import check_loss
from ddpm_studio.engine.networks.presets import preset_multiple
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.models import LiveTraining, ModelStore
from ddpm_studio.jobs.drawing.pictures import options_like_training, range_notices
from ddpm_studio.jobs.events import Event, InfoNotice, Notice, PicturesLeftOut, Progress, RunStarted
from ddpm_studio.jobs.library.training_pictures import (
    cached_pictures,
    require_reader,
    training_sources,
)
from ddpm_studio.jobs.machine import device as devices
from ddpm_studio.jobs.machine.ranks.preparing import prepare_on_all_ranks
from ddpm_studio.jobs.machine.ranks.rank_plan import RankPlan
from ddpm_studio.jobs.machine.ranks.team import Team
from ddpm_studio.jobs.machine.threads import threads
from ddpm_studio.jobs.training.adapting import Adaptation
from ddpm_studio.jobs.training.auto_settings import choose_auto_settings
from ddpm_studio.jobs.training.building import build_trainer
from ddpm_studio.jobs.training.changes import (
    record_changes,
    report_changed_pictures,
    report_changed_settings,
    updated_request,
)
from ddpm_studio.jobs.training.data_guard import DataGuard
from ddpm_studio.jobs.training.dataset_checks import (
    check_shape,
    describe_large_batch,
    describe_rejects,
    describe_size,
)
from ddpm_studio.jobs.training.description import describe, process_info
from ddpm_studio.jobs.training.fallback_folder import FallbackFolder
from ddpm_studio.jobs.training.held_out import HeldOutEvaluator, HeldOutSplit, split_held_out
from ddpm_studio.jobs.training.length import resolve_length
from ddpm_studio.jobs.training.new_run import inherited_settings
from ddpm_studio.jobs.training.rank_state import TRAIN, RankZero, report_rank_change, send_plan
from ddpm_studio.jobs.training.restoring import SavedProgress, load_first_readable
from ddpm_studio.jobs.training.stepper import Stepper
from ddpm_studio.jobs.training.training_loop import TrainingLoop
from ddpm_studio.paths import path_exists
from ddpm_studio.rank_flag import requested_devices
from ddpm_studio.requests import PrepareOptions, TrainRequest, Weights
from ddpm_studio.runs import Checkpoint, RunFolder, journal
from ddpm_studio.runs.averages import remove_averages_after
from ddpm_studio.runs.info import NEEDED_TO_DRAW, NEEDED_TO_TRAIN, StudentInfo


@dataclass(frozen=True)
class TrainResult:
    """Result of a training: run folder, newest saved step, and last loss, NaN if there is none."""

    run: Path
    step: int
    loss: float


class _TrainArgs(NamedTuple):
    sources: Sequence[Path]
    run: Path
    request: TrainRequest
    options: PrepareOptions
    resume: bool
    start_from: Path | None
    student: StudentInfo | None


def train(
    sources: Sequence[Path],
    run: Path,
    request: TrainRequest,
    options: PrepareOptions,
    *,
    resume: bool = False,
    start_from: Path | None = None,
    student: StudentInfo | None = None,
    models: ModelStore | None = None,
    spare: FallbackFolder | None = None,
) -> Generator[Event, None, TrainResult]:
    """Prepare the data set and train; save checkpoints and preview samples.

    Closing the generator saves a complete checkpoint of the steps taken so far. If the run folder
    can't be written to any more, training continues in memory and retries.

    Args:
        sources: files and folders of the pictures; when resuming, empty for those that the run
            was trained on last, for a student empty for its teacher's.
        run: the run folder, new or, when resuming, existing.
        request: the settings; when resuming, ``steps`` is the new total, ``device`` may differ,
            the changeable settings (``TrainRequest.changeable_fields()``) that are set replace the
            run's, and all others are the run's. A length in epochs or minutes is converted to
            steps; when resuming, minutes are in addition to the training so far.
        options: how pictures are prepared; ignored when resuming, which uses the run's.
        resume: resume an existing run.
        start_from: another run, possibly an imported one, whose network is fine-tuned: its shape,
            schedule and averaged weights replace those that the request would give.
        student: how a few-step student of that run is trained; see
            :func:`~ddpm_studio.jobs.training.distilling.distill`.
        models: store that provides the network to others while it trains.
        spare: where to save if the run folder can't be written to.

    Yields:
        Progress after each step; TrainStep, TrainTick, SampleGrid, CheckpointSaved and Notice
        as they come.

    Raises:
        StudioError: for pictures, settings or a run folder that can't be used, and when training
            can't continue, after saving the last valid state.
    """
    ranks = RankPlan.of(requested_devices(request.devices), request.device)
    with ranks.launched(TRAIN) as launched:
        args = _TrainArgs(sources, run, request, options, resume, start_from, student)
        return (yield from _prepare_and_train(args, ranks, launched, models, spare))


def _prepare_and_train(
    args: _TrainArgs,
    ranks: RankPlan,
    launched: Team | None,
    models: ModelStore | None,
    spare: FallbackFolder | None,
) -> Generator[Event, None, TrainResult]:
    """Prepare and train as :func:`train` does, on the given ranks."""
    sources, run, request, options, resume, start_from, student = args
    device = ranks.device
    if resume:
        folder = RunFolder.open(run)
        if folder.info.request is None or folder.info.data is None:
            raise StudioError(
                f"The run {run} was not trained here.", "Fine-tune it as a new run instead."
            )
        if folder.info.published is not None:
            raise StudioError(
                f"{run.name} was packed to be shared, without what its training needs to go on.",
                "Fine-tune it as a new run instead.",
            )
        require(f"The run {run.name}", folder.info.plugins, NEEDED_TO_TRAIN)
        request = updated_request(folder.info.request, request)
        sources = sources or training_sources(folder.info, "Name the pictures to train on.")
        options = options_like_training(folder.info)
    elif (run / "run.json").exists():
        raise StudioError(
            f"{run} holds a run already.", "Resume it (--resume), or choose another run folder."
        )
    base = RunFolder.open(start_from).info if start_from and not resume else None
    if base and start_from:
        require(f"The run {start_from.name}", base.plugins, NEEDED_TO_DRAW)
        inherited = inherited_settings(base)
        if student and request.dropout is not None:
            inherited.pop("dropout", None)  # A student may have its own.
        # Recorded, so that the request describes the run.
        request = request.model_copy(update=inherited)
    # An existing network counts, not the preset of the request.
    prior = folder.info if resume else base
    process = prior.process if prior else process_info(request)
    try:
        check_loss(process.build(), request.loss, request.timestep_sampling)
    except ValueError as error:
        raise StudioError(f"These settings do not go together: {error}.") from error
    multiple = prior.network_config().size_multiple if prior else preset_multiple(request.preset)
    recorded = folder.info if resume else None
    if student and base and not sources:
        recorded = base
        sources = training_sources(base, "Name pictures like those it was trained on.")
    dataset = cached_pictures(recorded, sources) if recorded else None
    if dataset is not None:
        reason = (
            "are gone" if not all(map(path_exists, sources)) else "can't be read without a plug-in"
        )
        yield Notice(f"The pictures {reason}; training goes on with those that were kept.")
    else:
        if recorded:
            require_reader(recorded, sources)
        dataset = yield from prepare_on_all_ranks(launched, sources, options, multiple)
    if dataset.report.rejects:
        yield PicturesLeftOut(describe_rejects(dataset.report.rejects))
    for line in dataset.report.warnings:
        yield Notice(line)
    yield from map(InfoNotice, dataset.report.told)
    yield from range_notices(options, dataset.ranges)
    preset = base.preset if base else request.preset
    if not resume and (line := describe_size(dataset, options, multiple, preset)):
        yield InfoNotice(line)
    if resume:
        check_shape(folder.info, dataset)
        yield from report_changed_pictures(folder.info, dataset)
    else:
        # Recorded, so that the run is resumed in the same precision on any machine.
        precision = devices.choose_precision(request.precision, device)
        request, config = yield from choose_auto_settings(
            request, dataset, base, student is not None
        )
        if base and start_from and not student:
            yield InfoNotice(str(Adaptation(base, start_from, config, dataset.class_names)))
        # Likewise dropout, which must not change when a preset does.
        settings = {"precision": precision, "dropout": config.dropout}
        request = request.model_copy(update=settings)
        info = describe(request, config, process, dataset, start_from, student, base)
    split = yield from split_held_out(dataset, request.held_out)
    if request.held_out and split is None:
        yield Notice("No picture is held out: there are too few for that share.")
    elif split is not None:
        verb = "is" if len(split.held) == 1 else "are"
        held_out_message = f"{len(split.held):,} of {len(dataset):,} pictures {verb} held out"
        yield InfoNotice(f"{held_out_message}; the other {len(split.trained):,} are trained on.")
    rows = None if split is None else split.trained
    batch, count = request.pictures_per_step, len(dataset if rows is None else rows)
    if batch > count:
        yield Notice(describe_large_batch(batch, count))
    if ranks.size > batch:
        raise StudioError(
            f"A batch of {batch:,} can't be shared by {ranks.size} ranks.",
            "Choose a larger batch, or fewer devices.",
        )
    with (
        devices.deterministic(request.deterministic, device),
        threads(ranks.threads(request.threads)),
        ranks.start_or_join(TRAIN, request.threads, launched) as team,
    ):
        run_info = folder.info if resume else info
        progress = SavedProgress.of(folder) if resume else SavedProgress()
        request = yield from resolve_length(
            request, run_info, dataset, device, progress, rows, ranks.size
        )
        if not resume:
            planned = student.planned(request.steps) if student else None
            info = info.model_copy(update={"request": request, "student": planned})
            folder = RunFolder.create(run, info)
        folder = yield from _train(
            folder,
            request,
            dataset,
            split,
            device,
            models or ModelStore(),
            spare or FallbackFolder(),
            team,
        )
    newest = folder.newest()
    return TrainResult(folder.path, newest.step, newest.state().get("loss", math.nan))


def _train(
    folder: RunFolder,
    request: TrainRequest,
    dataset: Dataset,
    split: HeldOutSplit | None,
    device: torch.device,
    models: ModelStore,
    spare: FallbackFolder,
    team: Team | None,
) -> Generator[Event, None, RunFolder]:
    """Train from the newest checkpoint; return the run's folder, a different one after a move."""
    lock = folder.lock()
    loop: TrainingLoop | None = None
    ended_normally = False
    try:
        if lock.warning:
            yield Notice(lock.warning)
        guard = DataGuard(dataset.images)
        fresh = not folder.checkpoints()
        rows = None if split is None else split.trained
        for _ in team.join() if team else ():
            yield Progress(0, 1, "Starting the ranks")
        group = team.group if team else SINGLE_PROCESS
        trainer = build_trainer(
            folder.info, request, dataset, guard.images, device, fresh, rows, group
        )
        held_out = None
        # A student can't be measured, as it has no model of each step.
        if split is not None and folder.info.student is None:
            labels = dataset.labels if trainer.model.config.num_classes is not None else None
            held_out = HeldOutEvaluator(trainer, guard.images, labels, split, request)
        state, notices = _restore(folder, trainer)
        yield from notices
        if folder.checkpoints() and trainer.step_number >= request.steps:
            steps_text = format_count(trainer.step_number, "step")
            raise StudioError(
                f"The run has taken {steps_text} already.",
                f"Ask for more than {steps_text} to train it further.",
            )
        if folder.info.request is not None:
            yield from report_changed_settings(folder.info.request, request, trainer)
            yield from report_rank_change(state, trainer)
        # A disk that can't be written to is reported when a checkpoint is due.
        with suppress(OSError):
            record_changes(folder, request, dataset, trainer.step_number)

        def run_started(run_folder: RunFolder) -> RunStarted:
            journal.begin(run_folder.path, request.steps)
            models.attach(run_folder.path, run_folder.info, _live_networks(trainer))
            return RunStarted(
                run_folder.path,
                trainer.step_number,
                request.steps,
                sum(p.numel() for p in trainer.model.parameters()),
                devices.describe(device, trainer.ranks.size),
                trainer.config.precision,
            )

        def on_moved(old: RunFolder, new: RunFolder) -> RunStarted:
            models.detach(old.path)
            journal.end(old.path)
            return run_started(new)

        stepper = Stepper(trainer, request, team.progress if team else None)
        rank_zero = RankZero(team, trainer, request.steps) if team else None
        loop = TrainingLoop(
            folder, lock, request, trainer, guard, spare, held_out, on_moved, stepper, rank_zero
        )
        rollbacks = state.get("returns", 0)
        loop.restore(rollbacks if isinstance(rollbacks, int) else 0)
        if team and rank_zero:
            send_plan(team, trainer, folder.info, request, dataset, rows)
            rank_zero.begin()
        # First, so that the progress of reading pictures is not taken for that of the training.
        yield Progress(trainer.step_number, request.steps, "Training")
        yield run_started(folder)
        yield from loop.run()
        ended_normally = True
    except GeneratorExit:
        ended_normally = True
        raise
    finally:
        last_folder = loop.folder if loop else folder
        models.detach(last_folder.path)
        if ended_normally:
            journal.end(last_folder.path)
        if loop:
            loop.close()
        else:
            lock.release()
    return loop.folder


def _restore(folder: RunFolder, trainer: Trainer) -> tuple[dict[str, Any], list[Notice]]:
    """Load the newest readable checkpoint; return its state, empty without one, and notices."""
    newest, damaged, notices = load_first_readable(
        reversed(folder.checkpoints()), trainer, folder.info
    )
    if newest is not None:
        _discard_after(folder, newest.step, damaged)
        return newest.state(), notices
    if damaged:
        raise StudioError(
            f"No checkpoint of {folder.path} can be read.", "Start a new run.", str(notices)
        )
    _discard_after(folder, 0)
    return {}, notices


def _discard_after(folder: RunFolder, step: int, damaged: Sequence[Checkpoint] = ()) -> None:
    """Set damaged checkpoints aside, and remove metrics and averages of steps after ``step``."""
    try:
        for checkpoint in damaged:
            checkpoint.quarantine()
        folder.drop_metrics_after(step)
        remove_averages_after(folder.path, step)
    except OSError as error:
        raise StudioError(
            f"The run {folder.path} can't be written to: {error.strerror or error}.",
            "Check its permissions and the space on its disk.",
        ) from error


def _live_networks(trainer: Trainer) -> LiveTraining:
    def network(weights: Weights) -> Network:
        model = trainer.ema.model if weights == "ema" else trainer.model
        assert isinstance(model, Network)
        return model

    return LiveTraining(lambda: trainer.step_number, network, trainer.device)
