"""Arrays by type × layout × order × container: read correctly, with a report of how."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from tests.data.pictures import noise, prepared

COUNT, HEIGHT, WIDTH = 4, 20, 24
LAYOUTS = ("NHWC", "NCHW", "NHW", "HWC", "CHW")
#: Data type, the range that levels are written in, and the words that report it.
TYPES = {
    "uint8": ("uint8", 0, 255, "axes"),
    "bool": ("bool", 0, 1, "bool from 0 to 1, read as 0..1"),
    "uint16": ("uint16", 0, 65535, "read as 0..65535 (16 bits)"),
    "int64": ("int64", 0, 255, "int64 from 0 to 255, read as 0..255"),
    **{
        f"{name} {low}..{high}": (
            *(name, low, high),
            f"{name} from {low} to {high}, read as {low}..{high}",
        )
        for name in ("float16", "float32", "float64")
        for low, high in ((0, 1), (-1, 1), (0, 255))
    },
}


def written(levels: np.ndarray, dtype: str, low: int, high: int) -> np.ndarray:
    """Return levels 0..255 as numbers of a data type and range."""
    if dtype == "bool":
        return levels > 127
    return (low + levels / 255 * (high - low)).astype(dtype)


def save_npy(path: Path, array: np.ndarray) -> Path:
    np.save(path.with_suffix(".npy"), array)
    return path.with_suffix(".npy")


def save_npz(path: Path, array: np.ndarray) -> Path:
    np.savez(path.with_suffix(".npz"), images=array)
    return path.with_suffix(".npz")


def save_pt(path: Path, array: np.ndarray) -> Path:
    # A tensor has the strides of its array.
    axes = tuple(range(array.ndim))[::-1]
    fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    if fortran:
        tensor = torch.from_numpy(np.ascontiguousarray(array.transpose(axes))).permute(axes)
    else:
        tensor = torch.from_numpy(np.ascontiguousarray(array))
    torch.save(tensor, path.with_suffix(".pt"))
    return path.with_suffix(".pt")


def save_h5(path: Path, array: np.ndarray) -> Path:
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        file["images"] = array
    return path.with_suffix(".h5")


CONTAINERS: dict[str, Callable[[Path, np.ndarray], Path]] = {
    "npy": save_npy,
    "npz": save_npz,
    "pt": save_pt,
    "h5": save_h5,
}


def laid_out(layout: str) -> tuple[np.ndarray, np.ndarray]:
    """Return levels in a layout, and the same as pictures (N, H, W, C)."""
    pictures = noise(COUNT, HEIGHT, WIDTH, 1 if layout == "NHW" else 3).copy()
    pictures[:, 0, 0, :] = 0
    pictures[:, 0, 1, :] = 255
    own = pictures if "N" in layout else pictures[:1]
    axes = ["NHWC".index(letter) for letter in layout]
    lone = [0] if "N" not in layout else []
    gray = [3] if "C" not in layout else []
    turned = own.transpose(*lone, *axes, *gray)
    turned = turned[0] if lone else turned
    return (turned[..., 0] if gray else turned), own


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("container", CONTAINERS)
def test_the_matrix(tmp_path: Path, container: str, layout: str, order: str) -> None:
    if container == "h5" and order == "F":
        pytest.skip("HDF5 knows one order")
    levels, pictures = laid_out(layout)
    for kind, (dtype, low, high, told) in TYPES.items():
        array = written(levels, dtype, low, high)
        array = np.asfortranarray(array) if order == "F" else np.ascontiguousarray(array)
        source = CONTAINERS[container](tmp_path / "x", array)
        data = prepared(tmp_path / "cache", source, image_size=(WIDTH, HEIGHT))
        expected = (pictures > 127) * 255 if kind == "bool" else pictures
        # Half-precision floats have eleven significant bits, and are rounded.
        off = np.abs(data.images.astype(int) - expected).max()
        assert off <= (1 if "float16" in kind else 0), kind
        assert any(told in line for line in data.report.told), (kind, data.report.told)
        axes = f"axes ({', '.join(layout)})"
        assert any(axes in line for line in data.report.told), (kind, data.report.told)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize(
    ("array", "options", "expected"),
    [
        (np.full((2, 16, 16), 40, np.uint8), {"range": "0..80"}, 128),
        (np.full((2, 16, 16), -2.0), {"range": "-4..0"}, 128),
        (np.full((2, 16, 16), 300, np.uint16), {"range": "0..1000"}, 76),
        (np.full((2, 16, 16), 5000, np.uint16), {}, 78),
        (np.full((2, 16, 16), 300, np.uint16), {}, 75),
    ],
)
def test_a_range_can_be_chosen(
    tmp_path: Path, container: str, array: np.ndarray, options: dict[str, Any], expected: int
) -> None:
    """The chosen range is used: 40 of 0..80 is half, 300 of 10 bits 300/1023, 5000 of 14 bits
    5000/16383.
    """
    source = CONTAINERS[container](tmp_path / "x", array)
    data = prepared(tmp_path / "cache", source, **options)
    assert (data.images == expected).all()
    assert data.options.range == options.get("range")


def test_a_layout_can_be_chosen(tmp_path: Path) -> None:
    pictures = noise(3, 20, 20, 1)
    np.save(tmp_path / "a.npy", pictures[..., 0])
    one = prepared(tmp_path / "cache", tmp_path / "a.npy")
    assert one.images.shape == (1, 20, 20, 3)
    assert any("with the layout NHW three gray pictures" in line for line in one.report.told)
    three = prepared(tmp_path / "cache", tmp_path / "a.npy", layout="NHW")
    np.testing.assert_array_equal(three.images, pictures)
    np.save(tmp_path / "b.npy", noise(5).transpose(1, 2, 3, 0))
    last = prepared(tmp_path / "cache", tmp_path / "b.npy", layout="HWCN")
    np.testing.assert_array_equal(last.images, noise(5))


def test_bands_can_be_chosen(tmp_path: Path) -> None:
    pictures = noise(3, channels=5)
    np.save(tmp_path / "a.npy", pictures)
    some = prepared(tmp_path / "cache", tmp_path / "a.npy", bands="4,1,2")
    np.testing.assert_array_equal(some.images, pictures[..., [3, 0, 1]])
    assert some.options.channels == "rgb"
    gray = prepared(tmp_path / "cache", tmp_path / "a.npy", bands="5")
    np.testing.assert_array_equal(gray.images, pictures[..., 4:])
    two = prepared(tmp_path / "cache", tmp_path / "a.npy", bands="2,3")
    np.testing.assert_array_equal(two.images, pictures[..., 1:3])
    np.save(tmp_path / "b.npy", noise(2, channels=4))
    four = prepared(tmp_path / "cache", tmp_path / "b.npy", bands="all")
    np.testing.assert_array_equal(four.images, noise(2, channels=4))
    alpha = prepared(tmp_path / "cache", tmp_path / "b.npy")
    assert any("--bands all" in line for line in alpha.report.told)


def test_a_large_array_in_fortran_order_is_read_in_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ddpm_studio.data.formats import array_rows

    monkeypatch.setattr(array_rows, "_SMALL_BYTES", 0)
    monkeypatch.setattr(array_rows, "_BLOCK_BYTES", 3 * 16 * 16 * 3)
    pictures = noise(10, 16, 16)
    np.save(tmp_path / "a.npy", np.asfortranarray(pictures))
    data = prepared(tmp_path / "cache", tmp_path / "a.npy")
    np.testing.assert_array_equal(data.images, pictures)
