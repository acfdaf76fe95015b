"""Placeholder text: a drawing that ends before any picture leaves no "Drawing…" behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.errors import StudioError
from ddpm_studio.gui.features.common.tool_panel import ToolPanel
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.fake_backend import FakeBackend
from tests.gui.features.common.test_cancelled_drawing import opened


def told(panel: ToolPanel) -> str:
    """Return the placeholder text shown in place of pictures."""
    if isinstance(panel, ReversePanel):
        return panel.views.empty.text
    grid = panel.grid if isinstance(panel, SharePanel) else panel.preview  # type: ignore[attr-defined]
    return str(grid._empty.text)


@pytest.mark.parametrize("how", ["cancelled", "failed"])
@pytest.mark.parametrize(
    ("kind", "drawing", "ended"),
    [
        (ReversePanel, "Drawing…", "Press Draw"),
        (SharePanel, "Drawing begins in a moment", "Not drawn yet"),
        (InterpolatePanel, "Drawing…", "Not drawn yet"),
    ],
)
def test_it_says_what_draws_and_then_that_it_is_drawn(
    qtbot: QtBot,
    fake: FakeBackend,
    tmp_path: Path,
    kind: type[ToolPanel],
    drawing: str,
    ended: str,
    how: str,
) -> None:
    studio = Studio(fake)
    panel = kind(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(panel)
    panel.resize(900, 700)
    panel.show()
    opened(fake, studio, tmp_path / "run")
    if isinstance(panel, InterpolatePanel):
        for slot in (panel.a, panel.b):
            slot.set_picture(np.zeros((16, 16, 3), np.uint8))
    panel.draw_now()
    assert told(panel) == drawing
    assert panel.job is not None
    if how == "cancelled":
        fake.cancel(panel.job)
    else:
        fake.fail(panel.job, StudioError("It went wrong.", "Try again."))
    assert told(panel) == ended
    panel.draw_now()
    assert told(panel) == drawing
    # A drawing that a newer one replaces has not ended in the eyes of the user.
    panel.draw_now()
    assert told(panel) == drawing


def test_what_another_way_of_mixing_lacks_is_told_and_nothing_is_offered_that_it_cannot_do(
    qtbot: QtBot, fake: FakeBackend, tmp_path: Path
) -> None:
    studio = Studio(fake)
    panel = InterpolatePanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(panel)
    panel.show()
    opened(fake, studio, tmp_path / "run")
    for slot in (panel.a, panel.b):
        slot.set_picture(np.zeros((16, 16, 3), np.uint8))
    panel.draw_now()
    assert panel.job is not None
    fake.cancel(panel.job)
    assert told(panel) == "Not drawn yet"
    panel.choices.set_mode("corners")
    assert told(panel) == "Drop pictures"
