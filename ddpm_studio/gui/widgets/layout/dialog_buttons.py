"""Button row of a dialog."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QPushButton

from ddpm_studio.gui.theme.tokens import SPACE_M


def dialog_button_row(cancel: QPushButton, accept: QPushButton) -> QHBoxLayout:
    """Return a right-aligned row of a dialog's buttons: cancel, then accept."""
    row = QHBoxLayout()
    row.setSpacing(SPACE_M)
    row.addStretch()
    row.addWidget(cancel)
    row.addWidget(accept)
    return row
