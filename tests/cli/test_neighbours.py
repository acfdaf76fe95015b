import json
from pathlib import Path

import numpy as np
import pytest
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
    assert told["neighbours"][0] == {
        "number": 5,
        "name": "005.png",
        "distance": 0,
        "mirrored": False,
    }
    for one in told["neighbours"]:
        assert (pictures / one["name"]).is_file()
    assert len(told["neighbours"]) == 3
    assert told["among_themselves"] == told["neighbours"][1]["distance"]
    with Image.open(out) as image:
        grid = np.asarray(image.convert("RGB"))
    assert grid.shape == (34, 34, 3)
    assert np.array_equal(grid[:16, :16], grid[:16, 18:])
    lines = terminal(*words).out.splitlines()
    assert lines[0].split() == ["005.png", "RMSE", "0.00"]
    assert len(lines) == 5
    assert "from 0, the same picture, to 255" in lines[3]
    apart = f"005.png is {told['among_themselves']:.2f} from the training picture most like it"
    assert apart in lines[4]


def test_a_set_prepared_by_an_earlier_version_tells_numbers(
    terminal: Terminal,
    trained: Path,
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DDPM_STUDIO_CACHE", str(tmp_path))
    words = ["neighbours", trained, pictures / "005.png", "--count", 1]
    assert terminal(*words).out.startswith("005.png ")
    (names,) = tmp_path.glob("data/*/names.txt")
    names.write_text("fewer than there are")
    assert terminal(*words).out.startswith("Picture 5 ")
    names.unlink()
    assert terminal(*words).out.startswith("Picture 5 ")


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
