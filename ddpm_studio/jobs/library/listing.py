"""List of runs with their progress, and all settings of a run as text."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ddpm_studio.engine.sizes import side_text
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import Progress
from ddpm_studio.jobs.library.run_summary import steps_text
from ddpm_studio.jobs.library.setting_words import setting_text
from ddpm_studio.local_time import local_time
from ddpm_studio.paths import is_file
from ddpm_studio.picture_shape import sides
from ddpm_studio.requests import PrepareOptions, Request, TrainRequest
from ddpm_studio.runs import Checkpoint, RunFolder, RunInfo, metrics
from ddpm_studio.runs.notes import Notes, read_notes

_MAX_RUNS = 500
_SPARKLINE_POINTS = 40


@dataclass(frozen=True)
class RunEntry:
    """An entry of the list of runs; ``last_loss`` is None if unknown.

    ``preset`` is None if the network is none's, as imported ones and those fine-tuned from them.
    ``step`` is the last recorded step, ``created`` is in ISO 8601. ``losses`` are some points
    (step, loss) of the loss curve, by rising step.
    """

    path: Path
    name: str
    step: int
    last_loss: float | None
    preset: str | None
    height: int
    width: int
    created: str
    notes: Notes
    losses: tuple[tuple[int, float], ...] = ()

    @property
    def image_size(self) -> int:
        """Longer side of the pictures in pixels."""
        return max(self.height, self.width)


def list_runs(
    folders: Sequence[Path], also: Sequence[Path] = ()
) -> Generator[Progress, None, tuple[RunEntry, ...]]:
    """List the runs in folders, and further runs; newest first.

    Runs that can't be read are left out: opening one reports why. At most 500 are read.
    """
    found = list(dict.fromkeys([*also, *_run_folders(folders)]))[:_MAX_RUNS]
    entries = []
    for done, run in enumerate(found, 1):
        with contextlib.suppress(StudioError, OSError):
            entries.append(_entry(run))
        yield Progress(done, len(found), "Reading runs", "runs")
    return tuple(sorted(entries, key=lambda entry: entry.created, reverse=True))


def run_settings(run: Path) -> dict[str, str]:
    """Return all settings of a run as text, by titles for display.

    Raises:
        StudioError: if it is no run folder, or damaged.
    """
    folder = RunFolder.open(run)
    return dict(_settings(folder.info, _step(folder)))


def _run_folders(folders: Sequence[Path]) -> list[Path]:
    found = []
    for folder in folders:
        try:
            entries = list(folder.iterdir())
        except OSError:
            continue
        found += [entry for entry in entries if is_file(entry / "run.json")]
    return sorted(found, key=_modification_time, reverse=True)


def _modification_time(run: Path) -> float:
    try:
        return (run / "run.json").stat().st_mtime
    except OSError:
        return 0.0


def _entry(run: Path) -> RunEntry:
    folder = RunFolder.open(run)
    info = folder.info
    line, basics = metrics.read_last(folder.metrics_file), info.network_basics()
    return RunEntry(
        run,
        run.resolve().name,
        _step(folder),
        line.get("loss") if line else None,
        info.preset,
        basics.height,
        basics.width,
        info.created,
        read_notes(run),
        tuple(metrics.downsample_losses(folder.metrics_file, _SPARKLINE_POINTS)),
    )


def _step(folder: RunFolder) -> int:
    """Return the last recorded step."""
    line = metrics.read_last(folder.metrics_file)
    if line:
        return int(line["step"])
    checkpoints = Checkpoint.find_all(folder.checkpoints_dir)
    return checkpoints[-1].step if checkpoints else 0


def _settings(info: RunInfo, step: int) -> Iterator[tuple[str, str]]:
    yield "Created", local_time(info.created)
    yield "Steps", steps_text(step, info.request.steps if info.request else None)
    if info.origin:
        yield "Origin", info.origin
    if info.start_from:
        yield "Fine-tuned from", info.start_from
    if info.request is not None:
        # The number of steps is shown above: a resumed run has more than its request.
        yield from _titled_rows(TrainRequest, info.training_settings(), leave_out="steps")
    else:
        yield from _group_rows("Process", info.process.model_dump(exclude={"betas"}))
    if (data := info.newest_data) is not None:
        yield "Pictures", f"{data.count:,}"
        yield "Pictures from", ", ".join(data.sources)
        yield "Fingerprint of the pictures", data.fingerprint
        yield "Classes", ", ".join(data.class_names) or "–"
        yield from _titled_rows(PrepareOptions, dict(data.options))
    yield from _group_rows("Network", info.network)
    yield from _group_rows("Version of", info.versions)


def _titled_rows(
    model: type[Request], values: Mapping[str, Any], leave_out: str = ""
) -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        if name == leave_out:
            continue
        value = values[name]
        size = name == "image_size" and value is not None
        yield field.title or name, side_text(*sides(value)) if size else setting_text(value)


def _group_rows(group: str, values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        yield f"{group}: {name.replace('_', ' ')}", setting_text(value)
