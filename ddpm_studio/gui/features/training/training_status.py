"""Training status in two lines and a progress bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from ddpm_studio.backend import JobHandle, State
from ddpm_studio.backend.specs.runs import RunView
from ddpm_studio.durations import format_size
from ddpm_studio.errors import printable
from ddpm_studio.gui.features.common.counts import counted, picture_count
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import (
    ElidedLabel,
    label,
    name,
    number_label,
    set_property,
    use_tabular_figures,
)
from ddpm_studio.gui.widgets.layout.eta import format_duration, time_left
from ddpm_studio.jobs.events import RunStarted, TrainTick

if TYPE_CHECKING:
    from ddpm_studio.backend.record import RunRecord
    from ddpm_studio.runs.lock import LockOwner


class TrainingStatus(QWidget):
    """Training status: step, speed, time left, memory, device."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._started: RunStarted | None = None
        self._tick: TrainTick | None = None
        self.line = number_label("", "heading")
        self.figures = label("", "caption", wrap=True)
        use_tabular_figures(self.figures)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        name(self.bar, self.tr("Progress of training"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        self.title = ElidedLabel("", "caption")
        self.title.hide()
        for widget in (self.title, self.line, self.bar, self.figures):
            layout.addWidget(widget)

    def show_other_run(self, name: str) -> None:
        """Show the name of the run in training, or hide it if ``name`` is empty."""
        self.title.setText(self.tr("Training {name}").format(name=name))
        self.title.setVisible(bool(name))

    def reset(self) -> None:
        """Discard the events of the last training."""
        self._started = self._tick = None

    def handle_event(self, event: RunStarted | TrainTick) -> None:
        """Store an event of the training, for :meth:`show_job`."""
        if isinstance(event, RunStarted):
            self._started = event
        else:
            self._tick = event

    def show_job(self, job: JobHandle[object]) -> None:
        """Show the progress of a training under way."""
        progress, started = job.progress, self._started
        self.bar.show()
        set_property(self.bar, "paused", job.state is State.PAUSED)
        if progress is None:
            self.bar.setRange(0, 0)
            self.line.setText(self.tr("Getting ready…"))
            self.figures.setText("")
            return
        self.bar.setRange(0, max(1, progress.total))
        self.bar.setValue(progress.done)
        if started is None:
            self.line.setText(f"{progress.text}…")
            self.figures.setText("")
            return
        line = self.tr("Step {n} of {total}").format(
            n=f"{progress.done:,}", total=f"{progress.total:,}"
        )
        if job.stopping:
            line = self.tr("Saving step {n}…").format(n=f"{progress.done:,}")
        elif job.state is State.PAUSED:
            line = self.tr("{step} · paused").format(step=line)
        elif progress.text != "Training":
            line = self.tr("{step} · {doing}…").format(step=line, doing=progress.text.lower())
        self.line.setText(line)
        self.figures.setText(" · ".join(self._figures(job, started)))

    def show_run(self, view: RunView) -> None:
        """Show an opened run that is not in training."""
        summary = view.summary
        self.bar.hide()
        total = summary.steps
        if total is not None and summary.step < total:
            line = self.tr("Step {n} of {total}").format(n=f"{summary.step:,}", total=f"{total:,}")
        else:
            line = counted(summary.step, self.tr("1 step taken"), self.tr("{n} steps taken"))
        self.line.setText(line)
        figures = []
        if summary.parameters is None:
            figures.append(
                self.tr("unknown network {kind}").format(kind=printable(summary.network))
            )
        else:
            figures.append(self.tr("{n} M parameters").format(n=f"{summary.parameters / 1e6:.1f}"))
        if summary.last_loss is not None:
            figures.insert(0, self.tr("last loss {x}").format(x=f"{summary.last_loss:.4f}"))
        if summary.pictures is not None:
            figures.append(picture_count(summary.pictures))
        self.figures.setText(" · ".join(figures))

    def show_elsewhere(self, record: RunRecord, owner: LockOwner) -> None:
        """Show an opened run that another process trains."""
        self.title.setText(self.tr("Trained elsewhere since {when}").format(when=owner.when))
        self.title.show()
        step, total = record.last_step, record.total
        self.bar.setVisible(total is not None)
        line = self.tr("Step {n}").format(n=f"{step:,}")
        if total is not None:
            line = self.tr("Step {n} of {total}").format(n=f"{step:,}", total=f"{total:,}")
            self.bar.setRange(0, max(1, total))
            self.bar.setValue(min(step, total))
        set_property(self.bar, "paused", False)
        self.line.setText(line)
        owner_text = self.tr("by process {pid} on {host}").format(pid=owner.pid, host=owner.host)
        self.figures.setText(owner_text)

    def _figures(self, job: JobHandle[object], started: RunStarted) -> list[str]:
        figures, tick = [], self._tick
        if tick is not None:
            speed = tick.images_per_second
            speed_text = f"{speed:,.0f}" if speed >= 10 else f"{speed:.1f}"
            figures.append(self.tr("{n} pictures/s").format(n=speed_text))
            if job.state is not State.PAUSED and not job.stopping:
                figures.append(time_left(tick.seconds_left))
                figures.append(self._next_samples(tick.samples_in))
            figures.append(format_size(tick.memory_bytes))
        figures.append(f"{started.device} {started.precision}")
        if tick is not None and tick.threads is not None:
            figures.append(counted(tick.threads, self.tr("1 thread"), self.tr("{n} threads")))
        return [figure for figure in figures if figure]

    def _next_samples(self, seconds: float | None) -> str:
        duration = "" if seconds is None else format_duration(seconds)
        return self.tr("next samples in about {time}").format(time=duration) if duration else ""
