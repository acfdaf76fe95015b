"""Stops of the guided tour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QDockWidget, QMenuBar, QTabWidget, QWidget

from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel
from ddpm_studio.gui.features.learn.learn_panel import LearnPanel
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.tour.tour import TourStop
from ddpm_studio.gui.shell.folding_dock import FoldingDock
from ddpm_studio.gui.shell.tool_tabs import PanelT
from ddpm_studio.gui.workspace.actions import ActionRegistry


class TourWindow(Protocol):
    """Protocol of the window: the parts that the tour shows."""

    actions_: ActionRegistry

    @property
    def tabs(self) -> QTabWidget:
        """The tool tabs."""
        ...

    @property
    def docks(self) -> Sequence[QDockWidget]:
        """The docks: data, training, jobs, pins."""
        ...

    @property
    def data(self) -> QWidget:
        """The panel of the Data dock; likewise below."""
        ...

    @property
    def training(self) -> QWidget: ...  # noqa: D102
    @property
    def jobs(self) -> QWidget: ...  # noqa: D102

    def tool(self, panel_type: type[PanelT]) -> PanelT:
        """Return the tool panel of a class."""
        ...

    def show_tool(self, panel: QWidget, /) -> None:
        """Bring a tab to the front."""
        ...

    def menuBar(self) -> QMenuBar:
        """Return the menu bar, as in QMainWindow."""
        ...


def tour_stops(window: TourWindow) -> list[TourStop]:
    """Return the stops of a window whose tools are built."""
    data, training, jobs, _ = window.docks
    assert isinstance(data, FoldingDock)
    assert isinstance(training, FoldingDock)

    def reveal(dock: FoldingDock) -> None:
        """Show a dock's panel, closing the sheet of the other side dock."""
        for other in (data, training):
            other.close_sheet()
        dock.reveal()

    def to_middle(panel: QWidget) -> None:
        for dock in (data, training):
            dock.close_sheet()
        window.show_tool(panel)

    keys = window.actions_.shortcut("help.palette") or _tr("the Help menu")
    return [
        TourStop(
            _tr("Your pictures"),
            _tr(
                "Drop a folder, a zip or files here, or anywhere on the window. You see each "
                "picture as the network will, and what was left out."
            ),
            lambda: window.data,
            lambda: reveal(data),
        ),
        TourStop(
            _tr("Training"),
            _tr(
                "One press starts. The loss and the first samples appear here, and the rest of "
                "the window goes on working."
            ),
            lambda: window.training,
            lambda: reveal(training),
        ),
        TourStop(
            _tr("Jobs"),
            _tr("What runs, how far it is, how long it will take. Pause or cancel it here."),
            lambda: window.jobs,
            jobs.show,
        ),
        TourStop(
            _tr("Tools"),
            _tr(
                "Once there is a model: watch pictures emerge from noise, share what two have in "
                "common, walk from one to another. Any picture can be dragged onto any tool."
            ),
            window.tabs.tabBar,
            lambda: to_middle(window.tool(ReversePanel)),
        ),
        TourStop(
            _tr("Gallery"),
            _tr("What you draw is kept with how it was made. Drop a file of it back to redraw it."),
            lambda: window.tool(GalleryPanel),
            lambda: to_middle(window.tool(GalleryPanel)),
        ),
        TourStop(
            _tr("Learn"),
            _tr(
                "What a lecture tells of diffusion, concept by concept, on pictures, curves and "
                "points of the plane that are learnt in seconds."
            ),
            lambda: window.tool(LearnPanel),
            lambda: to_middle(window.tool(LearnPanel)),
        ),
        TourStop(
            _tr("Everything by name"),
            _tr(
                "{keys} finds any action by a few letters. Settings and shortcuts are in the File "
                "menu, this tour in the Help menu."
            ).format(keys=keys),
            window.menuBar,
        ),
    ]


def _tr(text: str) -> str:
    return QCoreApplication.translate("Tour", text)
