"""Local time: moments as people read them."""

from __future__ import annotations

from datetime import datetime


def local_time(stamp: str) -> str:
    """Return an ISO 8601 time stamp as date and time of this place, to the minute.

    What is none, as a file that was changed may say, is returned as it is.
    """
    try:
        moment = datetime.fromisoformat(stamp).astimezone()
    except (ValueError, OverflowError, OSError):
        return stamp
    return f"{moment:%Y-%m-%d %H:%M}"
