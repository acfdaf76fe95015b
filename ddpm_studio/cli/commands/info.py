"""``info RUN``: a run at a glance."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ddpm_studio.cli.options import Json
from ddpm_studio.cli.output import emit
from ddpm_studio.errors import plain
from ddpm_studio.local_time import local_time

_WIDEST = 4000
_SCHEDULES = {"betas": "betas of its own"}


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    json: Json = False,
) -> None:
    """Tell what a run is and how far it is."""
    from ddpm_studio.jobs import describe_run
    from ddpm_studio.jobs.library.describing import steps_told

    summary = describe_run(run)
    if json:
        emit(summary.to_json())
        return
    size = f"{summary.image_size} × {summary.image_size}"
    schedule = _SCHEDULES.get(summary.schedule, summary.schedule)
    rows = {
        "Run": summary.name,
        "Step": steps_told(summary.step, summary.steps),
        "Loss": "" if summary.last_loss is None else f"{summary.last_loss:.4f}",
        "Network": f"{summary.preset or 'its own'}, {summary.parameters:,} parameters",
        "Pictures": f"{size}, {'gray' if summary.channels == 1 else 'RGB'}",
        "Trained on": "" if summary.pictures is None else f"{summary.pictures:,} pictures",
        "From": ", ".join(summary.sources),
        "Classes": ", ".join(summary.classes),
        "Process": f"{schedule}, T = {summary.timesteps}",
        "Checkpoints": ", ".join(f"{step:,}" for step in summary.checkpoints) or "none yet",
        "Created": local_time(summary.created),
    }
    width = max(len(name) for name in rows)
    for name, value in rows.items():
        if value:
            print(f"{name:<{width}}  {plain(value, _WIDEST)}")
