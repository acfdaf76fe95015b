from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import load_picture


def test_a_picture_by_its_number(run: Path, pictures: Path, tmp_path: Path) -> None:
    for number in (0, 7):
        file = load_picture(pictures / f"{number}.png", run)
        assert np.array_equal(load_picture(Path(f"{pictures}#{number}"), run), file)
        assert np.array_equal(load_picture(Path(f"{run}#{number}"), run), file)
    with pytest.raises(StudioError, match=r"no picture 10 .* numbered 0 to 9"):
        load_picture(Path(f"{run}#10"), run)
    with pytest.raises(StudioError, match="no file or folder"):
        load_picture(Path(f"{tmp_path}/none#1"), run)


def test_a_file_that_is_called_so_comes_first(run: Path, pictures: Path, tmp_path: Path) -> None:
    Image.fromarray(np.full((16, 16, 3), 7, np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a#3")
    assert (load_picture(tmp_path / "a#3", run) == 7).all()


def test_of_an_embedded_set(run: Path) -> None:
    picture = load_picture(Path("sample:emoji#5"), run)
    assert picture.shape == (16, 16, 3)
    assert not np.array_equal(picture, load_picture(Path("sample:emoji#6"), run))
