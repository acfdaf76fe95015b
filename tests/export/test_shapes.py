"""Alpha and bands in exported files: kept if the format can, else composited over white."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageSequence

from ddpm_studio import export
from ddpm_studio.band_chunk import pack_bands, unpack_bands
from ddpm_studio.data import read_picture

Pixels = npt.NDArray[np.uint8]


def _pictures(count: int, channels: int) -> Pixels:
    rng = np.random.default_rng(channels)
    return rng.integers(1, 256, (count, 8, 12, channels), dtype=np.uint8)


@pytest.mark.parametrize("scale", [1, 3])
@pytest.mark.parametrize("channels", [2, 4, 5, 7])
def test_a_png_keeps_all_channels(tmp_path: Path, channels: int, scale: int) -> None:
    pictures = _pictures(3, channels)
    path = tmp_path / "a.png"
    export.save_png(path, pictures, {"kind": "test"}, columns=3, gap=1, scale=scale)
    read = read_picture(path, alpha=True)[:: scale if channels <= 4 else 1]
    read = read[:, :: scale if channels <= 4 else 1]
    np.testing.assert_array_equal(read[:, 13:25], pictures[1])
    # The gaps between the pictures are opaque.
    assert (read[:, 12] == 255).all()
    assert export.read_recipe(path) == {"kind": "test"}


def test_which_bands_a_png_shows(tmp_path: Path) -> None:
    pictures = _pictures(1, 6)
    export.save_png(tmp_path / "a.png", pictures, bands=(5, 0, 2))
    with Image.open(tmp_path / "a.png") as image:
        np.testing.assert_array_equal(np.asarray(image), pictures[0][..., [5, 0, 2]])
    with pytest.raises(ValueError, match="numbered 1 to 6"):
        export.save_png(tmp_path / "a.png", pictures, bands=(6, 0, 2))


def _film(channels: int) -> Pixels:
    """Return three frames: the second changes only a colour, the third only alpha."""
    frames = np.repeat(_pictures(1, channels), 3, axis=0)
    frames[1:, 2:4, 2:4, 0] ^= 255
    frames[2, 5:7, 5:7, -1] ^= 129
    return frames


@pytest.mark.parametrize("suffix", [".apng", ".webp"])
@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_is_exact_in_apng_and_webp(tmp_path: Path, suffix: str, channels: int) -> None:
    frames = _film(channels)
    path = tmp_path / f"a{suffix}"
    for _ in export.save_animation(path, frames, hold_last_seconds=0):
        pass
    with Image.open(path) as film:
        read = [np.asarray(frame.convert("RGBA")) for frame in ImageSequence.Iterator(film)]
    assert len(read) == 3
    for frame, wanted in zip(read, frames, strict=True):
        colours = wanted[..., [0, 0, 0, 1]] if channels == 2 else wanted
        np.testing.assert_array_equal(frame, colours)


def test_a_gif_is_laid_over_white(tmp_path: Path) -> None:
    frames = np.zeros((2, 8, 8, 4), np.uint8)
    frames[:, :4] = (10, 20, 30, 255)
    frames[1, 4:] = (0, 0, 0, 51)
    path = tmp_path / "a.gif"
    for _ in export.save_animation(path, frames, hold_last_seconds=0):
        pass
    with Image.open(path) as film:
        read = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(film)]
    assert (read[0][:4] == (10, 20, 30)).all()
    assert (read[0][4:] == 255).all()
    assert (read[1][4:] == 204).all()  # 255 · (1 − 51/255)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 12,
        b"\xff" * 40,
        pack_bands(_pictures(1, 5)[0])[:-3],
        pack_bands(_pictures(1, 5)[0][:4]),
    ],
    ids=["empty", "no shape", "too many", "cut short", "of another picture"],
)
def test_damaged_bands_are_told(content: bytes) -> None:
    with pytest.raises(ValueError, match="bands"):
        unpack_bands(content, (12, 8))


def test_bands_come_back(tmp_path: Path) -> None:
    picture = _pictures(1, 5)[0]
    np.testing.assert_array_equal(unpack_bands(pack_bands(picture), (24, 16)), picture)
