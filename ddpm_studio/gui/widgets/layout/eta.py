"""Durations and remaining times as text in the window's language."""

from __future__ import annotations

import math

from PySide6.QtCore import QCoreApplication

from ddpm_studio import durations


def format_duration(seconds: float) -> str:
    """Format seconds as "4 s", "6 min", "2 h 10 min" or "3 days"; "" if negative or not finite."""
    if not math.isfinite(seconds) or seconds < 0:
        return ""
    text = durations.format_duration(seconds)
    number, _, unit = text.rpartition(" ")
    if unit == "days":
        return QCoreApplication.translate("Duration", "{n} days").format(n=number)
    return text


def time_left(seconds: float | None) -> str:
    """Format a remaining time as "6 min left"; "" if unknown (None)."""
    duration = "" if seconds is None else format_duration(seconds)
    return (
        QCoreApplication.translate("Duration", "{time} left").format(time=duration)
        if duration
        else ""
    )
