from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.learn.bound_chapter import BoundChapter
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.features.learn.chapter_alone import actions_of
from tests.gui.panel_help import WAIT, T, open_run


@pytest.fixture
def chapter(qtbot: QtBot, studio: Studio, tiny_run: Path) -> BoundChapter:
    made = BoundChapter(studio, actions_of(studio, lambda: made))
    qtbot.addWidget(made)
    made.resize(640, 600)
    made.show()
    assert made.pages.currentWidget() is made.empty, "without a model it invites to one"
    open_run(qtbot, studio, tiny_run)
    qtbot.waitUntil(lambda: made.parts is not None and not made.comparing, timeout=WAIT)
    return made


def test_it_takes_the_bound_of_a_picture_apart_unasked(chapter: BoundChapter) -> None:
    parts = chapter.parts
    assert parts is not None
    shares = {share.key: share.value for share in chapter.bar.shares}
    assert shares == {"L_T": parts.prior, "L_t": parts.middle, "L_0": parts.decoder}
    total = parts.prior + parts.middle + parts.decoder
    assert f"{total:.3g} bits/dim" in chapter.bar.shares[-1].title
    assert chapter.terms.curves[0].y.tolist() == parts.bits.tolist()
    assert len(chapter.weights.curves[0].x) == T
    chapter.lights.highlight("L_0")
    assert "bits/dim" in chapter.bound.caption()


def test_a_pixel_has_two_gaussians_and_their_distance(qtbot: QtBot, chapter: BoundChapter) -> None:
    chapter.time.set_value(12)
    qtbot.waitUntil(lambda: not chapter.comparing, timeout=WAIT)
    step = chapter.step
    assert step is not None
    QTest.keyClick(chapter.x_t, Qt.Key.Key_Left)
    column, row = chapter.x_t.pixel
    true, modelled, _ = chapter.curves.curves
    for curve, mean, std in (
        (true, step.q_mean[row, column, 0], step.q_std),
        (modelled, step.p_mean[row, column, 0], step.p_std[row, column, 0]),
    ):
        area = np.trapezoid(curve.y, curve.x)
        assert area == pytest.approx(1, abs=0.01)
        centre = np.trapezoid(curve.x * curve.y, curve.x)
        assert centre == pytest.approx(float(mean), abs=0.02 * float(std))
    chapter.kl.highlight_symbol("kl")
    words = chapter.kl.caption()
    chapter.channel.setCurrentIndex(2)
    assert chapter.kl.caption() != words, "another value of the same pixel"


def test_the_last_step_is_told_by_the_likelihood(qtbot: QtBot, chapter: BoundChapter) -> None:
    chapter.terms.moved.emit(1)
    qtbot.waitUntil(lambda: not chapter.comparing, timeout=WAIT)
    assert "log p" in chapter.curves.curves[2].title
    assert chapter.weights.mark == 1
    assert "kl" not in chapter.kl._values, "a point and a Gaussian have none"
