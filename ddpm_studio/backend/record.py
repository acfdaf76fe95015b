"""Live record of a run's figures: from its file, or from the events of this window's training."""

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
from ddpm_studio.jobs.library.figures import FigureEvent, Figures

if TYPE_CHECKING:
    from ddpm_studio.jobs.library.history import RunNews
    from ddpm_studio.runs.evaluations import RecordedEvaluation
    from ddpm_studio.runs.lock import Owner

_POLL_MS, _IDLE_POLL_MS = 700, 3000
_IDLE_AFTER = 12
_RECENT = 40
# More than a map has columns, and than a plot can show. A run of days has many more, which would
# take ever more memory and time to draw; the file has them all.
_MOST_TICKS, _MOST_STEPS = 4096, 1 << 16


class RunRecord(QObject):
    """One run's figures, in the window's thread.

    Of a run that others train it asks the backend for what is new about once a second, less often
    while nothing comes, and takes what any process writes into the run's folder. While nobody
    listens to ``changed`` it does not ask. Of a run that is trained in this window it takes what
    the training's events carry, see :meth:`follow`; samples and checkpoints are looked for when
    one is told of.

    Args:
        backend: reads the files.
        run: the run folder.
        parent: the owner.
    """

    changed = Signal()
    """There are more figures, or samples, or a checkpoint."""
    failed = Signal(object)
    """The run can't be read any more; carries a :class:`Failure`. Told once, until it is back."""

    def __init__(self, backend: Backend, run: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.run = run
        self.previews: tuple[Path, ...] = ()
        self.evaluations: tuple[RecordedEvaluation, ...] = ()
        """What samples of the run were found to be like, oldest first."""
        self.checkpoint: int | None = None
        self.timesteps: int | None = None
        """T, once the run was read."""
        self.total: int | None = None
        """How many steps are planned, once the run was read, if it is known."""
        self.trainer: Owner | None = None
        """Another process that trains it now."""
        self.training: JobHandle[object] | None = None
        """The training in this window whose events are followed."""
        self.loaded = False
        self.is_live = False
        self._backend = backend
        self._steps = GrowingRows(_STEP_KINDS, _MOST_STEPS, _RECENT)
        self._ticks = GrowingRows(_TICK_KINDS, _MOST_TICKS, _RECENT)
        self._held_out = GrowingRows(_HELD_OUT_KINDS, _MOST_TICKS, _RECENT)
        self._news: RunNews | None = None
        self._job: JobHandle[RunNews] | None = None
        # What the training has told since its last tick, and what waits for the file's figures.
        self._told: list[FigureEvent] = []
        self._waiting: list[Figures] = []
        # Whether the file has figures from before the training that are still to be read.
        self._catching_up = False
        # Of the file's figures those of the steps above the first, up to the second, are taken.
        self._low, self._high = -math.inf, math.inf
        # Whether what a look that is under way finds may be old by now.
        self._again = False
        self._quiet = 0
        self._asleep = False
        self._lost = False
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
        """Losses by step; older rows of a long run stand for several steps."""
        step, mean, _, _, least, greatest = self._steps.rows.T
        return Losses(step, mean, least, greatest, self._steps.counts)

    @property
    def loss_by_t(self) -> tuple[Numbers, Numbers]:
        """Steps (M,) and, for each, the mean loss in parts of 1..T since the one before.

        M stays in the thousands: older rows of a long run are means of several.
        """
        return self._ticks.rows[:, 0], self._ticks.rows[:, 5:]

    def recent_loss_by_t(self) -> Numbers:
        """Return the mean loss in parts of 1..T over the last ticks, (BINS,); NaN: none seen."""
        rows = self._ticks.rows[-_RECENT:, 5:]
        seen = np.isfinite(rows)
        count = seen.sum(0)
        means: Numbers = np.where(seen, rows, 0).sum(0) / np.maximum(count, 1)
        means[count == 0] = np.nan
        return means

    def series(self, column: str) -> tuple[Numbers, Numbers]:
        """Return steps and values of a column of ``metrics.jsonl``, NaN where not recorded.

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
        """Whether anybody listens."""
        return self.isSignalConnected(QMetaMethod.fromSignal(self.changed))

    def sleep(self) -> None:
        """Ask nothing while the run is being moved; that it is not there is no failure then."""
        self._asleep = True
        self._timer.stop()

    def wake(self) -> None:
        """Go on asking."""
        self._asleep = False
        self.poll()

    def follow(
        self, training: JobHandle[object], step: int, before: RunRecord | None = None
    ) -> None:
        """Take the figures of a training in this window from its events, until it ends.

        The file tells those of the steps up to ``step`` and is read once for them; what comes
        meanwhile waits. After the end it is read for what was written down when nobody was told.

        Args:
            training: the job.
            step: the last step whose figures it has told, or has written down before.
            before: the record of the same training in the folder that it has left; its figures
                are taken over.
        """
        if before is not None and before is not self and not before._catching_up:
            self._steps, self._ticks, self._held_out = copy.deepcopy(
                (before._steps, before._ticks, before._held_out)
            )
            self._low = before.last_step
        for record in (before, self):
            if record is not None:
                record.let_go()
        self._forget_from(step + 1)
        self._high = step
        self._catching_up = self._low < step > 0
        self._again = self._catching_up and self._job is not None
        self.training = training
        training.on_event(self._on_event)
        training.ended.connect(self._on_ended)
        self.poll()

    def let_go(self) -> None:
        """Follow the events no longer; the file's figures after those that were told are taken."""
        if self.training is None:
            return
        self.training.emitted.disconnect(self._on_event)
        self.training.ended.disconnect(self._on_ended)
        self.training = None
        self._told.clear()
        self._waiting.clear()
        if not self._catching_up:
            self._low = self.last_step
        self._catching_up, self._high = False, math.inf

    def poll(self) -> None:
        """Ask now for what is new, unless that was asked already."""
        if self._job is not None or self._asleep:
            return
        self._timer.stop()
        place = self._news.place if self._news is not None else None
        figures = self.training is None or self._catching_up
        self._job = self._backend.submit(specs.runs.look_at_run(self.run, place, figures=figures))
        self._job.on_finished(self._on_news)
        self._job.on_failed(self._on_failed)

    def _look_again(self) -> None:
        """Ask for what is new now, which a look that is under way may miss."""
        self._again = self._job is not None
        self.poll()

    def _on_event(self, event: Event) -> None:
        """Take what the training in this window tells."""
        if isinstance(event, TrainStep | HeldOutMeasured):
            self._told.append(event)
        elif isinstance(event, TrainTick):
            figures = Figures.of_events([*self._told, event])
            self._told.clear()
            if self._catching_up:
                self._waiting.append(figures)
                return
            self._add(figures)
            self.is_live = True
            self.changed.emit()
        elif isinstance(event, SampleGrid | CheckpointSaved):
            self._look_again()

    def _on_ended(self) -> None:
        self.let_go()
        self._look_again()

    def _add(self, figures: Figures) -> None:
        """Add figures, from the file or from events; a step that is told anew voids those after."""
        steps = figures.steps
        if len(steps):
            self._forget_from(steps[0, 0])
        self._steps.append(np.concatenate([steps, steps[:, [1, 1]]], axis=1))
        self._ticks.append(np.concatenate([figures.ticks, figures.loss_by_t], axis=1))
        self._held_out.append(figures.held_out)

    def _forget_from(self, step: float) -> None:
        for rows in (self._steps, self._ticks, self._held_out):
            rows.forget_from(step)

    def _catch_up(self) -> None:
        """Go on with the events: the file has no more that they do not tell."""
        self._catching_up = False
        for figures in self._waiting:
            self._add(figures)
        self._waiting.clear()

    def _of_this_branch(self, previews: tuple[Path, ...]) -> tuple[Path, ...]:
        """Leave out what was drawn after the step that the training went back to since."""
        if not self.last_step:
            return previews
        last = self.last_step
        return tuple(
            path for path in previews if not path.stem[5:].isdigit() or int(path.stem[5:]) <= last
        )

    def _on_timer(self) -> None:
        if self.is_watched:
            self.poll()

    def _on_news(self, news: RunNews) -> None:
        self._job = None
        before = self._news
        self._news = news
        self.timesteps, self.total = news.timesteps, news.total
        more, self._again = news.more or self._again, False
        from_events = self.training is not None and not self._catching_up
        # What events have told is no figure of the file's that could be void.
        if news.anew and not from_events and self._low == -math.inf:
            self._forget_from(-math.inf)
        figures = news.figures.between(self._low, self._high)
        self._add(figures)
        if not more and self.training is None:
            self._low = -math.inf
        elif not more and self._catching_up:
            self._catch_up()
        live = self.loaded and not more and self._seems_live(news)
        same = (
            before is not None
            and not self._lost
            and not (news.anew or len(figures.steps))
            and (news.previews, news.checkpoint) == (before.previews, before.checkpoint)
            and news.evaluations == before.evaluations
            and (live, news.trainer) == (self.is_live, self.trainer)
            and self.loaded
        )
        self.previews = self._of_this_branch(news.previews)
        self.evaluations = news.evaluations
        self.checkpoint, self.is_live, self.trainer = news.checkpoint, live, news.trainer
        self.loaded = self.loaded or not more
        self._quiet = self._quiet + 1 if same else 0
        self._lost = False
        if not same:
            self.changed.emit()
        if more:
            self.poll()
        elif not self._asleep:
            seldom = self._quiet > _IDLE_AFTER or self.training is not None
            self._timer.start(_IDLE_POLL_MS if seldom else _POLL_MS)

    def _seems_live(self, news: RunNews) -> bool:
        """Whether somebody writes: lines came while we looked, the last one not long ago."""
        if self.training is not None:
            return self.is_live
        return (len(news.figures.steps) > 0 or self.is_live) and news.is_fresh

    def _on_failed(self, failure: object) -> None:
        self._job = None
        if self._catching_up:
            # A disk that refuses halts no curve.
            self._catch_up()
        if not (self._asleep or self._lost):
            self._lost = True
            self.failed.emit(failure)
        if not self._asleep:
            # It may come back, as a disk of another machine does.
            self._again = False
            self._timer.start(_IDLE_POLL_MS)


# Loss, gradient norm, learning rate; the loss again.
_STEP_KINDS: tuple[Kind, ...] = ("last", "mean", "mean", "mean", "least", "greatest")
_MEAN: Kind = "mean"
_TICK_KINDS: tuple[Kind, ...] = ("last", *(_MEAN for _ in range(4 + BINS)))
_HELD_OUT_KINDS: tuple[Kind, ...] = ("last", _MEAN, _MEAN)
_STEP = {"loss": 1, "grad_norm": 2, "lr": 3}
_HELD_OUT = {"held_out_loss": 1, "held_out_bits": 2}
_TICK = {"images_per_second": 1, "memory_bytes": 2, "cpu_load": 3, "device_load": 4}
