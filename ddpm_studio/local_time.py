"""Time stamps in local time."""

from __future__ import annotations

from datetime import datetime


def local_time(stamp: str) -> str:
    """Format an ISO 8601 time stamp as local date and time, to the minute.

    Text that is no time stamp, as in a file edited by hand, is returned unchanged.
    """
    try:
        time = datetime.fromisoformat(stamp).astimezone()
    except (ValueError, OverflowError, OSError):
        return stamp
    return f"{time:%Y-%m-%d %H:%M}"
