"""Combo boxes of a field's choices, and the words of fields in the window's language."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic.fields import FieldInfo
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QComboBox, QWidget

from ddpm_studio.catalogue.fields import Choice
from ddpm_studio.gui.widgets.layout.basics import name


def add_choices(box: QComboBox, choices: Sequence[Choice]) -> None:
    """Put choices into a list, by their titles; what each is stands in its tip."""
    for choice in choices:
        box.addItem(translated(choice.title), choice.value)
        box.setItemData(box.count() - 1, translated(choice.help), Qt.ItemDataRole.ToolTipRole)


def name_by_field(widget: QWidget, field: FieldInfo) -> None:
    """Give a widget the name and the tip of a request's field."""
    name(widget, translated(field.title or ""), translated(field.description or ""))


def translated(text: str) -> str:
    """Return what a field, or an entry of the catalogue, says in the window's language."""
    return QCoreApplication.translate("requests", text)
