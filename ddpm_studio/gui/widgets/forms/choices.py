"""Combo boxes of a field's choices, and the words of fields in the window's language."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QComboBox

from ddpm_studio.catalogue.fields import Choice


def add_choices(box: QComboBox, choices: Sequence[Choice]) -> None:
    """Put choices into a list, by their titles; what each is stands in its tip."""
    for choice in choices:
        box.addItem(translated(choice.title), choice.value)
        box.setItemData(box.count() - 1, translated(choice.help), Qt.ItemDataRole.ToolTipRole)


def translated(text: str) -> str:
    """Return what a field, or an entry of the catalogue, says in the window's language."""
    return QCoreApplication.translate("requests", text)
