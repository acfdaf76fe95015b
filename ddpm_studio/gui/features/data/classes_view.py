"""Class labels of a data set: choosing their source, renaming, merging and leaving out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import ignore_unfocused_wheel, label, name

_NONE, _LEFT_OUT = "none", "-"
_HEIGHT = 150
# More classes are not listed; the options of the terminal still reach them.
_MAX_CLASSES = 1000


class ClassesView(QWidget):
    """Choice of the source of the class labels, and table of the classes found in it.

    ``chosen`` is emitted for each change that a person makes, with the key of the source (None for
    the most certain) and the new names of classes.
    """

    chosen = Signal(object, dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.source_choice = QComboBox()
        name(
            self.source_choice,
            self.tr("Classes from"),
            self.tr("What says the class of each picture"),
        )
        ignore_unfocused_wheel(self.source_choice)
        self.source_choice.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.source_choice.setMinimumContentsLength(8)
        self.source_choice.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels(
            [self.tr("Class"), self.tr("Called"), self.tr("Pictures")]
        )
        name(
            self.table,
            self.tr("Classes found"),
            self.tr("A new name renames a class, an equal one merges two; untick to leave out"),
        )
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self.table.setFixedHeight(_HEIGHT)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._filling = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addWidget(label(self.tr("Classes from"), "caption"))
        layout.addWidget(self.source_choice)
        layout.addWidget(self.table)
        self.source_choice.activated.connect(self._on_source_chosen)
        self.table.itemChanged.connect(self._on_class)
        self.hide()

    def show_found(
        self,
        choices: Sequence[tuple[str, str, int]],
        requested: str | None,
        classes: Sequence[tuple[str, int]],
        names: Mapping[str, str],
    ) -> None:
        """Show the sources of labels and the classes that were found.

        Args:
            choices: (key, title, number of classes) of the sources.
            requested: the key that was asked for, if any.
            classes: (class, number of pictures) of the source in use.
            names: new names of some of them, "-" for those left out.
        """
        self._filling = True
        self.source_choice.clear()
        self.source_choice.addItem(self.tr("the most certain"), None)
        for key, title, count in choices:
            self.source_choice.addItem(f"{title} ({count:,})" if count else title, key)
        self.source_choice.addItem(self.tr("no classes"), _NONE)
        self.source_choice.setCurrentIndex(max(0, self.source_choice.findData(requested)))
        shown_classes = list(classes[:_MAX_CLASSES])
        self.table.setRowCount(len(shown_classes))
        for row, (class_name, count) in enumerate(shown_classes):
            new_name = names.get(class_name, class_name)
            class_item = QTableWidgetItem(class_name)
            class_item.setFlags(Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled)
            is_left_out = new_name == _LEFT_OUT
            class_item.setCheckState(
                Qt.CheckState.Unchecked if is_left_out else Qt.CheckState.Checked
            )
            pictures = QTableWidgetItem(f"{count:,}")
            pictures.setFlags(Qt.ItemFlag.ItemIsEnabled)
            cells = (
                class_item,
                QTableWidgetItem(class_name if is_left_out else new_name),
                pictures,
            )
            for column, cell in enumerate(cells):
                self.table.setItem(row, column, cell)
        self._filling = False
        self.table.setVisible(bool(shown_classes))
        self.setVisible(bool(choices))

    def names(self) -> dict[str, str]:
        """Return the new names by class, "-" for those that are left out."""
        found: dict[str, str] = {}
        for row in range(self.table.rowCount()):
            class_item, name_item = self.table.item(row, 0), self.table.item(row, 1)
            if class_item is None or name_item is None:
                continue
            if class_item.checkState() == Qt.CheckState.Unchecked:
                found[class_item.text()] = _LEFT_OUT
            elif name_item.text().strip() not in ("", class_item.text()):
                found[class_item.text()] = name_item.text().strip()
        return found

    def _on_source_chosen(self) -> None:
        # Another source has other classes.
        self.chosen.emit(self.source_choice.currentData(), {})

    def _on_class(self) -> None:
        if not self._filling:
            self.chosen.emit(self.source_choice.currentData(), self.names())
