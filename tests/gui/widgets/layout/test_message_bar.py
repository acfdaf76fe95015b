from __future__ import annotations

import gc

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QCursor, QGuiApplication, QImage, QTextDocument
from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.errors import Failure
from ddpm_studio.gui.theme.theme import Theme
from ddpm_studio.gui.widgets.layout import message_bar
from ddpm_studio.gui.widgets.layout.basics import label
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.widgets.layout.wrapped_text import SelectableText


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


def test_a_long_name_is_shortened_and_stands_in_full_in_the_details(bar: MessageBar) -> None:
    name = "".join(chr(0x4E00 + k) for k in range(224))
    path = "/".join(["usual"] * 40)
    bar.show_message(f"{name} is gone.", "error", remedy=f"Look into {path}.", details="errno 2")
    shown = bar.findChildren(SelectableText)
    assert [one.toPlainText() for one in shown][1] == f"Look into {path}."
    assert shown[0].toPlainText() == f"{name[:32]}…{name[-31:]} is gone."
    assert name in shown[0].toolTip()
    assert bar.text == f"{name} is gone. Look into {path}."
    bar.details_button.click()
    (details,) = bar.findChildren(QPlainTextEdit)
    assert name in details.toPlainText()
    bar.copy_button.click()
    assert QGuiApplication.clipboard().text() == f"{bar.text}\n\nerrno 2"


def test_asking_for_its_height_leaves_nothing_behind(bar: MessageBar) -> None:
    bar.show_message("The disk is full. " * 20, "error")

    def documents() -> int:
        gc.collect()
        return sum(issubclass(type(thing), QTextDocument) for thing in gc.get_objects())

    before = documents()
    heights = {bar.heightForWidth(width) for width in range(200, 500)}
    assert len(heights) > 1
    assert documents() == before


def test_no_word_makes_it_wider_and_all_lines_have_room(bar: MessageBar, qtbot: QtBot) -> None:
    bar.show_message("/".join(["w" * 60] * 4), "warning")
    bar.resize(260, bar.heightForWidth(260))
    qtbot.waitExposed(bar)
    assert bar.minimumSizeHint().width() <= 260
    shown = bar.findChildren(SelectableText)[0]
    assert shown.document().size().width() <= shown.width()
    assert shown.document().size().height() <= shown.height()
    assert shown.height() > 5 * shown.fontMetrics().height()


@pytest.mark.parametrize("letter", ["w", "ü"])
def test_a_label_that_wraps_breaks_a_long_name(qtbot: QtBot, theme: Theme, letter: str) -> None:
    made = label(f"Opening {letter * 224}…", wrap=True)
    qtbot.addWidget(made)
    assert made.minimumSizeHint().width() < 260
    assert made.sizeHint().width() < 1000
    made.resize(300, made.heightForWidth(300))
    lines = made.height() / made.fontMetrics().lineSpacing()
    wide = made.fontMetrics().horizontalAdvance(made.text())
    assert lines >= wide / 300
    ink = made.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    low = QRect(0, made.height() - made.fontMetrics().height(), 300, made.fontMetrics().height())
    ground = ink.pixel(299, ink.height() - 1)
    assert any(
        ink.pixel(x, y) != ground for x in range(300) for y in range(low.top(), low.bottom())
    )


def panel_of(qtbot: QtBot, edge: Qt.Edge) -> tuple[QWidget, QPushButton, MessageBar]:
    """Return a panel, the control at its top, and the message bar that lies over its edge."""
    panel = QWidget()
    qtbot.addWidget(panel)
    bar = MessageBar()
    bar.attach_to(panel, edge)
    column = QVBoxLayout(panel)
    top = QPushButton("top")
    column.addWidget(top)
    column.addStretch()
    panel.resize(700, 400)
    panel.show()
    qtbot.waitExposed(panel)
    return panel, top, bar


@pytest.mark.parametrize("edge", [Qt.Edge.TopEdge, Qt.Edge.BottomEdge])
def test_nothing_moves_when_a_message_comes_or_goes(
    qtbot: QtBot, theme: Theme, edge: Qt.Edge
) -> None:
    panel, top, bar = panel_of(qtbot, edge)
    before = top.geometry()
    least = panel.minimumSizeHint()
    bar.show_failure(Failure("It is full.", "Make room.", "errno 28\n" * 20))
    qtbot.wait(20)
    assert bar.isVisible()
    assert top.geometry() == before
    assert panel.minimumSizeHint() == least
    assert panel.rect().contains(bar.geometry())
    at_top = bar.geometry().center().y() < panel.height() / 2
    assert at_top == (edge is Qt.Edge.TopEdge)
    low = bar.height()
    bar.details_button.click()
    qtbot.waitUntil(lambda: bar.height() > low + 100)
    assert panel.rect().contains(bar.geometry())
    panel.resize(320, 500)
    qtbot.waitUntil(lambda: panel.rect().contains(bar.geometry()))
    bar.dismiss()
    assert not bar.isVisible()


def test_what_asks_for_nothing_goes_by_itself(
    qtbot: QtBot, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_bar, "_INFO_TIMEOUT_MS", 30)
    monkeypatch.setattr(message_bar, "_READING_MS_PER_LETTER", 0)
    QCursor.setPos(2000, 2000)
    _, _, bar = panel_of(qtbot, Qt.Edge.TopEdge)
    bar.show_message("Full.", "error")
    bar.show_info("Saved.")
    qtbot.waitUntil(lambda: bar.text == "Full.")
    monkeypatch.setattr(message_bar, "_ACTION_TIMEOUT_MS", 400)
    bar.show_info("Deleted.", "Undo", print)
    qtbot.wait(100)
    assert bar.text == "Deleted."
    qtbot.waitUntil(lambda: bar.text == "Full.")


def test_a_long_text_stays_until_it_can_have_been_read(
    qtbot: QtBot, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_bar, "_INFO_TIMEOUT_MS", 30)
    QCursor.setPos(2000, 2000)
    _, _, bar = panel_of(qtbot, Qt.Edge.TopEdge)
    bar.show_info("Pictures are not mirrored.")
    qtbot.wait(300)
    assert bar.text
    qtbot.waitUntil(lambda: not bar.text, timeout=10_000)


def test_what_is_told_one_after_the_other_is_seen_together(bar: MessageBar) -> None:
    bar.add_info("Chosen for ten minutes: 28 px.")
    bar.add_info("Pictures are not mirrored.\nFewer than 300 pictures.")
    bar.add_info("Fewer than 300 pictures.")
    assert bar.text.splitlines() == [
        "Chosen for ten minutes: 28 px.",
        "Pictures are not mirrored.",
        "Fewer than 300 pictures.",
    ]
    assert bar.earlier == 0
    bar.dismiss()
    bar.add_info("8 of 101 pictures are held out.")
    assert bar.text == "8 of 101 pictures are held out."
    # A message with an action isn't merged with them, and waits below.
    bar.show_info("Deleted.", "Undo", print)
    bar.add_info("The network is compiled.")
    assert bar.text.splitlines() == ["8 of 101 pictures are held out.", "The network is compiled."]
    assert bar.earlier == 1


def test_what_was_told_a_moment_ago_waits_below_a_warning(bar: MessageBar) -> None:
    bar.add_info("12,000 steps in all.")
    bar.show_warning("The pictures are gone; training goes on with those that were kept.")
    assert bar.earlier == 1
    bar.add_info("8 of 101 pictures are held out.")
    bar.show_warning("A large batch.")
    assert bar.earlier == 2
    bar.dismiss()
    assert bar.text.splitlines() == ["12,000 steps in all.", "8 of 101 pictures are held out."]


def test_a_training_of_days_fills_no_screen_with_what_it_tells(bar: MessageBar) -> None:
    for hour in range(100):
        bar.add_info(f"{hour} threads are faster now.")
    lines = bar.text.splitlines()
    assert lines[-1] == "99 threads are faster now."
    assert len(lines) < 10
