"""The range of numbers in picture files: reported, one for a set, and chosen by option."""

from __future__ import annotations

import itertools
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.data import Dataset, prepare, preview
from ddpm_studio.data.values import Range, Values
from ddpm_studio.errors import StudioError
from ddpm_studio.requests import PrepareOptions
from tests.data.pictures import image, noise, prepared
from tests.hostile import seeds
from tests.hostile.bad_pictures import png


def gray(folder: Path, levels: np.ndarray) -> Path:
    """Write gray pictures (N, H, W) of any type as PNG, floats as TIFF (PNG has no such type)."""
    folder.mkdir()
    for number, one in enumerate(levels):
        Image.fromarray(one).save(folder / f"{number}.{'tif' if one.dtype.kind == 'f' else 'png'}")
    return folder


def told(data: Dataset, *words: str) -> bool:
    return any(all(word in line for word in words) for line in data.report.told)


@pytest.mark.parametrize(
    ("values", "inferred_range"),
    [
        (Values("bool", 0, 1), Range(0, 1)),
        (Values("uint8", 0, 255), Range(0, 255)),
        (Values("uint8", 0, 1), Range(0, 1)),
        (Values("uint8", 1, 1), Range(0, 255)),
        (Values("uint8", 0, 0), Range(0, 255)),
        (Values("uint8", 0, 20), Range(0, 255)),
        (Values("uint16", 0, 255), Range(0, 255)),
        (Values("uint16", 3, 1000), Range(0, 1023)),
        (Values("uint16", 0, 4080), Range(0, 4095)),
        (Values("int32", 0, 16000), Range(0, 16383)),
        (Values("uint16", 0, 20000), Range(0, 65535)),
        (Values("int8", -128, 127), Range(-128, 127)),
        (Values("float32", 0, 1), Range(0, 1)),
        (Values("float32", -1, 1.0005), Range(-1, 1)),
        (Values("float64", 0, 254.5), Range(0, 255)),
    ],
)
def test_the_rule(values: Values, inferred_range: Range) -> None:
    assert values.inferred_range == inferred_range


@pytest.mark.parametrize(
    "values",
    [
        Values("int16", -1024, 3071),
        Values("uint32", 0, 70_000),
        Values("float32", float("nan"), float("nan")),
        Values("float32", -2.1, 2.6),
        Values("float32", 0, 1000),
        Values("complex64", 0, 0),
    ],
)
def test_what_has_no_meaning_is_refused_with_its_numbers(values: Values) -> None:
    with pytest.raises(ValueError, match=r"values (of type|from)"):
        _ = values.inferred_range


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_sixteen_bit_files_of_fewer_bits(tmp_path: Path, bits: int) -> None:
    levels = noise(3, 16, 16, 1)[..., 0].astype(np.uint16) << (bits - 8)
    levels[0, 0, 0] = top = (1 << bits) - 1
    data = prepared(tmp_path / "cache", gray(tmp_path / "in", levels))
    np.testing.assert_array_equal(data.images[..., 0], np.rint(levels / top * 255))
    assert told(data, f"to {top}, read as 0..{top} ({bits} bits)")
    seen = preview([tmp_path / "in"], PrepareOptions())
    np.testing.assert_array_equal(seen.pictures, data.images)
    full = prepared(tmp_path / "cache", tmp_path / "in", range="0..65535")
    np.testing.assert_array_equal(full.images[..., 0], np.rint(levels / 257))
    assert full.fingerprint != data.fingerprint


def test_one_dark_picture_does_not_change_the_meaning(tmp_path: Path) -> None:
    levels = np.stack([np.full((16, 16), value, np.uint16) for value in (0, 40, 60_000)])
    data = prepared(tmp_path / "cache", gray(tmp_path / "in", levels))
    assert data.images[:, 0, 0, 0].tolist() == [0, 0, 233]
    floats = np.stack([np.full((16, 16), value, np.float32) for value in (0.5, 200)])
    data = prepared(tmp_path / "cache", gray(tmp_path / "floats", floats))
    # On its own the first would be in 0..1, and medium gray.
    assert data.images[:, 0, 0, 0].tolist() == [0, 200]


def test_masks_of_zeros_and_ones(tmp_path: Path) -> None:
    levels = (noise(3, 16, 16, 1)[..., 0] > 127).astype(np.uint8)
    data = prepared(tmp_path / "cache", gray(tmp_path / "in", levels))
    np.testing.assert_array_equal(data.images[..., 0], levels * 255)
    assert told(data, "uint8 from 0 to 1, read as 0..1 (a mask)")
    same = prepared(tmp_path / "cache", tmp_path / "in", range="0..255")
    np.testing.assert_array_equal(same.images[..., 0], levels)


def test_labels_of_a_few_levels_are_told_of(tmp_path: Path) -> None:
    levels = noise(3, 16, 16, 1)[..., 0] % 20
    levels[0, 0, 0] = 20
    data = prepared(tmp_path / "cache", gray(tmp_path / "in", levels))
    np.testing.assert_array_equal(data.images[..., 0], levels)
    assert told(data, "from 0 to 20, 8% of the range", "--range 0..20 stretches")
    stretched = prepared(tmp_path / "cache", tmp_path / "in", range="0..20")
    np.testing.assert_array_equal(stretched.images[..., 0], np.rint(levels / 20 * 255))


def test_transparency_is_never_stretched(tmp_path: Path) -> None:
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[..., :3] = noise(1, 16, 16)[0] > 127
    pixels[..., 3] = 200
    (tmp_path / "in").mkdir()
    image(pixels).save(tmp_path / "in" / "a.png")
    data = prepared(tmp_path / "cache", tmp_path / "in", channels="rgba")
    np.testing.assert_array_equal(data.images[0, ..., :3], pixels[..., :3] * 255)
    assert (data.images[..., 3] == 200).all()


def png16(path: Path, numbers: np.ndarray) -> None:
    """Write a uint16 array (H, W, C), C from 2 to 4, as a PNG, which Pillow cannot."""
    height, width, channels = numbers.shape
    colour = {2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in numbers)
    head = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    packed = [struct.pack(">I", len(body)) + kind + body for kind, body in chunks]
    sums = [struct.pack(">I", zlib.crc32(one[4:])) for one in packed]
    ends = b"".join(one + check for one, check in zip(packed, sums, strict=True))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + ends)


def test_sixteen_bits_a_colour(tmp_path: Path) -> None:
    numbers = noise(1)[0].astype(np.uint16) * 16
    (tmp_path / "in").mkdir()
    png16(tmp_path / "in" / "a.png", numbers)
    data = prepared(tmp_path / "cache", tmp_path / "in")
    np.testing.assert_array_equal(data.images[0], np.rint(numbers / 4095 * 255))
    assert told(data, "12 bits")
    png16(tmp_path / "full.png", numbers * 16)
    whole = prepared(tmp_path / "cache", tmp_path / "full.png")
    # As always: the high byte.
    np.testing.assert_array_equal(whole.images[0], numbers * 16 >> 8)


@pytest.mark.parametrize("channels", [2, 4])
def test_sixteen_bits_with_alpha(tmp_path: Path, channels: int) -> None:
    numbers = noise(1, 16, 16, channels)[0].astype(np.uint16) * 16
    numbers[0, 0, 0] = 4095
    numbers[..., -1] = np.linspace(256, 65535, 256).reshape(16, 16)
    (tmp_path / "in").mkdir()
    png16(tmp_path / "in" / "a.png", numbers)
    kind = "gray+alpha" if channels == 2 else "rgba"
    data = prepared(tmp_path / "cache", tmp_path / "in", channels=kind)
    levels = np.rint(numbers[..., :-1] / 4095 * 255)
    np.testing.assert_array_equal(data.images[0, ..., :-1], levels)
    # As always: the high byte.
    np.testing.assert_array_equal(data.images[0, ..., -1], numbers[..., -1] >> 8)
    assert told(data, "12 bits")


def test_long_doubles_are_read_and_no_range_of_theirs_is_recorded(tmp_path: Path) -> None:
    levels = noise(2, 16, 16, 1)
    np.save(tmp_path / "a.npy", levels[..., 0].astype(np.longdouble) / 255)
    data = prepared(tmp_path / "cache", tmp_path / "a.npy")
    np.testing.assert_array_equal(data.images, levels)
    # On some machines they are doubles.
    is_double = np.dtype(np.longdouble).name == "float64"
    assert data.ranges == ("float64=0..1" if is_double else "")


@pytest.mark.parametrize(
    ("in_animation", "tail"), [(True, b""), (False, b""), (True, b"after the end")]
)
@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (6, 4)])
def test_frames_of_sixteen_bits_have_all_their_bits(
    tmp_path: Path, colour: int, channels: int, in_animation: bool, tail: bytes
) -> None:
    """The default image is a frame of the animation where a control chunk precedes it."""
    numbers = noise(3, 16, 16, channels).astype(np.uint16) * 16
    numbers[0, 0, 0] = 4095
    if channels == 4:
        numbers[..., 3] = 65535
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 16, colour, 0, 0, 0))]
    chunks.append((b"acTL", struct.pack(">II", 2 + in_animation, 0)))
    sequence = itertools.count()
    for number, one in enumerate(numbers):
        packed = zlib.compress(b"".join(b"\0" + row.astype(">u2").tobytes() for row in one))
        if number or in_animation:
            control = struct.pack(">IIIIIHHBB", next(sequence), 16, 16, 0, 0, 1, 10, 0, 0)
            chunks.append((b"fcTL", control))
        body = struct.pack(">I", next(sequence)) + packed if number else packed
        chunks.append((b"fdAT" if number else b"IDAT", body))
    (tmp_path / "a.png").write_bytes(png(*chunks, (b"IEND", b"")) + tail)
    kind = {1: "gray", 3: "rgb", 4: "rgba"}[channels]
    data = prepared(tmp_path / "cache", tmp_path / "a.png", frames="all", channels=kind)
    colours = numbers[..., :3]
    np.testing.assert_array_equal(data.images[..., :3], np.rint(colours / 4095 * 255))
    assert told(data, "12 bits")


@pytest.mark.parametrize("method", [1, 8])
@pytest.mark.parametrize("tiled", [False, True])
@pytest.mark.parametrize(
    ("kind", "bands"),
    [
        ("<f4", 3),
        ("<u1", 5),
        ("<u2", 5),
        ("<f8", 1),
        ("<f4", 7),
        ("<i4", 2),
        ("<i2", 5),
        ("<u4", 3),
    ],
)
def test_tiffs_that_pillow_does_not_read(
    tmp_path: Path, kind: str, bands: int, method: int, tiled: bool
) -> None:
    levels = np.random.default_rng(6).integers(0, 256, (16, 16, bands))
    levels[0, 0] = 255
    (tmp_path / "a.tif").write_bytes(seeds.tiff_bands(kind, bands, method, tiled))
    written = np.random.default_rng(6).integers(0, 256, (16, 16, bands))
    data = prepared(tmp_path / "cache", tmp_path / "a.tif")
    np.testing.assert_array_equal(data.images[0], written)
    if kind != "<u1":
        assert told(data, np.dtype(kind).name)


def test_bands_of_a_tiff_are_chosen(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(seeds.tiff_bands("<u1", 5))
    written = np.random.default_rng(6).integers(0, 256, (16, 16, 5))
    data = prepared(tmp_path / "cache", tmp_path / "a.tif", bands="5,1,3")
    np.testing.assert_array_equal(data.images[0], written[..., [4, 0, 2]])
    few = prepared(tmp_path / "cache", tmp_path / "a.tif", bands="1")
    np.testing.assert_array_equal(few.images[0], written[..., :1])


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "packbits", "tiff_adobe_deflate"])
def test_own_unpacking_is_libtiffs(tmp_path: Path, compression: str | None) -> None:
    from ddpm_studio.data.decoding.tiff import tiff_page

    levels = noise(1, 40, 50, 1)[0, ..., 0] // 64
    Image.fromarray(levels).save(tmp_path / "a.tif", compression=compression)
    content = (tmp_path / "a.tif").read_bytes()
    np.testing.assert_array_equal(tiff_page(content).read(content)[..., 0], levels)


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
@pytest.mark.parametrize("dtype", ["<u2", ">u2"])
def test_tiffs_whose_zero_is_white_are_inverted(
    tmp_path: Path, dtype: str, compression: str | None
) -> None:
    numbers = np.random.default_rng(1).integers(0, 1 << 16, (2, 16, 16)).astype(dtype)
    numbers[0, 0, :2] = 0, 65535
    first, second = (Image.fromarray(one) for one in numbers)
    first.save(
        tmp_path / "a.tif",
        save_all=True,
        append_images=[second],
        compression=compression,
        # The field PhotometricInterpretation, 0: WhiteIsZero. Pillow writes the numbers unchanged.
        tiffinfo={262: 0},
    )
    data = prepared(tmp_path / "cache", tmp_path / "a.tif", frames="all")
    levels = np.rint((65535 - numbers.astype(np.int64)) / 257)
    np.testing.assert_array_equal(data.images[..., 0], levels)
    assert told(data, "2 TIFFs of integers", "are inverted")
    np.testing.assert_array_equal(
        preview([tmp_path / "a.tif"], PrepareOptions()).pictures[0], data.images[0]
    )


def test_tiffs_of_12_bits_whose_zero_is_white_are_inverted_within_them(tmp_path: Path) -> None:
    numbers = np.linspace(0, 4095, 256).round().astype(np.uint16).reshape(16, 16)
    Image.fromarray(numbers).save(tmp_path / "a.tif", tiffinfo={262: 0})
    data = prepared(tmp_path / "cache", tmp_path / "a.tif")
    np.testing.assert_array_equal(data.images[0, ..., 0], 255 - np.rint(numbers / 4095 * 255))
    first = prepared(tmp_path / "cache", tmp_path / "a.tif", rules=1)
    np.testing.assert_array_equal(first.images[0, ..., 0], np.rint(numbers / 257))
    full = prepared(tmp_path / "cache", tmp_path / "a.tif", range="0..65535")
    np.testing.assert_array_equal(full.images[0, ..., 0], 255 - np.rint(numbers / 257))
    # Otherwise read as by version 0.1.0, it would have the fingerprint of the negative.
    assert full.fingerprint != first.fingerprint


def test_floats_of_a_tiff_whose_zero_is_white_are_read_as_stored_and_told_of(
    tmp_path: Path,
) -> None:
    numbers = np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)
    Image.fromarray(numbers).save(tmp_path / "a.tif", tiffinfo={262: 0})
    data = prepared(tmp_path / "cache", tmp_path / "a.tif")
    np.testing.assert_array_equal(data.images[0, ..., 0], np.rint(numbers * 255))
    assert told(data, "1 TIFF of floats", "is read as stored, not inverted")


def test_by_the_rules_of_0_1_0_values_are_what_they_were(tmp_path: Path) -> None:
    levels = noise(3, 16, 16, 1)[..., 0].astype(np.uint16) << 4
    source = gray(tmp_path / "in", levels)
    data = prepared(tmp_path / "cache", source, rules=1)
    np.testing.assert_array_equal(data.images[..., 0], np.rint(levels / 257))
    assert data.report.told == ()


def test_many_files_are_read_alike_by_several_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ddpm_studio.data import preparing

    levels = noise(20, 16, 16, 1)[..., 0].astype(np.uint16) << 4
    source = gray(tmp_path / "in", levels)
    here = prepared(tmp_path / "here", source)
    monkeypatch.setattr(preparing, "_POOL_MIN_FILES", 1)
    there = prepared(tmp_path / "there", source)
    assert here.fingerprint == there.fingerprint
    np.testing.assert_array_equal(here.images, there.images)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("range", "a", "two numbers"),
        ("range", "5..1", "smaller number"),
        ("layout", "NXYC", "axes such as"),
        ("layout", "NHHW", "axes such as"),
        ("bands", "0,1", "numbers from 1"),
    ],
)
def test_wrong_options_are_refused(field: str, value: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        PrepareOptions.model_validate({field: value})


def save_floats(folder: Path, low: float, step: float) -> Path:
    folder.mkdir()
    for number, one in enumerate(noise(3, channels=1)):
        levels = one[..., 0].astype(np.float32) * step + low
        Image.fromarray(levels).save(folder / f"{number}.tif")
    return folder


def test_floats_of_no_known_meaning_are_read_by_the_range_that_is_said(tmp_path: Path) -> None:
    """Floats of no known range, such as elevations, are refused without a range, read with one."""
    source = save_floats(tmp_path / "in", -200.0, 10.0)
    with pytest.raises(
        StudioError, match=r"0\.tif has values out of range: values from -\d+ to \d+"
    ) as found:
        prepared(tmp_path / "cache", source)
    assert "--range LOW..HIGH" in found.value.remedy
    data = prepared(tmp_path / "cache", source, range="-200..2350")
    np.testing.assert_array_equal(data.images, noise(3, channels=1))
    assert any("read as -200..2350" in line for line in data.report.told)
    seen = preview([source], PrepareOptions(range="-200..2350"))
    np.testing.assert_array_equal(seen.pictures, data.images)


@pytest.mark.parametrize("kind", ["arrays", "floats"])
def test_where_the_range_is_said_pictures_are_made_once(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "in.npy"
    if kind == "arrays":
        np.save(source, noise(3))
    else:
        source = save_floats(tmp_path / "in", -200.0, 10.0)
    options = PrepareOptions(range="-200..2350")
    events = list(prepare([source], options, cache=tmp_path / "cache"))
    assert [one.done for one in events if one.text == "Preparing the pictures"] == [3]


def test_arrays_of_two_ranges_are_told(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number, one in enumerate(noise(4)):
        levels = one.astype(np.float32) / (255 if number % 2 else 1)
        np.save(tmp_path / "in" / f"{number}.npy", levels)
    warned = " ".join(prepared(tmp_path / "cache", tmp_path / "in").report.warnings)
    assert "2 of 4 arrays, such as 1.npy, hold values from 0 to 1" in warned


def test_a_range_below_zero_is_told(tmp_path: Path) -> None:
    """A chosen range below zero is reported; here the lung window in Hounsfield units."""
    numbers = np.random.default_rng(0).integers(-1000, -199, (4, 8, 8)).astype(np.int16)
    np.save(tmp_path / "a.npy", numbers)
    data = prepared(tmp_path / "cache", tmp_path / "a.npy", range="-1000..-200")
    assert told(data, "read as -1000..-200")


def test_what_is_no_number_is_refused_with_a_range_too(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    whole = np.random.default_rng(0).random((8, 8), np.float32)
    Image.fromarray(whole).save(folder / "a.tif")
    whole[3, 3] = np.nan
    Image.fromarray(whole).save(folder / "b.tif")
    data = prepared(tmp_path / "cache", folder, range="0..1")
    assert len(data) == 1
    (reject,) = data.report.rejects
    assert "NaN" in reject.reason


def test_the_ranges_of_a_set_are_kept_and_read_others_by_it(tmp_path: Path) -> None:
    deep = np.random.default_rng(0).integers(0, 4001, (3, 8, 8)).astype(np.uint16)
    source = gray(tmp_path / "deep", deep)
    data = prepared(tmp_path / "cache", source)
    assert data.ranges == "uint16=0..4095"
    assert prepared(tmp_path / "cache", source).ranges == data.ranges, "from the cache"
    assert prepared(tmp_path / "cache", gray(tmp_path / "bytes", noise(3)[..., 0])).ranges == ""
    again = prepared(tmp_path / "cache", source, range="uint8=0..255; uint16=0..4095")
    assert again.fingerprint == data.fingerprint
    full = gray(tmp_path / "full", deep * np.uint16(16))
    whole = prepared(tmp_path / "cache", full)
    dark = gray(tmp_path / "dark", deep[:1] % 900)
    read = prepared(tmp_path / "cache", dark, range=whole.ranges)
    assert read.images.max() == 899 // 257
    assert told(read, "read as 0..65535")
    assert prepared(tmp_path / "cache", full, range=whole.ranges).fingerprint == whole.fingerprint


def test_a_range_may_be_of_one_type(tmp_path: Path) -> None:
    levels = noise(4, 8, 8, 1)[..., 0]
    source = gray(tmp_path / "set", levels[:2])
    for k in (2, 3):
        Image.fromarray(levels[k].astype(np.float32) * 10 - 200).save(source / f"{k}.tif")
    data = prepared(tmp_path / "cache", source, range="float32=-200..2350")
    np.testing.assert_array_equal(data.images[..., 0], levels)
    assert data.ranges == "float32=-200..2350"
    seen = preview([source], PrepareOptions(range="float32=-200..2350"))
    np.testing.assert_array_equal(seen.pictures, data.images)
    with pytest.raises(ValueError, match="two numbers such as"):
        PrepareOptions(range="float32=-200..2350; uint9=0..1")
