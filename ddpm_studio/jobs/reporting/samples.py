"""Samples, and how they come about [DDPM Fig. 1, 3, 6]."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from ddpm_studio.catalogue.report_parts import REPORT_PARTS
from ddpm_studio.engine.tables import SAMPLERS
from ddpm_studio.export.report.blocks import Figure, Row, Section, Tiles
from ddpm_studio.export.report.prose import Html, math, prose
from ddpm_studio.jobs.drawing.sampling import sample
from ddpm_studio.jobs.events import Event, FrameImages
from ddpm_studio.jobs.reporting.subject import Plan, Subject
from ddpm_studio.requests import SampleRequest, SamplerRequest

_OUT = "samples.png"


def samples(subject: Subject) -> Plan:
    """Pictures from noise, a row a class where there are few."""
    return Plan(subject.samples_cost(), lambda: _samples(subject))


def progressive(subject: Subject) -> Plan:
    """x̂_0 of some pictures along the reverse process."""
    moments = subject.columns(12)
    request = subject.drawing(SampleRequest, count=subject.choose(5, 3), frames=moments)
    return Plan(request.count * subject.evaluations, lambda: _progressive(subject, request))


def _samples(subject: Subject) -> Generator[Event, None, Section]:
    request = subject.sampling()
    drawn = yield from subject.samples()
    columns = subject.columns(10)
    a_column_each = request.all_classes and request.count > len(subject.classes)
    if a_column_each:
        columns = len(subject.classes)
    starts = range(0, request.count, columns)
    rows = [Row(drawn.pictures[at : at + columns], "") for at in starts]
    of_class = ""
    if request.all_classes:
        of_class = " The classes in turn, each asked for by its label"
        of_class += f": from left to right {', '.join(subject.classes)}." if a_column_each else "."
    elif request.class_label is not None:
        of_class = f" Of the class {subject.classes[request.class_label]}."
    caption = prose(
        "Samples $x_0 ∼ p_θ(x_0)$: each begins as noise $x_T ∼ N(0, I)$ and is walked back through "
        "$p_θ(x_t−1|x_t)$, {how}.{of_class} None was chosen by hand; seed {seed}.",
        how=how(subject, drawn.recipe),
        of_class=of_class,
        seed=request.seed,
    )
    command = subject.command("sample", request, out=_OUT, also=("--columns", str(columns)))
    tiles = Tiles(rows, f"{request.count} samples")
    entry = REPORT_PARTS["samples"]
    return Section(entry.name, entry.title, entry.paper, "", [Figure([tiles], caption, [command])])


def _progressive(subject: Subject, request: SampleRequest) -> Generator[Event, None, Section]:
    frames: list[FrameImages] = []
    job = sample(request, subject.models)
    while True:
        try:
            event = next(job)
        except StopIteration as stop:
            drawn = stop.value
            break
        if isinstance(event, FrameImages):
            frames.append(event)
        else:
            yield event
    walks = np.stack([frame.x0_hat for frame in frames], axis=1)
    heads = [f"{frame.t:,}" for frame in frames]
    caption = prose(
        "The predicted picture $x̂_0$ over time, from left to right, {how}; above, the t at "
        "which it is predicted. Large features come first, details last.",
        how=how(subject, drawn.recipe),
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
    rows = [Row(walk) for walk in walks]
    tiles = Tiles(rows, "Predicted pictures at falling t", heads)
    entry = REPORT_PARTS["progressive"]
    return Section(entry.name, entry.title, entry.paper, "", [Figure([tiles], caption, [command])])


def how(subject: Subject, recipe: dict[str, object]) -> Html:
    """Return by which sampler and in how many steps a drawing was made."""
    asked = recipe["request"]
    assert isinstance(asked, dict)
    request = SamplerRequest.model_validate(
        {key: value for key, value in asked.items() if key in SamplerRequest.model_fields}
    )
    steps = request.steps or SAMPLERS[request.sampler].default_steps or subject.T
    title = SAMPLERS[request.sampler].title
    of_all = f" of T = {subject.T:,}" if steps < subject.T else ""
    return prose(
        "by {title} in {steps} steps{of_all}", title=title, steps=f"{steps:,}", of_all=of_all
    )


def at_t(t: int) -> Html:
    """Return "t = 500" with its symbol."""
    return Html(f"{math('t')} = {t:,}")
