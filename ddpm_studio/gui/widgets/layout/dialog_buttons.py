"""Dialog buttons in the row at its end."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QPushButton

from ddpm_studio.gui.theme.tokens import SPACE_M


def answers(cancel: QPushButton, accept: QPushButton) -> QHBoxLayout:
    """Lay out a dialog's two answers at its right end, the one that does something last."""
    row = QHBoxLayout()
    row.setSpacing(SPACE_M)
    row.addStretch()
    row.addWidget(cancel)
    row.addWidget(accept)
    return row
