"""Translation of terminal options in advice texts to the field titles of a form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args

from pydantic.fields import FieldInfo
from PySide6.QtCore import QCoreApplication

# The advised value after an option, and the option as the terminal spells it.
_VALUE = r"(?: ([^\s.;,)]+(?:\.\.[^\s.;,)]+)?))?"
_OPTION = r"--(no-)?([a-z][a-z-]*)"


def options_to_titles(
    line: str, fields: Mapping[str, FieldInfo], template: str, *, with_values: bool = False
) -> str:
    """Replace terminal options in a line by a form's field titles, such as “Split: all”.

    Args:
        line: a text that may name options, such as ``--split all``.
        fields: the form's fields by name; options of no field are left as they are.
        template: format of a field with a value, with ``{field}`` and ``{value}``.
        with_values: whether the word after an option is its value; else it continues the sentence,
            and only yes-or-no fields get a value.
    """

    def named(option: re.Match[str]) -> str:
        value = option[3] if with_values else None
        field = fields.get(option[2].replace("-", "_"))
        if field is None or not field.title:
            return option[0]
        if not value and bool in (field.annotation, *get_args(field.annotation)):
            value = _tr("no") if option[1] else _tr("yes")
        return template.format(field=field.title, value=value) if value else field.title

    return re.sub(_OPTION + (_VALUE if with_values else ""), named, line)


def _tr(text: str) -> str:
    return QCoreApplication.translate("advice", text)
