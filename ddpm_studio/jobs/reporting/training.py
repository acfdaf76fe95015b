"""Report part on training: loss by step and by t, and held-out loss."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import numpy.typing as npt

from ddpm_studio.catalogue.report_parts import REPORT_PARTS
from ddpm_studio.durations import format_count
from ddpm_studio.engine.tables import LOSSES
from ddpm_studio.export.report.blocks import Block, Drawings, Note, ReportFigure, Section
from ddpm_studio.export.report.plots import Axis, PlotLine, plot
from ddpm_studio.export.report.prose import Html, prose
from ddpm_studio.jobs.events import BINS, Event
from ddpm_studio.jobs.library.history import RunUpdate, read_run_update
from ddpm_studio.jobs.reporting.subject import PartPlan, Subject
from ddpm_studio.runs.metrics import FilePosition

Values = npt.NDArray[np.float64]

_PART = "training"
_SMOOTH_POINTS = 120
_LAST_TICKS = 10


def training(subject: Subject) -> PartPlan:
    """Plan the part on training from the run's metrics; nothing is computed."""

    def work() -> Generator[Event, None, Section]:
        yield from ()
        return _training(subject)

    return PartPlan(0, work)


def _training(subject: Subject) -> Section:
    entry = REPORT_PARTS[_PART]
    updates = _all_updates(subject)
    steps = np.concatenate([update.figures.steps for update in updates])
    if not np.isfinite(steps[:, 1]).any():
        opening = "This model was trained elsewhere" if subject.model.info.origin else "The run"
        reason = f"{opening}, and no losses of its training are recorded."
        figure = ReportFigure([Note(reason, missing=True)])
        return Section(entry.name, entry.title, entry.paper, "", [figure])
    held_out = np.concatenate([update.figures.held_out for update in updates])
    ticks = np.concatenate([update.figures.loss_by_t for update in updates])
    figures = [_figure(subject, steps, held_out, ticks)]
    return Section(entry.name, entry.title, entry.paper, _lead(subject), figures)


def _all_updates(subject: Subject) -> list[RunUpdate]:
    updates = [read_run_update(subject.request.run, FilePosition())]
    while updates[-1].more:
        updates.append(read_run_update(subject.request.run, updates[-1].position))
    return updates


def _lead(subject: Subject) -> Html:
    request = subject.model.info.request
    if request is None:
        return Html()
    return prose(
        "Each step draws pictures $x_0$, a $t$ for each and noise $ε$, and takes a gradient step "
        "on the loss of the network at $√ᾱ_t x_0 + √(1−ᾱ_t) ε$. The loss is {loss}.",
        loss=_loss(request.loss),
    )


def _loss(name: str) -> str:
    return f"“{LOSSES[name].title}”, {LOSSES[name].help}" if name in LOSSES else name


def _figure(subject: Subject, steps: Values, held_out: Values, ticks: Values) -> ReportFigure:
    step, loss = steps[:, 0], steps[:, 1]
    mean_step, mean_loss = segment_means(step, loss)
    has_held_out = np.isfinite(held_out[:, 1]).any()
    by_t, has_bits = _by_t(ticks), np.isfinite(held_out[:, 2]).any()
    width = {1: 620, 2: 460}.get(1 + bool(len(by_t)) + bool(has_bits), 298)
    curves = [
        PlotLine(step, loss, colour=0, style="thin"),
        PlotLine(mean_step, mean_loss, "trained on", colour=0),
    ]
    if has_held_out:
        curves.append(PlotLine(held_out[:, 0], held_out[:, 1], "held out", 1, "points"))
    step_axis, loss_axis = Axis("step"), Axis("loss", log=True)
    drawings = [plot(curves, step_axis, loss_axis, title="Loss by step", width=width)]
    rows = len(step) // _SMOOTH_POINTS
    caption = (
        f"Training loss over {format_count(int(step[-1]), 'step')}: pale, as measured; solid, the "
        f"mean of each {f'{rows:,} rows' if rows > 1 else 'row'} that the run keeps."
    )
    if has_bits:
        curve = PlotLine(held_out[:, 0], held_out[:, 2], "held out", 1, "points")
        axis = Axis("bits/dim, estimated")
        drawings.append(plot([curve], step_axis, axis, title="Held-out bits/dim", width=width))
    if len(by_t):
        centre = (np.arange(BINS) + 0.5) * subject.T / BINS
        curve = PlotLine(centre, by_t, style="points")
        drawings.append(
            plot([curve], Axis("$t$"), loss_axis, title="Training loss by t", width=width)
        )
        caption += (
            f" Loss by t: towards the end of the training, the mean of each of {BINS} parts of "
            "1 … T."
        )
    blocks: list[Block] = [Drawings(drawings)]
    if not has_held_out:
        blocks.append(Note(_no_held_out(subject), missing=True))
    if not len(by_t):
        blocks.append(Note("The loss by t of the training is not recorded.", missing=True))
    return ReportFigure(blocks, caption, subject.part_commands(_PART))


def _no_held_out(subject: Subject) -> str:
    request = subject.model.info.request
    if request is not None and request.held_out:
        return "The loss of the held-out pictures is not recorded here."
    return (
        "No pictures were held out in this training: the nearest neighbours below alone tell "
        "whether the model memorises. --held-out 0.1 holds some out from the start."
    )


def _by_t(ticks: Values) -> Values:
    """Return the mean loss of each part of 1 … T over the last tenth of ticks; empty if unknown."""
    known = ticks[np.isfinite(ticks).any(axis=1)]
    if not len(known):
        return np.empty(0)
    last_ticks = known[-max(_LAST_TICKS, len(known) // 10) :]
    is_finite = np.isfinite(last_ticks)
    total = np.where(is_finite, last_ticks, 0).sum(axis=0)
    mean = np.full(BINS, np.nan)
    np.divide(total, is_finite.sum(axis=0), out=mean, where=is_finite.any(axis=0))
    return mean


def segment_means(step: Values, loss: Values) -> tuple[Values, Values]:
    """Return the means of up to 120 segments of a curve, ignoring values that are not finite."""
    known = np.isfinite(loss)
    step, loss = step[known], loss[known]
    parts = min(_SMOOTH_POINTS, len(loss))
    return (
        np.array([part.mean() for part in np.array_split(step, parts)]),
        np.array([part.mean() for part in np.array_split(loss, parts)]),
    )
