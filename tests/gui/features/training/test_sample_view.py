"""Sample view of a training: all samples visible in the dock, as large as its size allows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.observatory.observatory_panel import ObservatoryPanel
from ddpm_studio.gui.features.training.sample_view import SampleView
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.widgets.layout.columns import Columns
from ddpm_studio.gui.widgets.layout.scroll_areas import VerticalScrollArea
from ddpm_studio.gui.workspace.settings import open_settings
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import SampleGrid
from tests.gui.fake_backend import FakeBackend
from tests.gui.panel_help import opened


@pytest.fixture
def view(qtbot: QtBot, fake: FakeBackend) -> SampleView:
    """A sample view with sixteen 28-px samples, as large as in a dock."""
    made = SampleView(Studio(fake))
    qtbot.addWidget(made)
    made.resize(300, 240)
    made.show()
    pictures = np.zeros((16, 28, 28, 1), np.uint8)
    path = Path("step.npz")
    made._cache[path] = SampleGrid(path, 6400, pictures, pictures)
    made.set_paths([path])
    return made


class Resizes(QObject):
    """Event filter that counts the resizes of widgets."""

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__()
        self.count = 0
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Resize
        return False


def show(view: SampleView, shape: tuple[int, int]) -> None:
    """Show sixteen samples of a shape (height, width)."""
    pictures = np.zeros((16, *shape, 3), np.uint8)
    path = Path(f"{shape}.npz")
    view._cache[path] = SampleGrid(path, 53, pictures, pictures)
    view.set_paths([path])


def rooms(view: SampleView) -> list[tuple[int, int, int]]:
    """Return left edge, top edge and zoom of both grids, neither of which may scroll."""
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


def test_a_run_begun_anew_under_an_old_name_shows_its_own_samples(
    qtbot: QtBot, fake: FakeBackend
) -> None:
    view, path = SampleView(Studio(fake)), Path("/runs/mnist/samples/step_00000100.npz")
    qtbot.addWidget(view)
    for level in (10, 200):
        view.set_paths([])
        view.set_paths([path])
        pictures = np.full((2, 8, 8, 1), level, np.uint8)
        fake.finish(fake.job(f"Reading {path.name}"), SampleGrid(path, 100, pictures, pictures))
        assert view.ema.picture(0).max() == level


def test_a_button_leads_to_the_samples_in_the_middle(qtbot: QtBot, fake: FakeBackend) -> None:
    window = MainWindow(Studio(fake), open_settings())
    qtbot.addWidget(window)
    window.show()
    window.build_tools()
    window.training.samples.enlarge_button.click()
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


def come_to_rest(qtbot: QtBot, resizes: Resizes) -> bool:
    """Process events until nothing is resized any more; False if that takes over 20 rounds."""
    for _ in range(20):
        before = resizes.count
        qtbot.wait(2)
        QApplication.processEvents()
        if resizes.count == before:
            return True
    return False


@pytest.mark.parametrize("shape", [(32, 44), (44, 32), (28, 28), (16, 64)])
def test_samples_that_are_scrolled_to_come_to_rest(
    qtbot: QtBot, fake: FakeBackend, shape: tuple[int, int]
) -> None:
    view, above, content = SampleView(Studio(fake)), QWidget(), Columns()
    above.setMinimumHeight(160)
    content.add(QWidget())
    content.add(above, view, stretched=view)
    area = VerticalScrollArea(content, "Training")
    qtbot.addWidget(area)
    area.show()
    show(view, shape)
    resizes = Resizes(view, view.raw, view.ema, above)
    restless = []
    for width in range(200, 501, 20):
        for height in (300, 400, 420, 440):
            area.resize(width, height)
            if not come_to_rest(qtbot, resizes):
                restless.append((width, height))
            rooms(view)
    assert not restless


@pytest.mark.parametrize("height", [220, 300, 400])
@pytest.mark.parametrize("shape", [(32, 44), (44, 32), (16, 64)])
def test_samples_never_hide_what_stands_above_them(
    qtbot: QtBot, view: SampleView, shape: tuple[int, int], height: int
) -> None:
    show(view, shape)
    for width in range(200, 501, 50):
        view.resize(width, height)
        qtbot.wait(5)
        rooms(view)
        for grid in (view.raw, view.ema):
            assert grid.geometry().height() > 0
            assert grid.geometry().bottom() < view._grids_area.height()
        assert not view.raw.geometry().intersects(view.ema.geometry())
