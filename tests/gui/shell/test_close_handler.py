"""Closing the window: jobs that the user waits for are named before they are lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import JobHandle, JobSpec, specs
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.shell.unsaved import UnsavedProgress
from ddpm_studio.requests import EvaluateRequest, ReportRequest, TrainRequest
from tests.gui.fake_backend import FakeBackend
from tests.gui.panel_help import endless, opened

RUN = Path("fishes")


@pytest.fixture
def window(qtbot: QtBot, fake: FakeBackend) -> MainWindow:
    return opened(qtbot, fake)


def report() -> JobSpec[Path]:
    return specs.reports.report(ReportRequest(run=RUN), (), Path("fishes report.html"))


def test_a_report_under_way_is_named_before_it_is_lost(
    fake: FakeBackend, window: MainWindow
) -> None:
    fake.submit(report())
    window.actions_["file.quit"].trigger()
    assert window.isVisible()
    assert "lost if you close: Report of fishes." in window.messages.text
    window.messages.dismiss()
    window.close()
    assert window.isVisible(), "it is asked each time"
    window.messages.action_button.click()
    assert not window.isVisible()


def test_exports_and_evaluations_are_named_too(fake: FakeBackend, window: MainWindow) -> None:
    fake.submit(specs.exports.save_animation(Path("way.gif"), list, None))
    fake.submit(specs.measuring.draw_samples(EvaluateRequest(run=RUN)))
    window.close()
    assert window.isVisible()
    assert "Saving way.gif" in window.messages.text
    assert "Drawing 1,000 samples to evaluate" in window.messages.text


def test_nothing_is_asked_when_it_is_there(fake: FakeBackend, window: MainWindow) -> None:
    job = fake.submit(report())
    window.close()
    assert window.isVisible()
    fake.finish(job, Path("fishes report.html"))
    assert "lost if you close" not in window.messages.text
    window.close()
    assert not window.isVisible()


def test_a_drawing_is_not_waited_for(fake: FakeBackend, window: MainWindow) -> None:
    fake.submit(endless("Drawing 16 pictures"))
    window.close()
    assert not window.isVisible()


@pytest.fixture
def asked_of_two(fake: FakeBackend, window: MainWindow) -> JobHandle[Path]:
    """The first of two jobs that the closing window asks about; the other saves way.gif."""
    first = fake.submit(report())
    fake.submit(specs.exports.save_animation(Path("way.gif"), list, None))
    window.close()
    return first


def test_the_question_stays_while_another_job_would_be_lost(
    fake: FakeBackend, window: MainWindow, asked_of_two: JobHandle[Path]
) -> None:
    assert "Report of fishes" in window.messages.text
    fake.finish(asked_of_two, Path("fishes report.html"))
    assert "lost if you close: Saving way.gif." in window.messages.text
    window.messages.dismiss()
    fake.finish(fake.job("Saving way.gif"), Path("way.gif"))
    assert "lost if you close" not in window.messages.text


def test_what_was_sent_away_does_not_come_back_when_a_job_ends(
    fake: FakeBackend, window: MainWindow, asked_of_two: JobHandle[Path]
) -> None:
    window.messages.dismiss()
    fake.finish(asked_of_two, Path("fishes report.html"))
    assert "lost if you close" not in window.messages.text


def test_the_queue_is_named_also_where_the_run_under_way_would_be_lost(
    fake: FakeBackend, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = window.studio.trainer
    window.studio.sources = (tmp_path,)
    trainer.start(TrainRequest(), tmp_path / "first")
    trainer.enqueue(TrainRequest(), tmp_path / "second")
    monkeypatch.setattr(UnsavedProgress, "is_lost_on_close", lambda _: True)
    window.close()
    assert window.isVisible()
    assert "closing loses the steps" in window.messages.text
    assert "discards the queued trainings: second." in window.messages.text
