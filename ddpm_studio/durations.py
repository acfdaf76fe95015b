"""Durations and counts in plain words."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Return "8 s", "12 min", "3 h 05 min" or "2 days"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02} min"
    return f"{round(hours / 24)} days"
