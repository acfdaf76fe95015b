"""The report from the window: offered where there is a model, written in the background."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Lane, specs
from ddpm_studio.errors import StudioError
from ddpm_studio.gui.features.report.report_dialog import ReportDialog
from ddpm_studio.gui.features.report.report_writer import ReportWriter
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.reporting.forecast import ReportForecast
from tests.gui.fake_backend import FakeBackend
from tests.gui.summaries import view_of
from tests.report_pages import read


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


def test_it_is_offered_where_there_is_a_model(
    fake: FakeBackend, window: QWidget, tmp_path: Path
) -> None:
    studio, actions = Studio(fake), ActionRegistry()
    ReportWriter(studio, actions, MessageBar(window), window)
    action, run = actions["run.report"], tmp_path / "first"
    assert not action.isEnabled()
    studio.open_run(run)
    fake.finish(fake.job("Opening first"), view_of(run, checkpoints=()))
    assert not action.isEnabled()
    studio.open_run(run)
    fake.finish(fake.job("Opening first"), view_of(run))
    assert action.isEnabled()


def opened_writer(fake: FakeBackend, window: QWidget, run: Path) -> tuple[ReportWriter, MessageBar]:
    """Return the report writer of an open run named "first", and its message bar."""
    studio, messages = Studio(fake), MessageBar(window)
    writer = ReportWriter(studio, ActionRegistry(), messages, window)
    studio.open_run(run)
    fake.finish(fake.job("Opening first"), view_of(run))
    return writer, messages


def test_it_is_a_job_in_the_background_and_opens_from_the_message(
    fake: FakeBackend, window: QWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, messages = opened_writer(fake, window, tmp_path / "first")
    run, path = tmp_path / "first", tmp_path / "r.html"
    writer.write(run, path)
    job = fake.job("Report of first")
    assert job.spec.lane is Lane.BACKGROUND
    assert job.spec.listed
    assert "Jobs dock" in messages.text
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    fake.finish(job, path)
    assert str(path) in messages.text
    messages.action_button.click()
    assert opened == [str(path)]

    writer.write(run, path)
    fake.fail(fake.job("Report of first"), StudioError("It can't be written.", "Elsewhere."))
    assert "can't be written" in messages.text


def test_it_asks_how_much_and_says_about_how_long_each_takes(
    fake: FakeBackend, window: QWidget, tmp_path: Path
) -> None:
    writer, _ = opened_writer(fake, window, tmp_path / "first")
    path = tmp_path / "r.html"
    writer.open_dialog()
    (dialog,) = window.findChildren(ReportDialog)
    assert dialog.full.isChecked()
    assert "about" not in dialog.quick.text()
    fake.finish(fake.job("Timing a report of first"), ReportForecast(60.0, 1200.0))
    assert "about 1 min here" in dialog.quick.text()
    assert "about 20 min here" in dialog.full.text()
    dialog.quick.setChecked(True)
    dialog.go_button.click()
    (where,) = (one for one in window.findChildren(QFileDialog) if one.isVisible())
    where.fileSelected.emit(str(path))
    where.close()
    assert fake.job("Report of first")


def test_the_forecast_is_of_this_machine(studio: Studio, tiny_run: Path, qtbot: QtBot) -> None:
    found: list[ReportForecast] = []
    studio.backend.submit(specs.reports.forecast(tiny_run)).on_finished(found.append)
    qtbot.waitUntil(lambda: bool(found), timeout=60_000)
    assert 0 < found[0].quick < found[0].full


def test_it_is_written(studio: Studio, tiny_run: Path, tmp_path: Path, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    messages = MessageBar(window)
    writer = ReportWriter(studio, ActionRegistry(), messages, window)
    studio.open_run(tiny_run)
    qtbot.waitUntil(lambda: studio.can_draw, timeout=60_000)
    path = tmp_path / "report.html"
    writer.write(tiny_run, path)
    qtbot.waitUntil(lambda: "is written" in messages.text, timeout=120_000)
    assert len(read(path)) == 10
