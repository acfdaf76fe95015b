"""Message bar (toast): non-modal messages over the edge of a panel, instead of dialogs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from ddpm_studio.errors import Failure
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import (
    IconLabel,
    button,
    name,
    set_property,
    tool_button,
)
from ddpm_studio.gui.widgets.layout.overlay import Overlay
from ddpm_studio.gui.widgets.layout.overlay_placement import free_place
from ddpm_studio.gui.widgets.layout.wrapped_text import SelectableText

Level = Literal["info", "warning", "error"]

_ICONS = {
    "info": ("info", "accent"),
    "warning": ("triangle-alert", "warning"),
    "error": ("circle-alert", "danger"),
}
_DETAILS_HEIGHT = 140
_MOST_KEPT = 10
# Most lines of a gathered message; the latest are kept.
_MOST_GATHERED = 8
_WIDEST = 480
# Timeout of an info: at least this long, and long enough to be read.
_GOES_AFTER_MS, _READ_MS_A_LETTER = 8_000, 60
# The same with an action button; its action can be found elsewhere too.
_OFFER_GOES_AFTER_MS = 20_000
# Characters: longer names are shortened, and shown in full in the details.
_LONGEST = 64
_LONGER = re.compile(rf"[^\s/\\]{{{_LONGEST + 1},}}")


@dataclass(frozen=True)
class _Message:
    text: str
    level: Level
    remedy: str = ""
    details: str = ""
    action: str = ""
    callback: Callable[[], object] | None = None
    topic: str = ""
    gathers: bool = False

    @property
    def whole(self) -> str:
        return f"{self.text} {self.remedy}".strip()

    @property
    def long_names(self) -> bool:
        """Whether it has names so long that they are shown shortened."""
        return _LONGER.search(self.whole) is not None

    @property
    def stays(self) -> bool:
        """Whether it is kept below a newer message that covers it."""
        return self.level != "info" or bool(self.action) or self.gathers

    def outlives(self, newer: _Message) -> bool:
        """Whether to keep it below ``newer``: it stays, and has another text and topic."""
        same = self.whole == newer.whole or (bool(self.topic) and self.topic == newer.topic)
        return self.stays and not same


class MessageBar(QFrame):
    """Stack of messages that shows the newest one; hidden while it is empty.

    A message covered by a newer one is kept below it if it is a warning or an error, has an action,
    or gathers lines. Escape or the close button dismisses the message shown, and emits
    ``dismissed`` with its text.

    The bar is an overlay of a panel, see :meth:`lie_over`, so that the layout does not move when it
    appears, and avoids covering controls. As an overlay, infos disappear after a timeout, a longer
    one if they have an action, but not while the mouse is over them.
    """

    dismissed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._messages: list[_Message] = []
        self._owner: QWidget | None = None
        self._edge = Qt.Edge.TopEdge
        self._going = QTimer(self)
        self._going.timeout.connect(self._go)
        self._settling = QTimer(self, singleShot=True)
        self._settling.timeout.connect(self._place)
        self._mark = IconLabel("info", 16, "accent")
        self._text, self._remedy = SelectableText(), SelectableText("muted")
        self.action_button = button(" ")
        self.details_button = button(
            self.tr("Details"), self.tr("Show what happened in full"), role="link"
        )
        self.details_button.setCheckable(True)
        self.copy_button = button(
            self.tr("Copy"), self.tr("Copy the details"), icon="copy", role="link"
        )
        self.earlier_button = button(" ", role="link")
        self.close_button = tool_button("x", self.tr("Dismiss"), self.tr("Dismiss this message"))
        self.close_button.setProperty("role", "small")
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setFixedHeight(_DETAILS_HEIGHT)
        name(self._details, self.tr("Details"))
        self.action_button.clicked.connect(self._act)
        self.details_button.toggled.connect(self._unfold)
        self.copy_button.clicked.connect(self.copy_details)
        self.earlier_button.clicked.connect(self._turn)
        self.close_button.clicked.connect(self.dismiss)

        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._text)
        words.addWidget(self._remedy)
        links = QHBoxLayout()
        links.setSpacing(SPACE_S)
        for press in (
            self.action_button,
            self.details_button,
            self.copy_button,
            self.earlier_button,
        ):
            links.addWidget(press)
        links.addStretch()
        words.addLayout(links)
        top = Qt.AlignmentFlag.AlignTop
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        row.addWidget(self._mark, alignment=top)
        row.addLayout(words, 1)
        row.addWidget(self.close_button, alignment=top)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_M + SPACE_S, SPACE_M, SPACE_M, SPACE_M)
        layout.addLayout(row)
        layout.addWidget(self._details)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()

    def lie_over(self, owner: QWidget, edge: Qt.Edge = Qt.Edge.TopEdge) -> None:
        """Become an overlay of a widget, at or near its top or bottom edge.

        It moves away from the edge where it would cover controls.
        """
        self._owner, self._edge = owner, edge
        Overlay(self, self._place, gives_way=True).lie_over(owner)
        self._place()

    @property
    def text(self) -> str:
        """The text of the message shown, with its remedy; empty while hidden."""
        return self._messages[-1].whole if self._messages else ""

    @property
    def level(self) -> Level:
        """The severity of the message shown; "info" while hidden."""
        return self._messages[-1].level if self._messages else "info"

    @property
    def earlier(self) -> int:
        """Number of messages below the one shown."""
        return max(0, len(self._messages) - 1)

    def show_message(
        self,
        text: str,
        level: Level = "info",
        *,
        remedy: str = "",
        details: str = "",
        action: str = "",
        callback: Callable[[], object] | None = None,
        topic: str = "",
    ) -> None:
        """Show a message; an earlier one of the same text or topic is replaced.

        Args:
            text: what happened.
            level: the severity.
            remedy: what to do about it.
            details: a long text that can be expanded and copied.
            action: text of a button; pressing it removes the message.
            callback: called when the button is pressed.
            topic: key of the subject, by which the message can be replaced and cleared.
        """
        self._tell(_Message(text, level, remedy, details, action, callback, topic))

    def _tell(self, told: _Message) -> None:
        others = (old for old in self._messages if old.outlives(told))
        self._messages = [*others, told][-_MOST_KEPT:]
        self._show()

    def show_info(
        self, text: str, action: str = "", callback: Callable[[], object] | None = None
    ) -> None:
        """Show an info; ``action`` is the text of a button that calls ``callback``."""
        self.show_message(text, action=action, callback=callback)

    def add_info(self, text: str) -> None:
        """Append lines to the current info or the gathered message, or show a new one.

        A gathered message is kept when another, such as a warning a moment later, covers it.
        """
        before = [
            old
            for old in self._messages
            if old.gathers or (old is self._messages[-1] and not old.stays)
        ]
        self._messages = [old for old in self._messages if old not in before]
        lines = dict.fromkeys(line for old in before for line in old.text.splitlines())
        lines |= dict.fromkeys(text.splitlines())
        self._tell(_Message("\n".join([*lines][-_MOST_GATHERED:]), "info", gathers=True))

    def show_warning(
        self,
        text: str,
        action: str = "",
        callback: Callable[[], object] | None = None,
        topic: str = "",
    ) -> None:
        """Show a warning, optionally with an action button."""
        self.show_message(text, "warning", action=action, callback=callback, topic=topic)

    def show_failure(
        self, failure: Failure, action: str = "", callback: Callable[[], object] | None = None
    ) -> None:
        """Show a failure as an error, with its remedy and details."""
        self.show_message(
            failure.cause,
            "error",
            remedy=failure.remedy,
            details=failure.details,
            action=action,
            callback=callback,
        )

    def tells_of(self, topic: str) -> bool:
        """Whether there is a message of this topic, shown or below."""
        return any(told.topic == topic for told in self._messages)

    def clear(self, level: Level | None = None, topic: str = "") -> None:
        """Remove all messages, or those of a level, or those of a topic."""
        self._messages = [
            old
            for old in self._messages
            if level not in (None, old.level) or (topic and topic != old.topic)
        ]
        self._show()

    def dismiss(self) -> None:
        """Remove the message shown and emit ``dismissed``, at the user's request."""
        if self._messages:
            text = self._messages.pop().whole
            self._show()
            self.dismissed.emit(text)

    def copy_details(self) -> None:
        """Copy the message and its details to the clipboard."""
        details = self._messages[-1].details if self._messages else ""
        QGuiApplication.clipboard().setText(f"{self.text}\n\n{details}".strip())

    def event(self, event: QEvent) -> bool:
        """Adjust position and height when the content has changed."""
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._place()
        return done

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Dismiss the message on Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    def _show(self) -> None:
        if not self._messages:
            self._going.stop()
            self.hide()
            return
        told = self._messages[-1]
        set_property(self, "role", told.level)
        self._mark.set_icon(*_ICONS[told.level])
        self._text.set_text(_shortened(told.text))
        self._remedy.set_text(_shortened(told.remedy))
        self._remedy.setVisible(bool(told.remedy))
        for part in (self._text, self._remedy):
            part.setToolTip(told.whole if told.long_names else "")
        details = "\n\n".join([told.whole, told.details]) if told.long_names else told.details
        self._details.setPlainText(details.strip())
        self.details_button.setChecked(False)
        self.details_button.setVisible(bool(details))
        self._unfold(False)
        self.action_button.setText(told.action)
        name(self.action_button, told.action or " ")
        self.action_button.setVisible(bool(told.action))
        count = self.earlier
        earlier = self.tr("and 1 earlier") if count == 1 else self.tr("and {n} earlier")
        self.earlier_button.setText(earlier.format(n=count))
        name(self.earlier_button, self.earlier_button.text(), self.tr("Show the previous message"))
        self.earlier_button.setVisible(count > 0)
        self.setAccessibleName(told.whole)
        self.show()
        self._place()
        if self._owner is None or told.level != "info":
            self._going.stop()
        else:
            shortest = _OFFER_GOES_AFTER_MS if told.action else _GOES_AFTER_MS
            self._going.start(max(shortest, _READ_MS_A_LETTER * len(told.whole)))

    def settle(self) -> None:
        """Reposition after the controls below have changed."""
        self._settling.start(0)

    def _place(self) -> None:
        owner = self._owner
        if owner is None or self.isHidden():
            return
        wide, high = owner.width() - 2 * SPACE_M, owner.height() - 2 * SPACE_M
        width = max(1, min(wide, _WIDEST))
        height = min(max(1, high), self.heightForWidth(width))
        self.setGeometry(free_place(owner, QSize(width, height), self._edge, self))
        self.raise_()

    def _go(self) -> None:
        if not self.underMouse():
            self._messages = [old for old in self._messages[:-1] if old.stays]
            self._show()

    def _turn(self) -> None:
        """Show the message below, and move the one shown to the bottom of the stack."""
        self._messages = [self._messages[-1], *self._messages[:-1]]
        self._show()

    def _act(self) -> None:
        callback = self._messages.pop().callback
        self._show()
        if callback is not None:
            callback()

    def _unfold(self, unfolded: bool) -> None:
        self._details.setVisible(unfolded)
        self.copy_button.setVisible(unfolded)


def _shortened(text: str) -> str:
    """Elide the middle of names that are longer than ``_LONGEST`` characters."""
    half = _LONGEST // 2
    return _LONGER.sub(lambda name: f"{name[0][:half]}…{name[0][1 - half :]}", text)
