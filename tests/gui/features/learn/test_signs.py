"""Symbols of the equations in Learn: their signs have no underscores."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from ddpm_studio.catalogue.concepts import CONCEPTS
from ddpm_studio.gui.features.learn.equation import Equation
from ddpm_studio.gui.features.learn.learn_panel import LearnPanel
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.fake_backend import FakeBackend


def test_no_sign_has_an_underscore(qtbot: QtBot) -> None:
    panel = LearnPanel(Studio(FakeBackend()), ActionRegistry())
    qtbot.addWidget(panel)
    for concept in CONCEPTS:
        panel.show_concept(concept)
    equations = panel.findChildren(Equation)
    assert len(equations) > 4
    for equation in equations:
        for symbol in equation._symbols.values():
            assert "_" not in symbol.sign
