"""Report part on sample quality: recorded evaluations of a run over its training."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from ddpm_studio.catalogue import METRICS
from ddpm_studio.catalogue.report_parts import REPORT_PARTS
from ddpm_studio.durations import format_count
from ddpm_studio.export.report.blocks import (
    Block,
    Drawings,
    Note,
    ReportFigure,
    ReportTable,
    Section,
)
from ddpm_studio.export.report.plots import Axis, PlotLine, plot
from ddpm_studio.export.report.prose import Html
from ddpm_studio.jobs.events import Event
from ddpm_studio.jobs.measuring.evaluation_series import EvaluationSeries, series_of
from ddpm_studio.jobs.measuring.recorded_requests import real_data_fingerprint, recorded_request
from ddpm_studio.jobs.publishing.commands import evaluate_command
from ddpm_studio.jobs.reporting.subject import PartPlan, Subject
from ddpm_studio.requests import EvaluateRequest
from ddpm_studio.runs import RunFolder, evaluations
from ddpm_studio.runs.evaluations import RecordedEvaluation

_PART = "quality"
_MAX_PLOTS = 4


def quality(subject: Subject) -> PartPlan:
    """Plan the part on sample quality from the run's records; nothing is evaluated."""

    def work() -> Generator[Event, None, Section]:
        yield from ()
        return _quality(subject)

    return PartPlan(0, work)


def _quality(subject: Subject) -> Section:
    entry = REPORT_PARTS[_PART]
    found = series_of(evaluations.read(subject.request.run))
    if not found:
        command = subject.command("evaluate", EvaluateRequest(run=subject.request.run))
        text = "No samples of this run have been compared with real pictures yet. This does so:"
        figure = ReportFigure([Note(text, missing=True)], "", [command])
        return Section(entry.name, entry.title, entry.paper, "", [figure])
    figures = [_figure(subject, series) for series in found]
    return Section(entry.name, entry.title, entry.paper, "", figures)


def _figure(subject: Subject, series: EvaluationSeries) -> ReportFigure:
    last = series.evaluations[-1]
    titles = {figure.name: figure.title for metric in METRICS.values() for figure in metric.figures}
    blocks: list[Block] = []
    if len(series.evaluations) > 1:
        shown = [name for name in titles if name in last.figures][:_MAX_PLOTS]
        blocks.append(
            Drawings([_over_steps(series.evaluations, name, titles[name]) for name in shown])
        )
    rows = [
        (titles.get(name, name), f"{value:.4f}", _floor(last, name))
        for name, value in last.figures.items()
    ]
    blocks.append(ReportTable(("", f"samples, step {last.step:,}", "floor"), rows))
    caption = (
        f"Of {last.samples:,} samples against {format_count(last.reference, 'real picture')}, in "
        f"{last.features}."
    )
    if series.differing:
        settings = "; ".join(f"{title} {value}" for title, value in series.differing.items())
        caption += f" Settings: {settings}."
    if last.floors:
        caption += (
            f" Floor: the same of {format_count(last.floor, 'real picture')} in the place of "
            "samples, what a perfect model would come to."
        )
    return ReportFigure(blocks, caption, _commands(subject, last))


def _floor(evaluation: RecordedEvaluation, name: str) -> str:
    return f"{evaluation.floors[name]:.4f}" if name in evaluation.floors else "–"


def _over_steps(recorded: Sequence[RecordedEvaluation], name: str, title: str) -> Html:
    shown = [evaluation for evaluation in recorded if name in evaluation.figures]
    steps = [evaluation.step for evaluation in shown]
    curves = [
        PlotLine(steps, [evaluation.figures[name] for evaluation in shown], "samples", 0, "points")
    ]
    floors = [evaluation.floors.get(name, float("nan")) for evaluation in shown]
    if any(floor == floor for floor in floors):
        curves.append(PlotLine(steps, floors, "floor", 1, "dashed"))
    return plot(curves, Axis("step"), Axis(title), title=f"{title} by step")


def _commands(subject: Subject, evaluation: RecordedEvaluation) -> list[str]:
    request = recorded_request(evaluation, subject.request.run)
    if request is None:
        return []
    saved_steps = [
        checkpoint.step for checkpoint in RunFolder.open(subject.request.run).checkpoints()
    ]
    if evaluation.step not in saved_steps:
        return []
    if evaluation.step != saved_steps[-1]:
        request = request.model_copy(update={"checkpoint": evaluation.step})
    is_same_data = (
        subject.dataset is not None
        and subject.dataset.fingerprint == real_data_fingerprint(evaluation)
    )
    if not is_same_data or subject.in_memory:
        return []
    info, names = subject.model.info, subject.data_args
    return [evaluate_command(info, evaluation.step, request, subject.run_arg, names)]
