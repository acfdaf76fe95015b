"""Comparison table of runs' settings, with differences marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ddpm_studio.gui.features.common.counts import counted
from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import label, name

_MISSING = "–"
_SETTING_WIDTH = 168


class CompareView(QWidget):
    """Table with a row for each setting and a column for each run; differing rows are marked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: list[str] = []
        self._settings: list[Mapping[str, str]] = []
        self.title = label("", "heading")
        self.only_differing = QCheckBox(self.tr("only what differs"))
        self.only_differing.setChecked(True)
        name(
            self.only_differing,
            self.tr("Only what differs"),
            self.tr("Leave out settings that are equal"),
        )
        self.only_differing.toggled.connect(self._fill)
        self.table = QTableWidget()
        self.table.setAccessibleName(self.tr("Settings compared"))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header_row = QHBoxLayout()
        header_row.setSpacing(SPACE_M)
        header_row.addWidget(self.title, 1)
        header_row.addWidget(self.only_differing)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addLayout(header_row)
        layout.addWidget(self.table, 1)
        current_theme().changed.connect(self._fill)

    def show_settings(self, names: Sequence[str], settings: Sequence[Mapping[str, str]]) -> None:
        """Show the settings of runs, for each a mapping from title to value as text."""
        self._names, self._settings = list(names), list(settings)
        self._fill()

    @property
    def differing(self) -> list[str]:
        """The titles of the settings in which the runs differ."""
        return [title for title in self._titles() if self._differs(title)]

    def _titles(self) -> list[str]:
        return list(dict.fromkeys(title for settings in self._settings for title in settings))

    def _values(self, title: str) -> list[str]:
        return [settings.get(title, _MISSING) for settings in self._settings]

    def _differs(self, title: str) -> bool:
        return len(set(self._values(title))) > 1

    def _fill(self) -> None:
        differing = self.differing
        self.title.setText(
            counted(len(differing), self.tr("1 setting differs"), self.tr("{n} settings differ"))
        )
        titles = differing if self.only_differing.isChecked() else self._titles()
        table = self.table
        table.clear()
        table.setColumnCount(1 + len(self._names))
        table.setRowCount(len(titles))
        table.setHorizontalHeaderLabels([self.tr("Setting"), *self._names])
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        table.setColumnWidth(0, _SETTING_WIDTH)
        accent, bold = QColor(current_theme().color("accent")), body_font(bold=True)
        for row, title in enumerate(titles):
            differs = title in differing
            texts = [f"≠ {title}" if differs else title, *self._values(title)]
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                if differs and column:
                    item.setForeground(accent)
                    item.setFont(bold)
                table.setItem(row, column, item)
