"""Command lines of requests, for whoever is to ask the same again."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from pydantic import BaseModel

from ddpm_studio.catalogue.fields import option_name
from ddpm_studio.picture_shape import sides

# Of pairs; a backslash before one of them makes it a sign of a name, such as of a class.
_SIGN, _ESCAPED = re.compile(r"[\\,=]"), re.compile(r"\\([\\,=])")
# While they are parted, what nobody types stands in the place of such a sign.
_HIDDEN = {"\\": "\0", ",": "\1", "=": "\2"}
_SHOWN = str.maketrans({hidden: sign for sign, hidden in _HIDDEN.items()})


def read_pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield the names and values of NAME=X, several with commas between.

    Raises:
        ValueError: one is none; the message is what it is.
    """
    hidden = _ESCAPED.sub(lambda found: _HIDDEN[found[1]], text)
    for part in hidden.split(","):
        name, _, value = (one.translate(_SHOWN) for one in part.strip().partition("="))
        if not (name and value):
            raise ValueError(name or value)
        yield name, value


def _escaped(text: str) -> str:
    return _SIGN.sub(r"\\\g<0>", text)


def options_of(asked: BaseModel, usual: BaseModel, leave_out: Collection[str]) -> Iterator[str]:
    """Yield the options in which a request differs from one that nothing was asked of."""
    for name in type(asked).model_fields:
        value: Any = getattr(asked, name)
        if name in leave_out or value is None or value == getattr(usual, name):
            continue
        if isinstance(value, bool):
            yield option_name(name if value else f"no_{name}")
        elif isinstance(value, dict):
            for key, one in value.items():
                # All its digits: of another number it would not be the same question.
                shown = repr(one).removesuffix(".0") if isinstance(one, float) else one
                yield from (option_name(name), "=".join(map(_escaped, (str(key), str(shown)))))
        elif name == "image_size":
            yield from (option_name(name), "x".join(map(str, dict.fromkeys(sides(value)))))
        else:
            yield from (option_name(name), str(value))
