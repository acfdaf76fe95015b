"""Report part on the directed graphical model, with pictures as nodes [DDPM Fig. 2]."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import torch

from ddpm_studio.catalogue.report_parts import REPORT_PARTS
from ddpm_studio.engine.pixels import to_uint8
from ddpm_studio.export.report.blocks import Drawings, ReportFigure, Section
from ddpm_studio.export.report.chain import Node, chain
from ddpm_studio.export.report.plots import tick_text
from ddpm_studio.export.report.prose import prose
from ddpm_studio.jobs.drawing.latents import encode_picture
from ddpm_studio.jobs.events import Event, Pictures
from ddpm_studio.jobs.reporting.subject import PartPlan, Subject
from ddpm_studio.picture_shape import with_opaque_alpha
from ddpm_studio.requests import EncodeRequest

_PART = "model"


def graphical_model(subject: Subject) -> PartPlan:
    """Plan the part on the graphical model: q adds noise to a picture, p_θ removes it."""
    return PartPlan(subject.input_cost(), lambda: _graphical_model(subject))


def _graphical_model(subject: Subject) -> Generator[Event, None, Section]:
    inputs = yield from subject.input_pictures()
    T, half = subject.T, max(2, subject.T // 2)
    states = (
        ("x_T", T),
        ("", (T + half) // 2),
        ("x_t", half),
        ("x_t−1", half - 1),
        ("", half // 4),
    )
    nodes = []
    for symbol, t in states:
        picture = yield from _noised(subject, inputs.pictures[0], t)
        nodes.append(Node(symbol, picture))
    nodes.append(Node("x_0", inputs.pictures[0]))
    caption = prose(
        "The directed graphical model. The forward process $q(x_t|x_t−1) = N(√(1−β_t) x_t−1, "
        "β_t I)$ is fixed and turns the observed {what} $x_0$ into noise; the reverse process "
        "$p_θ(x_t−1|x_t) = N(μ_θ(x_t, t), Σ_θ(x_t, t))$ is learnt. The latents $x_1, …, x_T$ are "
        "of the picture’s own size; shown are those at t = {shown}, with one noise $ε$: "
        "$x_t = √ᾱ_t x_0 + √(1−ᾱ_t) ε$, where $ᾱ_T$ = {last}.",
        what="picture" if subject.dataset is not None else "sample",
        shown=", ".join(f"{t:,}" for _, t in states),
        last=tick_text(float(subject.model.process.schedule.alphas_cumprod[-1])),
    )
    drawing = chain(nodes, title="The graphical model, from noise to a picture")
    entry = REPORT_PARTS[_PART]
    figures = [ReportFigure([Drawings([drawing])], caption, subject.part_commands(_PART))]
    return Section(entry.name, entry.title, entry.paper, "", figures)


def _noised(subject: Subject, picture: Pictures, t: int) -> Generator[Event, None, Pictures]:
    report_request = subject.request
    request = EncodeRequest(
        run=report_request.run,
        t=t,
        seed=report_request.seed,
        weights=report_request.weights,
        device=report_request.device,
    )
    latent = yield from encode_picture(request, picture, subject.models)
    pixels: Pictures = to_uint8(torch.from_numpy(latent.x_t))[0].numpy()
    return np.ascontiguousarray(with_opaque_alpha(pixels))
