"""Links from a chapter to the tool tabs that do the same at full size."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from ddpm_studio.catalogue.tools import TOOLS
from ddpm_studio.gui.widgets.forms.choices import translated
from ddpm_studio.gui.widgets.layout.basics import button
from ddpm_studio.gui.widgets.layout.flow_layout import FlowLayout
from ddpm_studio.gui.workspace.actions import ActionRegistry


def tool_links(actions: ActionRegistry, tools: Sequence[str], *first: QWidget) -> FlowLayout:
    """Return a row of the widgets ``first`` and a link button to the tab of each tool."""
    row = FlowLayout()
    for widget in first:
        row.addWidget(widget)
    template = QCoreApplication.translate("Learn", "Open {0}")
    for tool in tools:
        title = translated(TOOLS[tool].title)
        link = button(template.format(title), role="link", icon=TOOLS[tool].icon)
        link.clicked.connect(partial(_show, actions, list(TOOLS).index(tool)))
        row.addWidget(link)
    return row


def _show(actions: ActionRegistry, number: int) -> None:
    # A missing tab of a plug-in shifts the numbers after it; the built-in tabs come first.
    action_id = f"view.tab{number + 1}"
    if action_id in actions:
        actions[action_id].trigger()
