"""Human-readable durations, counts and file sizes."""

from __future__ import annotations


def format_duration(seconds: float) -> str:
    """Format a duration in seconds as "8 s", "12 min", "3 h 5 min", "12 h" or "2 days"."""
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
    return f"{round(hours / 24)} days"


def format_count(count: int, noun: str, plural: str = "") -> str:
    """Format a count with its noun, such as "1 picture" or "1,234 pictures".

    Args:
        count: the number of things.
        noun: the noun, in the singular.
        plural: the plural; empty: the singular with an s.
    """
    return f"1 {noun}" if count == 1 else f"{count:,} {plural or noun + 's'}"


def format_size(count: int) -> str:
    """Format a size in bytes as "340 kB", "1.2 MB", "640 MB" or "1.2 GB"."""
    if count < 1e6:
        return f"{max(1, round(count / 1e3))} kB"
    if count < 1e9:
        return f"{count / 1e6:.1f} MB" if count < 1e7 else f"{count / 1e6:.0f} MB"
    return f"{count / 1e9:.1f} GB"
