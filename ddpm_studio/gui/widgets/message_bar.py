"""A quiet bar at the top of a panel, instead of a dialog."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from ddpm_studio.errors import Failure
from ddpm_studio.gui.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.basics import (
    IconLabel,
    button,
    label,
    name,
    set_property,
    tool_button,
)

Level = Literal["info", "warning", "error"]

_ICONS = {
    "info": ("info", "accent"),
    "warning": ("triangle-alert", "warning"),
    "error": ("circle-alert", "danger"),
}
_DETAILS_HEIGHT = 140


class MessageBar(QFrame):
    """Says one thing at a time; hidden while there is nothing to say.

    Escape or the cross sends it away, which emits ``dismissed`` with its text.
    """

    dismissed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._callback: Callable[[], object] | None = None
        self._level: Level = "info"
        self._mark = IconLabel("info", 16, "accent")
        self._text = label(wrap=True)
        self._remedy = label("", "muted", wrap=True)
        for part in (self._text, self._remedy):
            part.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            part.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.action_button = button(" ")
        self.details_button = button(
            self.tr("Details"), self.tr("Show what happened in full"), role="link"
        )
        self.details_button.setCheckable(True)
        self.copy_button = button(
            self.tr("Copy"), self.tr("Copy the details"), icon="copy", role="link"
        )
        self.close_button = tool_button("x", self.tr("Dismiss"), self.tr("Dismiss this message"))
        self.close_button.setProperty("role", "small")
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setFixedHeight(_DETAILS_HEIGHT)
        name(self._details, self.tr("Details"))
        self.action_button.clicked.connect(self._act)
        self.details_button.toggled.connect(self._unfold)
        self.copy_button.clicked.connect(self.copy_details)
        self.close_button.clicked.connect(self.dismiss)

        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._text)
        words.addWidget(self._remedy)
        links = QHBoxLayout()
        links.setSpacing(SPACE_S)
        for press in (self.action_button, self.details_button, self.copy_button):
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

    @property
    def text(self) -> str:
        """What is said, with the remedy; empty while hidden."""
        if self.isHidden():
            return ""
        return f"{self._text.text()} {self._remedy.text()}".strip()

    @property
    def level(self) -> Level:
        """How grave it is."""
        return self._level

    def show_message(
        self,
        text: str,
        level: Level = "info",
        *,
        remedy: str = "",
        details: str = "",
        action: str = "",
        callback: Callable[[], object] | None = None,
    ) -> None:
        """Say something, in the place of what was said before.

        Args:
            text: what is the matter.
            level: how grave it is.
            remedy: what to do about it.
            details: a long text to unfold and copy.
            action: what a button says; the message goes when it is pressed.
            callback: what the button does.
        """
        self._level, self._callback = level, callback
        set_property(self, "role", level)
        self._mark.set_icon(*_ICONS[level])
        self._text.setText(text)
        self._remedy.setText(remedy)
        self._remedy.setVisible(bool(remedy))
        self._details.setPlainText(details)
        self.details_button.setChecked(False)
        self.details_button.setVisible(bool(details))
        self._unfold(False)
        self.action_button.setText(action)
        name(self.action_button, action or " ")
        self.action_button.setVisible(bool(action))
        self.setAccessibleName(f"{text} {remedy}".strip())
        self.show()

    def show_info(
        self, text: str, action: str = "", callback: Callable[[], object] | None = None
    ) -> None:
        """Tell something; ``action`` is what a button says that calls ``callback``."""
        self.show_message(text, action=action, callback=callback)

    def show_warning(
        self, text: str, action: str = "", callback: Callable[[], object] | None = None
    ) -> None:
        """Tell something that should be looked at."""
        self.show_message(text, "warning", action=action, callback=callback)

    def show_failure(
        self, failure: Failure, action: str = "", callback: Callable[[], object] | None = None
    ) -> None:
        """Say what went wrong."""
        self.show_message(
            failure.cause,
            "error",
            remedy=failure.remedy,
            details=failure.details,
            action=action,
            callback=callback,
        )

    def clear(self) -> None:
        """Say nothing more."""
        self._callback = None
        self.hide()

    def dismiss(self) -> None:
        """Say nothing more, as the person wishes it."""
        if not self.isHidden():
            text = self.text
            self.clear()
            self.dismissed.emit(text)

    def copy_details(self) -> None:
        """Put the message and its details on the clipboard."""
        QGuiApplication.clipboard().setText(f"{self.text}\n\n{self._details.toPlainText()}")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go away on Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    def _act(self) -> None:
        callback = self._callback
        self.clear()
        if callback is not None:
            callback()

    def _unfold(self, unfolded: bool) -> None:
        self._details.setVisible(unfolded)
        self.copy_button.setVisible(unfolded)
