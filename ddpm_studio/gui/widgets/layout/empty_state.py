"""Empty state of a view: an icon, a line of text and a button."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import IconLabel, button, label

_ICON = 32


class EmptyState(QWidget):
    """Placeholder of an empty view: an icon, a text and a button for the next step.

    Args:
        icon: name of an icon.
        text: one line on what the view will show.
        button_text: text of the button; empty: no button.
        callback: called when the button is clicked.
        horizontal: whether to use one line without the icon, for little height.
        parent: the owner.
    """

    def __init__(
        self,
        icon: str = "image",
        text: str = "",
        button_text: str = "",
        callback: Callable[[], object] | None = None,
        horizontal: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._callback = callback
        self._icon = IconLabel(icon, _ICON, "disabled")
        self._text = label(text, "muted", wrap=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.button = button(button_text or " ")
        self.button.clicked.connect(self._run_callback)
        if horizontal:
            self._lay_out_horizontally()
        else:
            self._lay_out_vertically()
        self.set_content(icon, text, button_text, callback)

    def _lay_out_horizontally(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_M)
        layout.addWidget(self.button)
        layout.addWidget(self._text, 1)
        self._text.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._icon.setParent(self)
        self._icon.hide()

    def _lay_out_vertically(self) -> None:
        layout = QVBoxLayout(self)
        layout.setSpacing(SPACE_M)
        layout.addStretch()
        layout.addWidget(self._icon, alignment=Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self._text)
        layout.addSpacing(SPACE_S)
        layout.addWidget(self.button, alignment=Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch()

    def set_content(
        self,
        icon: str,
        text: str,
        button_text: str = "",
        callback: Callable[[], object] | None = None,
    ) -> None:
        """Change icon, text and button."""
        self._callback = callback
        self._icon.set_icon(icon)
        self._text.setText(text)
        self.button.setText(button_text)
        self.button.setAccessibleName(button_text)
        self.button.setToolTip(text)
        self.button.setVisible(bool(button_text))

    @property
    def text(self) -> str:
        """The text shown."""
        return self._text.text()

    def _run_callback(self) -> None:
        if self._callback is not None:
            self._callback()
