"""Durations in words."""

from __future__ import annotations

import math

from PySide6.QtCore import QCoreApplication


def duration(seconds: float) -> str:
    """Return "4 s", "6 min", "2 h 10 min" or "3 days"; "" for what is no duration."""
    if not math.isfinite(seconds) or seconds < 0:
        return ""
    if seconds < 59.5:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 10:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    if hours < 48:
        return f"{hours} h"
    return QCoreApplication.translate("Duration", "{n} days").format(n=round(hours / 24))


def time_left(seconds: float | None) -> str:
    """Return "6 min left", or "" while it is too early to say."""
    words = "" if seconds is None else duration(seconds)
    return QCoreApplication.translate("Duration", "{time} left").format(time=words) if words else ""
