"""``info [RUN]``: summary of a run; without one, of the program, its plug-ins and choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ddpm_studio import __version__, catalogue
from ddpm_studio.catalogue import plugins
from ddpm_studio.cli.options import Json, run_argument
from ddpm_studio.cli.output import print_json
from ddpm_studio.durations import format_count
from ddpm_studio.errors import printable
from ddpm_studio.local_time import local_time
from ddpm_studio.picture_shape import PictureShape
from ddpm_studio.runs.ready import ready_name, ready_runs

if TYPE_CHECKING:
    from ddpm_studio.jobs import RunSummary

_MAX_VALUE_LENGTH = 4000
_SCHEDULES = {"betas": "betas of its own"}


def command(
    run: Annotated[Path | None, run_argument(help="A run folder, or ready:NAME.")] = None,
    json: Json = False,
) -> None:
    """Describe a run and its progress; without one, list all choices and plug-ins."""
    if run is None:
        _print_program(json)
        return
    from ddpm_studio.jobs import describe_run
    from ddpm_studio.jobs.library.run_summary import steps_text

    summary = describe_run(run)
    if json:
        print_json(summary.to_json())
        return
    shape = PictureShape(summary.height, summary.width, summary.channels, summary.are_bands)
    network = summary.preset or "its own"
    if summary.parameters is None:
        network = f"{network}, of the kind {summary.network}, unknown here"
    else:
        network = f"{network}, {summary.parameters:,} parameters"
    schedule = _SCHEDULES.get(summary.schedule, summary.schedule)
    rows = {
        "Run": summary.name,
        "Step": steps_text(summary.step, summary.steps),
        "Loss": "" if summary.last_loss is None else f"{summary.last_loss:.4f}",
        "Network": network,
        "Pictures": str(shape),
        "Trained on": "" if summary.pictures is None else format_count(summary.pictures, "picture"),
        "From": ", ".join(summary.sources),
        "Classes": ", ".join(summary.classes),
        "Process": f"{schedule}, T = {summary.timesteps}",
        "Student of": summary.teacher or "",
        "Checkpoints": ", ".join(f"{step:,}" for step in summary.checkpoints) or "none yet",
        "Plug-ins": _plugins_text(summary.plugins, summary.missing),
        "Created": local_time(summary.created),
        **_sharing_rows(summary),
    }
    _print_rows(rows)


def _sharing_rows(summary: RunSummary) -> dict[str, str]:
    """Return the rows about a published model; empty if the run is not one."""
    if summary.title is None:
        return {}
    return {
        "Title": summary.title,
        "Licence": summary.license or "",
        "Weights": "averaged only, stored in half precision, inference in float32",
    }


def _plugins_text(used: Mapping[str, str], missing: Mapping[str, str]) -> str:
    parts = []
    for origin in dict.fromkeys(used.values()):
        missing_entries = ", ".join(
            entry for entry, entry_origin in missing.items() if entry_origin == origin
        )
        absent_text = f"{origin}, not here" if origin else "unknown here"
        parts.append(f"{absent_text}: {missing_entries}" if missing_entries else origin)
    return "; ".join(filter(None, parts))


def _print_program(json: bool) -> None:
    plugins.load()
    ready = [ready_name(run) for run in ready_runs()]
    if json:
        print_json(
            {
                "version": __version__,
                "ready": ready,
                "plugins": [asdict(plugin) for plugin in plugins.loaded()],
                "choices": {
                    kind: [
                        {"name": entry.name, "title": entry.title, "help": entry.help}
                        for entry in table.values()
                    ]
                    for kind, table in catalogue.KINDS.items()
                },
            }
        )
        return
    no_plugins_text = "switched off" if plugins.is_off() else "none"
    _print_rows(
        {"Version": __version__, **({} if plugins.loaded() else {"Plug-ins": no_plugins_text})}
    )
    for plugin in plugins.loaded():
        print(plugin.line)
    if ready:
        _print_rows({"Ready models": ", ".join(ready)})
    for kind, table in catalogue.KINDS.items():
        print(f"\n{kind[:1].upper()}{kind[1:]}")
        _print_rows({f"  {entry.name}": entry.help for entry in table.values()})


def _print_rows(rows: Mapping[str, str]) -> None:
    width = max(len(name) for name in rows)
    for name, value in rows.items():
        if value:
            print(f"{name:<{width}}  {printable(value, _MAX_VALUE_LENGTH)}")
