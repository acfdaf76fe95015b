"""Forecast of the seconds that a quick and a full report take on this machine."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ddpm_studio.jobs.events import Event, Progress

if TYPE_CHECKING:
    from ddpm_studio.jobs.drawing.models import Model, ModelStore

_PICTURES = 8


@dataclass(frozen=True)
class ReportForecast:
    """Approximate seconds of each report, for network evaluations only."""

    quick: float
    full: float


def forecast(run: Path, models: ModelStore) -> Generator[Event, None, ReportForecast]:
    """Time the network, and multiply by the number of evaluations of each report.

    Raises:
        StudioError: if the run can't be read or drawn from.
    """
    from ddpm_studio.catalogue.report_parts import REPORT_PARTS
    from ddpm_studio.jobs.reporting.subject import Subject
    from ddpm_studio.requests import ReportRequest

    yield Progress(0, 1, "Timing the network", "")
    model = models.get(run, ReportRequest(run=run).weights)
    seconds = _seconds_per_evaluation(model)
    estimates = []
    for quick in (True, False):
        request = ReportRequest(run=run, quick=quick)
        subject = Subject(request, model, models, (), None)
        estimates.append(seconds * sum(part.load()(subject).cost for part in REPORT_PARTS.values()))
    yield Progress(1, 1, "Timing the network", "")
    return ReportForecast(*estimates)


def _seconds_per_evaluation(model: Model) -> float:
    """Return the seconds of one picture within a batch, after a warm-up call."""
    import torch

    from ddpm_studio.jobs.drawing.evaluator import Evaluator

    config = model.network.config
    labels = 0 if config.num_classes is not None else None
    evaluator = Evaluator(model.network, model.device, labels)
    x = torch.zeros(_PICTURES, *config.shape, device=model.device)
    t = torch.ones(_PICTURES, dtype=torch.long, device=model.device)
    seconds = 0.0
    for _ in range(2):
        start_time = time.monotonic()
        evaluator(x, t)
        if model.device.type == "cuda":
            torch.cuda.synchronize(model.device)
        seconds = time.monotonic() - start_time
    return seconds / _PICTURES
