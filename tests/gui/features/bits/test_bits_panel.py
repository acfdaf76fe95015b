from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.bits.bits_panel import BitsPanel
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.automatic_drawing import AutomaticDrawing
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.measuring.formatting import bits_remark
from tests.gui.panel_help import WAIT, T, drop, files, open_run


def shown(qtbot: QtBot, studio: Studio, run: Path) -> BitsPanel:
    panel = BitsPanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(panel)
    panel.resize(900, 700)
    panel.show()
    open_run(qtbot, studio, run)
    return panel


def test_nothing_is_measured_unasked(qtbot: QtBot, studio: Studio, tiny_run: Path) -> None:
    panel = shown(qtbot, studio, tiny_run)
    qtbot.wait(400)
    assert panel.job is None
    assert panel.total.text() == ""
    assert panel.invitation.isVisible()
    assert not panel.empty.isVisible()
    panel.invitation.button.click()
    assert panel.job is not None


def test_the_parts_add_up_and_every_plot_has_its_curve(
    qtbot: QtBot, studio: Studio, tiny_run: Path
) -> None:
    panel = shown(qtbot, studio, tiny_run)
    panel.count.setValue(3)
    panel.timesteps.set_number(None)
    panel.measure()
    qtbot.waitUntil(lambda: panel.measured is not None and not panel.busy, timeout=WAIT)
    measured = panel.measured
    assert measured is not None
    assert measured.pictures == 3
    assert np.isclose(measured.total, measured.prior + measured.middle + measured.decoder)
    assert panel.total.text().startswith(f"{measured.total:.3f} bits/dim ± ")
    for plot, count in ((panel.bound, T), (panel.rate, T), (panel.rate_distortion, T)):
        (curve,) = plot.curves
        assert curve[0].shape == (count,)
    rate = panel.rate.curves[0][1]
    assert (np.diff(rate) <= 0).all(), "from t = T to 1 the rate never falls"
    qtbot.waitUntil(lambda: panel.decoded is not None, timeout=WAIT)
    panel.source.clear()
    qtbot.waitUntil(lambda: panel.decoded is None, timeout=WAIT)
    menu = panel.saver.menu
    menu.menu().aboutToShow.emit()
    assert menu.isEnabled(), "the figures are there without a picture"
    assert [action.objectName() for action in menu.menu().actions() if action.isEnabled()] == [
        "bits.csv"
    ]


def test_more_bits_than_a_level_takes_are_explained(
    qtbot: QtBot, studio: Studio, tiny_run: Path
) -> None:
    panel = shown(qtbot, studio, tiny_run)
    panel.count.setValue(1)
    panel.timesteps.setValue(3)
    panel.measure()
    qtbot.waitUntil(lambda: panel.measured is not None and not panel.busy, timeout=WAIT)
    assert panel.measured is not None
    assert panel.job is not None
    found = replace(panel.measured, total=177.4, decoder=174.0, middle=3.4)
    panel.job.emitted.emit(found)
    assert panel.total.text().startswith("177.400 bits/dim")
    assert bits_remark(found).replace("L_0", "L₀") in panel.parts.text()
    assert "_" not in panel.parts.text()
    panel.job.emitted.emit(replace(found, total=3.7, decoder=0.4, middle=3.3))
    assert "More than" not in panel.parts.text()


def test_the_first_look_sends_a_picture_by_chance_bit_by_bit(
    qtbot: QtBot, studio: Studio, tiny_run: Path
) -> None:
    panel = shown(qtbot, studio, tiny_run)
    qtbot.waitUntil(lambda: panel.decoded is not None, timeout=WAIT)
    assert panel.legend.isVisible()
    assert not panel.source.asked
    panel.source.clear()
    panel.hide()
    panel.show()
    assert panel.source.drop is None, "who takes it out wants it out"


def test_a_picture_by_chance_waits_for_a_training(
    qtbot: QtBot, studio: Studio, tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AutomaticDrawing, "is_waiting", True)
    panel = shown(qtbot, studio, tiny_run)
    qtbot.wait(100)
    assert panel.source.drop is None
    monkeypatch.setattr(AutomaticDrawing, "is_waiting", False)
    studio.auto_drawing.changed.emit()
    qtbot.waitUntil(lambda: panel.decoded is not None, timeout=WAIT)


def test_a_dropped_picture_is_decoded(
    qtbot: QtBot, studio: Studio, tiny_run: Path, picture_folder: Path
) -> None:
    panel = shown(qtbot, studio, tiny_run)
    assert drop(panel.source, files(picture_folder / "03.png"))
    qtbot.waitUntil(lambda: panel.decoded is not None, timeout=WAIT)
    assert panel.decoded is not None
    assert panel.strip.count == len(panel.decoded.t)
    assert panel.legend.isVisible()
    assert list(panel.decoded.rate) == sorted(panel.decoded.rate)


def test_before_it_measures_one_button_invites_and_no_room_is_left_for_figures(
    qtbot: QtBot, studio: Studio, tiny_run: Path
) -> None:
    panel = shown(qtbot, studio, tiny_run)
    assert not panel.start_button.isVisible()
    assert not panel.total.isVisible()
    assert panel.invitation.button.isVisible()
    assert panel.count.isVisible(), "how many may be chosen first"
    panel.count.setValue(2)
    panel.invitation.button.click()
    qtbot.waitUntil(lambda: panel.measured is not None and not panel.busy, timeout=WAIT)
    assert panel.start_button.isVisible()
    assert panel.total.isVisible()
    assert not panel.invitation.isVisible()
