"""Copy as Python: the cell draws what the window shows."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.share.share_panel import SharePanel
from tests.gui.panel_help import WAIT, opened


def test_the_cell_that_is_copied_draws_what_is_shown(
    qtbot: QtBot, backend: Backend, tiny_run: Path, tmp_path: Path
) -> None:
    # Drawings on request are kept in the run, which other tests share: use a copy.
    shutil.copytree(tiny_run, tmp_path / "own")
    window = opened(qtbot, backend, tmp_path / "own")
    share = window.tool(SharePanel)
    window.show_tool(share)
    action = window.actions_["share.copy_python"]
    share.sampler.set_value({"steps": 3, "seed": 41})
    share.source.pick_from_data()
    qtbot.waitUntil(lambda: share.source.fitted is not None, timeout=WAIT)
    qtbot.waitUntil(lambda: share.drawn is not None and not share.busy, timeout=WAIT)
    assert action.isEnabled()
    action.trigger()
    cell = QGuiApplication.clipboard().text()
    assert cell.startswith("import ddpm_studio as ds\n")
    assert "seed=41" in cell
    scope: dict[str, Any] = {}
    exec(cell, scope)
    assert share.drawn is not None
    assert np.array_equal(np.asarray(scope["drawing"].pictures), share.drawn.pictures)
    assert "clipboard" in share.messages.text
    for prefix in ("reverse", "interpolate", "inpaint"):
        assert f"{prefix}.copy_python" in window.actions_
