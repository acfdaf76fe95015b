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
from ddpm_studio.gui.widgets.layout.basics import IconLabel, button, name, set_property, tool_button
from ddpm_studio.gui.widgets.layout.overlay import Overlay
from ddpm_studio.gui.widgets.layout.overlay_placement import free_rect
from ddpm_studio.gui.widgets.layout.wrapped_text import SelectableText

Level = Literal["info", "warning", "error"]

_ICONS = {
    "info": ("info", "accent"),
    "warning": ("triangle-alert", "warning"),
    "error": ("circle-alert", "danger"),
}
_DETAILS_HEIGHT = 140
_MAX_MESSAGES = 10
# Most lines of a collecting message; the latest are kept.
_MAX_COLLECTED_LINES = 8
_MAX_WIDTH = 480
# Timeout of an info: at least this long, and long enough to be read.
_INFO_TIMEOUT_MS, _READING_MS_PER_LETTER = 8_000, 60
# The same with an action button; its action can be found elsewhere too.
_ACTION_TIMEOUT_MS = 20_000
# Characters: longer names are shortened, and shown in full in the details.
_MAX_NAME_LENGTH = 64
_LONG_NAME = re.compile(rf"[^\s/\\]{{{_MAX_NAME_LENGTH + 1},}}")


@dataclass(frozen=True)
class _Message:
    text: str
    level: Level
    remedy: str = ""
    details: str = ""
    action: str = ""
    callback: Callable[[], object] | None = None
    topic: str = ""
    collects_lines: bool = False

    @property
    def full_text(self) -> str:
        return f"{self.text} {self.remedy}".strip()

    @property
    def has_long_names(self) -> bool:
        """Whether it has names so long that they are shown shortened."""
        return _LONG_NAME.search(self.full_text) is not None

    @property
    def is_persistent(self) -> bool:
        """Whether it is kept below a newer message that covers it."""
        return self.level != "info" or bool(self.action) or self.collects_lines

    def outlives(self, newer: _Message) -> bool:
        """Whether to keep it below ``newer``: it stays, and has another text and topic."""
        is_repeated = self.full_text == newer.full_text or (
            bool(self.topic) and self.topic == newer.topic
        )
        return self.is_persistent and not is_repeated


class MessageBar(QFrame):
    """Stack of messages that shows the newest one; hidden while it is empty.

    A message covered by a newer one is kept below it if it is a warning or an error, has an action,
    or collects lines. Escape or the close button dismisses the message shown, and emits
    ``dismissed`` with its text.

    The bar is an overlay of a panel, see :meth:`attach_to`, so that the layout does not move when
    it appears, and avoids covering controls. As an overlay, infos disappear after a timeout, a
    longer one if they have an action, but not while the mouse is over them.
    """

    dismissed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._messages: list[_Message] = []
        self._owner: QWidget | None = None
        self._edge = Qt.Edge.TopEdge
        self._timeout_timer = QTimer(self)
        self._timeout_timer.timeout.connect(self._on_timeout)
        self._reposition_timer = QTimer(self, singleShot=True)
        self._reposition_timer.timeout.connect(self._reposition)
        self._icon_label = IconLabel("info", 16, "accent")
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
        self.action_button.clicked.connect(self._run_action)
        self.details_button.toggled.connect(self._show_details)
        self.copy_button.clicked.connect(self.copy_details)
        self.earlier_button.clicked.connect(self._show_earlier)
        self.close_button.clicked.connect(self.dismiss)

        text_column = QVBoxLayout()
        text_column.setSpacing(2)
        text_column.addWidget(self._text)
        text_column.addWidget(self._remedy)
        links = QHBoxLayout()
        links.setSpacing(SPACE_S)
        for link in (
            self.action_button,
            self.details_button,
            self.copy_button,
            self.earlier_button,
        ):
            links.addWidget(link)
        links.addStretch()
        text_column.addLayout(links)
        top = Qt.AlignmentFlag.AlignTop
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        row.addWidget(self._icon_label, alignment=top)
        row.addLayout(text_column, 1)
        row.addWidget(self.close_button, alignment=top)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_M + SPACE_S, SPACE_M, SPACE_M, SPACE_M)
        layout.addLayout(row)
        layout.addWidget(self._details)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()

    def attach_to(self, owner: QWidget, edge: Qt.Edge = Qt.Edge.TopEdge) -> None:
        """Become an overlay of a widget, at or near its top or bottom edge.

        It moves away from the edge where it would cover controls.
        """
        self._owner, self._edge = owner, edge
        Overlay(self, self._reposition, avoids_others=True).attach_to(owner)
        self._reposition()

    @property
    def text(self) -> str:
        """The text of the message shown, with its remedy; empty while hidden."""
        return self._messages[-1].full_text if self._messages else ""

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
        self._push(_Message(text, level, remedy, details, action, callback, topic))

    def _push(self, message: _Message) -> None:
        remaining = (old for old in self._messages if old.outlives(message))
        self._messages = [*remaining, message][-_MAX_MESSAGES:]
        self._show()

    def show_info(
        self, text: str, action: str = "", callback: Callable[[], object] | None = None
    ) -> None:
        """Show an info; ``action`` is the text of a button that calls ``callback``."""
        self.show_message(text, action=action, callback=callback)

    def add_info(self, text: str) -> None:
        """Append lines to the current info or the collecting message, or show a new one.

        A collecting message is kept when another, such as a warning a moment later, covers it.
        """
        merged = [
            message
            for message in self._messages
            if message.collects_lines
            or (message is self._messages[-1] and not message.is_persistent)
        ]
        self._messages = [message for message in self._messages if message not in merged]
        lines = dict.fromkeys(line for message in merged for line in message.text.splitlines())
        lines |= dict.fromkeys(text.splitlines())
        self._push(
            _Message("\n".join([*lines][-_MAX_COLLECTED_LINES:]), "info", collects_lines=True)
        )

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

    def has_topic(self, topic: str) -> bool:
        """Whether there is a message of this topic, shown or below."""
        return any(message.topic == topic for message in self._messages)

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
            text = self._messages.pop().full_text
            self._show()
            self.dismissed.emit(text)

    def copy_details(self) -> None:
        """Copy the message and its details to the clipboard."""
        details = self._messages[-1].details if self._messages else ""
        QGuiApplication.clipboard().setText(f"{self.text}\n\n{details}".strip())

    def event(self, event: QEvent) -> bool:
        """Adjust position and height when the content has changed."""
        handled = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._reposition()
        return handled

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Dismiss the message on Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    def _show(self) -> None:
        if not self._messages:
            self._timeout_timer.stop()
            self.hide()
            return
        message = self._messages[-1]
        set_property(self, "role", message.level)
        self._icon_label.set_icon(*_ICONS[message.level])
        self._text.set_text(_shortened(message.text))
        self._remedy.set_text(_shortened(message.remedy))
        self._remedy.setVisible(bool(message.remedy))
        for part in (self._text, self._remedy):
            part.setToolTip(message.full_text if message.has_long_names else "")
        details = (
            "\n\n".join([message.full_text, message.details])
            if message.has_long_names
            else message.details
        )
        self._details.setPlainText(details.strip())
        self.details_button.setChecked(False)
        self.details_button.setVisible(bool(details))
        self._show_details(False)
        self.action_button.setText(message.action)
        name(self.action_button, message.action or " ")
        self.action_button.setVisible(bool(message.action))
        count = self.earlier
        earlier = self.tr("and 1 earlier") if count == 1 else self.tr("and {n} earlier")
        self.earlier_button.setText(earlier.format(n=count))
        name(self.earlier_button, self.earlier_button.text(), self.tr("Show the previous message"))
        self.earlier_button.setVisible(count > 0)
        self.setAccessibleName(message.full_text)
        self.show()
        self._reposition()
        if self._owner is None or message.level != "info":
            self._timeout_timer.stop()
        else:
            shortest = _ACTION_TIMEOUT_MS if message.action else _INFO_TIMEOUT_MS
            self._timeout_timer.start(
                max(shortest, _READING_MS_PER_LETTER * len(message.full_text))
            )

    def update_layout(self) -> None:
        """Reposition after the controls below have changed."""
        self._reposition_timer.start(0)

    def _reposition(self) -> None:
        owner = self._owner
        if owner is None or self.isHidden():
            return
        max_width, max_height = owner.width() - 2 * SPACE_M, owner.height() - 2 * SPACE_M
        width = max(1, min(max_width, _MAX_WIDTH))
        height = min(max(1, max_height), self.heightForWidth(width))
        self.setGeometry(free_rect(owner, QSize(width, height), self._edge, self))
        self.raise_()

    def _on_timeout(self) -> None:
        if not self.underMouse():
            self._messages = [old for old in self._messages[:-1] if old.is_persistent]
            self._show()

    def _show_earlier(self) -> None:
        """Show the message below, and move the one shown to the bottom of the stack."""
        self._messages = [self._messages[-1], *self._messages[:-1]]
        self._show()

    def _run_action(self) -> None:
        callback = self._messages.pop().callback
        self._show()
        if callback is not None:
            callback()

    def _show_details(self, unfolded: bool) -> None:
        self._details.setVisible(unfolded)
        self.copy_button.setVisible(unfolded)


def _shortened(text: str) -> str:
    """Elide the middle of names that are longer than ``_MAX_NAME_LENGTH`` characters."""
    half = _MAX_NAME_LENGTH // 2
    return _LONG_NAME.sub(lambda name: f"{name[0][:half]}…{name[0][1 - half :]}", text)
