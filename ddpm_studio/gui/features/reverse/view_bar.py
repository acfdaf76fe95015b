"""View switches of a reverse process: which views are shown, and their arrangement."""

from __future__ import annotations

from functools import partial
from typing import get_args

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ddpm_studio.gui.features.common.action_button import ActionTool
from ddpm_studio.gui.features.reverse.process_views import SYMBOLS, Arrangement, ProcessViews
from ddpm_studio.gui.features.reverse.trajectory import DIFFERENCES, VIEWS
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import number_label
from ddpm_studio.gui.workspace.actions import ActionRegistry

_WIDEST_TEXT = "ᾱ = 0.0000 · SNR −00.0 dB"
_DEFAULT_VIEWS = {False: ("x_t", "x0_hat", "eps"), True: ("x0_hat",)}


class ViewBar(QWidget):
    """Toggle buttons for the views and for their arrangement.

    ``noise`` is a label for the noise level, which the owner puts into its layout.

    Args:
        views: the views to be switched.
        actions: where the switches are registered.
        prefix: prefix of their ids.
        category: the menu they belong to, translated.
        parent: the owner.
    """

    changed = Signal()

    def __init__(
        self,
        views: ProcessViews,
        actions: ActionRegistry,
        prefix: str,
        category: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._views = views
        self._comparing = False
        self._last_chosen = dict(_DEFAULT_VIEWS)
        self.noise = number_label("", "muted")
        # Fixed width: what is next to it must not move during scrubbing.
        text_width = self.noise.fontMetrics().horizontalAdvance(_WIDEST_TEXT)
        self.noise.setFixedWidth(text_width + SPACE_S)
        self.noise.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        tips = {
            "x_t": self.tr("Show the noisy picture"),
            "x0_hat": self.tr("Show the picture predicted from it"),
            "eps": self.tr("Show the noise predicted in it"),
            "dx_t": self.tr("Show how the noisy picture changed since the moment before"),
            "dx0_hat": self.tr("Show how the predicted picture changed since the moment before"),
        }
        self.switches: dict[str, QAction] = {
            view: actions.add(
                f"{prefix}.view_{view}",
                tips[view],
                partial(self._choose, view),
                category=category,
                tip=tips[view],
                checkable=True,
                checked=view in views.chosen,
            )
            for view in VIEWS
        }
        texts: dict[Arrangement, tuple[str, str]] = {
            "grid": (self.tr("All pictures"), "layout-grid"),
            "single": (self.tr("One picture"), "square"),
            "strip": (self.tr("Film strips"), "film"),
        }
        group = QActionGroup(self)
        self.arrangements: dict[Arrangement, QAction] = {}
        for arrangement in get_args(Arrangement):
            text, icon = texts[arrangement]
            arrangement_action = actions.add(
                f"{prefix}.as_{arrangement}",
                text,
                partial(self._arrange, arrangement),
                category=category,
                icon=icon,
                keywords=self.tr("zoom enlarge bigger") if arrangement == "single" else "",
                checkable=True,
                checked=arrangement == views.arrangement,
            )
            self.arrangements[arrangement] = group.addAction(arrangement_action)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_S)
        tools = {view: ActionTool(action, SYMBOLS[view]) for view, action in self.switches.items()}
        self.drawer_controls = [tools[view] for view in DIFFERENCES]
        """Rarely used switches, those of the differences, for a drawer."""
        for view in VIEWS:
            if view not in DIFFERENCES:
                row.addWidget(tools[view])
        row.addSpacing(SPACE_S)
        for action in self.arrangements.values():
            row.addWidget(ActionTool(action))

    def set_comparing(self, comparing: bool) -> None:
        """Switch to the views last chosen for a single sampler, or for several."""
        self._last_chosen[self._comparing] = self._views.chosen
        self._comparing = comparing
        self._show(self._last_chosen[comparing])

    def _choose(self, view: str, checked: bool) -> None:
        chosen = tuple(v for v in VIEWS if (checked if v == view else v in self._views.chosen))
        # At least one view stays on.
        self._show(chosen or (view,))

    def _show(self, chosen: tuple[str, ...]) -> None:
        for view, action in self.switches.items():
            action.setChecked(view in chosen)
        self._views.set_chosen(chosen)
        self.changed.emit()

    def _arrange(self, arrangement: Arrangement, _: bool = True) -> None:
        self._views.set_arrangement(arrangement)
        self.changed.emit()
