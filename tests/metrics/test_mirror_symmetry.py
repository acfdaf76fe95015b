"""Mirror symmetry: letters and shoes are told apart from their mirror images, noise is not."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ddpm_studio import data
from ddpm_studio.engine.generators import finish
from ddpm_studio.metrics.mirror_symmetry import MirrorSymmetry, mirror_symmetry
from ddpm_studio.paths import resources_dir
from ddpm_studio.requests import PrepareOptions


def _letters(count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return pictures of asymmetric letters, each at a random place."""
    draw = np.random.default_rng(0)
    pictures = []
    for k in range(count):
        picture = Image.new("L", (16, 16))
        place = tuple(draw.integers(1, 5, 2).tolist())
        ImageDraw.Draw(picture).text(place, "REFPBKL"[k % 7], fill=255)
        pictures.append(np.asarray(picture)[..., None])
    return np.stack(pictures)


def _either_way(count: int, channels: int = 3) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    draw = np.random.default_rng(1)
    return draw.integers(0, 256, (count, 12, 16, channels), dtype=np.uint8)


@pytest.mark.parametrize("count", [60, 500])
def test_letters_are_told_from_their_mirror_images(count: int) -> None:
    found = mirror_symmetry(_letters(count))
    assert found.accuracy > 0.75
    assert not found.is_symmetric
    assert found.count == count


def test_both_ways_alike_are_not_told_apart() -> None:
    letters = _letters(500)
    letters[::2] = letters[::2, :, ::-1]
    found = mirror_symmetry(letters)
    assert found.accuracy == pytest.approx(0.5, abs=0.06)
    assert found.is_symmetric


def test_the_garments_have_sides() -> None:
    source = resources_dir() / "data/fashion-mnist"
    garments = finish(data.prepare([source], PrepareOptions(image_size=28)))
    found = mirror_symmetry(garments.images)
    # Most shoes point to the left; shirts and trousers are nearly or entirely symmetric.
    assert 0.75 < found.accuracy < 0.9
    assert found.count == 2048


@pytest.mark.parametrize("count", [1, 2, 3, 40])
@pytest.mark.parametrize("channels", [1, 2, 4, 7])
def test_few_pictures_of_any_channels_tell_nothing(count: int, channels: int) -> None:
    assert mirror_symmetry(_either_way(count, channels)).is_symmetric


@pytest.mark.parametrize("width", [1, 2, 3])
def test_narrow_and_even_pictures_have_no_sides(width: int) -> None:
    narrow = _either_way(20)[:, :, :width]
    assert 0 <= mirror_symmetry(narrow).accuracy <= 1
    even = np.full((20, 8, 8, 3), 7, np.uint8)
    assert mirror_symmetry(even) == MirrorSymmetry(0.0, 20)


@pytest.mark.parametrize("channels", [2, 4])
def test_no_band_is_alpha(channels: int) -> None:
    """Each band is noise; only their products, as over white, are brighter on the left."""
    noise = np.random.default_rng(2).integers(0, 256, (500, 8, 8, 1), dtype=np.uint8)
    last = np.where(np.arange(8)[:, None] < 4, noise, 255 - noise)
    pictures = np.concatenate([noise] * (channels - 1) + [last], axis=3)
    assert not mirror_symmetry(pictures).is_symmetric
    assert mirror_symmetry(pictures, are_bands=True).is_symmetric
