"""Typing in the Data dock's form: unfinished text stays while pictures are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.data import PreviewResult
from ddpm_studio.gui.features.data.data_panel import DataPanel
from ddpm_studio.gui.shell.open_actions import OpenActions
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.requests import PrepareOptions
from tests.gui.fake_backend import FakeBackend

FIRST, SECOND = Path("/pictures/first"), Path("/pictures/second")


@pytest.fixture
def panel(qtbot: QtBot, fake: FakeBackend) -> DataPanel:
    studio, actions, window = Studio(fake), ActionRegistry(), QWidget()
    qtbot.addWidget(window)
    OpenActions(studio, actions, window)
    made = DataPanel(studio, actions)
    qtbot.addWidget(made)
    studio.open_data([FIRST])
    return made


def size_field(panel: DataPanel) -> QLineEdit:
    field = panel.form.editor("image_size")
    assert isinstance(field, QLineEdit)
    return field


def asked_size(panel: DataPanel) -> object:
    """Return the image size with which pictures are read."""
    return panel._studio.options.image_size


def type_(qtbot: QtBot, panel: DataPanel, text: str) -> None:
    """Type into the size field, and wait until the debounce timer has fired."""
    size_field(panel).setText(text)
    qtbot.waitUntil(lambda: not panel._debounce_timer.isActive())


def test_a_size_that_is_half_typed_stays_when_pictures_come(
    qtbot: QtBot, panel: DataPanel, fake: FakeBackend
) -> None:
    type_(qtbot, panel, "96")
    assert asked_size(panel) == 96
    type_(qtbot, panel, "96 x")
    pictures, sizes = np.zeros((2, 96, 96, 3), np.uint8), ((99, 99), (99, 99))
    found = PreviewResult(pictures, ("a", "b"), sizes, 2, 0, PrepareOptions(), ())
    fake.finish(fake.job("Preview"), found)
    assert size_field(panel).text() == "96 x"
    type_(qtbot, panel, "96 x 64")
    assert asked_size(panel) == (96, 64)


def test_others_are_read_by_their_own_options(
    qtbot: QtBot, panel: DataPanel, fake: FakeBackend
) -> None:
    size_field(panel).setText("96")
    panel._studio.open_data([SECOND], PrepareOptions(image_size=32))
    assert size_field(panel).text() == "32"
    qtbot.wait(300)
    assert panel._studio.options.image_size == 32
