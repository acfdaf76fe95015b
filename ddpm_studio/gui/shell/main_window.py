"""Main window: docks around tabs, menus from the action registry, drag and drop."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, QSize, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from ddpm_studio.catalogue.tools import tool_of
from ddpm_studio.data.samples import sample_set, title_of
from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.gui.features.preferences.apply_settings import SettingsApplier
from ddpm_studio.gui.features.report.report_writer import ReportWriter
from ddpm_studio.gui.features.start.run_files import RUN, RunFiles
from ddpm_studio.gui.features.start.start_page import StartPage
from ddpm_studio.gui.platform.images import paths_from_mime
from ddpm_studio.gui.shell.close_handler import CloseHandler
from ddpm_studio.gui.shell.dock_layout import DockLayout, has_saved_layout
from ddpm_studio.gui.shell.full_screen import FullScreen
from ddpm_studio.gui.shell.help_actions import HelpActions
from ddpm_studio.gui.shell.lessons import Lessons
from ddpm_studio.gui.shell.menu_bar import fill_menu_bar
from ddpm_studio.gui.shell.notifier import Notifier
from ddpm_studio.gui.shell.open_actions import OpenActions
from ddpm_studio.gui.shell.tool_tabs import PanelT, ToolTabs
from ddpm_studio.gui.shell.view_actions import ViewActions
from ddpm_studio.gui.widgets.layout.drop_overlay import DropOverlay
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.recent import Recent
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.gui.workspace.undo_actions import UndoActions
from ddpm_studio.jobs.drawing.recipes import ParsedRecipe
from ddpm_studio.requests import PrepareOptions

if TYPE_CHECKING:
    from ddpm_studio.gui.features.tour.tour import TourStop


# Topic of the message that other pictures were opened, which can be undone.
_REPLACED = "data"


class MainWindow(QMainWindow):
    """Main window: Data left, Training right, Jobs and Pins below, the tools in the middle."""

    def __init__(self, studio: Studio, settings: QSettings) -> None:
        super().__init__()
        self.studio = studio
        self._settings = settings
        studio.setParent(self)
        studio.colours.persist_in(settings)
        self.actions_ = ActionRegistry(settings, self)
        self.preferences = studio.preferences
        self.recent = Recent(settings, self)
        self.setWindowTitle("DDPM Studio")
        self.setAcceptDrops(True)
        self.resize(1280, 800)
        self.setDockOptions(QMainWindow.DockOption.AllowTabbedDocks)

        self._register_file_actions()
        self.messages = MessageBar()
        self._closing = CloseHandler(studio, self.messages, self)
        self.start_page = StartPage(studio, self.recent)
        self.tabs = ToolTabs()
        self._central_stack = QStackedWidget()
        self._central_stack.addWidget(self.start_page)
        self._central_stack.addWidget(self.tabs)
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        self.messages.attach_to(centre, Qt.Edge.BottomEdge)
        layout.addWidget(self._central_stack, 1)
        self.setCentralWidget(centre)
        self._overlay = DropOverlay(self)

        self._layout = DockLayout(self, studio)
        self.docks = self._layout.docks
        self._full_screen = FullScreen(self.actions_, self, self.tabs, self.docks, studio.notify)
        ViewActions(self.actions_, self.docks, self.preferences, self._layout.reset, self)
        self._undo_actions = UndoActions(self.actions_, self._in_front, self)
        self.helping = HelpActions(
            self.actions_, self.preferences, self.messages, studio.notify, self._tour_stops, self
        )
        self.helping.tour_ended.connect(self.update_layout)
        self.actions_.add(
            "file.quit",
            self.tr("Quit"),
            self.close,
            category=self.tr("&File"),
            shortcut="Ctrl+Q",
            icon="x",
            tip=self.tr("Close the window; a training saves its steps first"),
            keywords=self.tr("exit"),
        )
        self._fill_menus()
        self._connect()
        self._layout.restore(settings)

    def minimumSizeHint(self) -> QSize:
        """Return the minimum size, which is that with folded docks."""
        return self.minimumSize()

    def build_tools(self) -> None:
        """Build the panels of docks and tabs, once; after the first paint, to not delay it."""
        from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel

        self._fill_docks()
        self._fill_tabs()
        self.run_files = RunFiles(self.studio, self.actions_, self.recent, self.messages, self)
        self.lessons = Lessons(self.studio, self.actions_, self.tabs, self)
        self.report = ReportWriter(self.studio, self.actions_, self.messages, self)
        self.start_page.rename_requested.connect(self.run_files.rename)
        self.start_page.trash_requested.connect(self.run_files.trash)
        gallery = self.tool(GalleryPanel).items
        self._undo_actions.connect_tools(
            {
                "pins": lambda: self.studio.pins.last_change,
                "gallery": lambda: gallery.last_change,
                RUN: lambda: self.run_files.last_change,
            }
        )
        for slot in (self._undo_actions.refresh, self.messages.update_layout):
            self.tabs.currentChanged.connect(slot)
        self._central_stack.currentChanged.connect(self._undo_actions.refresh)
        self._fill_menus()
        self.actions_.attach(self)

    def _fill_docks(self) -> None:
        from ddpm_studio.gui.features.data.data_panel import DataPanel
        from ddpm_studio.gui.features.jobs.jobs_panel import JobsPanel
        from ddpm_studio.gui.features.pins.pin_strip import PinStrip
        from ddpm_studio.gui.features.training.student_maker import StudentMaker
        from ddpm_studio.gui.features.training.training_panel import TrainingPanel
        from ddpm_studio.gui.workspace.machine_meter import MachineMeter

        studio = self.studio
        self.data = DataPanel(studio, self.actions_)
        self.training = TrainingPanel(studio, self.actions_)
        self.students = StudentMaker(studio, self.actions_, self)
        self.jobs = JobsPanel(studio, self.actions_)
        self.pins = PinStrip(studio, self.actions_)
        panels = (self.data, self.training, self.jobs, self.pins)
        for dock, panel in zip(self.docks, panels, strict=True):
            dock.setWidget(panel)
        self.training.show_requested.connect(self._layout.side_docks[1].reveal)
        self._layout.folding.update_layout()
        applier = SettingsApplier(self.preferences, studio)
        applier.device_chosen.connect(self.jobs.show_device)
        applier.folder_chosen.connect(self.training.run_choice.set_folder)
        applier.begin()
        self.meter = MachineMeter(studio, self.actions_, self.preferences)
        self.training.show_estimate(self.meter)

    def _fill_tabs(self) -> None:
        from ddpm_studio.gui.features.learn.learn_panel import LearnPanel
        from ddpm_studio.gui.shell.recovery import Recovery

        studio = self.studio
        self.tabs.fill(studio, self.actions_)
        self.tabs.show_requested.connect(self.show_tool)
        learn = self.tabs.tool(LearnPanel)
        for signal in (self.start_page.learn_chosen, learn.show_requested):
            signal.connect(partial(self.show_tool, learn))
        studio.picture_sent.connect(self._on_picture_sent)
        studio.restored.connect(self._on_restored)
        self.recovery = Recovery(studio, self.messages, self.training.form.devices, self)
        self._closing.closing_started.connect(self.recovery.on_window_closing)

    def open_first(self, paths: Sequence[Path], sample: str | None) -> None:
        """Open the paths and the data set given at program start.

        A new user then does not see the start page, so the tour is offered in the message bar.
        """
        if sample is not None:
            self.open_sample(sample)
        if paths:
            self.studio.open_paths(paths)
        if (paths or sample) and not has_saved_layout(self._settings):
            self.helping.offer_tour()

    def open_sample(self, name: str) -> None:
        """Open a built-in data set by name."""
        try:
            sample = sample_set(name)
        except StudioError as error:
            self.studio.notify(error)
        else:
            self.studio.open_data([sample.path], sample.options)

    def show_tool(self, panel: QWidget) -> None:
        """Bring a tool's tab to the front, also from the start page."""
        self._central_stack.setCurrentWidget(self.tabs)
        self.tabs.setCurrentWidget(panel)

    def _tour_stops(self) -> list[TourStop]:
        from ddpm_studio.gui.shell.tour_stops import tour_stops

        return tour_stops(self)

    def _in_front(self) -> str:
        if self._central_stack.currentWidget() is self.start_page:
            return RUN
        return self.tabs.current

    def tool(self, panel_type: type[PanelT]) -> PanelT:
        """Return the panel of a class, such as ``SharePanel``."""
        return self.tabs.tool(panel_type)

    def update_layout(self) -> None:
        """Show the start page if neither pictures nor a run are open."""
        if not self.studio.sources and self.studio.run is None:
            self._show_start()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept dragged files and folders, and show what a drop would open."""
        found = paths_from_mime(event.mimeData())
        if found:
            event.acceptProposedAction()
            self._overlay.show_text(self.opening.drop_text(found))

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Hide the drop overlay."""
        self._overlay.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the dropped files and folders."""
        self._overlay.hide()
        found = paths_from_mime(event.mimeData())
        if found:
            event.acceptProposedAction()
            self.studio.open_paths(found)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Save the layout and close; a training in progress saves a checkpoint first.

        If something would be lost, the window stays open and warns.
        """
        self._full_screen.leave()
        self._layout.save_to(self._settings)
        if self._closing.begin():
            event.accept()
            QApplication.quit()
        else:
            event.ignore()

    def _register_file_actions(self) -> None:
        self.opening = OpenActions(self.studio, self.actions_, self)
        self.actions_.add(
            "file.start",
            self.tr("Start page"),
            self._show_start,
            category=self.tr("&File"),
            shortcut="Ctrl+Home",
            icon="layout-grid",
            tip=self.tr("Sample data, recent runs and pictures"),
        )
        self.actions_.add(
            "file.forget",
            self.tr("Forget recent items"),
            self._forget_recent,
            category=self.tr("&File"),
            icon="eraser",
            tip=self.tr("Empty the start page's list of runs and pictures; no file is touched"),
        )

    def _fill_menus(self) -> None:
        first = [self.tr("&File"), self.tr("&Edit"), self.tr("&View"), self.tr("&Model")]
        tools, last = self.tr("&Tools"), [self.tr("&Help")]
        fill_menu_bar(self.menuBar(), self.actions_, first, tools, last)

    def _connect(self) -> None:
        studio = self.studio
        studio.notified.connect(self._notify)
        studio.backend.load_failed.connect(studio.notify)
        studio.data_changed.connect(self._on_data)
        studio.data_replaced.connect(self._on_replaced)
        studio.run_changed.connect(self._on_run)
        studio.opening_changed.connect(self._on_opening)
        studio.importer.imported_in_background.connect(self._on_imported_in_background)
        self.start_page.sample_chosen.connect(self.open_sample)
        self.start_page.choose_folder.connect(self.opening.choose_folder)
        self.start_page.open_model.connect(self.opening.choose_model)
        self.notifier = Notifier(studio.backend, self.preferences, self)
        self.start_page.tour_chosen.connect(self.helping.show_tour)

    def _notify(self, message: Failure | str) -> None:
        if isinstance(message, Failure):
            self.messages.show_failure(message)
        else:
            self.messages.show_info(message)

    def _on_data(self) -> None:
        studio = self.studio
        if studio.sources:
            self._central_stack.setCurrentWidget(self.tabs)
        beginning = studio.preview is None and studio.dataset is None
        if studio.sources and beginning:
            # Errors about the previous pictures do not apply to these.
            self.messages.clear("error")
        if studio.refused is not None:
            # That message says that they are open, but opening them has failed.
            self.messages.clear(topic=_REPLACED)
        if studio.dataset is not None:
            self.recent.add_data(studio.sources, studio.options)

    def _on_replaced(self, sources: tuple[Path, ...], options: PrepareOptions) -> None:
        self.messages.show_message(
            self.tr("{0} is open now, instead of {1}.").format(
                _sources_title(self.studio.sources), _sources_title(sources)
            ),
            action=self.tr("Undo"),
            callback=lambda: self.studio.open_data(sources, options),
            topic=_REPLACED,
        )

    def _on_opening(self) -> None:
        if self.studio.opening is not None:
            self.messages.clear("error")

    def _on_imported_in_background(self, run: Path, notes: str) -> None:
        """Offer an imported run without replacing the one that was opened meanwhile."""
        text = self.tr("{0} has been imported.").format(run.name)
        self.messages.show_message(
            f"{text}\n{notes}".strip(),
            action=self.tr("Open it"),
            callback=lambda: self.studio.open_run(run),
            topic="imported",
        )

    def _on_run(self) -> None:
        if self.studio.run is not None:
            self.recent.add_run(self.studio.run)
            self.setWindowTitle(f"{self.studio.run.name} – DDPM Studio")
            if not self.studio.reopened:
                panel = self.tabs.find_panel("reverse")
                if panel is not None and self._central_stack.currentWidget() is self.start_page:
                    self.tabs.setCurrentWidget(panel)
                self._central_stack.setCurrentWidget(self.tabs)
        else:
            self.setWindowTitle("DDPM Studio")
            self.update_layout()

    def _on_picture_sent(self, target: str) -> None:
        panel = self.tabs.find_panel(target)
        if panel is not None:
            self.show_tool(panel)

    def _on_restored(self, found: ParsedRecipe) -> None:
        self.messages.clear("error")
        panel = self.tabs.find_panel(tool_of(found.kind).name)
        if panel is not None:
            self.show_tool(panel)

    def _show_start(self) -> None:
        self._central_stack.setCurrentWidget(self.start_page)

    def _forget_recent(self) -> None:
        entries = self.recent.lines()
        self.recent.clear()
        self.messages.show_info(
            self.tr("Recent items have been cleared."),
            self.tr("Undo"),
            lambda: self.recent.restore(entries),
        )


def _sources_title(sources: tuple[Path, ...]) -> str:
    suffix = f" (+{len(sources) - 1:,})" if len(sources) > 1 else ""
    return f"{title_of(sources[0])}{suffix}"
