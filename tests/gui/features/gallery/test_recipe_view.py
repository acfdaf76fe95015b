"""Recipe view in the gallery's side panel: class of a picture, and its place in a mix."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
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


@pytest.mark.parametrize(
    ("steps", "told"), [(1, "DDIM, 1 step"), (20, "DDIM, 20 steps"), (None, "DDIM")]
)
def test_the_sampler_is_told_with_its_steps(
    qtbot: QtBot, fake: FakeBackend, steps: int | None, told: str
) -> None:
    view = RecipeView(Studio(fake))
    qtbot.addWidget(view)
    request = {"sampler": "ddim", "steps": steps}
    view.show_picture(np.zeros((8, 8, 3), np.uint8), {"kind": "sample", "request": request})
    assert view.rows["Sampler"] == told


TWO, FOUR = (dict.fromkeys("0123"[:count]) for count in (2, 4))


@pytest.mark.parametrize(
    ("kind", "index", "request_", "inputs", "told"),
    [
        ("interpolate", 2, {"steps_lambda": 5}, TWO, {"λ": "0.5"}),
        # A single picture between two, at a λ of its own.
        ("interpolate", 0, {"steps_lambda": 7, "u": 0.3}, TWO, {"λ": "0.3"}),
        # The fourth in the third row of five: v increases downwards, u to the right.
        ("interpolate", 13, {"steps_lambda": 5}, FOUR, {"u": "0.75", "v": "0.5"}),
        ("interpolate", 0, {"steps_lambda": 7, "u": 0.25, "v": 1.0}, FOUR, {"u": "0.25", "v": "1"}),
        (
            "interpolate",
            1,
            {"steps_lambda": 7, "trail": "0,0 0.5,0.2 1,1"},
            FOUR,
            {"u": "0.5", "v": "0.2"},
        ),
        # On a path with λ in quarters, halfway from the second picture to the third.
        ("path", 6, {"steps_lambda": 5}, FOUR, {"λ": "0.5 from picture 2 on"}),
    ],
)
def test_a_mix_tells_where_it_stands_between_its_pictures(
    qtbot: QtBot,
    fake: FakeBackend,
    kind: str,
    index: int,
    request_: dict[str, object],
    inputs: dict[str, object],
    told: dict[str, str],
) -> None:
    view = RecipeView(Studio(fake))
    qtbot.addWidget(view)
    recipe = {"kind": kind, "index": index, "request": request_, "inputs": inputs}
    view.show_picture(np.zeros((8, 8, 3), np.uint8), recipe)
    assert {key: view.rows[key] for key in ("λ", "u", "v") if key in view.rows} == told
