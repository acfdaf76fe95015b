"""Live drawing during a drag, as fast as the model: one in flight, then the newest request."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import JobHandle
from ddpm_studio.gui.features.common import tool_panel
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.interpolate.mix_view import SLIDER
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import DrawingResult
from tests.gui.fake_backend import FakeBackend
from tests.gui.summaries import STUDENT, view_of

PICTURES = np.zeros((9, 16, 16, 3), np.uint8)


class Clock:
    """Fake clock: time passes only when the test advances it."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(tool_panel, "time", clock)
    return clock


class Bench:
    """A tool on a fake backend, whose drawings the test finishes."""

    def __init__(self, fake: FakeBackend, clock: Clock, panel: SharePanel | InterpolatePanel):
        self.fake, self.clock, self.panel = fake, clock, panel
        self.kept: list[object] = []
        panel.studio.drawn.connect(self.kept.append)

    @property
    def drawings(self) -> list[JobHandle[object]]:
        """Drawing jobs that are not finished."""
        slots = ("share", "interpolate")
        return [job for job in self.fake.jobs.values() if job.spec.slot in slots]

    def finish(self, seconds: float, pictures: np.ndarray = PICTURES) -> DrawingResult:
        """Finish the drawing in flight after ``seconds`` and return it."""
        (job,) = self.drawings
        self.clock.now += seconds
        drawn = DrawingResult(pictures, {"seconds": seconds})
        self.fake.finish(job, drawn)
        return drawn

    def asked(self) -> int:
        """Return how many drawings were requested in all."""
        return len([spec for spec in self.fake.specs if spec.slot in ("share", "interpolate")])


def opened(studio: Studio, fake: FakeBackend, run: Path, **changes: object) -> None:
    studio.open_run(run)
    fake.finish(fake.job(f"Opening {run.name}"), view_of(run, **changes))


@pytest.fixture
def share(qtbot: QtBot, fake: FakeBackend, clock: Clock, tmp_path: Path) -> Bench:
    studio = Studio(fake)
    panel = SharePanel(studio, ActionRegistry())
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitExposed(panel)
    bench = Bench(fake, clock, panel)
    opened(studio, fake, tmp_path / "quick", **STUDENT)
    qtbot.waitUntil(lambda: len(bench.drawings) == 1)
    return bench


def test_what_a_visit_began_ends_with_it_and_begins_again_with_the_next(
    qtbot: QtBot, share: Bench
) -> None:
    (begun,) = share.drawings
    share.panel.hide()
    assert share.fake.asked_to_cancel(begun)
    share.panel.show()
    qtbot.waitUntil(lambda: len(share.drawings) == 1)
    assert share.drawings != [begun]
    share.panel.draw_now()
    asked = share.drawings[-1]
    share.panel.hide()
    assert not share.fake.asked_to_cancel(asked), "a person asked for it"


def test_a_quick_model_is_asked_for_the_newest_when_the_last_is_there(
    qtbot: QtBot, share: Bench
) -> None:
    share.finish(0.05)
    panel = share.panel
    panel.time.slider.setSliderDown(True)
    for t in (3, 4, 5):
        panel.time.set_value(t)
    qtbot.waitUntil(lambda: len(share.drawings) == 1)
    first = share.drawings[0]
    assert "t = 5" in first.spec.title, "those of before are passed over"
    for t in (6, 7, 8):
        panel.time.set_value(t)
        qtbot.wait(1)
    assert share.drawings == [first], "one in flight"
    assert not share.fake.asked_to_cancel(first)
    assert share.asked() == 2
    share.finish(0.05)
    qtbot.waitUntil(lambda: len(share.drawings) == 1)
    assert "t = 8" in share.drawings[0].spec.title
    share.finish(0.05)
    qtbot.wait(5)
    assert share.drawings == []
    assert share.asked() == 3


def test_of_a_drag_the_last_drawing_is_kept(qtbot: QtBot, share: Bench) -> None:
    share.finish(0.05)
    panel = share.panel
    panel.time.slider.setSliderDown(True)
    for t in (3, 4):
        panel.time.set_value(t)
        qtbot.waitUntil(lambda: len(share.drawings) == 1)
        last = share.finish(0.05)
    assert share.kept == []
    panel.time.slider.setSliderDown(False)
    assert share.kept == [last]
    # If the slider is released before the drawing ends, that drawing is kept.
    panel.time.slider.setSliderDown(True)
    panel.time.set_value(9)
    qtbot.waitUntil(lambda: len(share.drawings) == 1)
    panel.time.slider.setSliderDown(False)
    assert len(share.kept) == 1
    assert share.kept == [last]
    newest = share.finish(0.05)
    assert share.kept == [last, newest]


def test_a_slow_model_gives_way_to_the_newer_request(qtbot: QtBot, share: Bench) -> None:
    share.finish(2.0)
    panel = share.panel
    panel.time.set_value(3)
    qtbot.waitUntil(lambda: len(share.drawings) == 1)
    first = share.drawings[0]
    panel.time.set_value(4)
    qtbot.waitUntil(lambda: share.drawings != [first])
    assert share.fake.asked_to_cancel(first)
    assert "t = 4" in share.drawings[0].spec.title


def test_what_takes_longer_than_it_did_gives_way_in_the_end(qtbot: QtBot, share: Bench) -> None:
    share.finish(0.05)
    panel = share.panel
    panel.time.set_value(3)
    qtbot.waitUntil(lambda: len(share.drawings) == 1)
    first = share.drawings[0]
    share.clock.now += 0.48
    panel.time.set_value(4)
    qtbot.waitUntil(lambda: share.drawings != [first])
    assert share.fake.asked_to_cancel(first)


def test_another_model_is_not_judged_by_the_last(
    qtbot: QtBot, share: Bench, tmp_path: Path
) -> None:
    share.finish(0.05)
    assert share.panel.is_fast
    opened(share.panel.studio, share.fake, tmp_path / "other")
    assert not share.panel.is_fast


def test_the_bar_follows_the_kind_of_model(qtbot: QtBot, share: Bench, tmp_path: Path) -> None:
    bar = share.panel.sampler
    assert bar.value()["sampler"] == "consistency"
    assert bar.value()["steps"] == 2
    bar.steps.setValue(4)
    opened(share.panel.studio, share.fake, tmp_path / "teacher")
    assert bar.value()["sampler"] == "dpm++2m-sde"
    assert bar.value()["steps"] == 20
    model = bar.sampler.model()
    enabled = {
        bar.sampler.itemData(k): bool(model.flags(model.index(k, 0)) & Qt.ItemFlag.ItemIsEnabled)
        for k in range(bar.sampler.count())
    }
    assert [name for name, on in enabled.items() if not on] == ["consistency"]
    opened(share.panel.studio, share.fake, tmp_path / "another", **STUDENT)
    assert bar.value()["sampler"] == "consistency"


@pytest.fixture
def mixing(qtbot: QtBot, fake: FakeBackend, clock: Clock, tmp_path: Path) -> Bench:
    studio = Studio(fake)
    panel = InterpolatePanel(studio, ActionRegistry())
    qtbot.addWidget(panel)
    panel.resize(900, 700)
    panel.show()
    qtbot.waitExposed(panel)
    bench = Bench(fake, clock, panel)
    opened(studio, fake, tmp_path / "quick", **STUDENT)
    for slot in panel.view.all_slots:
        slot.accept(PICTURES[0].copy(), asked=True)
    return bench


def test_the_pad_is_dragged_with_one_drawing_in_flight(qtbot: QtBot, mixing: Bench) -> None:
    panel = mixing.panel
    assert isinstance(panel, InterpolatePanel)
    panel.choices.set_mode("pad")
    qtbot.waitUntil(lambda: len(mixing.drawings) == 1)
    mixing.finish(0.04, PICTURES[:1])
    kept = len(mixing.kept)
    pad = panel.view.pad
    before = mixing.asked()
    QTest.mousePress(pad, Qt.MouseButton.LeftButton, pos=QPoint(40, 40))
    held = [pad.is_dragged]
    for k in range(10):
        QTest.mouseMove(pad, QPoint(42 + 4 * k, 50 + 3 * k))
        pad.set_point(0.1 + 0.08 * k, 0.2 + 0.06 * k)
        qtbot.waitUntil(lambda: len(mixing.drawings) == 1)
        mixing.finish(0.04, PICTURES[:1])
    assert mixing.asked() - before >= 10
    assert len(mixing.kept) == kept
    QTest.mouseRelease(pad, Qt.MouseButton.LeftButton, pos=QPoint(90, 90))
    assert [*held, pad.is_dragged] == [True, False]
    assert len(mixing.kept) == kept + 1


def test_a_quick_model_is_shown_at_lambda_itself_while_the_slider_is_dragged(
    qtbot: QtBot, mixing: Bench
) -> None:
    panel = mixing.panel
    assert isinstance(panel, InterpolatePanel)
    qtbot.waitUntil(lambda: len(mixing.drawings) == 1)
    mixing.finish(0.1)

    def at_lambda() -> list[JobHandle[object]]:
        return [j for j in mixing.fake.jobs.values() if j.spec.slot == "interpolate at λ"]

    panel.slider.setSliderDown(True)
    panel.slider.setValue(round(0.31 * SLIDER))
    (first,) = at_lambda()
    panel.slider.setValue(round(0.33 * SLIDER))
    panel.slider.setValue(round(0.37 * SLIDER))
    assert at_lambda() == [first]
    there = np.full((1, 16, 16, 3), 99, np.uint8)
    mixing.fake.finish(first, DrawingResult(there, {}))
    assert np.array_equal(panel.preview.picture(0), there[0])
    assert panel.lambda_label.text() == "λ = 0.31"
    (newest,) = at_lambda()
    mixing.fake.finish(newest, DrawingResult(there, {}))
    assert panel.lambda_label.text() == "λ = 0.37"
    assert at_lambda() == []
    panel.slider.setSliderDown(False)
    # Released, the slider goes to the nearest picture of the row.
    assert panel.lambda_label.text() == "λ = 0.38"
    assert np.array_equal(panel.preview.picture(0), PICTURES[0])
