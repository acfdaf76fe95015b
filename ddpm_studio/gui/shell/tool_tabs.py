"""Tool tabs of the window: one for each tool in the catalogue."""

from __future__ import annotations

from functools import partial
from typing import TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QTabWidget, QWidget

from ddpm_studio.catalogue import plugins
from ddpm_studio.catalogue.tools import TOOLS, ToolInfo
from ddpm_studio.errors import StudioError
from ddpm_studio.gui.widgets.forms.choices import translated
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio

PanelT = TypeVar("PanelT", bound=QWidget)

# Ctrl+1 to Ctrl+9.
_MAX_SHORTCUTS = 9


class ToolTabs(QTabWidget):
    """Tab widget of the tools, empty until :meth:`fill`, so as not to delay the first paint.

    A plug-in's tool that fails to load is reported and left out.
    """

    show_requested = Signal(QWidget)
    """Emitted with a panel when its tab's action, or one of the tool's own, was triggered."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDocumentMode(True)
        self.setAccessibleName(self.tr("Tools"))
        self._panels: dict[str, QWidget] = {}

    def fill(self, studio: Studio, actions: ActionRegistry) -> None:
        """Create the panel of each tool, and its action in the View menu."""
        for info in TOOLS.values():
            try:
                panel = info.load()(studio, actions)
            except Exception as error:
                origin = plugins.origin(TOOLS.kind, info.name)
                if not origin:
                    raise
                studio.notify(
                    StudioError(
                        f"The tool {info.title} of {origin} can't be used: {error}.",
                        "Tell those who offer it, or switch plug-ins off in the settings.",
                    )
                )
            else:
                self._add(info, panel, actions)
        for key, text, shortcut, offset in (
            ("next", self.tr("Next tab"), "Ctrl+Tab", 1),
            ("previous", self.tr("Previous tab"), "Ctrl+Shift+Tab", -1),
        ):
            actions.add(
                f"view.tab_{key}",
                text,
                partial(self._switch_tab, offset),
                category=self.tr("&View"),
                shortcut=shortcut,
            )
        actions.triggered.connect(self._show_owner)

    def tool(self, panel_type: type[PanelT]) -> PanelT:
        """Return the panel of a class; LookupError if there is none, as before :meth:`fill`."""
        for panel in self._panels.values():
            if isinstance(panel, panel_type):
                return panel
        raise LookupError(f"no tab is a {panel_type.__name__}")

    def find_panel(self, name: str) -> QWidget | None:
        """Return the panel of the tool that has this name, or an offer of this name."""
        for info in TOOLS.values():
            if name == info.name or name in [offer.name for offer in info.offers]:
                return self._panels.get(info.name)
        return None

    @property
    def panels(self) -> list[QWidget]:
        """All panels, in the order of the tabs."""
        return list(self._panels.values())

    @property
    def current(self) -> str:
        """The name of the tool in front; empty before :meth:`fill`."""
        current_panel = self.currentWidget()
        return next((name for name, panel in self._panels.items() if panel is current_panel), "")

    def _add(self, info: ToolInfo, panel: QWidget, actions: ActionRegistry) -> None:
        self._panels[info.name] = panel
        number, title = len(self._panels), translated(info.title)
        self.addTab(panel, title)
        actions.add(
            f"view.tab{number}",
            title,
            partial(self._request_panel, panel),
            category=self.tr("&View"),
            shortcut=f"Ctrl+{number}" if number <= _MAX_SHORTCUTS else "",
            keywords=translated(info.keywords),
        )

    def _switch_tab(self, offset: int) -> None:
        self._request_panel(self.panels[(self.currentIndex() + offset) % len(self._panels)])

    def _request_panel(self, panel: QWidget) -> None:
        self.show_requested.emit(panel)

    def _show_owner(self, action_id: str) -> None:
        """Bring the tab to the front whose action was triggered, such as from the palette."""
        panel = self._panels.get(action_id.partition(".")[0])
        if panel is not None:
            self._request_panel(panel)
