"""Keyboard shortcuts page: every action with its shortcut, which can be changed."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ddpm_studio.gui.theme.icons import no_icon
from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import SPACE_M
from ddpm_studio.gui.widgets.layout.basics import button, label, name
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.workspace.actions import ActionRegistry, ShortcutTakenError

_ID = Qt.ItemDataRole.UserRole
_NATIVE = QKeySequence.SequenceFormat.NativeText
_KEYS_WIDTH = 160
_COLUMN_WIDTH = 96


class ShortcutsPage(QWidget):
    """Table of actions, and an editor of shortcuts, which asks before it takes another's."""

    def __init__(self, actions: ActionRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._nothing_found = False
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels([self.tr("Action"), self.tr("Menu"), self.tr("Keys")])
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setMinimumSectionSize(_COLUMN_WIDTH)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        name(self.table, self.tr("Shortcuts"), self.tr("Choose an action to change its keys"))
        self.messages = MessageBar()
        self.chosen = label("", "heading")
        self.keys = QKeySequenceEdit()
        self.keys.setMaximumSequenceLength(1)
        self.keys.setMaximumWidth(_KEYS_WIDTH)
        self.clear_button = button(self.tr("Take away"), self.tr("Remove the keys of this action"))
        self.reset_button = button(self.tr("Reset"), self.tr("Reset it to its default keys"))
        self.reset_all_button = button(
            self.tr("Reset all shortcuts"), self.tr("As they were at first"), icon="rotate-ccw"
        )
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        row.addWidget(self.chosen, 1)
        for widget in (self.keys, self.clear_button, self.reset_button):
            row.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, SPACE_M, 0, SPACE_M)
        layout.setSpacing(SPACE_M)
        layout.addWidget(self.table, 1)
        self.messages.attach_to(self)
        layout.addLayout(row)
        layout.addWidget(self.reset_all_button, alignment=Qt.AlignmentFlag.AlignLeft)
        self.table.currentCellChanged.connect(self._on_chosen)
        self.keys.editingFinished.connect(self._on_keys)
        self.clear_button.clicked.connect(self._clear)
        self.reset_button.clicked.connect(self._reset)
        self.reset_all_button.clicked.connect(self._reset_all)
        actions.changed.connect(self._fill)
        # Icons are drawn again for another theme.
        current_theme().changed.connect(self._fill)
        self._fill()

    def search(self, query: str) -> int:
        """Show the actions that match and return how many they are."""
        found = {action.objectName() for action in self._actions.find(query)}
        for row in range(self.table.rowCount()):
            self.table.setRowHidden(row, self._id(row) not in found)
        if found and self.current not in found:
            self.choose(next(a.objectName() for a in self._actions if a.objectName() in found))
        self._nothing_found = not found
        self._show_current()
        return len(found)

    def choose(self, action_id: str) -> None:
        """Select the action whose shortcut is edited."""
        for row in range(self.table.rowCount()):
            if self._id(row) == action_id:
                self.table.setCurrentCell(row, 0)

    @property
    def current(self) -> str:
        """The id of the chosen action, or ""."""
        return self._id(self.table.currentRow())

    def _id(self, row: int) -> str:
        item = self.table.item(row, 0)
        return str(item.data(_ID)) if item is not None else ""

    def _fill(self) -> None:
        """Fill the table with all actions and their shortcuts; the selection is kept."""
        if self.table.rowCount() != len(self._actions):
            self.table.setRowCount(len(self._actions))
            for row, action in enumerate(self._actions):
                action_id = action.objectName()
                menu = self._actions.category(action_id).replace("&", "")
                item = QTableWidgetItem(_plain(action.text()))
                item.setData(_ID, action_id)
                item.setToolTip(action.statusTip())
                for column, cell in enumerate((item, QTableWidgetItem(menu), QTableWidgetItem())):
                    self.table.setItem(row, column, cell)
        for row, action in enumerate(self._actions):
            first, keys = self.table.item(row, 0), self.table.item(row, 2)
            if first is not None:
                first.setIcon(no_icon() if action.icon().isNull() else action.icon())
            if keys is not None:
                keys.setText(action.shortcut().toString(_NATIVE))
        if not self.current:
            self.table.setCurrentCell(0, 0)
        self._show_current()

    def _on_chosen(self) -> None:
        self.messages.clear()
        self._show_current()

    def _show_current(self) -> None:
        action_id = self.current
        if not action_id or self._nothing_found:
            # An action that can't be seen in the list must not be changed below it.
            self.chosen.setText("")
            self.keys.clear()
            for part in (self.keys, self.clear_button, self.reset_button):
                part.setEnabled(False)
            return
        self.keys.setEnabled(True)
        title = _plain(self._actions[action_id].text())
        self.chosen.setText(title)
        name(self.keys, self.tr("Keys of {action}").format(action=title))
        self.keys.setToolTip(self.tr("Press the new keys"))
        shortcut = self._actions.shortcut(action_id)
        self.keys.setKeySequence(QKeySequence(shortcut))
        self.clear_button.setEnabled(bool(shortcut))
        self.reset_button.setEnabled(shortcut != self._actions.default_shortcut(action_id))

    def _on_keys(self) -> None:
        shortcut = self.keys.keySequence().toString(QKeySequence.SequenceFormat.PortableText)
        if self.keys.isEnabled() and shortcut != self._actions.shortcut(self.current):
            self._set(shortcut)

    def _clear(self) -> None:
        self._set("")

    def _reset(self) -> None:
        self._set(self._actions.default_shortcut(self.current))

    def _reset_all(self) -> None:
        previous = {action.objectName(): action.shortcut().toString() for action in self._actions}
        self._actions.reset_shortcuts()

        def undo() -> None:
            changed = {i: keys for i, keys in previous.items() if keys != self._actions.shortcut(i)}
            # Free all first: the old shortcut of one may be another's by now.
            for action_id in changed:
                self._actions.set_shortcut(action_id, "")
            for action_id, keys in changed.items():
                self._actions.set_shortcut(action_id, keys)

        self.messages.show_info(self.tr("All shortcuts have been reset."), self.tr("Undo"), undo)

    def _set(self, shortcut: str) -> None:
        self.messages.clear()
        try:
            self._actions.set_shortcut(self.current, shortcut)
        except ShortcutTakenError as error:
            self._offer_reassignment(error.shortcut, error.owner)
            self._show_current()

    def _offer_reassignment(self, shortcut: str, owner: str) -> None:
        action_id = self.current

        def reassign() -> None:
            self._actions.set_shortcut(owner, "")
            self._actions.set_shortcut(action_id, shortcut)

        self.messages.show_warning(
            self.tr("{keys} is already used by “{action}”.").format(
                keys=QKeySequence(shortcut).toString(_NATIVE),
                action=_plain(self._actions[owner].text()),
            ),
            self.tr("Take it from there"),
            reassign,
        )


def _plain(text: str) -> str:
    return text.replace("&", "")
