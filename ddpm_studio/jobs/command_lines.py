"""Command lines of requests, for whoever is to ask the same again."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from pydantic import BaseModel

from ddpm_studio.catalogue.fields import option_name
from ddpm_studio.picture_shape import sides


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
                yield from (option_name(name), f"{key}={shown}")
        elif name == "image_size":
            yield from (option_name(name), "x".join(map(str, dict.fromkeys(sides(value)))))
        else:
            yield from (option_name(name), str(value))
