"""Tour: points at real parts of the window, works by keyboard too, and blocks nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel
from ddpm_studio.gui.features.learn.learn_panel import LearnPanel
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.features.tour.tour import Tour
from ddpm_studio.gui.shell.main_window import MainWindow
from tests.gui.panel_help import open_run, opened


@pytest.fixture
def window(qtbot: QtBot, backend: Backend) -> MainWindow:
    made = opened(qtbot, backend)
    made.resize(1280, 800)
    return made


def begun(window: MainWindow) -> Tour:
    links = [b for b in window.start_page.findChildren(QPushButton) if "tour" in b.text()]
    links[0].click()
    tour = window.helping.tour
    assert tour is not None
    assert tour.is_running
    return tour


def test_each_stop_points_at_a_part_that_is_seen_and_does_not_cover_it(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.docks[2].hide()
    tour = begun(window)
    seen = []
    while tour.is_running:
        target = tour.stop.target()
        assert target.isVisible(), tour.stop.title
        QApplication.processEvents()
        callout = tour.callout.geometry()
        meant = QRect(target.mapTo(window, QPoint(0, 0)), target.size())
        assert window.rect().contains(callout), tour.stop.title
        # A whole tab leaves no room for the callout next to it.
        if target.width() * target.height() < 0.3 * window.width() * window.height():
            assert not callout.intersects(meant), tour.stop.title
        assert tour.ring.geometry().contains(meant.center())
        seen.append(tour.stop.title)
        tour.callout.next_button.click()
    assert 5 <= len(seen) <= 7
    assert len(set(seen)) == len(seen)
    assert window.start_page.isVisible()


def test_tabs_are_as_they_were_after_it_and_a_model_shows_pictures(
    qtbot: QtBot, window: MainWindow, tiny_run: Path
) -> None:
    share = window.tool(SharePanel)
    window.tabs.setCurrentWidget(share)
    tour = begun(window)
    while tour.is_running:
        tour.callout.next_button.click()
    assert window.tabs.currentWidget() is share
    window.tabs.setCurrentWidget(window.tool(LearnPanel))
    assert window.start_page.isVisible()
    open_run(qtbot, window.studio, tiny_run)
    assert window.tool(ReversePanel).isVisible(), "it was opened from the start page"
    window.show_tool(share)
    window.studio.run_changed.emit()
    assert share.isVisible()


def test_keys_lead_and_leave(qtbot: QtBot, window: MainWindow) -> None:
    window.activateWindow()
    tour = begun(window)
    first = tour.stop
    QTest.keyClick(tour.callout, Qt.Key.Key_Right)
    assert tour.stop is not first
    QTest.keyClick(tour.callout, Qt.Key.Key_Left)
    assert tour.stop is first
    assert not tour.callout.back_button.isEnabled()
    tour.callout.next_button.setFocus()
    QTest.keyClick(tour.callout.next_button, Qt.Key.Key_Return)
    assert tour.stop is not first
    QTest.keyClick(tour.callout, Qt.Key.Key_Escape)
    assert not tour.is_running
    assert not tour.ring.isVisible()


def test_it_is_found_again_and_the_window_works_meanwhile(qtbot: QtBot, window: MainWindow) -> None:
    tour = begun(window)
    tour.callout.skip_button.click()
    assert tour.callout.isHidden()
    window.actions_["help.tour"].trigger()
    assert tour.callout.isVisible()
    assert QApplication.activeModalWidget() is None
    window.resize(1000, 700)
    QApplication.processEvents()
    assert window.rect().contains(tour.callout.geometry())
    window.actions_["view.tab6"].trigger()
    assert window.tabs.currentWidget() is window.tool(GalleryPanel)
