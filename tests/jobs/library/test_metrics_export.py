"""Export of a run's metrics: tables, and event files for TensorBoard."""

from __future__ import annotations

import csv
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest

import ddpm_studio as ds
from ddpm_studio.engine.generators import finish
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import BINS, Event, Progress
from ddpm_studio.jobs.library import metrics_export as figures
from ddpm_studio.jobs.library.metrics_export import export_metrics
from ddpm_studio.requests import ExportMetricsRequest
from ddpm_studio.runs import RunFolder, metrics
from tests.runs.test_folder import INFO

LINES: list[dict[str, object]] = [
    {"step": 1, "loss": 1.5, "grad_norm": 0.25, "lr": 1e-4},
    {"step": 2, "loss": None, "grad_norm": None, "lr": 2e-4},
    {
        "step": 3,
        "loss": 0.5,
        "grad_norm": 0.125,
        "lr": 2e-4,
        "images_per_second": 12.5,
        "loss_by_t": [0.5, None, *([0.25] * (BINS - 2))],
    },
]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = RunFolder.create(tmp_path / "run", INFO)
    metrics.append(folder.metrics_file, LINES)
    return folder.path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_has_what_the_run_has(run: Path, tmp_path: Path) -> None:
    table = tmp_path / "figures.csv"
    assert finish(export_metrics(ExportMetricsRequest(run=run, csv=table))) == 3
    first, second, third = rows(table)
    assert (first["step"], first["loss"], first["lr"], first["loss_by_t_1"]) == (
        *("1", "1.5", "0.0001"),
        "",
    )
    assert (second["loss"], second["grad_norm"]) == ("", "")
    assert (third["images_per_second"], third["loss_by_t_1"], third["loss_by_t_2"]) == (
        *("12.5", "0.5"),
        "",
    )
    assert float(third["loss_by_t_20"]) == 0.25


def test_a_coarser_record_of_an_older_run_tells_the_same_parts(run: Path, tmp_path: Path) -> None:
    coarse = [{"step": 4, "images_per_second": 1.0, "loss_by_t": [0.5, None, 0.25, 2.0]}]
    metrics.append(RunFolder.open(run).metrics_file, coarse)
    finish(export_metrics(ExportMetricsRequest(run=run, csv=tmp_path / "figures.csv")))
    last = rows(tmp_path / "figures.csv")[-1]
    each = [last[f"loss_by_t_{k + 1}"] for k in range(BINS)]
    assert each == [*["0.5"] * 5, *[""] * 5, *["0.25"] * 5, *["2.0"] * 5]
    by_t = ds.open(run).metrics()["loss_by_t"]
    np.testing.assert_array_equal(by_t[-1, [0, 4, 10, 19]], [0.5, 0.5, 0.25, 2.0])


def test_what_comes_is_followed_and_what_goes_back_is_forgotten(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "figures.csv"
    monkeypatch.setattr(figures, "_POLL_SECONDS", 0)
    lock = RunFolder.open(run).lock()
    job: Generator[Event, None, int] = export_metrics(
        ExportMetricsRequest(run=run, csv=table, follow=True)
    )
    next(job)
    assert len(rows(table)) == 3
    file = RunFolder.open(run).metrics_file
    metrics.append(file, [{"step": 4, "loss": 0.375}])
    next(job)
    assert [row["step"] for row in rows(table)] == ["1", "2", "3", "4"]
    metrics.truncate(file, 2)
    metrics.append(file, [{"step": 3, "loss": 0.75}])
    next(job)
    lock.release()
    assert finish(job) == 3
    assert [(row["step"], row["loss"]) for row in rows(table)][1:] == [("2", ""), ("3", "0.75")]


@pytest.mark.parametrize("has_lines", [True, False])
def test_what_was_written_stays_when_the_run_is_gone(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_lines: bool
) -> None:
    table = tmp_path / "figures.csv"
    monkeypatch.setattr(figures, "_POLL_SECONDS", 0)
    if not has_lines:
        RunFolder.open(run).metrics_file.unlink()
    lock = RunFolder.open(run).lock()
    job = export_metrics(ExportMetricsRequest(run=run, csv=table, follow=True))
    next(job)
    lock.release()
    run.rename(tmp_path / "renamed")
    with pytest.raises(StudioError, match="run does not exist"):
        finish(job)
    assert [row["step"] for row in rows(table)] == (["1", "2", "3"] if has_lines else [])


def test_the_progress_stays_where_it_is_while_nothing_comes(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "_POLL_SECONDS", 0)
    lock = RunFolder.open(run).lock()
    job = export_metrics(ExportMetricsRequest(run=run, csv=tmp_path / "figures.csv", follow=True))
    at_first, without_new = next(job), next(job)
    assert isinstance(at_first, Progress)
    assert without_new == at_first
    assert at_first.done == 3
    lock.release()
    assert finish(job) == 3


@pytest.mark.parametrize("times", [1, 2])
def test_event_files_are_read_by_tensorboard(run: Path, tmp_path: Path, times: int) -> None:
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    for _ in range(times):
        finish(export_metrics(ExportMetricsRequest(run=run, tensorboard=tmp_path / "events")))
    found = reading.EventAccumulator(str(tmp_path / "events"))
    found.Reload()
    assert [(one.step, one.value) for one in found.Scalars("loss")] == [(1, 1.5), (3, 0.5)]
    assert [(one.step, one.value) for one in found.Scalars("loss_by_t/01")] == [(3, 0.5)]


def test_event_files_are_closed_where_the_table_can_not_be_opened(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Path] = []

    class Events:
        def __init__(self, folder: Path) -> None:
            self._folder = folder

        def close(self) -> None:
            closed.append(self._folder)

    monkeypatch.setattr(figures, "_TensorBoardWriter", Events)
    table = tmp_path / "missing" / "table.csv"
    with pytest.raises(StudioError, match=r"table\.csv"):
        finish(
            export_metrics(
                ExportMetricsRequest(run=run, csv=table, tensorboard=tmp_path / "events")
            )
        )
    assert closed == [tmp_path / "events"]


def test_nothing_asked_for_is_refused(run: Path) -> None:
    with pytest.raises(StudioError, match="--csv"):
        finish(export_metrics(ExportMetricsRequest(run=run)))
