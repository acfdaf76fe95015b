"""Message about a reopened picture once it has been drawn again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import JobHandle
from ddpm_studio.backend.specs.runs import RunView
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.workspace.recipe_reopener import RecipeReopener
from ddpm_studio.jobs.drawing.recipes import ParsedRecipe
from ddpm_studio.jobs.events import DrawingResult
from ddpm_studio.requests import SampleRequest

RECIPE: dict[str, object] = {"kind": "sample", "request": {"run": "r", "count": 2}, "model": "m"}
DRAWN = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)


def _show_run(run: Path) -> JobHandle[RunView]:
    raise AssertionError(f"{run} is open already")


def _told(index: int, picture: Pictures | None) -> list[object]:
    """Return the messages after two drawings that answer a reopened picture's request."""
    parent = QObject()
    reopener = RecipeReopener(_show_run, lambda: iter(()), parent)
    told: list[object] = []
    reopener.notified.connect(told.append)
    request = SampleRequest(run=Path("r"), count=2)
    found = ParsedRecipe("sample", request, Path("r"), index, None, "m", {}, moving=picture is None)
    reopener._on_opened(found, RECIPE, picture, None)
    for _ in range(2):
        reopener.compare(DrawingResult(DRAWN, dict(RECIPE)))
    return told


@pytest.mark.parametrize(
    ("index", "picture", "message"),
    [
        (1, DRAWN[1], "Drawn again: the same picture, bit for bit."),
        (5, DRAWN[1], "Drawn again, but there is no picture 6, which the file names."),
        (0, None, "Drawn again: what the animation shows."),
        (5, None, "Drawn again: what the animation shows."),
    ],
)
def test_a_reopened_picture_is_told_of_once(
    qtbot: QtBot, index: int, picture: Pictures | None, message: str
) -> None:
    assert _told(index, picture) == [message]
