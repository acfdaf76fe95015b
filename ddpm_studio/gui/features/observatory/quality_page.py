"""Evaluations of a run by training step, such as FID: samples compared with real pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QStackedLayout, QVBoxLayout, QWidget

from ddpm_studio.backend import JobHandle, specs
from ddpm_studio.backend.record import RunRecord
from ddpm_studio.catalogue import FEATURES, METRICS
from ddpm_studio.catalogue.fields import choices_of
from ddpm_studio.errors import Failure
from ddpm_studio.gui.features.common.counts import counted
from ddpm_studio.gui.features.observatory.runs_page import with_moved_run
from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.forms.choices import add_choices, set_name_from_field, translated
from ddpm_studio.gui.widgets.forms.number_boxes import IntBox
from ddpm_studio.gui.widgets.layout.basics import (
    button,
    ignore_unfocused_wheel,
    label,
    name,
    number_label,
)
from ddpm_studio.gui.widgets.layout.empty_state import EmptyState
from ddpm_studio.gui.widgets.layout.flow_layout import FlowLayout, inline_group
from ddpm_studio.gui.widgets.plots.curve_plot import CurvePlot
from ddpm_studio.gui.widgets.plots.legend import Legend
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import Event, Notice
from ddpm_studio.jobs.measuring.evaluation_series import EvaluationSeries, series_of
from ddpm_studio.requests import EvaluateRequest

if TYPE_CHECKING:
    from ddpm_studio.jobs.events import EvaluationResult
    from ddpm_studio.jobs.measuring.evaluating import Samples
    from ddpm_studio.runs.evaluations import RecordedEvaluation

_BOX_WIDTH = 96


class QualityPage(QWidget):
    """Plot of a metric of the run's samples over the steps, with its floor; new evaluations.

    Shown are the evaluations in one feature space, and of samples of one class or of all. Of these
    a line joins only those that are alike in all other settings too; others have a curve of their
    own, which the legend names by what differs.
    """

    failed = Signal(object)
    """An evaluation failed; carries a :class:`Failure`."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._record: RunRecord | None = None
        self._known: tuple[RecordedEvaluation, ...] | None = None
        self._job: JobHandle[object] | None = None
        # Paths of the run in evaluation; the last is the present one.
        self._evaluated: list[Path] = []
        fields = EvaluateRequest.model_fields
        self.count = IntBox(2, 100_000)
        self.count.setValue(fields["count"].default)
        self.count.setFixedWidth(_BOX_WIDTH)
        self.features = QComboBox()
        self.features.addItem(self.tr("as suits the pictures"), None)
        # Features that need a weights file can be chosen only in the terminal, where it is named.
        choices = choices_of(fields["features"])
        add_choices(self.features, [c for c in choices if FEATURES[c.value].weights != "needed"])
        for box, field in ((self.count, fields["count"]), (self.features, fields["features"])):
            set_name_from_field(box, field)
        self.space, self.figure = QComboBox(), QComboBox()
        name(self.space, self.tr("Compared in"), self.tr("Evaluations in these features"))
        name(self.figure, self.tr("Figure"), self.tr("Which figure to show"))
        ignore_unfocused_wheel(self.features, self.space, self.figure)
        self.value = number_label("", "title")
        self.about = label("", "muted")
        self.about.setWordWrap(True)
        self.plot = CurvePlot(self.tr("Quality by step"), self.tr("step"), "")
        self.legend = Legend()
        self._series: list[EvaluationSeries] = []
        self._lay_out()
        studio.run_moved.connect(self._on_run_moved)
        self.space.currentIndexChanged.connect(self._update_figures)
        self.figure.currentIndexChanged.connect(self._update_plot)
        current_theme().changed.connect(self._show_legend)

    def show_record(self, record: RunRecord) -> None:
        """Show the evaluations of another run."""
        if record is self._record:
            return
        if self._record is not None:
            self._record.changed.disconnect(self._on_record)
        self._record = record
        self._known = None
        self.about.setText("")
        record.changed.connect(self._on_record)
        self._on_record()

    def evaluate(self) -> None:
        """Draw samples of the run's current model, evaluate them, and record the figures.

        A run that is renamed meanwhile is followed.
        """
        if self._record is None or self._job is not None:
            return
        self._evaluated = [self._record.run]
        request = EvaluateRequest(
            run=self._record.run,
            count=self.count.value(),
            features=self.features.currentData(),
        )
        job = self._studio.submit(specs.measuring.draw_samples(request))

        def on_samples(samples: Samples) -> None:
            evaluation = self._studio.submit(specs.measuring.evaluate_samples(request, samples))
            evaluation.on_finished(self._record_evaluation)
            evaluation.on_failed(self.failed.emit)
            self._follow(evaluation)

        job.on_finished(on_samples)
        job.on_failed(self.failed.emit)
        self._follow(job)

    def _record_evaluation(self, result: EvaluationResult) -> None:
        """Record the figures in the run where it is now, and again if it was moved just then."""
        run = self._evaluated[-1]

        def on_failed(failure: Failure) -> None:
            if self._evaluated[-1] != run:
                self._record_evaluation(result)
            else:
                self.failed.emit(failure)

        job = self._studio.submit(specs.measuring.record_evaluation(run, result))
        job.on_failed(on_failed)
        self._follow(job)

    def _on_run_moved(self, old: Path | None, new: Path | None) -> None:
        present = self._evaluated[-1:]
        if (moved := with_moved_run(present, old, new)) != present:
            self._evaluated += moved

    def _follow(self, job: JobHandle[object]) -> None:
        self._job = job
        self.start.setEnabled(False)
        job.on_event(self._on_event)
        job.ended.connect(self._on_ended(job))

    def _on_ended(self, job: JobHandle[object]) -> Callable[[], None]:
        def on_ended() -> None:
            # The next job is followed before ``ended`` of the one before is emitted.
            if self._job is job:
                self._job = None
                self.start.setEnabled(True)
                if self._record is not None:
                    self._record.poll()

        return on_ended

    def _on_event(self, event: Event) -> None:
        # Another run may be shown by now, or this one under another name.
        is_shown = self._record is not None and self._record.run in self._evaluated
        if isinstance(event, Notice) and is_shown:
            self.about.setText(event.text)

    def _lay_out(self) -> None:
        self.start = button(
            self.tr("Evaluate"),
            self.tr("Draw samples of the run as it is now and compare them with its pictures"),
            icon="chart-column",
            role="primary",
        )
        self.start.clicked.connect(self.evaluate)
        request_row = FlowLayout()
        request_row.addWidget(inline_group(label(self.tr("samples"), "muted"), self.count))
        request_row.addWidget(inline_group(label(self.tr("features"), "muted"), self.features))
        request_row.addWidget(self.start)
        chosen = FlowLayout()
        chosen.addWidget(self.figure)
        chosen.addWidget(self.space)
        shown = QWidget()
        column = QVBoxLayout(shown)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(chosen)
        column.addWidget(self.value)
        column.addWidget(self.plot, 1)
        column.addWidget(self.legend)
        self._stack = QStackedLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_M)
        layout.addLayout(request_row)
        layout.addLayout(self._stack, 1)
        # Only once the stack has a parent: it shows its first page at once.
        self._stack.addWidget(
            EmptyState(
                "chart-column",
                self.tr("How far samples are from the pictures, at each step that is evaluated"),
            )
        )
        self._stack.addWidget(shown)
        layout.addWidget(self.about)

    def _on_record(self) -> None:
        known = self._record.evaluations if self._record is not None else ()
        if known == self._known:
            # A training reports its steps each second; the evaluations are usually unchanged.
            return
        self._known = known
        self._stack.setCurrentIndex(1 if known else 0)
        spaces = {_space_of(entry): self._describe(entry) for entry in reversed(known)}
        _refill(self.space, [(text, space) for space, text in spaces.items()])
        self._update_figures()

    def _update_figures(self) -> None:
        titles = {
            figure.name: figure.title for metric in METRICS.values() for figure in metric.figures
        }
        found = dict.fromkeys(key for entry in self._evaluations() for key in entry.figures)
        _refill(self.figure, [(translated(titles.get(key, key)), key) for key in found])
        self._update_plot()

    def _evaluations(self) -> list[RecordedEvaluation]:
        """Return the evaluations in the chosen feature space and class, oldest first."""
        known = self._record.evaluations if self._record is not None else ()
        return [entry for entry in known if _space_of(entry) == self.space.currentData()]

    def _describe(self, evaluation: RecordedEvaluation) -> str:
        """Return the feature space, and the class if all samples are of one, in words."""
        number, view = evaluation.class_label, self._studio.run_view
        if number is None:
            return evaluation.features
        names = view.summary.known_classes if view is not None else ()
        class_name = names[number] if 0 <= number < len(names) else str(number)
        return self.tr("{0}, of the class {1}").format(evaluation.features, class_name)

    def _update_plot(self) -> None:
        key = self.figure.currentData()
        shown = [entry for entry in self._evaluations() if key in entry.figures]
        # A figure does not depend on whether the other metrics were computed too.
        self._series = series_of(shown, metrics_apart=False)
        self.plot.set_curves(
            [_points(series.evaluations, key) for series in self._series],
            [_points(series.evaluations, key, floor=True) for series in self._series],
        )
        self._show_legend()
        if not shown:
            self.value.setText("")
            return
        newest = next(series for series in self._series if shown[-1] in series.evaluations)
        last = newest.evaluations[-1]
        description = self._describe(last)
        if newest.differing:
            description = f"{description} ({_settings_of(newest)})"
        value = f"{last.figures[key]:.4g}"
        text = self.tr("At step {0}: {1} samples against {2}, in {3}.")
        text = text.format(
            f"{last.step:,}", f"{last.samples:,}", self._real(last.reference), description
        )
        if key in last.floors:
            value = self.tr("{0} · floor {1}").format(value, f"{last.floors[key]:.4g}")
            floor = self.tr("Floor, dashed: {0} in the place of samples.")
            text += f" {floor.format(self._real(last.floor))}"
        self.value.setText(value)
        self.about.setText(text)

    def _real(self, count: int) -> str:
        return counted(count, self.tr("1 real picture"), self.tr("{n} real pictures"))

    def _show_legend(self) -> None:
        theme = current_theme()
        self.legend.show_names(
            (theme.plot_color(number), _settings_of(series))
            for number, series in enumerate(self._series)
        )


def _points(
    found: Sequence[RecordedEvaluation], key: str, floor: bool = False
) -> tuple[list[float], list[float]]:
    """Return steps and values of a figure, or of its floor where it is known."""
    known = [(entry.step, entry.floors if floor else entry.figures) for entry in found]
    shown = [(step, figures[key]) for step, figures in known if key in figures]
    return [step for step, _ in shown], [value for _, value in shown]


def _settings_of(series: EvaluationSeries) -> str:
    """Return the settings in which a series differs from the others, in words."""
    settings = series.differing.items()
    return " · ".join(f"{translated(title)} {translated(value)}" for title, value in settings)


def _space_of(evaluation: RecordedEvaluation) -> str:
    """Return the key that comparable evaluations share: feature space, and class if any."""
    features, number = evaluation.features, evaluation.class_label
    return features if number is None else f"{features} {number}"


def _refill(box: QComboBox, items: list[tuple[str, str]]) -> None:
    """Replace the items of a combo box, keeping the current choice if it is still offered."""
    if [(box.itemText(k), box.itemData(k)) for k in range(box.count())] == items:
        return
    before = box.currentData()
    blocked = box.blockSignals(True)
    box.clear()
    for text, data in items:
        box.addItem(text, data)
    box.setCurrentIndex(max(0, box.findData(before)))
    box.blockSignals(blocked)
