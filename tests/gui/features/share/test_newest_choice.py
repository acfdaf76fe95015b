"""Share panel: the last choice is used, even if an earlier one takes longer to read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import Latent
from tests.gui.fake_backend import FakeBackend
from tests.gui.features.common.test_cancelled_drawing import opened

PICTURE = np.full((16, 16, 3), 200, np.uint8)
LATENT = Latent(np.zeros((1, 3, 16, 16), np.float32), 4, 20, "model", "run")


@pytest.fixture
def panel(qtbot: QtBot, fake: FakeBackend, tmp_path: Path) -> SharePanel:
    studio = Studio(fake)
    made = SharePanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(made)
    made.resize(800, 700)
    made.show()
    opened(fake, studio, tmp_path / "run")
    return made


def test_a_latent_takes_the_place_of_a_picture_that_is_still_being_read(
    fake: FakeBackend, panel: SharePanel, tmp_path: Path
) -> None:
    panel.source.set_path(tmp_path / "a.png")
    picture = fake.job("Reading a.png")
    panel.latents.load(tmp_path / "x.safetensors")
    fake.finish(fake.job("Reading x.safetensors"), LATENT)
    assert fake.asked_to_cancel(picture)
    assert panel.latents.latent is LATENT
    assert panel.time.value == 4


def test_a_picture_takes_the_place_of_a_latent_that_is_still_being_read(
    fake: FakeBackend, panel: SharePanel, tmp_path: Path
) -> None:
    panel.latents.load(tmp_path / "x.safetensors")
    latent = fake.job("Reading x.safetensors")
    panel.source.set_picture(PICTURE)
    assert fake.asked_to_cancel(latent)
    assert panel.source.fitted is not None


def test_from_noise_uses_neither_a_picture_nor_a_latent(
    fake: FakeBackend, panel: SharePanel, tmp_path: Path
) -> None:
    noise = panel.actions_["share.from_noise"]
    panel.source.set_path(tmp_path / "a.png")
    picture = fake.job("Reading a.png")
    noise.trigger()
    assert fake.asked_to_cancel(picture)
    assert panel.source.is_free
    panel.latents.use(LATENT, "a file")
    assert not panel.time.isEnabled()
    noise.trigger()
    assert panel.latents.latent is None
    assert panel.time.isEnabled()
