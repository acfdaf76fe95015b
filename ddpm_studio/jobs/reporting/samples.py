"""Report parts on samples and their reverse process [DDPM Fig. 1, 3, 6]."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from ddpm_studio.catalogue.report_parts import REPORT_PARTS
from ddpm_studio.durations import format_count
from ddpm_studio.engine.tables import SAMPLERS
from ddpm_studio.export.report.blocks import ReportFigure, Row, Section, Tiles
from ddpm_studio.export.report.prose import Html, escape_html, math, prose
from ddpm_studio.jobs.drawing.sampling import sample
from ddpm_studio.jobs.events import DrawingResult, Event
from ddpm_studio.jobs.job_combinators import collect_frames
from ddpm_studio.jobs.reporting.subject import PartPlan, Subject
from ddpm_studio.requests import SampleRequest, SamplerRequest

_OUT = "samples.png"


def samples(subject: Subject) -> PartPlan:
    """Plan the part on samples from noise, with a column for each class if there are few."""
    return PartPlan(subject.samples_cost(), lambda: _samples(subject))


def progressive(subject: Subject) -> PartPlan:
    """Plan the part on progressive generation: x̂_0 along the reverse process."""
    frame_count = subject.columns(12)
    request = subject.drawing_from_noise(count=subject.choose(5, 3), frames=frame_count)
    return PartPlan(request.count * subject.evaluations, lambda: _progressive(subject, request))


def _samples(subject: Subject) -> Generator[Event, None, Section]:
    request = subject.sampling()
    drawn = yield from subject.samples()
    columns = subject.columns(10)
    column_per_class = request.all_classes and request.count > len(subject.classes)
    if column_per_class:
        columns = len(subject.classes)
    starts = range(0, request.count, columns)
    rows = [Row(drawn.pictures[start : start + columns]) for start in starts]
    headers = subject.classes if column_per_class else ()
    of_class = " The classes in turn." if request.all_classes else ""
    caption = prose(
        "Samples $x_0 ∼ p_θ(x_0)$: each begins as noise $x_T ∼ N(0, I)$ and is denoised step by "
        "step by $p_θ(x_t−1|x_t)$, {how}.{of_class} None was chosen by hand; seed {seed}.",
        how=sampling_text(subject, [drawn]),
        of_class=of_class,
        seed=request.seed,
    )
    command = subject.command("sample", request, out=_OUT, also=("--columns", str(columns)))
    tiles = Tiles(rows, format_count(request.count, "sample"), headers)
    entry = REPORT_PARTS["samples"]
    return Section(
        entry.name, entry.title, entry.paper, "", [ReportFigure([tiles], caption, [command])]
    )


def _progressive(subject: Subject, request: SampleRequest) -> Generator[Event, None, Section]:
    drawn, frames = yield from collect_frames(sample(request, subject.models))
    trajectories = np.stack([frame.x0_hat for frame in frames], axis=1)
    headers = [t_label(frames[0].t), *(f"{frame.t:,}" for frame in frames[1:])]
    caption = prose(
        "The predicted picture $x̂_0$ over time, from left to right, {how}; above, the $t$ at "
        "which it is predicted. Large features come first, details last.",
        how=sampling_text(subject, [drawn]),
    )
    command = subject.command(
        "sample",
        request,
        out=_OUT,
        also=(
            "--gif",
            "progressive.apng",
            "--gif-view",
            "x0_hat",
            "--columns",
            "1",
            "--scale",
            "1",
        ),
    )
    rows = [Row(trajectory) for trajectory in trajectories]
    tiles = Tiles(rows, "Predicted pictures at falling t", headers)
    entry = REPORT_PARTS["progressive"]
    return Section(
        entry.name, entry.title, entry.paper, "", [ReportFigure([tiles], caption, [command])]
    )


def sampling_text(subject: Subject, drawn: Sequence[DrawingResult]) -> Html:
    """Return the sampler, number of steps, classes and guidance of drawings in words.

    Args:
        subject: the report's subject.
        drawn: one or more, which differ only in their classes and what follows from them.
    """
    requests = [result.recipe["request"] for result in drawn]
    classes = [_class_text(subject, request) for request in requests]
    by_class = [request for request, text in zip(requests, classes, strict=True) if text]
    fields = (by_class or requests)[0]
    assert isinstance(fields, dict)
    sampler_fields = {
        key: value for key, value in fields.items() if key in SamplerRequest.model_fields
    }
    request = SamplerRequest.model_validate(sampler_fields)
    steps = request.steps or SAMPLERS[request.sampler].default_steps or subject.T
    text = f"by {SAMPLERS[request.sampler].title} in {format_count(steps, 'step')}"
    if steps < subject.T:
        text += f" of T = {subject.T:,}"
    if by_class:
        texts = [text for text in dict.fromkeys(classes) if text]
        several = len(texts) > 1 or " and " in texts[0]
        text += f", of the {'classes' if several else 'class'} {'; '.join(texts)}"
    if request.guidance != 1 and (by_class or fields.get("all_classes")):
        text += f", guidance {request.guidance:g}"
    return Html(escape_html(text))


def _class_text(subject: Subject, request: object) -> str:
    """Return the classes that a recipe's request names for its pictures; empty if none."""
    assert isinstance(request, dict)
    labels = request.get("class_labels") or [request.get("class_label")]
    if all(label is None for label in labels):
        return ""
    names = ["none" if label is None else subject.classes[label] for label in labels]
    return " and ".join(dict.fromkeys(names))


def t_label(t: int) -> Html:
    """Return "t = 500" in HTML, with t as a symbol."""
    return Html(f"{math('t')}\u00a0=\u00a0{t:,}")
