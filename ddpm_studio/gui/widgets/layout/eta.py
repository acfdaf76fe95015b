"""Durations in words of the person's language."""

from __future__ import annotations

import math

from PySide6.QtCore import QCoreApplication

from ddpm_studio import durations


def duration(seconds: float) -> str:
    """Return "4 s", "6 min", "2 h 10 min" or "3 days"; "" for what is no duration."""
    if not math.isfinite(seconds) or seconds < 0:
        return ""
    words = durations.duration(seconds)
    number, _, unit = words.rpartition(" ")
    if unit == "days":
        return QCoreApplication.translate("Duration", "{n} days").format(n=number)
    return words


def time_left(seconds: float | None) -> str:
    """Return "6 min left", or "" while it is too early to say."""
    words = "" if seconds is None else duration(seconds)
    return QCoreApplication.translate("Duration", "{time} left").format(time=words) if words else ""
