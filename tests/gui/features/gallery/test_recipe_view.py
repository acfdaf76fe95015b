"""What the side panel of the gallery says of a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.gallery.recipe_view import RecipeView
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.fake_backend import FakeBackend
from tests.gui.summaries import view_of


def test_a_class_is_called_by_its_name_where_its_run_is_open(
    qtbot: QtBot, fake: FakeBackend, tmp_path: Path
) -> None:
    studio = Studio(fake)
    run = tmp_path / "animals"
    studio.open_run(run)
    classes = ("cat", "dog")
    fake.finish(fake.job("Opening animals"), view_of(run, known_classes=classes))
    view = RecipeView(studio)
    qtbot.addWidget(view)
    picture = np.zeros((8, 8, 3), np.uint8)
    told = {}
    for of in (run, tmp_path / "others"):
        request = {"run": str(of), "class_label": 1, "guidance": 2.0}
        view.show_picture(picture, {"kind": "sample", "index": 0, "request": request})
        told[of.name] = view.rows["Class"]
    assert told == {"animals": "dog, guidance 2.0", "others": "1, guidance 2.0"}
