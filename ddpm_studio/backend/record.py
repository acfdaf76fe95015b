"""Live record of a run's metrics: polled from its files, or fed by a training's events."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QMetaMethod, QObject, QTimer, Signal

from ddpm_studio.backend import specs
from ddpm_studio.backend.handle import JobHandle
from ddpm_studio.backend.rows import GrowingRows, Kind, Losses, Numbers
from ddpm_studio.backend.service import Backend
from ddpm_studio.jobs.events import (
    BINS,
    CheckpointSaved,
    Event,
    HeldOutMeasured,
    SampleGrid,
    TrainStep,
    TrainTick,
)
from ddpm_studio.jobs.library.metric_arrays import MetricArrays, MetricEvent

if TYPE_CHECKING:
    from ddpm_studio.jobs.library.history import RunUpdate
    from ddpm_studio.runs.evaluations import RecordedEvaluation
    from ddpm_studio.runs.lock import LockOwner

_POLL_MS, _IDLE_POLL_MS = 700, 3000
_IDLE_AFTER = 12
_RECENT = 40
# Most rows in memory, more than a heat map has columns or a plot can show. A run of days has many
# more, which would take ever more memory and time to plot; the file has them all.
_MAX_TICKS, _MAX_STEPS = 4096, 1 << 16


class RunRecord(QObject):
    """Metrics of one run, kept up to date, in the window's thread.

    The files of a run that is trained elsewhere are polled about once a second, less often while
    nothing changes, and not at all while nothing is connected to ``changed``. For a run that is
    trained in this window, metrics come from the training's events, see :meth:`follow`; the files
    are then polled seldom, and whenever an event reports samples or a checkpoint.

    Args:
        backend: reads the files.
        run: the run folder.
        parent: Qt parent.
    """

    changed = Signal()
    """There are new metrics, samples or checkpoints, or the state has changed."""
    failed = Signal(object)
    """The run can't be read; carries a :class:`Failure`. Emitted once per outage."""

    def __init__(self, backend: Backend, run: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.run = run
        self.previews: tuple[Path, ...] = ()
        self.evaluations: tuple[RecordedEvaluation, ...] = ()
        """Recorded evaluations of the run's samples, oldest first."""
        self.checkpoint: int | None = None
        self.timesteps: int | None = None
        """T; None until the run was read."""
        self.total: int | None = None
        """Planned total of steps; None if unknown, or until the run was read."""
        self.trainer: LockOwner | None = None
        """The other process that trains the run now; None: none."""
        self.training: JobHandle[object] | None = None
        """The training in this window whose events are followed."""
        self.loaded = False
        self.is_live = False
        self._backend = backend
        self._steps = GrowingRows(_STEP_KINDS, _MAX_STEPS, _RECENT)
        self._ticks = GrowingRows(_TICK_KINDS, _MAX_TICKS, _RECENT)
        self._held_out = GrowingRows(_HELD_OUT_KINDS, _MAX_TICKS, _RECENT)
        self._last_update: RunUpdate | None = None
        self._job: JobHandle[RunUpdate] | None = None
        # Events since the training's last tick, and figures buffered until the file's are read.
        self._pending_events: list[MetricEvent] = []
        self._pending_figures: list[MetricArrays] = []
        # Whether figures from before the training are still to be read from the file.
        self._catching_up = False
        # Figures of the steps low < step ≤ high are taken from the file.
        self._low, self._high = -math.inf, math.inf
        # Whether the poll under way may miss something, so that another must follow.
        self._repoll = False
        self._quiet_polls = 0
        self._suspended = False
        self._failure_reported = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._on_timer)
        backend.closing.connect(self._timer.stop)
        self.poll()

    @property
    def last_step(self) -> int:
        """The last step taken; 0 before the first."""
        return int(self._steps.rows[-1, 0]) if len(self._steps) else 0

    @property
    def losses(self) -> Losses:
        """Losses by step; older rows of a long run summarise several steps."""
        step, mean, _, _, least, greatest = self._steps.rows.T
        return Losses(step, mean, least, greatest, self._steps.counts)

    @property
    def loss_by_t(self) -> tuple[Numbers, Numbers]:
        """Steps (M,) and the mean losses in equal parts of 1..T since the previous one, (M, BINS).

        M stays in the thousands: older rows of a long run are means of several.
        """
        return self._ticks.rows[:, 0], self._ticks.rows[:, 5:]

    def recent_loss_by_t(self) -> Numbers:
        """Return the mean loss in equal parts of 1..T over recent ticks, (BINS,); NaN: no data."""
        rows = self._ticks.rows[-_RECENT:, 5:]
        seen = np.isfinite(rows)
        count = seen.sum(0)
        means: Numbers = np.where(seen, rows, 0).sum(0) / np.maximum(count, 1)
        means[count == 0] = np.nan
        return means

    def series(self, column: str) -> tuple[Numbers, Numbers]:
        """Return steps and values of a column of ``metrics.jsonl``, each (N,); NaN: not recorded.

        Older rows of a long run are means of several.

        Raises:
            KeyError: if there is no such column.
        """
        if column in _STEP:
            rows = self._steps.rows
            return rows[:, 0], rows[:, _STEP[column]]
        if column in _HELD_OUT:
            rows = self._held_out.rows
            return rows[:, 0], rows[:, _HELD_OUT[column]]
        rows = self._ticks.rows
        return rows[:, 0], rows[:, _TICK[column]]

    @property
    def is_watched(self) -> bool:
        """Whether any slot is connected to ``changed``."""
        return self.isSignalConnected(QMetaMethod.fromSignal(self.changed))

    def suspend(self) -> None:
        """Suspend polling while the run is being moved, so that its absence is no failure."""
        self._suspended = True
        self._timer.stop()

    def resume(self) -> None:
        """Resume polling."""
        self._suspended = False
        self.poll()

    def follow(
        self, training: JobHandle[object], step: int, previous: RunRecord | None = None
    ) -> None:
        """Take the metrics of a training in this window from its events, until it ends.

        The file is read once for the steps up to ``step``; events are buffered meanwhile. After the
        end it is read again for metrics that were written without an event.

        Args:
            training: the job.
            step: the last step whose metrics are in the file or were reported before.
            previous: the record of the same training in the folder that it has moved from; its
                metrics are copied.
        """
        if previous is not None and previous is not self and not previous._catching_up:
            self._steps, self._ticks, self._held_out = copy.deepcopy(
                (previous._steps, previous._ticks, previous._held_out)
            )
            self._low = previous.last_step
        for record in (previous, self):
            if record is not None:
                record.stop_following()
        self._drop_from(step + 1)
        self._high = step
        self._catching_up = self._low < step > 0
        self._repoll = self._catching_up and self._job is not None
        self.training = training
        training.on_event(self._on_event)
        training.ended.connect(self._on_ended)
        self.poll()

    def stop_following(self) -> None:
        """Stop following the events, and take later metrics from the file."""
        if self.training is None:
            return
        self.training.emitted.disconnect(self._on_event)
        self.training.ended.disconnect(self._on_ended)
        self.training = None
        self._pending_events.clear()
        self._pending_figures.clear()
        if not self._catching_up:
            self._low = self.last_step
        self._catching_up, self._high = False, math.inf

    def poll(self) -> None:
        """Poll the files now, unless a poll is under way or polling is suspended."""
        if self._job is not None or self._suspended:
            return
        self._timer.stop()
        position = self._last_update.position if self._last_update is not None else None
        figures = self.training is None or self._catching_up
        self._job = self._backend.submit(
            specs.runs.read_run_update(self.run, position, figures=figures)
        )
        self._job.on_finished(self._on_update)
        self._job.on_failed(self._on_failed)

    def _poll_again(self) -> None:
        """Poll the files now, and once more after a poll under way, which may miss changes."""
        self._repoll = self._job is not None
        self.poll()

    def _on_event(self, event: Event) -> None:
        """Handle an event of the followed training."""
        if isinstance(event, TrainStep | HeldOutMeasured):
            self._pending_events.append(event)
        elif isinstance(event, TrainTick):
            figures = MetricArrays.from_training_events([*self._pending_events, event])
            self._pending_events.clear()
            if self._catching_up:
                self._pending_figures.append(figures)
                return
            self._add(figures)
            self.is_live = True
            self.changed.emit()
        elif isinstance(event, SampleGrid | CheckpointSaved):
            self._poll_again()

    def _on_ended(self) -> None:
        self.stop_following()
        self._poll_again()

    def _add(self, figures: MetricArrays) -> None:
        """Append figures from the file or events; a repeated step voids it and all after it."""
        steps = figures.steps
        if len(steps):
            self._drop_from(steps[0, 0])
        self._steps.append(np.concatenate([steps, steps[:, [1, 1]]], axis=1))
        self._ticks.append(np.concatenate([figures.ticks, figures.loss_by_t], axis=1))
        self._held_out.append(figures.held_out)

    def _drop_from(self, step: float) -> None:
        for rows in (self._steps, self._ticks, self._held_out):
            rows.drop_from(step)

    def _catch_up(self) -> None:
        """Switch to the events, once the file has been read up to where they begin."""
        self._catching_up = False
        for figures in self._pending_figures:
            self._add(figures)
        self._pending_figures.clear()

    def _of_current_branch(self, previews: tuple[Path, ...]) -> tuple[Path, ...]:
        """Leave out previews of later steps than the last: the training went back since."""
        if not self.last_step:
            return previews
        last = self.last_step
        return tuple(
            path for path in previews if not path.stem[5:].isdigit() or int(path.stem[5:]) <= last
        )

    def _on_timer(self) -> None:
        if self.is_watched:
            self.poll()

    def _on_update(self, update: RunUpdate) -> None:
        self._job = None
        previous = self._last_update
        self._last_update = update
        self.timesteps, self.total = update.timesteps, update.total
        more, self._repoll = update.more or self._repoll, False
        from_events = self.training is not None and not self._catching_up
        # A rewritten file doesn't void figures that came from events.
        if update.is_rewritten and not from_events and self._low == -math.inf:
            self._drop_from(-math.inf)
        figures = update.figures.between(self._low, self._high)
        self._add(figures)
        if not more and self.training is None:
            self._low = -math.inf
        elif not more and self._catching_up:
            self._catch_up()
        live = self.loaded and not more and self._seems_live(update)
        unchanged = (
            previous is not None
            and not self._failure_reported
            and not (update.is_rewritten or len(figures.steps))
            and (update.previews, update.checkpoint) == (previous.previews, previous.checkpoint)
            and update.evaluations == previous.evaluations
            and (live, update.trainer) == (self.is_live, self.trainer)
            and self.loaded
        )
        self.previews = self._of_current_branch(update.previews)
        self.evaluations = update.evaluations
        self.checkpoint, self.is_live, self.trainer = update.checkpoint, live, update.trainer
        self.loaded = self.loaded or not more
        self._quiet_polls = self._quiet_polls + 1 if unchanged else 0
        self._failure_reported = False
        if not unchanged:
            self.changed.emit()
        if more:
            self.poll()
        elif not self._suspended:
            poll_slowly = self._quiet_polls > _IDLE_AFTER or self.training is not None
            self._timer.start(_IDLE_POLL_MS if poll_slowly else _POLL_MS)

    def _seems_live(self, update: RunUpdate) -> bool:
        """Whether the run is being written: lines came while polling, the last one recently."""
        if self.training is not None:
            return self.is_live
        return (len(update.figures.steps) > 0 or self.is_live) and update.is_fresh

    def _on_failed(self, failure: object) -> None:
        self._job = None
        if self._catching_up:
            # The curves go on from the events even if the file can't be read.
            self._catch_up()
        if not (self._suspended or self._failure_reported):
            self._failure_reported = True
            self.failed.emit(failure)
        if not self._suspended:
            # The run may come back, as on a network disk.
            self._repoll = False
            self._timer.start(_IDLE_POLL_MS)


# Step; loss, gradient norm, learning rate; the loss's least and greatest value.
_STEP_KINDS: tuple[Kind, ...] = ("last", "mean", "mean", "mean", "least", "greatest")
_MEAN: Kind = "mean"
_TICK_KINDS: tuple[Kind, ...] = ("last", *(_MEAN for _ in range(4 + BINS)))
_HELD_OUT_KINDS: tuple[Kind, ...] = ("last", _MEAN, _MEAN)
_STEP = {"loss": 1, "grad_norm": 2, "lr": 3}
_HELD_OUT = {"held_out_loss": 1, "held_out_bits": 2}
_TICK = {"images_per_second": 1, "memory_bytes": 2, "cpu_load": 3, "device_load": 4}
