"""Sources of pictures: folders, archives, arrays and IDX files, their order and labels."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ddpm_studio.data import prepare, preview
from ddpm_studio.data.items import folder_classes, natural_key
from ddpm_studio.errors import StudioError
from ddpm_studio.requests import PrepareOptions
from tests.data.pictures import (
    classes_of,
    encoded,
    image,
    make_idx,
    make_picture_folder,
    make_tar,
    make_zip,
    noise,
    prepared,
    real_data,
)


def members(pixels: np.ndarray, names: list[str]) -> dict[str, bytes]:
    return {name: encoded(image(one)) for name, one in zip(names, pixels, strict=True)}


def test_folder_in_natural_order_without_hidden_files(tmp_path: Path) -> None:
    pixels = noise(3)
    folder = tmp_path / "in"
    (folder / ".trash").mkdir(parents=True)
    for name, one in zip(("10.png", "2.png", "1.png"), pixels, strict=True):
        image(one).save(folder / name)
    image(pixels[0]).save(folder / ".hidden.png")
    image(pixels[0]).save(folder / ".trash" / "old.png")
    (folder / "notes.txt").write_text("no picture")
    data = prepared(tmp_path / "cache", folder)
    np.testing.assert_array_equal(data.images, pixels[::-1])
    assert data.labels is None
    assert (data.report.found, data.report.kept, data.report.others) == (3, 3, ((".txt", 1),))


def test_sub_folders_are_classes(tmp_path: Path) -> None:
    pixels = make_picture_folder(tmp_path / "in", 2, classes=["a2", "a10", "b"])
    data = prepared(tmp_path / "cache", tmp_path / "in")
    assert data.class_names == ("a2", "a10", "b")
    assert data.labels is not None
    assert data.labels.dtype == np.int64
    assert data.labels.tolist() == [0, 0, 1, 1, 2, 2]
    np.testing.assert_array_equal(data.images, pixels)
    assert data.report.class_counts == (("a2", 2), ("a10", 2), ("b", 2))


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (["a/1", "b/1"], ["a", "b"]),
        (["set/a/1", "set/b/x/1"], ["a", "b"]),
        (["a/1", "a/2"], None),
        (["1", "2"], None),
        (["a/1", "b/1", "1"], None),
        ([], None),
    ],
)
def test_what_makes_classes(names: list[str], classes: list[str] | None) -> None:
    assert folder_classes(names) == classes


def test_natural_order_of_odd_names() -> None:
    names = ["b10", "b9", "B1", "2", "²", "a", "10"]
    assert sorted(names, key=natural_key) == ["2", "10", "a", "B1", "b9", "b10", "²"]


@pytest.mark.parametrize("kind", ["zip", "packed.zip", "tar", "tar.gz", "bin"])
def test_archives(tmp_path: Path, kind: str) -> None:
    pixels = noise(4)
    held = members(pixels, ["top/x/1.png", "top/x/2.png", "top/y/1.png", "top/y/2.png"])
    held |= {"__MACOSX/top/x/._1.png": b"junk", "top/.DS_Store": b"junk", "top/read.me": b"hi"}
    path = tmp_path / f"set.{kind}"
    if "tar" in kind:
        make_tar(path, held)
    else:
        make_zip(path, held, packed="packed" in kind)
    data = prepared(tmp_path / "cache", path)
    np.testing.assert_array_equal(data.images, pixels)
    assert (data.class_names, data.report.others) == (("x", "y"), ((".me", 1),))


def test_several_sources_and_names_without_endings(tmp_path: Path) -> None:
    pixels = noise(4)
    (tmp_path / "one").mkdir()
    image(pixels[0]).save(tmp_path / "one" / "p.png")
    make_zip(tmp_path / "two.zip", members(pixels[1:2], ["p.jpg"]))
    (tmp_path / "three").write_bytes(encoded(image(pixels[2])))
    image(pixels[3]).save(tmp_path / "four.bmp")
    (tmp_path / "notes.txt").write_text("hello")
    names = ("one", "two.zip", "three", "four.bmp", "notes.txt")
    data = prepared(tmp_path / "cache", *(tmp_path / name for name in names))
    np.testing.assert_array_equal(data.images, pixels)
    assert data.report.source == "5 files or folders"
    assert data.report.others == ((".txt", 1),)


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("dot", ["-", "."])
def test_idx_finds_its_labels(tmp_path: Path, ending: str, dot: str) -> None:
    pixels = noise(5, 28, 28, 1)
    path = make_idx(tmp_path / f"t10k-images{dot}idx3-ubyte{ending}", pixels[..., 0])
    make_idx(tmp_path / f"t10k-labels{dot}idx1-ubyte{ending}", np.array([7, 3, 7, 10, 3], np.uint8))
    make_idx(tmp_path / "train-labels-idx1-ubyte", np.array([1], np.uint8))
    data = prepared(tmp_path / "cache", path)
    np.testing.assert_array_equal(data.images, pixels)
    assert data.class_names == ("3", "7", "10")
    assert data.labels is not None
    assert data.labels.tolist() == [1, 0, 1, 2, 0]


@pytest.mark.parametrize("name", ["t10k-images-idx3-ubyte", "train_X.bin"])
def test_a_file_in_a_folder_that_can_not_be_listed_is_read_without_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder, list_folder = tmp_path / "in", Path.iterdir
    pixels = noise(2, 96, 96, 1)
    path = make_idx(folder / name, pixels[..., 0])
    if name.endswith(".bin"):
        pixels = noise(2, 96, 96)
        path.write_bytes(pixels.transpose(0, 3, 2, 1).tobytes())
        (folder / "train_y.bin").write_bytes(bytes((1, 2)))
    make_idx(folder / "t10k-labels-idx1-ubyte", np.array([7, 3], np.uint8))

    def shut(path: Path) -> Iterator[Path]:
        if path == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return iter(list(list_folder(path)))

    monkeypatch.setattr(Path, "iterdir", shut)
    data = prepared(tmp_path / "cache", path, image_size=96)
    np.testing.assert_array_equal(data.images, pixels)
    assert data.labels is None


@pytest.mark.parametrize("packed", [False, True])
def test_folder_of_idx_takes_the_training_set(tmp_path: Path, packed: bool) -> None:
    train, test = noise(6, 28, 28, 1), noise(3, 28, 28, 1, seed=1)
    folder = tmp_path / "in"
    for name, pixels in (("train", train), ("t10k", test)):
        make_idx(folder / f"{name}-images-idx3-ubyte.gz", pixels[..., 0])
        make_idx(folder / f"{name}-images-idx3-ubyte", pixels[..., 0])
        make_idx(folder / f"{name}-labels-idx1-ubyte", np.arange(len(pixels), dtype=np.uint8))
    (folder / "README").write_text("about")
    source = folder
    if packed:
        held = {path.name: path.read_bytes() for path in folder.iterdir()}
        source = make_zip(tmp_path / "in.zip", held)
    data = prepared(tmp_path / "cache", source)
    np.testing.assert_array_equal(data.images, train)
    assert data.labels is not None
    assert data.labels.tolist() == list(range(6))
    assert any("left aside" in line for line in data.report.lines())


def test_folder_with_the_test_set_alone(tmp_path: Path) -> None:
    pixels = noise(3, 28, 28, 1)
    make_idx(tmp_path / "in" / "t10k-images-idx3-ubyte.gz", pixels[..., 0])
    data = prepared(tmp_path / "cache", tmp_path / "in")
    np.testing.assert_array_equal(data.images, pixels)
    assert data.labels is None


def idx_set(folder: Path, name: str, pixels: np.ndarray, labels: str, ending: str = "") -> None:
    """Write IDX pictures, and a label for each, a digit, next to them."""
    make_idx(folder / f"{name}images-idx3-ubyte{ending}", pixels[..., 0])
    if labels:
        make_idx(folder / f"{name}labels-idx1-ubyte", np.array([*map(int, labels)], np.uint8))


def test_idx_sets_of_the_same_name_in_several_folders_are_all_read(tmp_path: Path) -> None:
    pixels = noise(9, 28, 28, 1)
    idx_set(tmp_path / "in/FashionMNIST/raw", "train-", pixels[:3], "012")
    idx_set(tmp_path / "in/MNIST/raw", "train-", pixels[3:5], "98", ".gz")
    idx_set(tmp_path / "in/MNIST/raw", "train-", pixels[3:5], "98")
    idx_set(tmp_path / "in/MNIST/raw", "t10k-", pixels[5:], "0000")
    data = prepared(tmp_path / "cache", tmp_path / "in")
    np.testing.assert_array_equal(data.images, pixels[:5])
    assert classes_of(data) == list("01298")
    others, alike = data.report.warnings[-2:]
    assert "t10k" in others
    first, second = (
        f"{folder}/raw/train-images-idx3-ubyte" for folder in ("FashionMNIST", "MNIST")
    )
    assert f"All of {first}, {second}" in alike
    first_rules = prepared(tmp_path / "cache", tmp_path / "in", rules=1)
    np.testing.assert_array_equal(first_rules.images, pixels[:3])


def test_idx_sets_of_the_same_name_whose_folders_give_the_split(tmp_path: Path) -> None:
    pixels = noise(7, 28, 28, 1)
    idx_set(tmp_path / "in/train", "", pixels[:4], "0101")
    idx_set(tmp_path / "in/test", "", pixels[4:], "777")
    data = prepared(tmp_path / "cache", tmp_path / "in")
    np.testing.assert_array_equal(data.images, pixels[:4])
    assert classes_of(data) == list("0101")
    assert [line for line in data.report.warnings if "test/images" in line]
    test = prepared(tmp_path / "cache", tmp_path / "in", split="test")
    np.testing.assert_array_equal(test.images, pixels[4:])
    assert classes_of(test) == list("777")


def test_idx_labels_in_another_folder_go_with_a_name_that_does_not_repeat(tmp_path: Path) -> None:
    pixels = noise(4, 28, 28, 1)
    idx_set(tmp_path / "in/images", "train-", pixels, "")
    idx_set(tmp_path / "in/labels", "train-", pixels[:0], "0101")
    (tmp_path / "in/labels/train-images-idx3-ubyte").unlink()
    assert classes_of(prepared(tmp_path / "cache", tmp_path / "in")) == list("0101")


def floats(pixels: np.ndarray, low: float, high: float) -> np.ndarray:
    return (low + pixels / 255 * (high - low)).astype(np.float32)


def test_arrays_of_all_shapes_and_types(tmp_path: Path) -> None:
    rgb, gray = noise(5), noise(5, channels=1)
    rgb[0, 0, 0, 0], rgb[0, 0, 0, 1] = 0, 255
    cases = [
        (gray[..., 0], gray),
        (gray, gray),
        (gray.transpose(0, 3, 1, 2), gray),
        (rgb, rgb),
        (rgb.transpose(0, 3, 1, 2), rgb),
        (np.asfortranarray(rgb), rgb),
        (floats(rgb, 0, 1), rgb),
        (floats(rgb, -1, 1), rgb),
        (floats(rgb, 0, 1).astype(np.float64), rgb),
        (rgb.astype(np.int64), rgb),
        (rgb > 127, (rgb > 127) * np.uint8(255)),
    ]
    for index, (saved, expected) in enumerate(cases):
        np.save(tmp_path / f"{index}.npy", saved)
        np.savez(tmp_path / f"{index}.npz", saved)
        for ending in ("npy", "npz"):
            data = prepared(tmp_path / "cache", tmp_path / f"{index}.{ending}")
            np.testing.assert_array_equal(data.images, expected, err_msg=f"case {index} {ending}")


def test_rgba_array_is_composited(tmp_path: Path) -> None:
    pixels = noise(2, channels=4)
    pixels[..., 3] = 0
    np.save(tmp_path / "a.npy", pixels)
    data = prepared(tmp_path / "cache", tmp_path / "a.npy", channels="rgb", background="#010203")
    assert (data.images == (1, 2, 3)).all()


@pytest.mark.parametrize("keys", [("images", "labels"), ("x", "y"), ("x_train", "y_train")])
def test_npz_with_labels(tmp_path: Path, keys: tuple[str, str]) -> None:
    pixels = noise(4)
    arrays = {keys[0]: pixels, keys[1]: np.array([[5], [5], [0], [11]])}
    np.savez_compressed(tmp_path / "a.npz", **arrays)  # type: ignore[arg-type]
    data = prepared(tmp_path / "cache", tmp_path / "a.npz")
    assert data.class_names == ("0", "5", "11")
    assert data.labels is not None
    assert data.labels.tolist() == [1, 1, 0, 2]
    np.testing.assert_array_equal(data.images, pixels)


def test_labels_that_do_not_fit_are_left_out_and_said(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=noise(4), labels=np.arange(3))
    data = prepared(tmp_path / "cache", tmp_path / "a.npz")
    assert data.labels is None
    assert any("Labels of a.npz left out" in line for line in data.report.lines())


@pytest.mark.parametrize(
    ("array", "word"),
    [
        (np.zeros((4, 4), np.uint8), "shape"),
        (np.zeros((4, 4, 9), np.uint8), "shape"),
        (np.zeros((2, 5, 8, 8), np.uint8), "shape"),
        (np.zeros((1, 2, 8, 8, 3), np.uint8), "shape"),
        (np.array(3, np.uint8), "shape"),
        (np.zeros((2, 8, 8), np.complex64), "complex64"),
        (np.full((2, 8, 8), "a"), "<U1"),
        (np.full((2, 8, 8), 70_000, np.uint32), "70000"),
        (np.full((2, 8, 8), 755.5), "755.5"),
        (np.full((2, 8, 8), np.nan), "nan"),
        (np.zeros((2, 8, 8), object), "pickled"),
    ],
)
@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_odd_arrays_are_refused_with_the_reason(
    tmp_path: Path, array: np.ndarray, word: str, ending: str
) -> None:
    path = tmp_path / f"a.{ending}"
    if ending == "npy":
        np.save(path, array)
    else:
        np.savez(path, images=array)
    with pytest.raises(StudioError, match=word) as caught:
        prepared(tmp_path / "cache", path)
    assert caught.value.cause.startswith("a.")
    assert caught.value.remedy


def test_npz_that_claims_more_than_it_has(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": "|u1", "fortran_order": False, "shape": (10**7, 1000, 1000)}
    )
    make_zip(tmp_path / "a.npz", {"images.npy": stream.getvalue() + b"\0" * 100})
    with pytest.raises(StudioError, match="cut short"):
        prepared(tmp_path / "cache", tmp_path / "a.npz")
    (tmp_path / "b.npy").write_bytes(stream.getvalue() + b"\0" * 100)
    with pytest.raises(StudioError, match="damaged"):
        prepared(tmp_path / "cache", tmp_path / "b.npy")


def test_preview_is_spread_and_skips_bad_ones(tmp_path: Path) -> None:
    pixels = make_picture_folder(tmp_path / "in", 40)
    (tmp_path / "in" / "0010.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    seen = preview([tmp_path / "in"], PrepareOptions(), 4)
    assert seen.names[0] == "0000.png"
    assert len(seen.names) == 4
    assert (seen.found, seen.skipped, seen.options.image_size) == (40, 1, 32)
    assert seen.options.channels == "rgb"
    for name, picture in zip(seen.names, seen.pictures, strict=True):
        np.testing.assert_array_equal(picture, pixels[int(name[:4])])
    assert max(int(name[:4]) for name in seen.names) >= 25


def test_preview_of_gray_and_of_nothing(tmp_path: Path) -> None:
    make_picture_folder(tmp_path / "in", 2, channels=1)
    assert preview([tmp_path / "in"], PrepareOptions()).pictures.shape == (2, 32, 32, 1)
    (tmp_path / "none").mkdir()
    with pytest.raises(StudioError, match="none is empty"):
        preview([tmp_path / "none"], PrepareOptions())


def test_cifar_zip(tmp_path: Path) -> None:
    path = real_data("cifar10-jpeg-test.zip")
    data = prepared(tmp_path, path)
    assert data.images.shape == (10_000, 32, 32, 3)
    assert data.report.class_counts[3] == ("cat", 1000)
    # The mean of CIFAR-10's channels is widely published as .491, .482, .447.
    means = data.images.mean((0, 1, 2)) / 255
    np.testing.assert_allclose(means, (0.491, 0.482, 0.447), atol=0.01)


def test_a_file_cut_short_while_it_is_prepared_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, noise(40))
    job = prepare([path], PrepareOptions(), cache=tmp_path / "cache")
    while next(job).text == "Listing the files":
        pass
    # Reading a memory-mapped file would kill the process here.
    os.truncate(path, 2000)
    with pytest.raises(StudioError, match="cut short"):
        list(job)
