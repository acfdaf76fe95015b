"""Rectangular pictures, alpha channels and bands are prepared unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from pydantic import ValidationError

from ddpm_studio.data import preview
from ddpm_studio.data.store import DatasetCache
from ddpm_studio.errors import StudioError
from ddpm_studio.requests import PrepareOptions
from tests.data.pictures import image, noise, prepared

Pixels = npt.NDArray[np.uint8]

# From version 0.1.0, for the pictures of the last test.
FINGERPRINT = "bfa3fa3e53e73c3205ea1dbdd614f7bccbfddbe5"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("32", 32),
        (32, 32),
        ("96x64", (96, 64)),
        ("96×64", (96, 64)),
        (" 96 X 64 ", (96, 64)),
        ([96, 64], (96, 64)),
        ([64, 64], 64),
        (None, None),
    ],
)
def test_a_size_is_width_by_height_and_a_square_one_number(text: object, size: object) -> None:
    options = PrepareOptions.model_validate({"image_size": text})
    assert options.image_size == size
    assert PrepareOptions.model_validate_json(options.model_dump_json()) == options


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("96x", "such as 96x64"),
        ("wide", "such as 96x64"),
        ([96, 64, 3], "such as 96x64"),
        (3, "sides of 4 to 1024"),
        ("96x2000", "sides of 4 to 1024"),
        (True, "whole pixels"),
        ([8.5, 8], "whole pixels"),
    ],
)
def test_what_is_no_size_is_refused(value: object, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        PrepareOptions.model_validate({"image_size": value})


@pytest.mark.parametrize("shape", [(64, 96), (64, 120), (99, 96), (128, 192)])
def test_a_rectangle_is_cut_from_the_middle(tmp_path: Path, shape: tuple[int, int]) -> None:
    pixels = noise(1, *shape)[0]
    image(pixels).save(tmp_path / "a.png")
    data = prepared(tmp_path / "cache", tmp_path / "a.png", image_size="96x64")
    assert data.images.shape == (1, 64, 96, 3)
    assert data.image_size == data.options.image_size == (96, 64)
    if shape == (128, 192):  # Twice as large: the mean level stays.
        assert abs(float(data.images.mean()) - float(pixels.mean())) < 1
        return
    top, left = (shape[0] - 64) // 2, (shape[1] - 96) // 2
    np.testing.assert_array_equal(data.images[0], pixels[top : top + 64, left : left + 96])


def test_a_rectangle_is_padded_on_the_sides_that_are_short(tmp_path: Path) -> None:
    pixels = noise(1, 64, 64)[0]
    image(pixels).save(tmp_path / "a.png")
    data = prepared(
        tmp_path / "cache", tmp_path / "a.png", image_size=(96, 64), fit="pad", background="#0a141e"
    )
    np.testing.assert_array_equal(data.images[0, :, 16:80], pixels)
    assert (data.images[0, :, :16] == (10, 20, 30)).all()
    assert (data.images[0, :, 80:] == (10, 20, 30)).all()


def _half_seen() -> Pixels:
    pixels: Pixels = noise(1, 32, 48, channels=4)[0].copy()
    pixels[..., 3] = np.maximum(pixels[..., 3], 1)
    pixels[:8, :, 3] = 0
    return pixels


@pytest.mark.parametrize("kind", ["png", "npy"])
def test_alpha_is_kept_where_it_is_asked_for(tmp_path: Path, kind: str) -> None:
    pixels = _half_seen()
    source = tmp_path / f"a.{kind}"
    if kind == "png":
        image(pixels).save(source)
    else:
        np.save(source, pixels[None])
    options: dict[str, Any] = {"image_size": (48, 32), "background": "#336699"}
    kept = prepared(tmp_path / "cache", source, channels="rgba", **options)
    assert (kept.channels, kept.options.channels) == (4, "rgba")
    np.testing.assert_array_equal(kept.images[0, 8:], pixels[8:])
    # Transparent pixels have the background colour and alpha 0.
    assert (kept.images[0, :8] == (0x33, 0x66, 0x99, 0)).all()
    flat = prepared(tmp_path / "cache", source, **options)
    assert flat.channels == 3
    assert (flat.images[0, :8] == (0x33, 0x66, 0x99)).all()


def test_gray_with_alpha(tmp_path: Path) -> None:
    pixels = noise(1, 32, 32, channels=2)[0].copy()
    pixels[..., 1] = np.maximum(pixels[..., 1], 1)
    Image.fromarray(pixels, "LA").save(tmp_path / "a.png")
    Image.fromarray(pixels[..., 0]).save(tmp_path / "b.png")
    data = prepared(
        tmp_path / "cache", tmp_path / "a.png", tmp_path / "b.png", channels="gray+alpha"
    )
    np.testing.assert_array_equal(data.images[0], pixels)
    np.testing.assert_array_equal(data.images[1, ..., 0], pixels[..., 0])
    assert (data.images[1, ..., 1] == 255).all()


def test_borders_of_pictures_with_alpha_are_transparent(tmp_path: Path) -> None:
    image(noise(1, 32, 32)[0]).save(tmp_path / "a.png")
    data = prepared(
        tmp_path / "cache", tmp_path / "a.png", image_size="48x32", fit="pad", channels="rgba"
    )
    assert (data.images[0, :, 8:40, 3] == 255).all()
    assert (data.images[0, :, :8, 3] == 0).all()
    assert (data.images[0, :, 40:, 3] == 0).all()


@pytest.mark.parametrize("first", [False, True], ids=["NHWC", "NCHW"])
@pytest.mark.parametrize("channels", ["auto", "bands"])
def test_arrays_keep_all_their_bands(tmp_path: Path, first: bool, channels: str) -> None:
    pixels = noise(3, 32, 48, channels=5)
    np.save(tmp_path / "a.npy", np.moveaxis(pixels, 3, 1) if first else pixels)
    options: dict[str, Any] = {"image_size": (48, 32), "channels": channels}
    data = prepared(tmp_path / "cache", tmp_path / "a.npy", **options)
    np.testing.assert_array_equal(data.images, pixels)
    assert data.options.channels == "bands"
    # Found again in the cache, by the resolved options.
    again = prepared(tmp_path / "cache", tmp_path / "a.npy", **options)
    assert (again.fingerprint, again.channels) == (data.fingerprint, 5)
    few = preview([tmp_path / "a.npy"], PrepareOptions.model_validate(options))
    np.testing.assert_array_equal(few.pictures, pixels)
    assert few.options == data.options


def test_four_bands_that_are_no_colours_stay_as_they_are(tmp_path: Path) -> None:
    pixels = noise(2, 32, 32, channels=4)
    pixels[:, :8, :, 3] = 0
    np.save(tmp_path / "a.npy", pixels)
    data = prepared(tmp_path / "cache", tmp_path / "a.npy", channels="bands")
    np.testing.assert_array_equal(data.images, pixels)


def test_bands_are_no_colours_and_colours_no_bands(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", noise(3, 32, 32, channels=5))
    image(noise(1, 32, 32)[0]).save(tmp_path / "b.png")
    both = (tmp_path / "a.npy", tmp_path / "b.png")
    bands = prepared(tmp_path / "cache", *both, channels="bands")
    assert (len(bands), bands.channels) == (3, 5)
    assert [reject.reason for reject in bands.report.rejects] == ["of 3 channels: not 5"]
    colours = prepared(tmp_path / "cache", *both, channels="rgb")
    assert (len(colours), colours.channels) == (1, 3)
    assert {reject.reason for reject in colours.report.rejects} == {"of 5 channels: not 3"}
    with pytest.raises(StudioError, match=r"of 5 channels.*Choose other channels: bands are"):
        prepared(tmp_path / "cache", both[0], channels="rgba")


def test_a_set_that_0_1_0_prepared_is_found_by_its_fingerprint(tmp_path: Path) -> None:
    """A set that 0.1.0 prepared is found: the fingerprint of a square is unchanged."""
    pixels = (np.arange(16 * 16 * 3, dtype=np.uint16) % 251).astype(np.uint8).reshape(16, 16, 3)
    np.save(tmp_path / "a.npy", pixels[None])
    data = prepared(tmp_path / "cache", tmp_path / "a.npy", image_size=16)
    assert data.fingerprint == FINGERPRINT
    assert DatasetCache(tmp_path / "cache").find(FINGERPRINT, [], "") is not None
