"""Table model of the runs, for Qt's model/view framework."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QPixmap

from ddpm_studio.engine.sizes import side_text
from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.local_time import local_time

if TYPE_CHECKING:
    from ddpm_studio.jobs.library.listing import RunEntry

Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()
SHOWN, SAMPLE, TAGS, STEP, LOSS, NETWORK, CREATED = range(7)

#: Role of a cell whose value is a run's (step, loss) points, for a delegate that draws them.
POINTS = Qt.ItemDataRole.UserRole


class RunModel(QAbstractTableModel):
    """Model with one row for each run; the first column has a check box to overlay its curves.

    Args:
        colour_of: returns the colour ``#rrggbb`` of a run.
        parent: the owner.
    """

    ticked = Signal(object, bool)
    """A check box was clicked; (run as Path, whether its curves are to be overlaid)."""
    cover_requested = Signal(object)
    """The last sample of a run (Path) came into view and is not loaded yet."""

    def __init__(self, colour_of: Callable[[Path], str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._colour_of = colour_of
        self.entries: tuple[RunEntry, ...] = ()
        self._covers: dict[Path, QPixmap | None] = {}
        self._ticked: frozenset[Path] = frozenset()
        self._open: Path | None = None
        self._titles = (
            self.tr("Run"),
            self.tr("Sample"),
            self.tr("Tags"),
            self.tr("Step"),
            self.tr("Loss"),
            self.tr("Network"),
            self.tr("Begun"),
        )

    def show(
        self, entries: Sequence[RunEntry], open_run: Path | None, ticked: Sequence[Path]
    ) -> None:
        """Replace all runs.

        Args:
            entries: the runs, a row each.
            open_run: path of the open run.
            ticked: paths of the runs whose curves are overlaid.
        """
        self.beginResetModel()
        self.entries = tuple(entries)
        # Loaded again: a training draws new samples.
        self._covers = {}
        self._open, self._ticked = open_run, frozenset(ticked)
        self.endResetModel()

    def set_overlaid_runs(self, open_run: Path | None, ticked: Sequence[Path]) -> None:
        """Update which run is open, and which runs' curves are overlaid."""
        self._open, self._ticked = open_run, frozenset(ticked)
        if self.entries:
            last = self.index(len(self.entries) - 1, CREATED)
            self.dataChanged.emit(self.index(0, 0), last)

    def set_cover(self, run: Path, picture: QPixmap | None) -> None:
        """Set the last sample of a run; None: it has none."""
        self._covers[run] = picture
        for row, entry in enumerate(self.entries):
            if entry.path == run:
                self.dataChanged.emit(self.index(row, SAMPLE), self.index(row, SAMPLE))

    def rowCount(self, parent: Index = _NONE) -> int:
        """Return the number of runs."""
        return 0 if parent.isValid() else len(self.entries)

    def columnCount(self, parent: Index = _NONE) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self._titles)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the title of a column."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self._titles[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Make the first column checkable, except for the open run, which is always shown."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == SHOWN and self.entries[index.row()].path != self._open:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the text of a cell, or its data for another role."""
        entry, column = self.entries[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(entry, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(entry)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self._titles[column]}: {self._text(entry, column)}"
        if column == SHOWN:
            return self._first_column_data(entry, role)
        if column == SAMPLE and role == Qt.ItemDataRole.DecorationRole:
            return self._cover(entry.path)
        if column == LOSS and role == POINTS:
            return entry.losses
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (STEP, LOSS):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole and column != TAGS:
            return QColor(current_theme().color("muted"))
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Emit ``ticked`` when a check box is clicked."""
        if role != Qt.ItemDataRole.CheckStateRole or index.column() != SHOWN:
            return False
        checked = Qt.CheckState(value) == Qt.CheckState.Checked
        self.ticked.emit(self.entries[index.row()].path, checked)
        return True

    def _first_column_data(self, entry: RunEntry, role: int) -> Any:
        if role == Qt.ItemDataRole.CheckStateRole:
            is_shown = entry.path == self._open or entry.path in self._ticked
            return Qt.CheckState.Checked if is_shown else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.DecorationRole:
            is_shown = entry.path == self._open or entry.path in self._ticked
            return QColor(self._colour_of(entry.path)) if is_shown else QColor(0, 0, 0, 0)
        if role == Qt.ItemDataRole.FontRole and entry.path == self._open:
            font: QFont = body_font(bold=True)
            return font
        return None

    def _cover(self, run: Path) -> QPixmap | None:
        if run not in self._covers:
            self._covers[run] = None
            self.cover_requested.emit(run)
        return self._covers[run]

    def _text(self, entry: RunEntry, column: int) -> str:
        if column == SHOWN:
            return entry.name
        if column == SAMPLE:
            return ""
        if column == TAGS:
            return ", ".join(entry.notes.tags) or entry.notes.first_line
        if column == STEP:
            return f"{entry.step:,}"
        if column == LOSS:
            return "–" if entry.last_loss is None else f"{entry.last_loss:.4f}"
        if column == NETWORK:
            size = side_text(entry.width, entry.height)
            return f"{entry.preset or self.tr('its own')} · {size} px"
        return local_time(entry.created)[:10]

    def _tip(self, entry: RunEntry) -> str:
        created = self.tr("begun {0}").format(local_time(entry.created))
        parts = [
            str(entry.path),
            created,
            ", ".join(entry.notes.tags),
            entry.notes.text.strip()[:400],
        ]
        return "\n".join(part for part in parts if part)
