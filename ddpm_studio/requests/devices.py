"""Several devices for one job, as a person writes them."""

from __future__ import annotations

ALL_DEVICES = "all"
"""Every GPU."""


def device_list(given: str) -> str | None:
    """Return a list of devices without spaces, such as "0,1" or "cpu,cpu"; None for an empty one.

    Raises:
        ValueError: if it is none, with what is right.
    """
    names = [name.strip().removeprefix("cuda:") for name in given.lower().split(",")]
    if names in ([""], [ALL_DEVICES]):
        return names[0] or None
    processors = names.count("cpu") == len(names)
    if not processors and not all(name.isdecimal() and len(name) < 4 for name in names):
        raise ValueError("devices are numbers of GPUs as 0,1,2,3, or all, or cpu,cpu")
    if not processors and len(set(map(int, names))) < len(names):
        raise ValueError("no GPU can be two of the devices")
    return ",".join(names)
