"""Rows of controls wrap where there is less room, and no icon is left alone in one."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QAbstractButton, QComboBox, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.panels.action_button import ActionTool
from ddpm_studio.gui.panels.tool_panel import ToolPanel
from tests.gui.panel_help import open_run, opened


@pytest.mark.parametrize("key", ["share", "interpolate", "inpaint"])
def test_the_icon_that_draws_again_is_never_alone_in_a_row(
    qtbot: QtBot, backend: Backend, tiny_run: Path, key: str
) -> None:
    window = opened(qtbot, backend)
    open_run(qtbot, window.studio, tiny_run)
    panel = {"share": window.share, "interpolate": window.interpolate, "inpaint": window.inpaint}[
        key
    ]
    window.show_tool(panel)
    again = next(
        tool
        for tool in panel.findChildren(ActionTool)
        if tool.defaultAction().objectName() == f"{key}.draw"
    )
    alone = []
    for width in range(1000, 1600, 20):
        window.resize(width, 800)
        qtbot.wait(1)
        if not beside(panel, again):
            alone.append(width)
    assert alone == []


def beside(panel: ToolPanel, tool: QWidget) -> list[QWidget]:
    """The controls to the left of one, in its row."""
    place = QRect(tool.mapTo(panel, QPoint()), tool.size())
    others = [
        other
        for kind in (QAbstractButton, QComboBox, QSpinBox)
        for other in panel.findChildren(kind)
        if other.isVisible() and other is not tool
    ]
    return [
        other
        for other in others
        if abs(QRect(other.mapTo(panel, QPoint()), other.size()).center().y() - place.center().y())
        <= 4
        and other.mapTo(panel, QPoint()).x() < place.x()
    ]
