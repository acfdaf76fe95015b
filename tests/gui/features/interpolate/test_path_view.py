"""Path view: which key pictures stay when another model is opened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.common.source_slot import SourceSlot
from ddpm_studio.gui.features.interpolate.path_view import PathView
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.panel_help import open_run


def test_keys_that_came_by_chance_go_with_their_model(
    qtbot: QtBot, studio: Studio, tiny_run: Path
) -> None:
    open_run(qtbot, studio, tiny_run)
    slots = []
    for number in range(4):
        slot = SourceSlot(studio, "", "", f"test {number}")
        qtbot.addWidget(slot)
        slot.take(np.full((16, 16, 3), number, np.uint8), by_chance=number != 2)
        slots.append(slot)
    path = PathView(studio)
    qtbot.addWidget(path)
    path.take_from(slots)
    path.take_from(path.slots[::-1])
    assert levels(path) == [3, 2, 1, 0]
    path.refit()
    assert levels(path) == [2]


def levels(path: PathView) -> list[int]:
    """Return the level of each key picture, which identifies it, in order."""
    return [int(slot.fitted.max()) for slot in path.slots if slot.fitted is not None]
