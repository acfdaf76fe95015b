"""Report part on sample quality: recorded evaluations of a run over its training."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from ddpm_studio.catalogue import METRICS
from ddpm_studio.catalogue.report_parts import REPORT_PARTS
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
from ddpm_studio.jobs.measuring.recorded_requests import real_data_fingerprint, recorded_request
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
    groups: dict[str, list[RecordedEvaluation]] = {}
    for evaluation in evaluations.read(subject.request.run):
        groups.setdefault(_comparison_key(evaluation, subject), []).append(evaluation)
    if not groups:
        command = subject.command("evaluate", EvaluateRequest(run=subject.request.run))
        text = "No samples of this run have been compared with real pictures yet. This does so:"
        figure = ReportFigure([Note(text, missing=True)], "", [command])
        return Section(entry.name, entry.title, entry.paper, "", [figure])
    figures = [_group(subject, group) for group in groups.values()]
    return Section(entry.name, entry.title, entry.paper, "", figures)


def _comparison_key(evaluation: RecordedEvaluation, subject: Subject) -> str:
    """Return a key of comparable evaluations: equal requests, for different weights."""
    request = recorded_request(evaluation, subject.request.run)
    request_json = request.model_dump_json() if request is not None else ""
    fingerprint = real_data_fingerprint(evaluation)
    counts = f"{evaluation.samples} {evaluation.reference}"
    return f"{evaluation.features} {counts} {fingerprint} {request_json}"


def _group(subject: Subject, group: Sequence[RecordedEvaluation]) -> ReportFigure:
    by_step = {evaluation.step: evaluation for evaluation in group}
    latest = by_step[max(by_step)]
    titles = {figure.name: figure.title for metric in METRICS.values() for figure in metric.figures}
    blocks: list[Block] = []
    if len(by_step) > 1:
        names = [name for name in titles if name in latest.figures][:_MAX_PLOTS]
        blocks.append(Drawings([_over_steps(by_step, name, titles[name]) for name in names]))
    rows = [
        (titles.get(name, name), f"{value:.4f}", _floor(latest, name))
        for name, value in latest.figures.items()
    ]
    blocks.append(ReportTable(("", f"samples, step {latest.step:,}", "floor"), rows))
    caption = (
        f"Of {latest.samples:,} samples against {latest.reference:,} real pictures, "
        f"in {latest.features}."
    )
    if latest.floor:
        caption += (
            f" Floor: the same of {latest.floor:,} real pictures in the place of samples, what a "
            "perfect model would come to."
        )
    return ReportFigure(blocks, caption, _commands(subject, latest))


def _floor(evaluation: RecordedEvaluation, name: str) -> str:
    return f"{evaluation.floors[name]:.4f}" if name in evaluation.floors else "–"


def _over_steps(by_step: dict[int, RecordedEvaluation], name: str, title: str) -> Html:
    steps = sorted(step for step, evaluation in by_step.items() if name in evaluation.figures)
    values = [by_step[step].figures[name] for step in steps]
    curves = [PlotLine(steps, values, "samples", 0, "points")]
    floors = [by_step[step].floors.get(name, float("nan")) for step in steps]
    if any(floor == floor for floor in floors):
        curves.append(PlotLine(steps, floors, "floor", 1, "dashed"))
    return plot(curves, Axis("step"), Axis(title), title=f"{title} by step")


def _commands(subject: Subject, evaluation: RecordedEvaluation) -> list[str]:
    request = recorded_request(evaluation, subject.request.run)
    if request is None:
        return []
    steps = [checkpoint.step for checkpoint in RunFolder.open(subject.request.run).checkpoints()]
    if evaluation.step not in steps:
        return []
    if evaluation.step != steps[-1]:
        request = request.model_copy(update={"checkpoint": evaluation.step})
    is_comparable = (
        subject.dataset is not None
        and subject.dataset.fingerprint == real_data_fingerprint(evaluation)
    )
    return [subject.command("evaluate", request, *subject.data_args)] if is_comparable else []
