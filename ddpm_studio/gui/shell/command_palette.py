"""Command palette (Ctrl+K): find any action by a few letters and run it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from ddpm_studio.gui.theme.icons import no_icon
from ddpm_studio.gui.theme.tokens import ICON_SIZE, SPACE_M
from ddpm_studio.gui.widgets.layout.basics import name
from ddpm_studio.gui.workspace.actions import ActionRegistry

_SIZE = QSize(520, 380)
_ROW_HEIGHT = 32
_MOVES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class CommandPalette(QDialog):
    """Popup with a search field over the list of all actions; Enter runs the selected one."""

    def __init__(self, actions: ActionRegistry, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._registry, self._window = actions, parent
        self.setAccessibleName(self.tr("Search actions"))
        self.setFixedSize(_SIZE)
        self.field = QLineEdit()
        self.field.setPlaceholderText(self.tr("Search actions…"))
        name(self.field, self.tr("Search actions"))
        self.list = QListWidget()
        name(self.list, self.tr("Actions found"))
        self.list.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        layout.setSpacing(SPACE_M)
        layout.addWidget(self.field)
        layout.addWidget(self.list)
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        self.list.itemClicked.connect(self._run_item)

    def open_centred(self) -> None:
        """Show the palette over the upper middle of the window, and focus the search field."""
        self.field.clear()
        self._search("")
        window = self._window.frameGeometry()
        self.move(window.center().x() - self.width() // 2, window.top() + window.height() // 6)
        self.show()
        self.field.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Event filter of the search field: arrow keys move in the list, Enter runs the action."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            key = event.key()
            if key in _MOVES:
                self.list.event(event)
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run_item(self.list.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _search(self, query: str) -> None:
        self.list.clear()
        for action in self._registry.find(query):
            shortcut = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            category = self._registry.category(action.objectName())
            # With the category, since several tools have an action of the same name.
            parts = [f"{action.text()} · {category}".replace("&", ""), shortcut]
            icon = no_icon() if action.icon().isNull() else action.icon()
            item = QListWidgetItem(icon, "    ".join(part for part in parts if part))
            item.setSizeHint(QSize(0, _ROW_HEIGHT))
            item.setToolTip(action.statusTip())
            item.setData(Qt.ItemDataRole.UserRole, action)
            if not action.isEnabled():
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
            self.list.addItem(item)
        if not self.list.count():
            placeholder = QListWidgetItem(self.tr("There is no such action"))
            placeholder.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(placeholder)
        self.list.setCurrentRow(0)

    def _run_item(self, item: QListWidgetItem | None) -> None:
        action = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        if isinstance(action, QAction) and action.isEnabled():
            self.hide()
            action.trigger()
