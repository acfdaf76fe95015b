"""Files of several arrays, and several such files: read, paired with labels, or reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ddpm_studio.data import Dataset
from ddpm_studio.data.formats import npy
from ddpm_studio.data.formats.array_rows import Array
from ddpm_studio.data.formats.npy_header import NpyHeader
from ddpm_studio.errors import StudioError
from ddpm_studio.pickles.torch_zip import TorchZip
from tests.data.pictures import classes_of, make_zip, noise, prepared

h5py = pytest.importorskip("h5py")

LABELS = np.array([0, 1, 1, 0, 1, 0])
IMAGES = noise(6, 16, 16)


def save(path: Path, **arrays: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    elif path.suffix == ".h5":
        with h5py.File(path, "w") as file:
            for name, one in arrays.items():
                file[name] = one
    else:
        torch.save({name: torch.from_numpy(one) for name, one in arrays.items()}, path)
    return path


def told(data: Dataset, words: str) -> bool:
    return any(words in line for line in data.report.told)


@pytest.mark.parametrize("suffix", [".npz", ".h5", ".pt"])
def test_an_array_for_each_picture(tmp_path: Path, suffix: str) -> None:
    arrays = {f"img{number:03d}": one for number, one in enumerate(IMAGES)}
    data = prepared(tmp_path / "cache", save(tmp_path / f"x{suffix}", **arrays))
    np.testing.assert_array_equal(data.images, IMAGES)
    with_labels = save(tmp_path / f"y{suffix}", labels=LABELS, **arrays)
    assert classes_of(prepared(tmp_path / "cache", with_labels)) == list("011010")


def test_arrays_without_names_are_a_picture_each(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", *IMAGES)
    data = prepared(tmp_path / "cache", tmp_path / "x.npz")
    np.testing.assert_array_equal(data.images, IMAGES)


def test_groups_of_pictures_are_classes(tmp_path: Path) -> None:
    names = [f"{'cat' if one else 'dog'}/{number:03d}" for number, one in enumerate(LABELS)]
    path = save(tmp_path / "x.h5", **dict(zip(names, IMAGES, strict=True)))
    data = prepared(tmp_path / "cache", path)
    assert sorted(classes_of(data)) == ["cat"] * 3 + ["dog"] * 3


@pytest.mark.parametrize("suffix", [".npz", ".h5", ".pt"])
def test_files_in_folders_of_classes(tmp_path: Path, suffix: str) -> None:
    for number, name in enumerate(("cat", "dog")):
        save(tmp_path / "in" / name / f"a{suffix}", images=noise(3, 16, 16, seed=number))
    assert classes_of(prepared(tmp_path / "cache", tmp_path / "in")) == ["cat"] * 3 + ["dog"] * 3


@pytest.mark.parametrize(
    ("pictures", "beside", "names"),
    [
        ("kmnist-{}-imgs.npz", "kmnist-{}-labels.npz", ("arr_0", "arr_0")),
        ("camelyon_split_{}_x.h5", "camelyon_split_{}_y.h5", ("x", "y")),
        ("{}_images.pt", "{}_labels.pt", ("images", "labels")),
    ],
)
def test_labels_in_files_of_their_own(
    tmp_path: Path, pictures: str, beside: str, names: tuple[str, str]
) -> None:
    folder = tmp_path / "in"
    for part, count in (("train", 6), ("test", 4)):
        save(folder / pictures.format(part), **{names[0]: IMAGES[:count]})
        # PatchCamelyon's labels have as many axes as its pictures.
        few = LABELS[:count].reshape(-1, 1, 1, 1) if names[1] == "y" else LABELS[:count]
        save(folder / beside.format(part), **{names[1]: few})
    data = prepared(tmp_path / "cache", folder)
    np.testing.assert_array_equal(data.images, IMAGES)
    assert classes_of(data) == list("011010")
    assert any("test is left aside" in line for line in data.report.warnings)
    data = prepared(tmp_path / "cache", folder, split="test")
    assert classes_of(data) == list("0110")


def test_files_that_hold_no_pictures_are_left_out_with_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    save(folder / "a.npz", images=IMAGES)
    save(folder / "b.npz", weights=np.zeros(7, np.float32))
    (folder / "c.npz").write_bytes(b"PK\3\4 and no more")
    data = prepared(tmp_path / "cache", folder)
    assert len(data) == len(IMAGES)
    reasons = {one.name: one.reason for one in data.report.rejects}
    assert reasons["b.npz"] == "no pictures: it holds weights"
    assert "not a whole archive" in reasons["c.npz"]


def test_what_is_not_read_is_told(tmp_path: Path) -> None:
    more: dict[str, Any] = {"mask": IMAGES[..., :1] > 99, "boxes": np.zeros((6, 4), np.float32)}
    data = prepared(tmp_path / "cache", save(tmp_path / "x.npz", image=IMAGES, **more))
    assert told(data, "x.npz: not read: mask, boxes; --array NAME reads another.")
    masks = prepared(tmp_path / "cache", tmp_path / "x.npz", array="mask")
    assert masks.images.shape == (6, 16, 16, 1)


def test_short_names_of_parts(tmp_path: Path) -> None:
    parts = {"Xtr": IMAGES, "ytr": LABELS, "Xte": IMAGES[:4], "yte": LABELS[:4]}
    data = prepared(tmp_path / "cache", save(tmp_path / "x.npz", **parts))
    assert len(data) == 6
    assert classes_of(data) == list("011010")


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (np.array([[1, 1], [0, 1], [0, 0]] * 2), "several classes at once"),
        (np.linspace(0, 1, 6), "they are measures"),
        (np.arange(5), "does not go with 6 pictures"),
    ],
)
def test_labels_that_are_none_are_left_out_with_the_reason(
    tmp_path: Path, one: np.ndarray, words: str
) -> None:
    data = prepared(tmp_path / "cache", save(tmp_path / "x.npz", images=IMAGES, labels=one))
    assert data.labels is None
    assert any(words in line for line in data.report.warnings)


TENSORS = torch.from_numpy(IMAGES).permute(0, 3, 1, 2)


@pytest.mark.parametrize(
    "held",
    [
        [(one, int(label)) for one, label in zip(TENSORS, LABELS, strict=True)],
        [(one, torch.tensor(label)) for one, label in zip(TENSORS, LABELS, strict=True)],
        [{"image": one, "label": int(n)} for one, n in zip(TENSORS, LABELS, strict=True)],
        (TENSORS, LABELS.tolist()),
        {"images": TENSORS, "labels": [str(label) for label in LABELS]},
    ],
)
def test_shapes_of_sets_that_torch_saves(tmp_path: Path, held: object) -> None:
    torch.save(held, tmp_path / "x.pt")
    data = prepared(tmp_path / "cache", tmp_path / "x.pt")
    np.testing.assert_array_equal(data.images, IMAGES)
    assert classes_of(data) == list("011010")


def test_a_list_of_two_pictures_is_two(tmp_path: Path) -> None:
    torch.save(list(TENSORS[:2]), tmp_path / "x.pt")
    np.testing.assert_array_equal(
        prepared(tmp_path / "cache", tmp_path / "x.pt").images, IMAGES[:2]
    )


@pytest.mark.parametrize("options", [{}, {"range": "0..1"}])
def test_not_a_number_is_told_whatever_the_range(tmp_path: Path, options: dict[str, Any]) -> None:
    floats = IMAGES.astype(np.float32) / 255
    floats[1, 2, 3] = np.nan
    np.save(tmp_path / "x.npy", floats)
    with pytest.raises(StudioError, match="some are NaN or infinite"):
        prepared(tmp_path / "cache", tmp_path / "x.npy", **options)


def test_the_range_that_would_do_is_offered(tmp_path: Path) -> None:
    np.save(tmp_path / "ct.npy", IMAGES[..., 0].astype(np.int16) * 8 - 1024)
    with pytest.raises(StudioError, match=r"--range -1024\.\.1016"):
        prepared(tmp_path / "cache", tmp_path / "ct.npy")


def test_records_and_packed_pictures_are_named(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(8, [("r", "u1"), ("g", "u1")]))
    with pytest.raises(StudioError, match="records of several fields"):
        prepared(tmp_path / "cache", tmp_path / "x.npy")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        pieces = file.create_dataset("images", (3,), dtype=h5py.vlen_dtype(np.uint8))
        pieces[0] = np.zeros(5, np.uint8)
    with pytest.raises(StudioError, match="pieces of different lengths"):
        prepared(tmp_path / "cache", tmp_path / "x.h5")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("shape", [(40, 12, 12), (40, 12, 12, 3)], ids=["NHW", "NHWC"])
def test_a_file_of_many_pictures_is_read_a_few_times_and_not_once_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool, shape: tuple[int, ...]
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    folder = tmp_path / "set"
    folder.mkdir()
    np.save(folder / "x_train.npy", pixels)
    np.save(folder / "y_train.npy", np.arange(40) % 2)
    source = folder
    if packed:
        files = {file.name: file.read_bytes() for file in folder.iterdir()}
        make_zip(tmp_path / "set.zip", files)
        source = tmp_path / "set.zip"
    read: list[int] = []
    whole = npy.array_from_bytes

    def counted(content: bytes, header: NpyHeader) -> Array:
        read.append(len(content))
        return whole(content, header)

    monkeypatch.setattr(npy, "array_from_bytes", counted)
    data = prepared(tmp_path / "cache", source)
    np.testing.assert_array_equal(data.images.squeeze(), pixels)
    assert classes_of(data) == ["0", "1"] * 20
    assert sum(size > pixels.nbytes for size in read) < 5


def test_views_of_one_tensor_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shared storage of ``torch.save(list(images))`` is read once."""
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (30, 8, 8, 3), np.uint8))
    torch.save(list(pixels), tmp_path / "a.pt")
    read: list[str] = []
    numbers = TorchZip.numbers

    def noted(self: TorchZip, key: str) -> bytes:
        read.append(key)
        return numbers(self, key)

    monkeypatch.setattr(TorchZip, "numbers", noted)
    data = prepared(tmp_path / "cache", tmp_path / "a.pt")
    np.testing.assert_array_equal(data.images, pixels)
    assert len(read) == len(set(read))
