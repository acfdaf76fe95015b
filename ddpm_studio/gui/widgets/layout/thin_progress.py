"""Progress bar that is only a line."""

from __future__ import annotations

from PySide6.QtWidgets import QProgressBar, QSizePolicy

_HEIGHT = 3


def thin_progress(title: str) -> QProgressBar:
    """Return a hidden bar that keeps its room, so that nothing moves when it comes."""
    bar = QProgressBar()
    bar.setTextVisible(False)
    bar.setAccessibleName(title)
    bar.setMaximumHeight(_HEIGHT)
    policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    policy.setRetainSizeWhenHidden(True)
    bar.setSizePolicy(policy)
    bar.hide()
    return bar
