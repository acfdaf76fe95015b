from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.theme import Theme
from ddpm_studio.gui.widgets.message_bar import MessageBar


@pytest.fixture
def bar(qtbot: QtBot, theme: Theme) -> MessageBar:
    made = MessageBar()
    qtbot.addWidget(made)
    return made


def test_an_error_waits_below_a_newer_one_and_comes_back(bar: MessageBar) -> None:
    bar.show_message("The disk is full.", "error", remedy="Make room.")
    bar.show_message("b.png is cut short.", "error")
    assert bar.text == "b.png is cut short."
    assert bar.earlier_button.text() == "and 1 earlier"
    bar.close_button.click()
    assert bar.text == "The disk is full. Make room."
    assert bar.earlier == 0
    assert bar.earlier_button.isHidden()
    bar.close_button.click()
    assert bar.text == ""
    assert bar.isHidden()


def test_one_can_turn_through_all_that_wait(bar: MessageBar) -> None:
    for text in ("one", "two", "three"):
        bar.show_message(text, "warning")
    assert bar.earlier_button.text() == "and 2 earlier"
    seen = []
    for _ in range(3):
        seen.append(bar.text)
        bar.earlier_button.click()
    assert seen == ["three", "two", "one"]
    assert bar.text == "three"


def test_what_is_said_twice_stands_there_once(bar: MessageBar) -> None:
    for text in ("one", "two", "one"):
        bar.show_message(text, "error", details=text * 2)
    assert bar.text == "one"
    assert bar.earlier == 1


def test_a_newer_one_of_a_topic_takes_the_place_of_the_older(bar: MessageBar) -> None:
    done = []
    bar.show_message("a deleted", action="Undo", callback=lambda: done.append("a"), topic="gone")
    bar.show_message("b deleted", action="Undo", callback=lambda: done.append("b"), topic="gone")
    assert bar.earlier == 0
    bar.action_button.click()
    assert done == ["b"]
    assert bar.isHidden()


def test_news_without_anything_to_do_about_it_does_not_wait(bar: MessageBar) -> None:
    bar.show_message("Opened.")
    bar.show_message("The disk is full.", "error")
    assert bar.earlier == 0


def test_errors_go_and_an_undo_stays(bar: MessageBar) -> None:
    done = []
    bar.show_message("a deleted", action="Undo", callback=lambda: done.append("a"))
    bar.show_message("b.png is cut short.", "error", details="b.png: truncated")
    bar.clear("error")
    assert bar.text == "a deleted"
    assert bar.details_button.isHidden()
    bar.action_button.click()
    assert done == ["a"]


def test_escape_sends_the_one_that_is_seen_away(bar: MessageBar, qtbot: QtBot) -> None:
    bar.show_message("one", "error")
    bar.show_message("two", "error")
    with qtbot.waitSignal(bar.dismissed) as told:
        qtbot.keyClick(bar, Qt.Key.Key_Escape)
    assert told.args == ["two"]
    assert bar.text == "one"


def test_no_more_than_ten_are_kept(bar: MessageBar) -> None:
    for number in range(30):
        bar.show_message(f"{number} failed", "error")
    assert bar.text == "29 failed"
    assert bar.earlier == 9
