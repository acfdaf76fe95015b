"""Report part on the bound: bits/dim, terms by t, and rate–distortion [DDPM §4.3, Fig. 5]."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from ddpm_studio.catalogue.report_parts import REPORT_PARTS
from ddpm_studio.export.report.blocks import Drawings, ReportFigure, ReportTable, Section
from ddpm_studio.export.report.plots import Axis, PlotLine, plot
from ddpm_studio.export.report.prose import prose
from ddpm_studio.jobs.events import BitsMeasured, Event
from ddpm_studio.jobs.measuring.bits import measure_bits
from ddpm_studio.jobs.measuring.formatting import (
    TABLE_4_HEADERS,
    bits_counts_text,
    bits_remark,
    bits_rows,
    table_4_rows,
)
from ddpm_studio.jobs.measuring.measuring import held_out_share, is_training_set
from ddpm_studio.jobs.reporting.subject import PartPlan, Subject
from ddpm_studio.requests import BitsRequest

_PART = "bits"
_THIRD = 298
_NAMES = {"L_T": "$L_T$", "Σ L_t−1": "$Σ L_t−1$", "L_0": "$L_0$"}
_MEANING = {
    "Bits/dim": "the bound on $−log p_θ(x_0)$, for each value of a picture",
    "L_T": "$KL(q(x_T|x_0) ‖ p(x_T))$: what of a picture is left at T",
    "Σ L_t−1": "$KL(q(x_t−1|x_t, x_0) ‖ p_θ(x_t−1|x_t))$, over all $t > 1$",
    "L_0": "$−log p_θ(x_0|x_1)$: the last step, to whole levels",
    "By the flow": "exact, by the probability-flow ODE",
}


def bound(subject: Subject) -> PartPlan:
    """Plan the part on the bound: one measurement, as tables, by t, and as rate–distortion."""
    report_request = subject.request
    timesteps = report_request.timesteps or subject.choose(100, 25)
    request = BitsRequest(
        run=report_request.run,
        count=report_request.count or subject.choose(64, 8),
        timesteps=None if timesteps >= subject.T else timesteps,
        seed=report_request.seed,
        weights=report_request.weights,
        device=report_request.device,
    )
    # Bits/dim of a student are refused before anything is evaluated.
    is_student = subject.model.info.student is not None
    cost = 0 if is_student else request.count * (request.timesteps or subject.T)
    return PartPlan(cost, lambda: _bound(subject, request))


def _bound(subject: Subject, request: BitsRequest) -> Generator[Event, None, Section]:
    entry = REPORT_PARTS[_PART]
    result = yield from measure_bits(
        request, subject.sources, subject.models, are_prepared=subject.are_prepared
    )
    command = subject.data_commands("bits", request)
    as_json = subject.data_commands("bits", request, also=("--json",))
    as_table = subject.data_commands("bits", request, also=("--table",))
    lead = prose(
        "Training minimises $L = L_T + Σ L_t−1 + L_0$, a bound on the negative log likelihood of "
        "a picture [eq. 5]. {counted} {which}",
        counted=bits_counts_text(result),
        which=_data_text(subject),
    )
    figures = [
        _parts(result, command),
        _by_t(result, as_json),
        _rate_distortion(result, as_json),
        _table_4(result, as_table),
    ]
    return Section(entry.name, entry.title, entry.paper, lead, figures)


def _data_text(subject: Subject) -> str:
    assert subject.dataset is not None
    info = subject.model.info
    if not is_training_set(info, subject.dataset):
        return "They are other pictures than those it was trained on."
    held_out = held_out_share(info, subject.dataset)
    held_out_text = f"; {held_out:.0%} of them were held out" if held_out else ""
    return f"They are spread over the pictures that it was trained on{held_out_text}."


def _parts(result: BitsMeasured, commands: Sequence[str]) -> ReportFigure:
    rows = [
        (
            prose(_NAMES[row.name]) if row.name in _NAMES else row.name,
            f"{row.value}{row.error}",
            prose(_MEANING.get(row.name, "")),
        )
        for row in bits_rows(result)
    ]
    caption = "The bound and its parts in bits/dim"
    caption += "; ±: standard error over the pictures." if result.standard_error else "."
    caption = f"{caption} {bits_remark(result)}".rstrip()
    for name, symbols in _NAMES.items():
        caption = caption.replace(name, symbols)
    return ReportFigure(
        [ReportTable(("", "bits/dim", "what it is"), rows, last_is_text=True)],
        prose(caption),
        commands,
    )


def _by_t(result: BitsMeasured, commands: Sequence[str]) -> ReportFigure:
    t = [float(step) for step in result.t]
    axis = Axis("$t$")
    drawings = [
        plot(
            [PlotLine(t, result.bits)],
            axis,
            Axis("$L_t−1$, bits/dim", log=True),
            title="The parts of the bound by t",
        ),
        plot(
            [PlotLine(t, result.eps_mse)],
            axis,
            Axis("$‖ε − ε_θ‖²$, a value", log=True),
            title="The mean squared error of the predicted noise by t",
        ),
    ]
    caption = prose(
        "Loss by t. Left: $L_t−1$, at $t = 1$ $L_0$: a few small t account for most of the bits, "
        "which are imperceptible. Right: the mean of $‖ε − ε_θ(x_t, t)‖²$, to which the simple "
        "loss [eq. 14] gives equal weight at each t. (--json prints all numbers.)"
    )
    return ReportFigure([Drawings(drawings)], caption, commands)


def _rate_distortion(result: BitsMeasured, commands: Sequence[str]) -> ReportFigure:
    reverse_time = [float(result.T - t + 1) for t in result.t]
    time = Axis("reverse process time, $T − t + 1$")
    rmse, rate = Axis("distortion, RMSE on 0–255"), Axis("rate, bits/dim")
    drawings = [
        plot([PlotLine(x, y)], x_axis, y_axis, title=title, width=_THIRD)
        for x, y, x_axis, y_axis, title in (
            (reverse_time, result.distortion, time, rmse, "Distortion by time"),
            (reverse_time, result.rate, time, rate, "Rate by time"),
            (result.rate, result.distortion, rate, rmse, "Distortion by rate"),
        )
    ]
    caption = prose(
        "Progressive lossy coding: once $x_T, …, x_t$ have been received, at the cost of "
        "$L_T + … + L_t$, the picture is guessed as $x̂_0$. The rate rises at the end, where the "
        "distortion hardly falls any more: most bits describe imperceptible detail."
    )
    return ReportFigure([Drawings(drawings)], caption, commands)


def _table_4(result: BitsMeasured, commands: Sequence[str]) -> ReportFigure:
    caption = "Rate and distortion along the reverse process, as in Table 4."
    return ReportFigure([ReportTable(TABLE_4_HEADERS, table_4_rows(result))], caption, commands)
