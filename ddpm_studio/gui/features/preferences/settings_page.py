"""Settings page: a row for each setting, under headings, filtered by a search."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from ddpm_studio.catalogue import plugins
from ddpm_studio.gui.features.preferences.setting_row import SettingRow
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.layout.basics import button, label, name
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.workspace.settings import Preferences, Settings, section


class SettingsPage(QScrollArea):
    """A row for each field of :class:`~ddpm_studio.gui.workspace.settings.Settings`."""

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preferences = preferences
        self.rows: dict[str, SettingRow] = {}
        self._headings: dict[str, QLabel] = {}
        column = QWidget()
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, SPACE_M, SPACE_L, SPACE_M)
        layout.setSpacing(0)
        for key in Settings.model_fields:
            section_title = section(key)
            if section_title not in self._headings:
                heading = label(QCoreApplication.translate("requests", section_title), "section")
                self._headings[section_title] = heading
                layout.addSpacing(SPACE_M)
                layout.addWidget(heading)
            self.rows[key] = SettingRow(preferences, key)
            layout.addWidget(self.rows[key])
            if key == "plugins":
                self.plugins = label(_plugin_lines(), "muted", wrap=True)
                layout.addWidget(self.plugins)
        self.reset_button = button(
            self.tr("Reset all settings"), self.tr("As they were at first"), icon="rotate-ccw"
        )
        self.reset_button.clicked.connect(self._reset)
        self.messages = MessageBar()
        layout.addSpacing(SPACE_M)
        layout.addWidget(self.reset_button, alignment=Qt.AlignmentFlag.AlignLeft)
        self.messages.attach_to(self)
        # The stretch takes the room that is left over where a search leaves few rows.
        layout.addStretch(1)
        self.setWidget(column)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        name(self, self.tr("Settings"))
        self.setToolTip("")

    def _reset(self) -> None:
        previous = self._preferences.now
        self._preferences.reset()
        self.messages.show_info(
            self.tr("All settings have been reset."),
            self.tr("Undo"),
            partial(self._preferences.replace, previous),
        )

    def search(self, query: str) -> int:
        """Show the rows that match and return how many they are."""
        found = {key for key, row in self.rows.items() if row.matches(query)}
        for key, row in self.rows.items():
            row.setVisible(key in found)
        section_titles = {section(key) for key in found}
        for title, heading in self._headings.items():
            heading.setVisible(title in section_titles)
        self.reset_button.setVisible(not query)
        self.plugins.setVisible("plugins" in found)
        return len(found)


def _plugin_lines() -> str:
    """Return a line for each plug-in that this window uses or can't use."""
    plugins.load()
    found = plugins.loaded()
    no_plugins = QCoreApplication.translate("SettingsPage", "This window uses no plug-ins.")
    return "\n".join(plugin.line for plugin in found) if found else no_plugins
