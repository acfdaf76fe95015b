"""The Quality page: evaluations of a run over its steps, and a new one from the window."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend.spec import PoolCall
from ddpm_studio.data import Dataset
from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.gui.features.observatory.observatory_panel import ObservatoryPanel
from ddpm_studio.gui.features.observatory.quality_page import QualityPage
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import EvaluationResult, MeasuredFigure, Notice
from ddpm_studio.jobs.measuring.comparing import RealPictures
from ddpm_studio.jobs.measuring.evaluating import Samples
from ddpm_studio.runs import evaluations, metrics, moving
from ddpm_studio.runs.evaluations import RecordedEvaluation
from tests.evaluations import evaluation
from tests.gui.fake_backend import FakeBackend
from tests.gui.panel_help import WAIT, open_run

ONE = RecordedEvaluation(
    step=2,
    created="2026-11-29T10:00:00+00:00",
    samples=10,
    reference=20,
    floor=10,
    features="the mean colour",
    told={},
    figures={"frechet": 3.5, "kid": 0.5},
    floors={"frechet": 0.25},
)

# No real pictures are needed where the test itself finishes the jobs.
SAMPLES = Samples(np.zeros((4, 16, 16, 3), np.uint8), RealPictures(cast(Dataset, None)), 4, {})
RESULT = EvaluationResult(
    4, 4, 20, 10, "pixels", (MeasuredFigure("frechet", "frechet", "Fréchet distance", 3.5, None),)
)


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_run, tmp_path / "runs" / "own"))


def shown(qtbot: QtBot, studio: Studio, run: Path) -> tuple[ObservatoryPanel, ActionRegistry]:
    actions = ActionRegistry(parent=studio)
    panel = ObservatoryPanel(studio, actions)
    qtbot.addWidget(panel)
    panel.resize(900, 760)
    panel.show()
    open_run(qtbot, studio, run)
    qtbot.waitUntil(lambda: studio.record(run).loaded, timeout=WAIT)
    return panel, actions


def lines(page: QualityPage) -> list[tuple[list[float], list[float]]]:
    return [(x.tolist(), y.tolist()) for x, y in page.plot.curves]


def test_a_figure_is_shown_by_step_beside_its_floor(
    qtbot: QtBot, studio: Studio, run: Path
) -> None:
    for one in (
        replace(ONE, step=4, figures={"frechet": 1.5}),
        ONE,
        replace(ONE, step=3, features="other"),
        replace(ONE, step=4, features="other", figures={"toy": 9.0}, floors={}),
    ):
        evaluations.append(run, one)
    page = shown(qtbot, studio, run)[0].quality
    qtbot.waitUntil(lambda: page.space.count() == 2, timeout=WAIT)
    page.space.setCurrentIndex(page.space.findData("the mean colour"))
    assert [page.figure.itemData(k) for k in range(page.figure.count())] == ["frechet", "kid"]
    assert page.figure.itemText(0) == "Fréchet distance"
    assert lines(page) == [([2, 4], [3.5, 1.5])]
    assert [(x.tolist(), y.tolist()) for x, y in page.plot.levels] == [([2, 4], [0.25, 0.25])]
    assert page.legend.isHidden()
    assert page.value.text() == "1.5 · floor 0.25"
    assert "10 samples against 20 real pictures, in the mean colour" in page.about.text()
    page.space.setCurrentIndex(page.space.findData("other"))
    page.figure.setCurrentIndex(page.figure.findData("toy"))
    assert page.value.text() == "9"


def test_a_line_joins_only_evaluations_that_are_alike(
    qtbot: QtBot, studio: Studio, run: Path
) -> None:
    for one in (
        evaluation(4, 1.5),
        evaluation(2, 3.5),
        evaluation(3, 9.0, sampler="ddim", steps=50),
        evaluation(3, 2.5, metric="frechet"),
        evaluation(4, 1.0, samples=5000),
    ):
        evaluations.append(run, one)
    page = shown(qtbot, studio, run)[0].quality
    qtbot.waitUntil(lambda: page.space.count() == 1 and bool(page.plot.curves), timeout=WAIT)
    assert lines(page) == [([2, 3, 4], [3.5, 2.5, 1.5]), ([3], [9.0]), ([4], [1.0])]
    assert len(page.plot.levels) == 3
    assert not page.legend.isHidden()
    names = [part.partition("</span> ")[2] for part in page.legend.text().split("&nbsp;&nbsp; ")]
    assert [sorted(name.split(" · ")) for name in names] == [
        ["Sampler DPM-Solver++ 2M SDE", "Samples 1,000", "Steps 10"],
        ["Sampler DDIM", "Samples 1,000", "Steps 50"],
        ["Sampler DPM-Solver++ 2M SDE", "Samples 5,000", "Steps 10"],
    ]
    assert page.value.text().startswith("1 ·"), "the one that was evaluated last"
    assert "5,000 samples against" in page.about.text()
    assert names[2] in page.about.text()


def test_samples_of_one_class_are_not_joined_with_those_of_all(
    qtbot: QtBot, studio: Studio, run: Path
) -> None:
    of_class = {"recipe": {"request": {"class_label": 7}}}
    of_all = {"recipe": {"request": {"class_label": None}, "by_class": True}}
    for one in (
        replace(ONE, told=of_all),
        replace(ONE, step=3, told=of_class, figures={"frechet": 9.0}),
        replace(ONE, step=4, figures={"frechet": 1.5}),
    ):
        evaluations.append(run, one)
    page = shown(qtbot, studio, run)[0].quality
    qtbot.waitUntil(lambda: page.space.count() == 2, timeout=WAIT)
    for space, steps in (("the mean colour", [2, 4]), ("the mean colour, of the class 7", [3])):
        page.space.setCurrentIndex(page.space.findText(space))
        page.figure.setCurrentIndex(page.figure.findData("frechet"))
        assert page.plot.curves[0][0].tolist() == steps
        assert f"real pictures, in {space}." in page.about.text()


def test_the_run_is_evaluated_from_the_window(qtbot: QtBot, studio: Studio, run: Path) -> None:
    panel, actions = shown(qtbot, studio, run)
    page = panel.quality
    page.count.setValue(4)
    assert page.features.findData("pixels") > 0
    assert page.features.findData("inception") < 0, "it needs a file, which can't be named here"
    actions["observatory.evaluate"].trigger()
    assert panel.pages.currentWidget() is page
    assert not page.start.isEnabled()
    qtbot.waitUntil(lambda: page.start.isEnabled() and page.figure.count() > 0, timeout=WAIT)
    [found] = evaluations.read(run)
    assert found.samples == 4
    assert page.value.text().startswith(f"{found.figures['frechet']:.4g} · floor ")


def test_the_figures_of_a_run_that_is_renamed_are_kept_in_it(
    qtbot: QtBot, fake: FakeBackend, run: Path
) -> None:
    """It is renamed while samples are drawn, evaluated, and before the figures are written."""
    studio = Studio(fake)
    page = QualityPage(studio)
    qtbot.addWidget(page)
    failures: list[object] = []
    page.failed.connect(failures.append)

    def rename(name: str) -> None:
        nonlocal run
        old, run = run, moving.rename(run, name)
        studio.follow_moved_run(old, run)
        page.show_record(studio.record(run))

    page.show_record(studio.record(run))
    page.evaluate()
    drawing = fake.job(f"Drawing {page.count.value():,} samples to evaluate")
    rename("second")
    fake.send(drawing, Notice("Of the pictures, two are left out."))
    assert page.about.text() == "Of the pictures, two are left out."
    fake.finish(drawing, SAMPLES)
    evaluating = fake.job("Evaluating 4 samples")
    rename("third")
    fake.send(evaluating, Notice("There is no floor."))
    assert page.about.text() == "There is no floor."
    fake.finish(evaluating, RESULT)
    assert not page.start.isEnabled()

    late = fake.job("Keeping the figures of third")
    assert isinstance(late.spec.work, PoolCall)
    rename("fourth")
    with pytest.raises(StudioError, match="can't be kept in third") as refused:
        late.spec.work.function()
    fake.fail(late, refused.value)
    again = fake.job("Keeping the figures of fourth")
    assert isinstance(again.spec.work, PoolCall)
    fake.finish(again, again.spec.work.function())
    assert [one.figures for one in evaluations.read(run)] == [{"frechet": 3.5}]
    assert failures == []
    assert page.start.isEnabled()


def test_figures_that_can_not_be_kept_are_reported_whatever_is_shown(
    qtbot: QtBot, fake: FakeBackend, run: Path, tiny_run: Path
) -> None:
    studio = Studio(fake)
    page = QualityPage(studio)
    qtbot.addWidget(page)
    failures: list[Failure] = []
    page.failed.connect(failures.append)
    page.show_record(studio.record(run))
    page.evaluate()
    drawing = fake.job(f"Drawing {page.count.value():,} samples to evaluate")
    page.show_record(studio.record(tiny_run))
    fake.send(drawing, Notice("Of the pictures, two are left out."))
    assert page.about.text() == "", "it is not of the run that is shown"
    fake.finish(drawing, SAMPLES)
    fake.finish(fake.job("Evaluating 4 samples"), RESULT)
    fake.fail(fake.job(f"Keeping the figures of {run.name}"), StudioError("The disk is full."))
    assert [failure.cause for failure in failures] == ["The disk is full."]
    assert page.start.isEnabled()


def test_the_loss_of_held_out_pictures_lies_beside_that_of_training(
    qtbot: QtBot, studio: Studio, run: Path
) -> None:
    lines = [
        {"step": k, "loss": 0.5, "grad_norm": 7.0, "lr": 0.1, "images_per_second": 2.0}
        | ({"held_out_loss": k / 10, "held_out_bits": 4.0 + k} if k > 6 else {})
        for k in range(5, 10)
    ]
    metrics.append(run / "metrics.jsonl", lines)
    panel = shown(qtbot, studio, run)[0]
    record = studio.record(run)
    steps, losses = record.series("held_out_loss")
    assert (steps.tolist(), losses.tolist()) == ([7, 8, 9], [0.7, 0.8, 0.9])
    bits = panel.curves.curves["held_out_bits"]
    qtbot.waitUntil(lambda: bits.value_at(None) == 13, timeout=WAIT)
    assert not bits.isHidden()
    panel.curves.loss.show_cursor(None)
    assert "held out 0.9000" in panel.curves.loss.readout.text()
    panel.curves.loss.show_cursor(8.4)
    assert "held out 0.8000" in panel.curves.loss.readout.text()
