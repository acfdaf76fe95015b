"""Settings dialog: everything that can be set, and a search over it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QTabWidget, QVBoxLayout, QWidget

from ddpm_studio.gui.features.preferences.settings_page import SettingsPage
from ddpm_studio.gui.features.preferences.shortcuts_page import ShortcutsPage
from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.layout.basics import add_clear_button, label, name
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.settings import Preferences

_SIZE = QSize(680, 560)


class SettingsDialog(QDialog):
    """Settings dialog, non-modal: changes apply at once, with nothing to confirm."""

    def __init__(self, preferences: Preferences, actions: ActionRegistry, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self.resize(_SIZE)
        self.field = QLineEdit()
        add_clear_button(self.field)
        self.field.setPlaceholderText(self.tr("Search settings and shortcuts…"))
        name(self.field, self.tr("Search settings and shortcuts"))
        self.settings = SettingsPage(preferences)
        self.shortcuts = ShortcutsPage(actions)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.settings, self.tr("Settings"))
        self.tabs.addTab(self.shortcuts, self.tr("Shortcuts"))
        self.tabs.setAccessibleName(self.tr("Kinds of settings"))
        self.tabs.tabBar().setAccessibleName(self.tr("Kinds of settings"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_L)
        layout.setSpacing(SPACE_M)
        layout.addWidget(self.field)
        layout.addWidget(self.tabs, 1)
        self.no_match_label = label(self.tr("No setting or action has that name."), "muted")
        self.no_match_label.hide()
        layout.addWidget(self.no_match_label)
        button_box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        button_box.rejected.connect(self.reject)
        for push_button in button_box.buttons():
            name(push_button, push_button.text().replace("&", ""))
            set_icon(push_button, "x")
        layout.addWidget(button_box)
        self.field.textChanged.connect(self._search)

    def showEvent(self, event: QShowEvent) -> None:
        """Clear the search, which shows all rows, and focus its field."""
        super().showEvent(event)
        self.field.clear()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _search(self, query: str) -> None:
        """Show the rows that match; switch to the other tab where this one has none."""
        pages = ((self.settings, self.tr("Settings")), (self.shortcuts, self.tr("Shortcuts")))
        found = [page.search(query.strip()) for page, _ in pages]
        for index, (_, title) in enumerate(pages):
            tab_text = f"{title} ({found[index]})" if query.strip() else title
            self.tabs.setTabText(index, tab_text)
        self.no_match_label.setVisible(bool(query.strip()) and not any(found))
        current = self.tabs.currentIndex()
        if not found[current] and found[1 - current]:
            self.tabs.setCurrentIndex(1 - current)
