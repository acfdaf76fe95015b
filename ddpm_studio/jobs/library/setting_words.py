"""Values of settings in words."""

from __future__ import annotations

from collections.abc import Mapping


def setting_text(value: object) -> str:
    """Return the value of a setting in words; "–" if it is not set."""
    if value is None or value in ((), {}):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {setting_text(part)}" for name, part in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(setting_text(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
