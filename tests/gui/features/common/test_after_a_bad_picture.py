"""A source picture that can't be read: settings changed meanwhile are drawn without it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.errors import StudioError
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.fake_backend import FakeBackend
from tests.gui.features.common.test_cancelled_drawing import opened

WRONG = StudioError("It can't be read.", "Choose another.")


@pytest.mark.parametrize("kind", [SharePanel, InterpolatePanel])
def test_what_was_chosen_meanwhile_is_drawn_with_the_picture_before(
    qtbot: QtBot,
    fake: FakeBackend,
    tmp_path: Path,
    kind: type[SharePanel] | type[InterpolatePanel],
) -> None:
    studio = Studio(fake)
    panel = kind(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(panel)
    panel.resize(1000, 700)
    panel.show()
    opened(fake, studio, tmp_path / "run")
    slots = (panel.source,) if isinstance(panel, SharePanel) else (panel.a, panel.b)
    for slot in slots:
        slot.set_picture(np.full((16, 16, 3), 200, np.uint8))
    panel.draw_now()
    before = panel.job
    assert before is not None
    slots[0].set_path(tmp_path / "bad.png")
    panel.time.set_value(4)
    # Until the drawing was attempted and deferred.
    qtbot.waitUntil(
        lambda: not (panel._delay_timer.isActive() or panel._supersede_timer.isActive())
    )
    assert panel.job is before, "what is drawn would be of another picture"
    fake.fail(fake.job("Reading bad.png"), WRONG)
    assert "can't be read" in panel.messages.text
    qtbot.waitUntil(lambda: panel.job is not before)
    assert panel.job is not None
    assert "t = 4" in panel.job.spec.title
