from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import ModelStore, inpaint, load_mask, load_picture, mask_notes
from ddpm_studio.requests import InpaintRequest
from tests.jobs.conftest import finish


@pytest.fixture
def mask_file(tmp_path: Path) -> Path:
    """White, to be filled in, on the right half."""
    mask = np.zeros((16, 16), np.uint8)
    mask[:, 8:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    return tmp_path / "mask.png"


def test_known_pixels_stay_and_the_others_are_drawn(
    run: Path, pictures: Path, mask_file: Path
) -> None:
    picture, mask = load_picture(pictures / "3.png", run), load_mask(mask_file, run)
    request = InpaintRequest(run=run, count=3, steps=10, jump=3, resamplings=2, seed=1)
    drawn = finish(inpaint(request, picture, mask, ModelStore()))[1]
    assert drawn.pictures.shape == (3, 16, 16, 3)
    assert np.array_equal(drawn.pictures[:, :, :8], np.stack([picture[:, :8]] * 3))
    assert not np.array_equal(drawn.pictures[0, :, 8:], picture[:, 8:])
    assert not np.array_equal(drawn.pictures[0], drawn.pictures[1])
    again = finish(inpaint(request, picture, mask, ModelStore()))[1]
    assert np.array_equal(again.pictures, drawn.pictures)


@pytest.mark.parametrize(
    ("mask", "match"),
    [(np.zeros((16, 16), bool), "nothing to fill in"), (np.ones((8, 8), bool), "shape")],
)
def test_masks_that_do_not_fit(run: Path, pictures: Path, mask: np.ndarray, match: str) -> None:
    picture = load_picture(pictures / "3.png", run)
    with pytest.raises(StudioError, match=match):
        finish(inpaint(InpaintRequest(run=run, steps=5), picture, mask, ModelStore()))


def test_a_mask_of_the_pictures_size_or_the_models_needs_no_word(
    run: Path, pictures: Path, mask_file: Path, tmp_path: Path
) -> None:
    assert mask_notes(mask_file, pictures / "3.png", run) == []
    for path in (tmp_path / "large.png", tmp_path / "large mask.png"):
        Image.new("L", (40, 30), 255).save(path)
    assert mask_notes(tmp_path / "large mask.png", tmp_path / "large.png", run) == []
    assert mask_notes(mask_file, tmp_path / "large.png", run) == []


def test_a_mask_of_another_size_and_one_in_colour_are_told_of(
    run: Path, pictures: Path, tmp_path: Path
) -> None:
    Image.new("L", (40, 30), 255).save(tmp_path / "wide.png")
    (size,) = mask_notes(tmp_path / "wide.png", pictures / "3.png", run)
    assert "wide.png has 40×30 pixels, 3.png 16×16" in size
    coloured = np.zeros((16, 16, 3), np.uint8)
    coloured[:4] = (255, 255, 0)
    Image.fromarray(coloured).save(tmp_path / "yellow.png")
    (colour,) = mask_notes(tmp_path / "yellow.png", pictures / "3.png", run)
    assert "in colour" in colour
    assert "25% of the picture" in colour
