"""Decoding of each image format, against pixels worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.pictures import encoded, image, noise, prepared

RGB = noise(1)[0]
GRAY = noise(1, channels=1)[0]


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("PNG", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("WEBP", {"lossless": True}),
        ("PPM", {}),
    ],
)
def test_lossless_rgb_comes_through_exactly(tmp_path: Path, kind: str, how: dict) -> None:
    (tmp_path / "a").write_bytes(encoded(image(RGB), kind, **how))
    data = prepared(tmp_path / "cache", tmp_path / "a")
    assert data.options.channels == "rgb"
    np.testing.assert_array_equal(data.images, RGB[None])


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF", "PPM"])
def test_lossless_gray_comes_through_exactly(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a").write_bytes(encoded(image(GRAY), kind))
    data = prepared(tmp_path / "cache", tmp_path / "a")
    assert data.channels == 1
    np.testing.assert_array_equal(data.images, GRAY[None])


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_jpeg_is_near(tmp_path: Path, mode: str) -> None:
    colour = (200, 100, 50)
    flat = Image.new("RGB", (24, 24), colour).convert(mode)
    (tmp_path / "a.jpg").write_bytes(encoded(flat, "JPEG", quality=95))
    data = prepared(tmp_path / "cache", tmp_path / "a.jpg")
    expected = colour if mode != "L" else (round(0.299 * 200 + 0.587 * 100 + 0.114 * 50),)
    assert data.images.shape == (1, 24, 24, len(expected))
    assert np.abs(data.images.astype(int) - expected).max() <= 2


def test_jpeg_with_equal_channels_is_gray(tmp_path: Path) -> None:
    flat = Image.new("RGB", (16, 16), (90, 90, 90))
    flat.save(tmp_path / "a.jpg")
    data = prepared(tmp_path / "cache", tmp_path / "a.jpg")
    assert (data.options.channels, data.images.shape) == ("gray", (1, 16, 16, 1))
    assert np.abs(data.images.astype(int) - 90).max() <= 1


def test_one_bit(tmp_path: Path) -> None:
    bits = np.indices((8, 8)).sum(0) % 2 == 0
    Image.fromarray(bits).save(tmp_path / "a.png")
    data = prepared(tmp_path / "cache", tmp_path / "a.png")
    np.testing.assert_array_equal(data.images[0, :, :, 0], bits * 255)


def test_sixteen_bit_gray_is_scaled_and_rounded(tmp_path: Path) -> None:
    values = np.array([0, 128, 129, 257, 32767, 32768, 65406, 65535] * 8, np.uint16).reshape(8, 8)
    Image.fromarray(values).save(tmp_path / "a.png")
    Image.fromarray(values).save(tmp_path / "b.tif")
    data = prepared(tmp_path / "cache", tmp_path / "a.png", tmp_path / "b.tif")
    expected = np.round(values / 65535 * 255)
    np.testing.assert_array_equal(data.images[0, :, :, 0], expected)
    np.testing.assert_array_equal(data.images[1, :, :, 0], expected)


def composite(colour: np.ndarray, alpha: np.ndarray, background: tuple[int, ...]) -> np.ndarray:
    share = alpha.astype(np.float64)[..., None] / 255
    return np.round(colour * share + np.array(background) * (1 - share))


def test_alpha_is_composited_on_the_background(tmp_path: Path) -> None:
    rgba = noise(1, channels=4)[0]
    image(rgba).save(tmp_path / "a.png")
    data = prepared(tmp_path / "cache", tmp_path / "a.png", background="#ff8000")
    expected = composite(rgba[..., :3], rgba[..., 3], (255, 128, 0))
    assert np.abs(data.images[0] - expected).max() <= 1
    assert (data.images[0] == expected).mean() > 0.99


def test_gray_with_alpha_is_gray_on_white_and_coloured_on_orange(tmp_path: Path) -> None:
    la = noise(1, channels=2)[0]
    Image.fromarray(la).save(tmp_path / "a.png")
    white = prepared(tmp_path / "cache", tmp_path / "a.png")
    assert white.channels == 1
    expected = composite(la[..., :1], la[..., 1], (255,))
    assert np.abs(white.images[0] - expected).max() <= 1
    orange = prepared(tmp_path / "cache", tmp_path / "a.png", background="#ff8000")
    assert orange.channels == 3
    expected = composite(la[..., [0, 0, 0]], la[..., 1], (255, 128, 0))
    assert np.abs(orange.images[0] - expected).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_palette_with_transparency(tmp_path: Path, kind: str) -> None:
    indices = np.arange(64, dtype=np.uint8).reshape(8, 8) % 3
    picture = Image.fromarray(indices).convert("L")
    picture = Image.frombytes("P", (8, 8), picture.tobytes())
    picture.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    (tmp_path / "a").write_bytes(encoded(picture, kind, transparency=1))
    data = prepared(tmp_path / "cache", tmp_path / "a", background="#102030")
    colours = np.array([(255, 0, 0), (0x10, 0x20, 0x30), (0, 0, 255)])
    np.testing.assert_array_equal(data.images[0], colours[indices])


def test_colour_key_is_transparent(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:4] = (10, 20, 30)
    (tmp_path / "a.png").write_bytes(encoded(image(pixels), transparency=(10, 20, 30)))
    data = prepared(tmp_path / "cache", tmp_path / "a.png", background="#ff0000")
    assert data.images[0, 0, 0].tolist() == [255, 0, 0]
    assert data.images[0, 7, 7].tolist() == [0, 0, 0]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation(tmp_path: Path, kind: str, orientation: int) -> None:
    stored = np.zeros((24, 40, 3), np.uint8)
    stored[:12, :20] = (255, 0, 0)
    stored[12:, :20] = (0, 255, 0)
    stored[12:, 20:] = (0, 0, 255)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(image(stored), kind, exif=exif, lossless=True, quality=95)
    (tmp_path / "a").write_bytes(data)
    # From the EXIF standard: where the first stored row and column are shown.
    upright = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.transpose(1, 0, 2),
        6: np.rot90(stored, -1),
        7: stored.transpose(1, 0, 2)[::-1, ::-1],
        8: np.rot90(stored),
    }[orientation]
    made = prepared(tmp_path / "cache", tmp_path / "a", image_size=40, fit="pad")
    height, width = upright.shape[:2]
    top, left = (40 - height) // 2, (40 - width) // 2
    shown = made.images[0, top : top + height, left : left + width].astype(int)
    assert (np.abs(shown - upright) > 90).mean() < 0.02
    assert made.report.sizes == (((width, height), 1),)


def test_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    for name in ("a.gif", "a.webp", "a.tiff"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], lossless=True)
        data = prepared(tmp_path / "cache", tmp_path / name)
        np.testing.assert_array_equal(data.images, np.full((1, 16, 16, 3), (255, 0, 0)))


def test_channels_as_asked(tmp_path: Path) -> None:
    image(RGB).save(tmp_path / "a.png")
    image(GRAY).save(tmp_path / "b.png")
    gray = prepared(tmp_path / "cache", tmp_path / "a.png", channels="gray")
    luma = RGB @ np.array([0.299, 0.587, 0.114])
    assert np.abs(gray.images[0, :, :, 0] - luma).max() <= 0.51
    rgb = prepared(tmp_path / "cache", tmp_path / "b.png", channels="rgb")
    np.testing.assert_array_equal(rgb.images, np.repeat(GRAY[None], 3, axis=3))
    both = prepared(tmp_path / "cache", tmp_path / "a.png", tmp_path / "b.png")
    assert both.channels == 3
