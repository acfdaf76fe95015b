"""Training loop: steps, logging, previews, checkpoints, and recovery from failures."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path

import torch

from ddpm_studio.engine import Trainer, derive_seed
from ddpm_studio.engine.generators import finish
from ddpm_studio.errors import Failure, StudioError, is_device_lost
from ddpm_studio.jobs.events import Event, Notice, Progress, SavingFailed, TrainStep, TrainTick
from ddpm_studio.jobs.job_clock import job_time
from ddpm_studio.jobs.training.data_guard import DataGuard
from ddpm_studio.jobs.training.fallback_folder import FallbackFolder, last_resort_folders
from ddpm_studio.jobs.training.held_out import HeldOutEvaluator
from ddpm_studio.jobs.training.loss_spikes import DETECTION_DELAY, SpikeDetector
from ddpm_studio.jobs.training.previews import PreviewSampler
from ddpm_studio.jobs.training.rank_state import RankZero, rank_count_entry
from ddpm_studio.jobs.training.restoring import load_first_readable
from ddpm_studio.jobs.training.saving import CheckpointSaver
from ddpm_studio.jobs.training.snapshots import AverageSnapshots
from ddpm_studio.jobs.training.stepper import Stepper
from ddpm_studio.jobs.training.training_errors import ErrorRecord
from ddpm_studio.jobs.training.training_log import DivergedError, TrainingLog
from ddpm_studio.requests import TrainRequest
from ddpm_studio.runs import RunFolder, RunLock

_ROLLBACK_SEED = 5
_MAX_ROLLBACKS = 3
_WAIT_SECONDS = 0.05


class TrainingLoop:
    """Takes steps, logs, draws and saves until the requested number of steps is reached.

    Args:
        folder: the run folder; replaced after a move, see ``on_moved``.
        lock: the lock of the run folder, released by :meth:`close`.
        request: the settings.
        trainer: the trainer, at the step to continue from.
        guard: the guard of the pictures.
        spare: where to save if the folder can't be written to.
        held_out: measures held-out pictures, if there are any.
        on_moved: called with the old and the new folder after saving elsewhere; returns an event.
        stepper: takes the steps.
        rank_zero: rank 0's part in a training on several ranks; None for a single rank.
    """

    def __init__(
        self,
        folder: RunFolder,
        lock: RunLock,
        request: TrainRequest,
        trainer: Trainer,
        guard: DataGuard,
        spare: FallbackFolder,
        held_out: HeldOutEvaluator | None,
        on_moved: Callable[[RunFolder, RunFolder], Event],
        stepper: Stepper,
        rank_zero: RankZero | None = None,
    ) -> None:
        self.folder = folder
        self.request = request
        self.trainer = trainer
        self._lock = lock
        self._guard = guard
        self._on_moved = on_moved
        self._held_out = held_out
        self._log = TrainingLog(folder.metrics_file, trainer, request.steps)
        self._previews = PreviewSampler(folder, trainer, request)
        self._snapshots = AverageSnapshots(folder.path, trainer, request.steps)
        self._saver = CheckpointSaver(folder, trainer, request.checkpoint_every, spare)
        self._spikes = SpikeDetector()
        self._stepper, self._rank_zero = stepper, rank_zero
        self._rollbacks = 0
        # The last checkpoint returned to, and how many times in a row.
        self._repeated_rollbacks: tuple[int, int] = (-1, 0)
        self._reported_problems: set[str] = set()

    def restore(self, rollbacks: int) -> None:
        """Set the number of returns after a loss spike so far, which changes the seed."""
        self._rollbacks = rollbacks
        if rollbacks:
            self.trainer.reseed(derive_seed(self.request.seed, _ROLLBACK_SEED, rollbacks))

    def close(self) -> None:
        """Release the lock of the run and the pictures' file, and restore the CPU threads."""
        self._lock.release()
        self._guard.close()
        self._stepper.close()

    def run(self) -> Generator[Event, None, None]:
        """Train and yield events; closing the generator saves the steps taken so far.

        Raises:
            StudioError: when training can't continue, after saving the last valid state; also when
                the state to save at closing was saved elsewhere, or can't be saved.
        """
        try:
            yield from self._stepper.begin()
            rolled_back = True
            while rolled_back:
                yield from self._steps()
                rolled_back = yield from self._finish()
        except GeneratorExit:
            self._save_at_close()
            raise
        except Exception as error:
            record = ErrorRecord.of(
                error if self._rank_zero is None else self._rank_zero.cause(error)
            )
            is_valid = self.trainer.consistent and not isinstance(error, DivergedError)
        else:
            return
        # Outside of the except block: the traceback, which references tensors, is freed by now.
        if is_valid and not record.device_lost and self.trainer.step_number > self._saver.saved:
            with contextlib.suppress(Exception):
                self._flush_quietly()
                self._saver.save(self._state())
        raise record.to_training_error(self.trainer.step_number, self._saver.saved)

    def _steps(self) -> Generator[Event, None, None]:
        trainer, log, total = self.trainer, self._log, self.request.steps
        while trainer.step_number < total:
            if message := self._guard.check():
                yield Notice(message)
            log.add((yield from self._stepper.step()))
            yield Progress(trainer.step_number, total, "Training")
            if self._snapshots.is_due:
                yield from self._snapshot()
            start_time = job_time()
            yield from self._stepper.after_step()
            log.exclude_seconds(job_time() - start_time)
            last = trainer.step_number == total
            draws = self._previews.is_due(trainer.step_number)
            saves = self._saver.is_due() and not last
            held_out = yield from self._measure_held_out()
            is_due = log.is_due() or last or draws or saves or held_out
            if is_due and (yield from self._flush()):
                continue
            if draws:
                yield from self._draw()
            if saves and (yield from self._save()):
                continue
            if draws or saves:
                log.restart_clock()

    def _finish(self) -> Generator[Event, None, bool]:
        """Save the last step, waiting as needed; True if the training returned to a checkpoint."""
        if (yield from self._save()):
            return True
        while self._saver.saved < self.trainer.step_number:
            time.sleep(_WAIT_SECONDS)
            yield Progress(self.trainer.step_number, self.request.steps, "Waiting to save")
            if self._saver.is_due() and (yield from self._save()):
                return True
        return False

    def _flush(self) -> Generator[Event, None, bool]:
        """Yield the metrics; return True if they made the training return to a checkpoint."""
        # The first step detected as part of a spike.
        spike: int | None = None
        self._stepper.synchronize()
        try:
            for event in self._log.flush():
                if isinstance(event, TrainStep) and event.is_finite:
                    is_spike = self._spikes.observe(event.loss)
                    spike = event.step if is_spike and spike is None else spike
                yield self._with_forecast(event) if isinstance(event, TrainTick) else event
        except DivergedError as error:
            if not self.request.return_on_spike:
                raise
            cause, sound_step = error.cause, self.trainer.step_number
        else:
            if (yield from self._check_metrics_written()):
                return True
            if spike is None or not self.request.return_on_spike:
                return False
            cause = f"The loss leapt at step {self.trainer.step_number}."
            sound_step = spike - DETECTION_DELAY
        return (yield from self._roll_back(cause, sound_step))

    def _with_forecast(self, tick: TrainTick) -> TrainTick:
        """Add the time until the next samples and the number of CPU threads to a tick."""
        seconds_per_step = self.trainer.config.pictures / tick.images_per_second
        threads = torch.get_num_threads() if self.trainer.device.type == "cpu" else None
        samples_in = self._previews.seconds_until_next(seconds_per_step)
        return replace(tick, samples_in=samples_in, threads=threads)

    def _check_metrics_written(self) -> Generator[Event, None, bool]:
        """If metrics can't be written, check at once whether a checkpoint can.

        Returns:
            Whether that made the training return to a checkpoint.
        """
        problem = self._log.writer.problem
        if problem is None:
            self._reported_problems.discard("metrics")
        elif "metrics" not in self._reported_problems:
            self._reported_problems.add("metrics")
            if (yield from self._save()):
                return True
            if self._saver.problem is None:
                reason = problem.strerror or problem
                yield SavingFailed(f"The figures can't be written: {reason}. They wait in memory.")
        return False

    def _roll_back(self, cause: str, sound_step: int) -> Generator[Event, None, bool]:
        """Load the last checkpoint up to ``sound_step``, and train on other pictures from there.

        If none of those can be read, the first later one is used. Newer checkpoints are set aside.

        Returns:
            True.
        """
        checkpoints = self.folder.checkpoints()
        if not checkpoints:
            raise DivergedError(
                f"{cause} There is no checkpoint to go back to.", "Save more often."
            )
        # Yielded later, so that a consumer that closes the generator at one finds the return done.
        events: list[Event] = []
        if self._rank_zero is not None:
            finish(self._rank_zero.announce_rollback(self._stepper), events.append)
        candidates = [saved for saved in reversed(checkpoints) if saved.step <= sound_step]
        candidates += [saved for saved in checkpoints if saved.step > sound_step]
        newest, _, notices = load_first_readable(candidates, self.trainer, self.folder.info)
        if newest is None:
            message = f"{cause} No checkpoint can be read."
            raise DivergedError(message, "Start a new run.", str(notices))
        count = self._repeated_rollbacks[1] + 1 if self._repeated_rollbacks[0] == newest.step else 1
        if count > _MAX_ROLLBACKS:
            raise DivergedError(
                f"{cause} It did so {count} times after step {newest.step}.",
                "Start a new run with a smaller learning rate.",
            )
        self._repeated_rollbacks = (newest.step, count)
        self._snapshots.remove_later()
        for spoiled in checkpoints[checkpoints.index(newest) + 1 :]:
            with contextlib.suppress(OSError):
                spoiled.quarantine()
        self._saver.saved = newest.step
        self.restore(self._rollbacks + 1)
        if self._rank_zero is not None:
            self._rank_zero.begin()
        self._spikes.reset()
        self._log.writer.drop_after(newest.step)
        self._log.restart_after_rollback()
        yield from (*events, *notices)
        yield Notice(f"{cause} Training went back to step {newest.step} and takes other pictures.")
        return True

    def _snapshot(self) -> Generator[Event, None, None]:
        """Save a snapshot of the averages; training continues without if that fails."""
        try:
            self._snapshots.save()
        except OSError as error:
            reason = error.strerror or error
        else:
            self._reported_problems.discard("averages")
            return
        step = self.trainer.step_number
        notice = Notice(f"The averages of step {step} can't be saved: {reason}. Training goes on.")
        yield from self._report_once("averages", notice)

    def _draw(self) -> Generator[Event, None, None]:
        """Draw preview samples; training continues without if that fails."""
        try:
            yield from self._previews.draw()
        except Exception as error:
            if is_device_lost(error):
                raise
            failure = Failure.of(error)
            self._previews.postpone()
        else:
            self._reported_problems.discard("samples")
            return
        step = self.trainer.step_number
        notice = Notice(f"No samples were drawn at step {step}: {failure.cause} Training goes on.")
        yield from self._report_once("samples", notice)

    def _measure_held_out(self) -> Generator[Event, None, bool]:
        """Measure held-out pictures if it is time; return whether there is a measurement."""
        if self._held_out is None:
            return False
        start_time = job_time()
        measured = yield from self._held_out.after_step(self.trainer.step_number)
        self._log.exclude_seconds(job_time() - start_time)
        self._log.add_held_out(measured)
        return measured is not None

    def _save(self) -> Generator[Event, None, bool]:
        """Save, in the fallback folder if it is set; a failure is reported and retried later.

        Weights that are not finite are not saved. Return True if they made the training go back.
        """
        previous_problem = self._saver.problem
        if previous_problem is not None and self._saver.spare.folder is not None:
            yield from self._move()
        try:
            saved = self._saver.save(self._state())
        except StudioError as error:
            diverged = isinstance(error, DivergedError)
            if diverged and not self.request.return_on_spike:
                raise
            cause = error.cause
        else:
            self._reported_problems.discard("saving")
            yield saved
            if previous_problem is not None:
                yield Notice(f"Step {saved.step} is saved.")
            return False
        if diverged:
            return (yield from self._roll_back(cause, self.trainer.step_number))
        if self._saver.spare.folder is not None:
            return (yield from self._save())
        notice = SavingFailed(f"{cause} Training goes on in memory and tries again.")
        yield from self._report_once("saving", notice)
        return False

    def _move(self) -> Generator[Event, None, None]:
        """Continue in a new run folder in the fallback folder."""
        try:
            new, lock = self._saver.create_fallback_run()
        except StudioError as error:
            yield SavingFailed(str(error))
            return
        yield self._continue_in(new, lock)
        yield Notice(f"The run goes on in {new.path}.")

    def _continue_in(self, new: RunFolder, lock: RunLock) -> Event:
        """Copy metrics and snapshots to a new run folder, and write to it from now on."""
        old = self.folder
        with contextlib.suppress(OSError):
            shutil.copyfile(old.metrics_file, new.metrics_file)
        with contextlib.suppress(OSError):
            self._lock.release()
        self._snapshots.move(new.path)
        self._lock = lock
        self.folder = self._saver.folder = self._previews.folder = new
        self._log.writer.path = new.metrics_file
        # Writes the lines that the old folder did not take.
        self._log.writer.append(())
        return self._on_moved(old, new)

    def _save_at_close(self) -> None:
        """Save the steps taken when the generator is closed, which is the last opportunity."""
        if not self.trainer.consistent or self.trainer.step_number == self._saver.saved:
            return
        self._flush_quietly()
        try:
            self._saver.save(self._state())
        except StudioError as error:
            save_error = error
        else:
            return
        chosen_folder = self._saver.spare.folder
        for folder in filter(None, (chosen_folder, *last_resort_folders())):
            if self._save_into(folder):
                if folder == chosen_folder:
                    return
                raise StudioError(save_error.cause, f"It is saved in {self.folder.path} instead.")
        raise save_error

    def _save_into(self, folder: Path) -> bool:
        """Save into a new run folder at this place; return whether that succeeded."""
        self._saver.spare.folder = folder
        created = self._saver.save_in_fallback_run(self._state())
        if created is None:
            return False
        self._continue_in(*created)
        return True

    def _flush_quietly(self) -> None:
        for _ in self._log.flush():
            pass

    def _state(self) -> dict[str, object]:
        return {
            "loss": self._log.last_loss,
            "seed": self.trainer.config.seed,
            "returns": self._rollbacks,
            "micro_batch": self._stepper.micro_batch.reduced_size,
            "pictures": self.trainer.config.seen(self.trainer.step_number),
            **rank_count_entry(self.trainer),
        }

    def _report_once(self, topic: str, notice: Notice) -> Generator[Event, None, None]:
        """Report a problem once, until it is solved and may occur again."""
        if topic not in self._reported_problems:
            self._reported_problems.add(topic)
            yield notice
