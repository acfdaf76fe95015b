"""Help menu and settings: command palette, settings dialog, tour, glossary, about box."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QWidget

from ddpm_studio.errors import Failure
from ddpm_studio.gui.widgets.forms.glossary_link import SCHEME
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.settings import Preferences
from ddpm_studio.paths import examples_dir

if TYPE_CHECKING:
    from ddpm_studio.gui.features.glossary.glossary_dialog import GlossaryDialog
    from ddpm_studio.gui.features.preferences.dialog import SettingsDialog
    from ddpm_studio.gui.features.tour.tour import Tour, TourStop
    from ddpm_studio.gui.platform.crash_log import CrashLog
    from ddpm_studio.gui.shell.command_palette import CommandPalette


class HelpActions(QObject):
    """Registers "file.settings" and the actions of the Help menu.

    The dialogs are imported and built on demand, so that they do not delay the first paint.

    Args:
        actions: where the actions are registered.
        preferences: the settings that the dialog edits.
        messages: the message bar.
        notify: shows failures to the user.
        stops: returns the stops of the tour; called once the tools are built.
        window: owner of the dialogs.
    """

    tour_ended = Signal()
    """Emitted when the tour has ended or was left."""

    def __init__(
        self,
        actions: ActionRegistry,
        preferences: Preferences,
        messages: MessageBar,
        notify: Callable[[Failure], object],
        stops: Callable[[], Sequence[TourStop]],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._actions, self._preferences, self._window = actions, preferences, window
        self._messages, self._notify, self._stops = messages, notify, stops
        self.palette: CommandPalette | None = None
        self.settings: SettingsDialog | None = None
        self.tour: Tour | None = None
        self.glossary: GlossaryDialog | None = None
        self._crashes: CrashLog | None = None
        help_ = self.tr("&Help")
        actions.add(
            "file.settings",
            self.tr("Settings…"),
            self.show_settings,
            category=self.tr("&File"),
            shortcut="Ctrl+,",
            icon="settings",
            tip=self.tr("Theme, device, folders, shortcuts and more"),
            keywords=self.tr("preferences options"),
        )
        actions.add(
            "help.palette",
            self.tr("Search actions…"),
            self.show_palette,
            category=help_,
            shortcut="Ctrl+K",
            icon="search",
            tip=self.tr("Find and run any action by its name"),
        )
        actions.add(
            "help.tour",
            self.tr("Take the tour"),
            self.show_tour,
            category=help_,
            shortcut="Ctrl+F1",
            icon="lightbulb",
            tip=self.tr("A tutorial: what is where, in a minute; Escape ends it"),
        )
        actions.add(
            "help.shortcuts",
            self.tr("Keyboard shortcuts"),
            self.show_shortcuts,
            category=help_,
            icon="keyboard",
            tip=self.tr("See and change which keys do what"),
        )
        actions.add(
            "help.glossary",
            self.tr("Glossary"),
            self.show_glossary,
            category=help_,
            icon="book-open",
            tip=self.tr("What the words and signs mean, in the lecture’s terms"),
            keywords=self.tr("symbols explain dictionary"),
        )
        QDesktopServices.setUrlHandler(SCHEME, self, "open_link")  # type: ignore[arg-type]
        actions.add(
            "help.examples",
            self.tr("Examples in Python"),
            self.open_examples,
            category=help_,
            icon="folder-open",
            tip=self.tr("Open the folder of scripts and a notebook: train, draw, add your own"),
            keywords=self.tr("notebook scripts jupyter figures api"),
        )
        actions.add(
            "help.about",
            self.tr("About DDPM Studio"),
            self.show_about,
            category=help_,
            icon="info",
            keywords=self.tr("version licence"),
        )

    def show_palette(self) -> None:
        """Open the command palette."""
        from ddpm_studio.gui.shell.command_palette import CommandPalette

        if self.palette is None:
            self.palette = CommandPalette(self._actions, self._window)
        self.palette.open_centred()

    def offer_tour(self) -> None:
        """Offer the tour in the message bar, unless it shows a message already."""
        if self._messages.isHidden():
            self._messages.show_info(
                self.tr("New here? The tour shows what is where, in a minute."),
                self.tr("Take the tour"),
                self.show_tour,
            )

    def show_tour(self) -> None:
        """Start the tour from the beginning."""
        from ddpm_studio.gui.features.tour.tour import Tour

        if self.tour is None:
            self.tour = Tour(self._window, self._stops())
            self.tour.ended.connect(self.tour_ended)
        self.tour.start()

    def show_settings(self) -> None:
        """Open the settings dialog."""
        dialog = self._dialog()
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def show_shortcuts(self) -> None:
        """Open the settings dialog at the shortcuts."""
        self._dialog().tabs.setCurrentWidget(self._dialog().shortcuts)
        self.show_settings()

    def show_glossary(self, term: str = "") -> None:
        """Open the glossary, at the entry ``term`` if given."""
        from ddpm_studio.gui.features.glossary.glossary_dialog import GlossaryDialog

        if self.glossary is None:
            self.glossary = GlossaryDialog(self._window)
            self.glossary.concept_requested.connect(self._show_concept)
        if term:
            self.glossary.show_term(term)
        self.glossary.show()
        self.glossary.raise_()
        self.glossary.activateWindow()

    @Slot(QUrl)
    def open_link(self, url: QUrl) -> None:
        """Show the glossary entry that a link of a symbol names."""
        self.show_glossary(url.path())

    def _show_concept(self, concept: str) -> None:
        self._actions[f"learn.{concept}"].trigger()

    def open_examples(self) -> None:
        """Open the folder of the examples in the system's file manager."""
        folder = examples_dir()
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self._messages.show_info(self.tr("The examples are in {folder}").format(folder=folder))

    def show_about(self) -> None:
        """Open the about box."""
        from ddpm_studio.gui.platform.about import show_about

        show_about(self._window)

    def add_report(self, crashes: CrashLog) -> None:
        """Register the bug report action, show errors caught, and report an earlier crash."""
        self._crashes = crashes
        self._actions.add(
            "help.report",
            self.tr("Copy details for a bug report"),
            self.copy_report,
            category=self.tr("&Help"),
            icon="file-text",
            tip=self.tr("Copy versions, the log's end and the last crash, to send or to keep"),
        )
        crashes.exception_caught.connect(self._notify)
        if crashes.crash:
            self._messages.show_warning(
                self.tr("DDPM Studio crashed the last time. What a run had saved is there."),
                self.tr("Copy details for a bug report"),
                self.copy_report,
            )

    def copy_report(self) -> None:
        """Copy the bug report to the clipboard."""
        if self._crashes is not None:
            QGuiApplication.clipboard().setText(self._crashes.report())
            self._messages.show_info(self.tr("The details are on the clipboard."))

    def _dialog(self) -> SettingsDialog:
        from ddpm_studio.gui.features.preferences.dialog import SettingsDialog

        if self.settings is None:
            self.settings = SettingsDialog(self._preferences, self._actions, self._window)
        return self.settings
