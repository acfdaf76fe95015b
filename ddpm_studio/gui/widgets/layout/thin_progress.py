"""Thin progress bar: a line without text."""

from __future__ import annotations

from PySide6.QtWidgets import QProgressBar, QSizePolicy

_HEIGHT = 3


def thin_progress(title: str) -> QProgressBar:
    """Return a hidden thin progress bar that reserves its space, so that showing moves nothing."""
    bar = QProgressBar()
    bar.setTextVisible(False)
    bar.setAccessibleName(title)
    bar.setMaximumHeight(_HEIGHT)
    policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    policy.setRetainSizeWhenHidden(True)
    bar.setSizePolicy(policy)
    bar.hide()
    return bar
