from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.errors import StudioError
from ddpm_studio.export import save_png
from ddpm_studio.jobs import ModelStore, fit_picture, inpaint, load_mask, load_picture, train
from ddpm_studio.jobs.request_building import OptionError, build_request
from ddpm_studio.requests import InpaintRequest, PrepareOptions
from tests.jobs.conftest import REQUEST, finish, run_read_by


@pytest.fixture
def mask_file(tmp_path: Path) -> Path:
    """A mask that is white, to be inpainted, in the right half."""
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
    "options",
    [
        {"range": "0..4095"},
        {"range": "-1..1"},
        {"bands": "4,3,2"},
        {"bands": "3,2,1"},
        {"labels": "leaf-folders", "split": "train", "array": "scans", "layout": "NCHW"},
    ],
    ids=str,
)
def test_masks_and_drawings_are_not_read_as_the_set_was(
    run: Path, mask_file: Path, tmp_path: Path, options: dict[str, str]
) -> None:
    other = run_read_by(run, tmp_path / "run", **options)
    half = np.zeros((16, 16), bool)
    half[:, 8:] = True
    assert np.array_equal(load_mask(mask_file, other), half)
    drawn = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    save_png(tmp_path / "drawn.png", drawn[None], {"kind": "sample"})
    assert np.array_equal(load_picture(tmp_path / "drawn.png", other), drawn)
    assert np.array_equal(fit_picture(drawn, other), drawn)


def test_foreign_pictures_are_read_as_the_set_was(run: Path, tmp_path: Path) -> None:
    other = run_read_by(run, tmp_path / "run", bands="3,2,1")
    scan = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(scan).save(tmp_path / "scan.png")
    assert np.array_equal(load_picture(tmp_path / "scan.png", other), scan[..., ::-1])
    twice = scan.repeat(2, axis=0).repeat(2, axis=1)
    fitted, plain = fit_picture(twice, other), fit_picture(twice, run)
    assert np.array_equal(fitted, plain[..., ::-1])


@pytest.mark.parametrize(
    ("mask", "match"),
    [(np.zeros((16, 16), bool), "nothing to fill in"), (np.ones((8, 8), bool), "shape")],
)
def test_masks_that_do_not_fit(run: Path, pictures: Path, mask: np.ndarray, match: str) -> None:
    picture = load_picture(pictures / "3.png", run)
    with pytest.raises(StudioError, match=match):
        finish(inpaint(InpaintRequest(run=run, steps=5), picture, mask, ModelStore()))


def test_a_learned_variance_can_not_be_replaced(
    pictures: Path, mask_file: Path, tmp_path: Path
) -> None:
    run = tmp_path / "learned"
    asked = REQUEST.model_copy(update={"variance": "learned_range", "loss": "hybrid", "steps": 1})
    finish(train([pictures], run, asked, PrepareOptions()))
    with pytest.raises(OptionError, match=r"^variance: this model has learned its variance"):
        build_request(InpaintRequest, {"variance": "fixed_small"}, run=run)
    # A drawing of an earlier version may name one; it never had an effect.
    picture, mask = load_picture(pictures / "3.png", run), load_mask(mask_file, run)
    drawings = [
        finish(inpaint(InpaintRequest(run=run, steps=5, count=1, **named), picture, mask, models))[
            1
        ]
        for named in ({}, {"variance": "fixed_small"})
        for models in [ModelStore()]
    ]
    assert np.array_equal(*(drawn.pictures for drawn in drawings))
    # Else the drawing would not be recognised as the earlier one.
    assert drawings[1].recipe["request"]["variance"] == "fixed_small"
