"""Fitting pictures to a size: crop, pad, squash, resampling, and the choice of the size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.data.fitting import choose_size
from tests.data.pictures import image, make_picture_folder, noise, prepared


@pytest.mark.parametrize("shape", [(32, 50), (50, 32), (33, 32), (32, 33)])
def test_crop_takes_the_middle_untouched(tmp_path: Path, shape: tuple[int, int]) -> None:
    height, width = shape
    pixels = noise(1, height, width)[0]
    image(pixels).save(tmp_path / "a.png")
    data = prepared(tmp_path / "cache", tmp_path / "a.png", image_size=32)
    top, left = (height - 32) // 2, (width - 32) // 2
    np.testing.assert_array_equal(data.images[0], pixels[top : top + 32, left : left + 32])


def test_pad_keeps_all_and_fills_with_the_background(tmp_path: Path) -> None:
    pixels = noise(1, 16, 32)[0]
    image(pixels).save(tmp_path / "a.png")
    data = prepared(
        tmp_path / "cache", tmp_path / "a.png", image_size=32, fit="pad", background="#0a141e"
    )
    np.testing.assert_array_equal(data.images[0, 8:24], pixels)
    border = np.concatenate([data.images[0, :8], data.images[0, 24:]])
    assert (border == (10, 20, 30)).all()


def test_pad_of_gray_with_coloured_borders_is_rgb(tmp_path: Path) -> None:
    pixels = noise(1, 16, 32, channels=1)[0]
    image(pixels).save(tmp_path / "a.png")
    data = prepared(tmp_path / "cache", tmp_path / "a.png", fit="pad", background="#ff0000")
    assert data.channels == 3
    assert data.images[0, 0, 0].tolist() == [255, 0, 0]


def test_squash_keeps_the_corners(tmp_path: Path) -> None:
    pixels = np.zeros((32, 128, 3), np.uint8)
    pixels[:16, :64], pixels[16:, 64:] = (255, 0, 0), (0, 0, 255)
    image(pixels).save(tmp_path / "a.png")
    data = prepared(tmp_path / "cache", tmp_path / "a.png", image_size=32, fit="squash")
    assert data.images[0, 2, 2].tolist() == [255, 0, 0]
    assert data.images[0, 29, 29].tolist() == [0, 0, 255]
    assert data.images[0, 2, 29].tolist() == [0, 0, 0]


@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_shrinking_averages_and_keeps_the_level(tmp_path: Path, kind: str) -> None:
    """A fine checkerboard of 0 and 255 becomes mid-gray when it is shrunk, without moiré."""
    board = (np.indices((1024, 1024)).sum(0) % 2 * 255).astype(np.uint8)
    Image.fromarray(board).save(tmp_path / f"a.{kind}", quality=100)
    data = prepared(tmp_path / "cache", tmp_path / f"a.{kind}", image_size=32)
    assert np.abs(data.images.astype(float) - 127.5).max() < 3


def test_large_jpeg_decoded_small_equals_the_whole_one(tmp_path: Path) -> None:
    y, x = np.mgrid[0:1200, 0:1600] / 100
    smooth = np.stack([np.sin(x), np.cos(y), np.sin(x + y)], -1)
    Image.fromarray(((smooth + 1) * 127.5).astype(np.uint8)).save(tmp_path / "a.jpg", quality=95)
    data = prepared(tmp_path / "cache", tmp_path / "a.jpg", image_size=32)
    with Image.open(tmp_path / "a.jpg") as whole:
        box = whole.crop((200, 0, 1400, 1200)).resize((32, 32), Image.Resampling.LANCZOS)
    assert np.abs(data.images[0].astype(int) - np.asarray(box)).max() <= 4


@pytest.mark.parametrize("level", [0, 1, 127, 254, 255])
def test_flat_pictures_stay_flat(tmp_path: Path, level: int) -> None:
    for side in (5, 300):
        Image.new("L", (side, side), level).save(tmp_path / f"{side}.png")
    data = prepared(tmp_path / "cache", tmp_path / "5.png", tmp_path / "300.png", image_size=32)
    assert (data.images == level).all()


@pytest.mark.parametrize(
    ("sizes", "multiple", "side"),
    [
        ([((28, 28), 10)], 1, 28),
        ([((28, 28), 10)], 4, 28),
        ([((28, 28), 10)], 8, 24),
        ([((64, 64), 10)], 8, 64),
        ([((65, 65), 10)], 1, 64),
        ([((500, 40), 10)], 1, 40),
        ([((1, 1), 1)], 1, 4),
        ([((1, 1), 1)], 3, 6),
        ([((20, 20), 1)], 32, 32),
        ([((48, 90), 2), ((500, 500), 1)], 1, 32),
        ([((49, 90), 2), ((500, 500), 1)], 1, 64),
        ([((10, 10), 1), ((3000, 2000), 2)], 16, 64),
    ],
)
def test_choice_of_size(sizes: list[tuple[tuple[int, int], int]], multiple: int, side: int) -> None:
    assert choose_size(sizes, multiple) == side


def test_chosen_size_and_multiple_reach_the_pictures(tmp_path: Path) -> None:
    make_picture_folder(tmp_path / "in", 2, size=(28, 28))
    data = prepared(tmp_path / "cache", tmp_path / "in", multiple=8)
    assert data.image_size == data.options.image_size == 24
    assert prepared(tmp_path / "cache", tmp_path / "in", multiple=4).image_size == 28
    odd = prepared(tmp_path / "cache", tmp_path / "in", multiple=8, image_size=30)
    assert odd.image_size == 30
