"""Empty state of a view: an icon, one line, one button."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

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
        flat: in one line without the icon, below something that has the room.
        parent: the owner.
    """

    def __init__(
        self,
        icon: str = "image",
        text: str = "",
        button_text: str = "",
        callback: Callable[[], object] | None = None,
        flat: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._callback = callback
        self._icon = IconLabel(icon, _ICON, "disabled")
        self._text = label(text, "muted", wrap=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.button = button(button_text or " ")
        self.button.clicked.connect(self._act)
        if flat:
            self._lie_down()
        else:
            self._stand()
        self.set_content(icon, text, button_text, callback)

    def _lie_down(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_M)
        layout.addWidget(self.button)
        layout.addWidget(self._text, 1)
        self._text.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._icon.setParent(self)
        self._icon.hide()

    def _stand(self) -> None:
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
        """Say something else."""
        self._callback = callback
        self._icon.set_icon(icon)
        self._text.setText(text)
        self.button.setText(button_text)
        self.button.setAccessibleName(button_text)
        self.button.setToolTip(text)
        self.button.setVisible(bool(button_text))

    @property
    def text(self) -> str:
        """The line that is shown."""
        return self._text.text()

    def _act(self) -> None:
        if self._callback is not None:
            self._callback()
