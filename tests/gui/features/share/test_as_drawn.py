"""Share tool: pictures are labelled and exported as drawn, whatever the controls say now."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.common.tool_panel import choose
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import DrawingResult
from tests.gui.fake_backend import FakeBackend
from tests.gui.features.common.test_cancelled_drawing import moment, opened


@pytest.fixture
def panel(qtbot: QtBot, fake: FakeBackend, tmp_path: Path) -> SharePanel:
    studio = Studio(fake)
    made = SharePanel(studio, ActionRegistry(parent=studio))
    choose(made.count, 8)
    qtbot.addWidget(made)
    made.resize(800, 700)
    made.show()
    opened(fake, studio, tmp_path / "run")
    return made


def drawn() -> DrawingResult:
    pictures = np.full((8, 16, 16, 3), 7, np.uint8)
    recipe: dict[str, object] = {"kind": "share", "request": {"seed": 3}}
    return DrawingResult(pictures, recipe, pictures[:1])


def test_from_several_t_one_goes_back_to_one_and_nothing_is_exported_meanwhile(
    qtbot: QtBot, fake: FakeBackend, panel: SharePanel
) -> None:
    panel.series.setChecked(True)
    qtbot.waitUntil(lambda: panel.job is not None and panel.rows.columns == 9)
    job = panel.job
    assert job is not None
    rows = [drawn() for _ in panel.rows.ts]
    for row in rows:
        fake.send(job, row)
    fake.finish(job, rows)
    assert panel.export.isEnabled()
    panel.grid.select([2])
    panel.series.setChecked(False)
    assert panel.drawn is None
    assert not panel.export.isEnabled()
    qtbot.waitUntil(lambda: panel.job is not job)
    assert panel.job is not None
    fake.finish(panel.job, drawn())
    panel.series.setChecked(True)
    assert not panel.export.isEnabled(), "one picture after the other makes no rows"


def test_the_latent_is_called_by_the_t_it_is_of_while_the_slider_goes_on(
    qtbot: QtBot, fake: FakeBackend, panel: SharePanel
) -> None:
    panel.time.set_value(4)
    panel.draw_now()
    assert panel.job is not None
    panel.time.set_value(17)
    fake.send(panel.job, moment(4, 0.0))
    assert panel.grid._badge is not None
    assert panel.grid._badge[1] == "xₜ, t = 4"
    fake.finish(panel.job, drawn())
    export = panel._to_export()
    assert export is not None
    assert export.stem == "share t=4"
