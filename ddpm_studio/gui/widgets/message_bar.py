"""A quiet bar at the top of a panel: what happened, what to do, details to copy."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from ddpm_studio.errors import Failure
from ddpm_studio.gui.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.basics import IconLabel, button, label, name, set_property, tool_button

_ICONS = {
    "info": ("info", "accent"),
    "warning": ("triangle-alert", "warning"),
    "error": ("triangle-alert", "danger"),
}
_DETAILS_HEIGHT = 140


class MessageBar(QFrame):
    """Hidden until there is something to say; the newest message replaces the one before."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._callback: Callable[[], object] | None = None
        self.setProperty("role", "info")
        self.icon = IconLabel("info", role="accent")
        self.text = label("", wrap=True)
        self.remedy = label("", "muted", wrap=True)
        self.action_button = button(" ", role="link")
        self.action_button.clicked.connect(self._act)
        self.details_button = button(
            self.tr("Details"), self.tr("Show details for a report"), role="link"
        )
        self.details_button.setCheckable(True)
        self.copy_button = button(self.tr("Copy"), self.tr("Copy message and details"), role="link")
        self.copy_button.clicked.connect(self.copy)
        self.dismiss_button = tool_button("x", self.tr("Dismiss"))
        self.dismiss_button.clicked.connect(self.clear)
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setFixedHeight(_DETAILS_HEIGHT)
        name(self.details, self.tr("Details"))
        self.details_button.toggled.connect(self.details.setVisible)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.text)
        words.addWidget(self.remedy)
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        row.addWidget(self.icon)
        row.addLayout(words, 1)
        for part in (
            self.action_button,
            self.details_button,
            self.copy_button,
            self.dismiss_button,
        ):
            row.addWidget(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_M, SPACE_S, SPACE_S, SPACE_S)
        layout.setSpacing(SPACE_S)
        layout.addLayout(row)
        layout.addWidget(self.details)
        self.clear()

    def show_info(
        self, text: str, action: str = "", callback: Callable[[], object] | None = None
    ) -> None:
        """Say something; ``action`` is the text of a button that calls ``callback``."""
        self._say("info", text, "", "", action, callback)

    def show_warning(
        self, text: str, action: str = "", callback: Callable[[], object] | None = None
    ) -> None:
        """Say something that should be looked at."""
        self._say("warning", text, "", "", action, callback)

    def show_failure(
        self, failure: Failure, action: str = "", callback: Callable[[], object] | None = None
    ) -> None:
        """Say what went wrong and what to do; the details unfold and can be copied."""
        self._say("error", failure.cause, failure.remedy, failure.details, action, callback)

    def clear(self) -> None:
        """Say nothing."""
        self.hide()
        self._callback = None
        self.details_button.setChecked(False)

    def copy(self) -> None:
        """Copy message and details."""
        parts = (self.text.text(), self.remedy.text(), self.details.toPlainText())
        QGuiApplication.clipboard().setText("\n".join(part for part in parts if part))

    def _say(
        self,
        kind: str,
        text: str,
        remedy: str,
        details: str,
        action: str,
        callback: Callable[[], object] | None,
    ) -> None:
        set_property(self, "role", kind)
        self.icon.set_icon(*_ICONS[kind])
        self.text.setText(text)
        self.remedy.setText(remedy)
        self.remedy.setVisible(bool(remedy))
        self.details.setPlainText(details)
        self.details_button.setChecked(False)
        self.details.hide()
        self.details_button.setVisible(bool(details))
        self.copy_button.setVisible(kind == "error")
        self._callback = callback
        self.action_button.setText(action)
        self.action_button.setAccessibleName(action)
        self.action_button.setToolTip(action)
        self.action_button.setVisible(bool(action))
        self.setAccessibleName(f"{text} {remedy}".strip())
        self.show()

    def _act(self) -> None:
        callback = self._callback
        self.clear()
        if callback is not None:
            callback()
