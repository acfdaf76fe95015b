"""Samples of a training: all are seen, as large as the room allows; they can take the middle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.observatory.observatory_panel import ObservatoryPanel
from ddpm_studio.gui.features.training.sample_view import SampleView
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.workspace.settings import open_settings
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import SampleGrid
from tests.gui.fake_backend import FakeBackend
from tests.gui.panel_help import opened


@pytest.fixture
def view(qtbot: QtBot, fake: FakeBackend) -> SampleView:
    """Sixteen 28-px samples, in a dock."""
    made = SampleView(Studio(fake))
    qtbot.addWidget(made)
    made.resize(300, 240)
    made.show()
    pictures = np.zeros((16, 28, 28, 1), np.uint8)
    path = Path("step.npz")
    made._read[path] = SampleGrid(path, 6400, pictures, pictures)
    made.set_paths([path])
    return made


def rooms(view: SampleView) -> list[tuple[int, int, int]]:
    """Left edge, upper edge and zoom of both grids."""
    found = []
    for grid in (view.raw, view.ema):
        assert grid.verticalScrollBar().maximum() == 0
        place = grid.mapTo(view, grid.rect().topLeft())
        found.append((place.x(), place.y(), round(grid.zoom)))
    return found


@pytest.mark.parametrize("width", [160, 220, 300])
def test_no_sample_in_a_dock_is_scrolled_to(qtbot: QtBot, view: SampleView, width: int) -> None:
    view.resize(width, 240)
    qtbot.wait(20)
    assert len(rooms(view)) == 2


def test_where_the_dock_is_high_the_samples_are_larger(qtbot: QtBot, view: SampleView) -> None:
    qtbot.wait(20)
    first = rooms(view)
    (left, top, small), (right, beside, _) = first
    assert left < right
    assert top == beside
    view.resize(300, 700)
    qtbot.wait(20)
    (left, top, large), (right, below, _) = rooms(view)
    assert left == right
    assert top < below
    assert large > small
    view.resize(300, 240)
    qtbot.wait(20)
    assert rooms(view) == first


def test_a_button_leads_to_the_samples_in_the_middle(qtbot: QtBot, fake: FakeBackend) -> None:
    window = MainWindow(Studio(fake), open_settings())
    qtbot.addWidget(window)
    window.show()
    window.build_tools()
    window.training.samples.larger.click()
    observatory = window.tool(ObservatoryPanel)
    assert window.tabs.currentWidget() is observatory
    assert observatory.pages.currentWidget() is observatory.samples


def test_the_training_dock_fills_a_high_window_with_its_samples(
    qtbot: QtBot, backend: Backend, tiny_run: Path
) -> None:
    window = opened(qtbot, backend, tiny_run)
    heights = []
    for height in (800, 1440):
        window.resize(2560, height)
        qtbot.wait(80)
        heights.append(window.training.samples.height())
    assert heights[1] > heights[0] + 400
