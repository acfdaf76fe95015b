"""Control row of a tool: one row at any width, and no icon alone in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QAbstractButton, QComboBox, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.common.action_button import ActionTool
from ddpm_studio.gui.features.common.tool_panel import ToolPanel
from ddpm_studio.gui.features.inpaint.inpaint_panel import InpaintPanel
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from tests.gui.panel_help import opened


@pytest.mark.parametrize("key", ["share", "interpolate", "inpaint"])
def test_the_icon_that_draws_again_is_never_alone_in_a_row(
    qtbot: QtBot, backend: Backend, tiny_run: Path, key: str
) -> None:
    window = opened(qtbot, backend, tiny_run)
    panel = {
        "share": window.tool(SharePanel),
        "interpolate": window.tool(InterpolatePanel),
        "inpaint": window.tool(InpaintPanel),
    }[key]
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
    """Return the controls to the left of a control, in the same row."""
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


def test_what_is_painted_on_has_most_of_the_room_in_a_small_window(
    qtbot: QtBot, backend: Backend, tiny_run: Path
) -> None:
    window = opened(qtbot, backend, tiny_run)
    panel = window.tool(InpaintPanel)
    window.show_tool(panel)
    window.resize(1100, 700)
    qtbot.wait(50)
    above = [
        QRect(one.mapTo(panel, QPoint()), one.size())
        for kind in (QAbstractButton, QComboBox, QSpinBox)
        for one in panel.findChildren(kind)
        if one.isVisible() and not panel.source.isAncestorOf(one)
    ]
    place = QRect(panel.canvas.mapTo(panel, QPoint()), panel.canvas.size())
    rows: list[int] = []
    for middle in sorted(box.center().y() for box in above if box.bottom() < place.top()):
        if not rows or middle - rows[-1] > 8:
            rows.append(middle)
    assert len(rows) == 1
    assert place.height() > 250
    assert all(not one.intersects(other) for k, one in enumerate(above) for other in above[k + 1 :])
    export = QRect(panel.export.mapTo(panel, QPoint()), panel.export.size())
    assert export.right() > panel.width() - 40
    assert abs(export.center().y() - rows[0]) <= 2
