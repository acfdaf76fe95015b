"""Parser of device lists, such as "0,1" or "all", for jobs on several devices."""

from __future__ import annotations

ALL_DEVICES = "all"
"""The value for all GPUs."""


def device_list(text: str) -> str | None:
    """Normalise a list of devices, such as "0,1" or "cpu,cpu"; None if it is empty.

    Raises:
        ValueError: if it is no list of devices; the message describes valid ones.
    """
    names = [name.strip().removeprefix("cuda:") for name in text.lower().split(",")]
    if names in ([""], [ALL_DEVICES]):
        return names[0] or None
    processors = names.count("cpu") == len(names)
    if not processors and not all(name.isdecimal() and len(name) < 4 for name in names):
        raise ValueError("devices are numbers of GPUs as 0,1,2,3, or all, or cpu,cpu")
    if not processors and len(set(map(int, names))) < len(names):
        raise ValueError("no GPU can be two of the devices")
    return ",".join(names)
