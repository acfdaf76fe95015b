"""Empty state of a view: an icon, one line, one button."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import IconLabel, button, label

_ICON = 32


class EmptyState(QWidget):
    """An invitation in the middle of an empty view.

    Args:
        icon: name of an icon.
        text: one line on what belongs here.
        button_text: what the button says; empty: no button.
        callback: what the button does.
        parent: the owner.
    """

    def __init__(
        self,
        icon: str = "image",
        text: str = "",
        button_text: str = "",
        callback: Callable[[], object] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._callback = callback
        self._icon = IconLabel(icon, _ICON, "disabled")
        self._text = label(text, "muted", wrap=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.button = button(button_text or " ")
        self.button.clicked.connect(self._act)
        layout = self._layout = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        layout.setSpacing(SPACE_M)
        layout.addStretch()
        layout.addWidget(self._icon, alignment=Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self._text)
        layout.addSpacing(SPACE_S)
        layout.addWidget(self.button, alignment=Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch()
        self.set_content(icon, text, button_text, callback)

    def set_content(
        self,
        icon: str,
        text: str,
        button_text: str = "",
        callback: Callable[[], object] | None = None,
    ) -> None:
        """Say something else."""
        self._callback = callback
        self._icon.set_icon(icon)
        self._text.setText(text)
        self.button.setText(button_text)
        self.button.setAccessibleName(button_text)
        self.button.setToolTip(text)
        self.button.setVisible(bool(button_text))

    def set_flat(self, flat: bool) -> None:
        """Lie in one line, below something that has the room, or stand in the middle of all."""
        way = QBoxLayout.Direction
        self._layout.setDirection(way.LeftToRight if flat else way.TopToBottom)
        self._text.setWordWrap(not flat)

    @property
    def text(self) -> str:
        """The line that is shown."""
        return self._text.text()

    def _act(self) -> None:
        if self._callback is not None:
            self._callback()
