"""Advice that was written for the terminal, in the words of a form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args

from pydantic.fields import FieldInfo
from PySide6.QtCore import QCoreApplication

# What the terminal calls an option, and the value that is advised.
_VALUE = r"(?: ([^\s.;,)]+(?:\.\.[^\s.;,)]+)?))?"
_OPTION = r"--(no-)?([a-z][a-z-]*)"


def in_form(
    line: str, fields: Mapping[str, FieldInfo], words: str, *, with_values: bool = False
) -> str:
    """Return a line with its options as a form calls them, such as “Split: all”.

    Args:
        line: may name options, such as ``--split all``.
        fields: those of the form; what it lacks keeps its name.
        words: with ``{field}`` and ``{value}``, how a field is told that takes a value.
        with_values: whether the word after an option is its value; else it goes on with the
            sentence, and a value is told only of what is yes or no.
    """

    def named(option: re.Match[str]) -> str:
        value = option[3] if with_values else None
        field = fields.get(option[2].replace("-", "_"))
        if field is None or not field.title:
            return option[0]
        if not value and bool in (field.annotation, *get_args(field.annotation)):
            value = _tr("no") if option[1] else _tr("yes")
        return words.format(field=field.title, value=value) if value else field.title

    return re.sub(_OPTION + (_VALUE if with_values else ""), named, line)


def _tr(text: str) -> str:
    return QCoreApplication.translate("advice", text)
