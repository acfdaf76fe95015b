"""Choices of fields in combo boxes, and translation of the catalogue's texts."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic.fields import FieldInfo
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QComboBox, QWidget

from ddpm_studio.catalogue.fields import Choice
from ddpm_studio.gui.widgets.layout.basics import name


def add_choices(box: QComboBox, choices: Sequence[Choice]) -> None:
    """Add choices to a combo box by title, with their help as tooltip and value as data."""
    for choice in choices:
        box.addItem(translated(choice.title), choice.value)
        box.setItemData(box.count() - 1, translated(choice.help), Qt.ItemDataRole.ToolTipRole)


def set_name_from_field(widget: QWidget, field: FieldInfo) -> None:
    """Set a widget's accessible name and tooltip from a request's field."""
    name(widget, translated(field.title or ""), translated(field.description or ""))


def translated(text: str) -> str:
    """Translate a text of a request's field or of the catalogue to the window's language."""
    return QCoreApplication.translate("requests", text)
