"""Source pictures with another run: random ones are replaced by its own, chosen ones stay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.other_run import other_run
from tests.gui.panel_help import WAIT, drop, files, fitted, open_run


@pytest.fixture
def panel(qtbot: QtBot, studio: Studio) -> InterpolatePanel:
    made = InterpolatePanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(made)
    return made


@pytest.mark.parametrize("mode", ["row", "pad", "path"])
def test_pictures_by_chance_give_way_to_those_of_another_run(
    qtbot: QtBot, studio: Studio, tiny_run: Path, panel: InterpolatePanel, tmp_path: Path, mode: str
) -> None:
    open_run(qtbot, studio, tiny_run)
    panel.show()
    panel.choices.set_mode(mode)

    def pictures() -> list[Pictures]:
        slots = panel.path.slots[:-1] if mode == "path" else panel._slots()
        return [slot.fitted for slot in slots if slot.fitted is not None]

    qtbot.waitUntil(lambda: len(pictures()) >= 2, timeout=WAIT)
    before = len(pictures())
    open_run(qtbot, studio, other_run(tmp_path))
    qtbot.waitUntil(lambda: len(pictures()) == before, timeout=WAIT)
    assert not any(picture[..., :2].any() for picture in pictures()), "the other's are blue"


def test_of_two_only_the_chosen_one_stays_with_another_run(
    qtbot: QtBot,
    studio: Studio,
    tiny_run: Path,
    panel: InterpolatePanel,
    picture_folder: Path,
    tmp_path: Path,
) -> None:
    open_run(qtbot, studio, tiny_run)
    panel.show()
    qtbot.waitUntil(lambda: panel.b.fitted is not None, timeout=WAIT)
    with qtbot.waitSignal(panel.a.fitted_changed, timeout=WAIT):
        assert drop(panel.a, files(picture_folder / "01.png"))
    chosen = fitted(panel.a)
    open_run(qtbot, studio, other_run(tmp_path))
    qtbot.waitUntil(lambda: panel.b.fitted is not None, timeout=WAIT)
    qtbot.waitUntil(lambda: not panel.a.waiting, timeout=WAIT)
    assert np.array_equal(fitted(panel.a), chosen)
    assert not fitted(panel.b)[..., :2].any()
