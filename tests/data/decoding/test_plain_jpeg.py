"""The fast path for plain JPEGs, compared with Pillow's own reader."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.data.decoding.decoding import OpenedPicture
from ddpm_studio.data.decoding.plain_jpeg import plain_jpeg
from ddpm_studio.data.decoding.verdicts import UnusablePicture
from tests.data.pictures import encoded, image, noise

WHITE = (255, 255, 255)
PICTURE = image(noise(1, 37, 53)[0])


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"quality": 30},
        {"quality": 100, "subsampling": 0},
        {"subsampling": 1},
        {"progressive": True},
        {"optimize": True},
        {"restart_marker_rows": 1},
        {"comment": b"made by hand"},
        {"dpi": (300, 300)},
        {"qtables": [[1] * 64, [2] * 64]},
    ],
)
def test_it_sees_what_pillow_sees(mode: str, how: dict[str, object]) -> None:
    data = encoded(PICTURE.convert(mode), "JPEG", **how)
    plain = plain_jpeg(data)
    assert plain is not None
    with Image.open(io.BytesIO(data)) as expected:
        assert (plain.size, plain.mode) == (expected.size, expected.mode)
        np.testing.assert_array_equal(np.asarray(plain.decode(data)), np.asarray(expected))


def test_what_is_not_plain_is_left_to_pillow() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for data in (
        encoded(PICTURE, "JPEG", exif=exif),
        encoded(PICTURE, "JPEG", icc_profile=b"profile"),
        encoded(PICTURE, "JPEG", xmp=b"<x/>"),
        encoded(PICTURE.convert("CMYK"), "JPEG"),
        encoded(Image.new("L", (1025, 1024)), "JPEG"),
        encoded(PICTURE),
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff",
    ):
        assert plain_jpeg(data) is None


def test_damage_is_told_as_pillow_tells_it() -> None:
    whole = encoded(PICTURE, "JPEG")
    for length in range(4, len(whole) - 2, 7):
        with pytest.raises(UnusablePicture), OpenedPicture(whole[:length]) as cut:
            cut.decode(WHITE, None)
    with pytest.raises(UnusablePicture, match="truncated"), OpenedPicture(whole[:-200]) as cut:
        cut.decode(WHITE, None)


def test_random_damage_gives_pixels_that_pillow_gives() -> None:
    whole = encoded(PICTURE, "JPEG", quality=60)
    random = np.random.default_rng(5)
    same = 0
    for _ in range(300):
        data = bytearray(whole)
        data[random.integers(2, len(data))] = random.integers(256)
        try:
            with Image.open(io.BytesIO(data), formats=["JPEG"]) as opened:
                expected = np.asarray(opened)
        except Exception:
            continue
        plain = plain_jpeg(bytes(data))
        if plain is not None and opened.mode in ("L", "RGB"):
            np.testing.assert_array_equal(np.asarray(plain.decode(bytes(data))), expected)
            same += 1
    assert same > 100
