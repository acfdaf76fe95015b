"""Names of runs with overlaid curves: distinct, through their parent folders if needed."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.observatory.curves_page import CurvesPage
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.fake_backend import FakeBackend


@pytest.mark.parametrize(
    ("runs", "names"),
    [
        (["/a/runs/mnist", "/a/runs/cifar"], ["mnist", "cifar"]),
        (["/a/mnist", "/b/mnist", "/b/cifar"], ["a/mnist", "b/mnist", "cifar"]),
        (
            ["/disk/runs/mnist", "/home/runs/mnist", "/home/old/mnist"],
            ["/disk/runs/mnist", "/home/runs/mnist", "old/mnist"],
        ),
    ],
)
def test_each_has_a_name_of_its_own(
    qtbot: QtBot, fake: FakeBackend, runs: list[str], names: list[str]
) -> None:
    page = CurvesPage(Studio(fake))
    qtbot.addWidget(page)
    page.show_runs([Path(run) for run in runs])
    # Full paths are written with the system's separators.
    assert page.names() == [str(Path(one)) if one.startswith("/") else one for one in names]
