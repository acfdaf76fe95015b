import json
from pathlib import Path

import numpy as np
from PIL import Image

from tests.cli.conftest import Terminal


def test_a_training_picture_is_its_own_nearest(
    terminal: Terminal, trained: Path, pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "near.png"
    words = ["neighbours", trained, pictures / "005.png", "--count", 3]
    said = terminal(*words, "--out", out, "--json")
    assert said.code == 0
    told = json.loads(said.out)
    assert told["neighbours"][0] == {"number": 5, "distance": 0, "mirrored": False}
    assert len(told["neighbours"]) == 3
    assert told["among_themselves"] == told["neighbours"][1]["distance"]
    with Image.open(out) as image:
        grid = np.asarray(image.convert("RGB"))
    assert grid.shape == (34, 34, 3)
    assert np.array_equal(grid[:16, :16], grid[:16, 18:])
    lines = terminal(*words).out.splitlines()
    assert lines[0].split() == ["Picture", "5", "RMSE", "0.00"]
    assert len(lines) == 4


def test_refusals(terminal: Terminal, trained: Path, pictures: Path, tmp_path: Path) -> None:
    picture = pictures / "000.png"
    for words, cause in (
        ([pictures, picture], "not a run folder"),
        ([trained, pictures / "none.png"], "none.png"),
        ([trained, picture, "--out", tmp_path / "a.jpg"], "ends with .jpg"),
    ):
        said = terminal("neighbours", *words)
        assert said.code == 1
        assert cause in said.error
        assert said.out == ""
    assert terminal("neighbours", trained, picture, "--count", 0).code == 2
