"""Command-line options that repeat a request, and parsing of NAME=X pairs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from pydantic import BaseModel

from ddpm_studio.catalogue.fields import is_unused_option, option_name
from ddpm_studio.picture_shape import sides

# Characters with a meaning in pairs; a backslash before one makes it part of a name or value.
_SPECIAL, _ESCAPED = re.compile(r"[\\,=]"), re.compile(r"\\([\\,=])")
# Control characters, which nobody types, replace escaped characters while pairs are split.
_PLACEHOLDERS = {"\\": "\0", ",": "\1", "=": "\2"}
_UNESCAPED = str.maketrans({hidden: character for character, hidden in _PLACEHOLDERS.items()})


def read_pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield the names and values of NAME=X pairs separated by commas.

    Raises:
        ValueError: if one is not a pair; the message is its name or value, whichever there is.
    """
    hidden = _ESCAPED.sub(lambda found: _PLACEHOLDERS[found[1]], text)
    for part in hidden.split(","):
        name, _, value = (piece.translate(_UNESCAPED) for piece in part.strip().partition("="))
        if not (name and value):
            raise ValueError(name or value)
        yield name, value


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)


def changed_options(
    request: BaseModel, defaults: BaseModel, leave_out: Collection[str]
) -> Iterator[str]:
    """Yield the command-line options for the fields in which ``request`` differs from ``defaults``.

    Options that the request's sampler, or another entry, does not take are left out, as the
    terminal refuses them.

    Args:
        request: the request to repeat.
        defaults: a request with the default of every option.
        leave_out: fields to leave out.
    """
    for name in type(request).model_fields:
        value: Any = getattr(request, name)
        if name in leave_out or value is None or value == getattr(defaults, name):
            continue
        if is_unused_option(type(request), name, request.__dict__):
            continue
        if isinstance(value, bool):
            yield option_name(name if value else f"no_{name}")
        elif isinstance(value, dict):
            for key, entry in value.items():
                # With all digits, as a rounded number would be a different request.
                text = repr(entry).removesuffix(".0") if isinstance(entry, float) else entry
                yield from (option_name(name), "=".join(map(_escaped, (str(key), str(text)))))
        elif name == "image_size":
            yield from (option_name(name), "x".join(map(str, dict.fromkeys(sides(value)))))
        else:
            yield from (option_name(name), str(value))
