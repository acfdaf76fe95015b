"""Report parts on latents: pictures from a shared latent, interpolations [DDPM Fig. 7, 8, 9]."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from ddpm_studio.catalogue.report_parts import REPORT_PARTS
from ddpm_studio.export.report.blocks import ReportFigure, Row, Section, Tiles
from ddpm_studio.export.report.prose import math, prose
from ddpm_studio.jobs.drawing.interpolation import interpolate
from ddpm_studio.jobs.drawing.series import interpolate_series, share_series
from ddpm_studio.jobs.events import DrawingResult, Event, Pictures
from ddpm_studio.jobs.job_combinators import run_sequentially
from ddpm_studio.jobs.reporting.samples import sampling_text, t_label
from ddpm_studio.jobs.reporting.subject import FromPicturesT, InputPictures, PartPlan, Subject
from ddpm_studio.requests import InterpolateRequest, ShareRequest

_PAIRS = ((0, 3), (1, 4), (2, 5))


def shared(subject: Subject) -> PartPlan:
    """Plan the part on shared latents: many x_0 ∼ p_θ(x_0|x_t) from one x_t, at falling t."""
    T = subject.T
    levels = subject.choose(4, 2)
    ts = [max(1, T * (levels - k) // levels) for k in range(levels)]
    count = subject.columns(9) - 1
    requests = [subject.drawing(ShareRequest, t=t, count=count) for t in ts]
    cost = count * subject.evaluations * sum(ts) // T
    return PartPlan(cost + subject.input_cost(), lambda: _shared(subject, requests))


def _shared(subject: Subject, requests: Sequence[ShareRequest]) -> Generator[Event, None, Section]:
    inputs = yield from subject.input_pictures()
    asked, by_class = _requests_by_class(subject, inputs, requests, [(0,)] * len(requests))
    drawn = yield from share_series(by_class, inputs.pictures[0], subject.models)
    caption = prose(
        "Pictures that share a latent: the left column is $x_t ∼ q(x_t|x_0)$ of one {what}, the "
        "others are samples from $p_θ(x_0|x_t)$, {how}. They share what $x_t$ determines: "
        "at large t coarse features or nothing, at small t nearly everything.",
        what="picture" if subject.dataset is not None else "sample",
        how=sampling_text(subject, drawn),
    )
    named = [(request, f"share-{request.t}.png") for request in asked]
    commands = subject.input_commands("share", named, inputs, [(0,)] * len(named))
    rows = [
        Row(result.pictures, t_label(request.t), result.latent)
        for request, result in zip(requests, drawn, strict=True)
    ]
    title = "Pictures that share a latent, a row for each t"
    tiles = Tiles(rows, title, leading=math("x_t"))
    source = Tiles([Row(inputs.pictures[:1], math("x_0"))], "The picture whose latents they are")
    entry = REPORT_PARTS["share"]
    figure = ReportFigure([source, tiles], caption, commands)
    return Section(entry.name, entry.title, entry.paper, "", [figure])


def interpolation(subject: Subject) -> PartPlan:
    """Plan the part on interpolation: pairs of pictures at T/2, and one pair at several t."""
    T, half = subject.T, max(1, subject.T // 2)
    # The end pictures are shown at the sides too.
    count = max(3, subject.columns(11) - 2)
    pairs = _PAIRS[: subject.choose(3, 1)]
    pair_requests = [subject.drawing(InterpolateRequest, t=half, steps_lambda=count) for _ in pairs]
    ts = [T, 3 * T // 4, half, T // 4, 0] if not subject.request.quick else [T, 0]
    t_requests = [subject.drawing(InterpolateRequest, t=t, steps_lambda=count) for t in ts]
    steps = half * len(pairs) + sum(ts)
    cost = count * subject.evaluations * steps // T + subject.input_cost()
    return PartPlan(cost, lambda: _interpolation(subject, pair_requests, t_requests))


def _interpolation(
    subject: Subject,
    pair_requests: Sequence[InterpolateRequest],
    t_requests: Sequence[InterpolateRequest],
) -> Generator[Event, None, Section]:
    inputs = yield from subject.input_pictures()
    pairs = _PAIRS[: len(pair_requests)]
    pair_requests, pairs_by_class = _requests_by_class(subject, inputs, pair_requests, pairs)
    jobs = [
        interpolate(request, [inputs.pictures[a], inputs.pictures[b]], subject.models)
        for request, (a, b) in zip(pairs_by_class, pairs, strict=True)
    ]
    by_pair = run_sequentially(
        list(zip([request.t for request in pair_requests], jobs, strict=True))
    )
    t_requests, ts_by_class = _requests_by_class(
        subject, inputs, t_requests, pairs[:1] * len(t_requests)
    )
    ends = [inputs.pictures[k] for k in pairs[0]]
    by_t = interpolate_series(ts_by_class, ends, subject.models)
    costs = (sum(r.t for r in pair_requests), sum(r.t for r in t_requests))
    pair_drawings, t_drawings = yield from run_sequentially([(costs[0], by_pair), (costs[1], by_t)])
    figures = [
        _pairs_figure(subject, inputs, pair_requests, pair_drawings),
        _by_t_figure(subject, inputs, t_requests, t_drawings),
    ]
    entry = REPORT_PARTS["interpolate"]
    return Section(entry.name, entry.title, entry.paper, "", figures)


def _pairs_figure(
    subject: Subject,
    inputs: InputPictures,
    requests: Sequence[InterpolateRequest],
    drawn: Sequence[DrawingResult],
) -> ReportFigure:
    pairs = _PAIRS[: len(requests)]
    rows = [
        _between(inputs.pictures[a], result.pictures, inputs.pictures[b])
        for result, (a, b) in zip(drawn, pairs, strict=True)
    ]
    named = [(request, f"interpolate-{index + 1}.png") for index, request in enumerate(requests)]
    commands = subject.input_commands("interpolate", named, inputs, pairs)
    caption = prose(
        "Interpolations of {what} at {t}, {how}: at the sides the sources $x_0$ and $x_0′$, "
        "between them the decoded mixtures $x̄_0 ∼ p_θ(x_0|x̄_t)$ of their latents, "
        "$x̄_t = (1−λ) x_t + λ x_t′$, the noise held fixed over $λ$.",
        what="pictures" if subject.dataset is not None else "samples",
        t=t_label(requests[0].t),
        how=sampling_text(subject, drawn),
    )
    headers = _lambdas(requests[0])
    return ReportFigure([Tiles(rows, "Interpolations, a pair a row", headers)], caption, commands)


def _by_t_figure(
    subject: Subject,
    inputs: InputPictures,
    requests: Sequence[InterpolateRequest],
    drawn: Sequence[DrawingResult],
) -> ReportFigure:
    a, b = _PAIRS[0]
    rows = [
        _between(inputs.pictures[a], result.pictures, inputs.pictures[b], t_label(request.t))
        for request, result in zip(requests, drawn, strict=True)
    ]
    named = [(request, f"interpolate-t-{request.t}.png") for request in requests]
    commands = subject.input_commands("interpolate", named, inputs, _PAIRS[:1] * len(named))
    caption = prose(
        "From coarse to fine: the first pair, mixed at falling t. At $t = T$ nothing of the "
        "sources is left and what is drawn is new; at $t = 0$ the mixtures are blends of pixels."
    )
    headers = _lambdas(requests[0])
    return ReportFigure([Tiles(rows, "Interpolations, a t a row", headers)], caption, commands)


def _requests_by_class(
    subject: Subject,
    inputs: InputPictures,
    requests: Sequence[FromPicturesT],
    numbers: Sequence[tuple[int, ...]],
) -> tuple[list[FromPicturesT], list[FromPicturesT]]:
    """Return requests as their commands ask, and as the terminal then draws them.

    Args:
        subject: the report's subject.
        inputs: the input pictures.
        requests: requests without a class.
        numbers: the numbers of each one's input pictures.
    """
    pairs = [
        subject.drawing_by_class(request, [inputs.labelled(k) for k in of_request])
        for request, of_request in zip(requests, numbers, strict=True)
    ]
    return [asked for asked, _ in pairs], [by_class for _, by_class in pairs]


def _between(a: Pictures, mixed: Pictures, b: Pictures, label: str = "") -> Row:
    return Row(np.concatenate([a[None], mixed, b[None]]), label)


def _lambdas(request: InterpolateRequest) -> list[str]:
    shares = [f"{share:.3g}" for share in np.linspace(0, 1, request.steps_lambda)]
    return ["source", f"λ\u00a0=\u00a0{shares[0]}", *shares[1:], "source"]
