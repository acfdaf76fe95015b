"""Accessibility: names and roles of controls, actions by keyboard, and the Tab order."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QDialog, QMenu, QMessageBox, QStyle, QStyleOptionViewItem, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.errors import StudioError
from ddpm_studio.gui.shell.main_window import MainWindow
from tests.gui.panel_help import WAIT, endless, open_run, opened

# Pixels that the Tab order may go back up: to the next widget of the same row.
_ROW = 48
# Qt's inner line edits, which have the accessible name of the widget that they belong to.
_INNER = ("qt_spinbox_lineedit", "qt_keysequenceedit_lineedit")


@pytest.fixture
def window(qtbot: QtBot, backend: Backend) -> MainWindow:
    return opened(qtbot, backend)


def focusable(root: QWidget) -> Iterator[QWidget]:
    """Yield the visible widgets of a window or dialog that can take the focus."""
    for widget in root.findChildren(QWidget):
        shown = widget.isVisibleTo(root) and widget.objectName() not in _INNER
        if shown and widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
            yield widget


class Roll:
    """Collects the focusable widgets that lack an accessible name or role."""

    def __init__(self) -> None:
        self.nameless: set[tuple[str, ...]] = set()

    def call(self, place: str, root: QWidget) -> int:
        """Check the focusable widgets in ``root`` and return how many there are."""
        found = 0
        for widget in focusable(root):
            found += 1
            face = QAccessible.queryAccessibleInterface(widget)
            said = face.text(QAccessible.Text.Name) if face is not None else ""
            if face is None or not said.strip() or face.role() == QAccessible.Role.NoRole:
                owner = type(widget.parent()).__name__
                self.nameless.add((place, type(widget).__name__, widget.objectName(), owner))
        return found


def test_every_focusable_widget_of_the_window_has_a_name_and_a_role(
    qtbot: QtBot, window: MainWindow, tiny_run: Path
) -> None:
    roll = Roll()
    assert roll.call("start", window) > 5
    window.studio.notify(StudioError("It is broken.", "Mend it.", "details"))
    window.messages.details_button.click()
    assert roll.call("message", window.messages) >= 4
    open_run(qtbot, window.studio, tiny_run)
    for index in range(window.tabs.count()):
        window.tabs.setCurrentIndex(index)
        assert roll.call(window.tabs.tabText(index), window) > 20
    for dock in window.docks:
        dock.setFloating(True)
        assert roll.call(dock.windowTitle(), dock) > 0 or dock is window.docks[2]
    assert not roll.nameless


def test_every_focusable_widget_of_the_dialogues_has_a_name_and_a_role(
    qtbot: QtBot, window: MainWindow
) -> None:
    roll = Roll()
    for action in ("file.settings", "help.shortcuts", "help.palette", "help.about"):
        window.actions_[action].trigger()
    window.actions_["help.tour"].trigger()
    helping = window.helping
    assert helping.settings is not None
    assert helping.palette is not None
    assert helping.tour is not None
    assert roll.call("shortcuts", helping.settings) > 5
    helping.settings.tabs.setCurrentIndex(0)
    assert roll.call("settings", helping.settings) > 8
    assert roll.call("palette", helping.palette) == 1
    assert roll.call("tour", helping.tour.callout) == 3
    about = window.findChild(QMessageBox)
    assert about is not None
    assert roll.call("about", about) >= 1
    assert not roll.nameless
    for dialog in window.findChildren(QDialog):
        dialog.close()


def test_a_job_says_which_it_is(qtbot: QtBot, window: MainWindow, backend: Backend) -> None:
    job = backend.submit(endless("Training cats"))
    roll = Roll()
    qtbot.waitUntil(window.jobs.rows[job].isVisible, timeout=WAIT)
    assert roll.call("jobs", window.jobs) >= 2
    assert not roll.nameless
    assert "Training cats" in window.jobs.rows[job].cancel_button.accessibleName()
    backend.cancel(job)
    with qtbot.waitSignal(job.ended, timeout=WAIT):
        pass


def test_every_action_is_in_a_menu_and_in_the_palette(window: MainWindow) -> None:
    in_menus = {
        action for menu in window.menuBar().findChildren(QMenu) for action in menu.actions()
    }
    window.actions_["help.palette"].trigger()
    assert window.helping.palette is not None
    listed = window.helping.palette.list
    in_palette = {
        listed.item(row).data(Qt.ItemDataRole.UserRole).objectName()
        for row in range(listed.count())
    }
    window.helping.palette.hide()
    for action in window.actions_:
        assert action in in_menus, action.objectName()
        assert action.objectName() in in_palette
    mnemonics = [top.text() for top in window.menuBar().actions()]
    assert all("&" in text for text in mnemonics)


def test_rows_without_an_icon_begin_where_the_others_do(window: MainWindow) -> None:
    window.helping.show_palette()
    window.helping.show_shortcuts()
    palette, settings = window.helping.palette, window.helping.settings
    assert palette is not None
    assert settings is not None
    for view in (palette.list, settings.shortcuts.table):
        model, option = view.model(), QStyleOptionViewItem()
        places = set()
        for row in range(model.rowCount()):
            index = model.index(row, 0)
            view.initViewItemOption(option)
            view.itemDelegate().initStyleOption(option, index)  # type: ignore[attr-defined]
            option.rect = view.visualRect(index)
            words = view.style().subElementRect(QStyle.SubElement.SE_ItemViewItemText, option, view)
            places.add((words.left(), view.visualRect(index).height()))
        assert model.rowCount() > 60
        assert len(places) == 1
    palette.hide()
    settings.hide()


def test_tab_goes_down_a_panel_and_never_back_more_than_a_row(
    qtbot: QtBot, window: MainWindow, tiny_run: Path
) -> None:
    walk(window.start_page, "start")
    open_run(qtbot, window.studio, tiny_run)
    for index in range(window.tabs.count()):
        window.tabs.setCurrentIndex(index)
        panel = window.tabs.currentWidget()
        assert panel is not None
        walk(panel, window.tabs.tabText(index))
    for dock in window.docks:
        inner = dock.widget()
        assert inner is not None
        walk(inner, dock.windowTitle())
    window.actions_["file.settings"].trigger()
    assert window.helping.settings is not None
    for page in (window.helping.settings.settings, window.helping.settings.shortcuts):
        window.helping.settings.tabs.setCurrentWidget(page)
        walk(page, type(page).__name__)


def walk(panel: QWidget, place: str) -> None:
    """Check that Tab reaches all of a panel, going down, or up to the top of the next column."""
    wanted = [w for w in focusable(panel) if w.focusPolicy() & Qt.FocusPolicy.TabFocus]
    walked: list[QWidget] = []
    here = panel.nextInFocusChain()
    while here is not None and here is not panel:
        if here in wanted:
            walked.append(here)
        here = here.nextInFocusChain()
    assert len(walked) == len(wanted), place
    tops = [(w.mapTo(panel, w.rect().topLeft()), w) for w in walked]
    for (before, _), (after, widget) in itertools.pairwise(tops):
        up = before.y() - after.y() > _ROW
        assert not (up and after.x() <= before.x()), (place, widget, widget.accessibleName())
