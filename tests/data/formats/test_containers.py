"""Containers of published datasets: written here by their own rules, read pixel for pixel."""

from __future__ import annotations

import importlib.util
import io
import json
import pickle
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from ddpm_studio.errors import StudioError
from tests.data.pictures import classes_of, encoded, image, make_tar, make_zip, noise, prepared

CLASSES = ["airplane", "automobile", "bird"]
PIXELS = noise(8)


def flat(pixels: np.ndarray) -> np.ndarray:
    """Return pictures in CIFAR's layout, one row each: the red, the green and the blue plane."""
    return pixels.transpose(0, 3, 1, 2).reshape(len(pixels), -1)


def cifar10(folder: Path, protocol: int = 2) -> np.ndarray:
    folder.mkdir()
    pixels = noise(9)
    for number in range(2):
        rows = pixels[number * 3 : number * 3 + 3]
        batch = {b"data": flat(rows), b"labels": [0, 1, 2], b"filenames": [b"a.png"] * 3}
        (folder / f"data_batch_{number + 1}").write_bytes(pickle.dumps(batch, protocol))
    test = {b"data": flat(pixels[6:]), b"labels": [2, 2, 2]}
    (folder / "test_batch").write_bytes(pickle.dumps(test, protocol))
    meta = {b"label_names": [name.encode() for name in CLASSES]}
    (folder / "batches.meta").write_bytes(pickle.dumps(meta, protocol))
    (folder / "readme.html").write_text("<html>")
    return pixels


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("packed", [False, True])
def test_cifar10_for_python(tmp_path: Path, protocol: int, packed: bool) -> None:
    source = tmp_path / "cifar-10-batches-py"
    pixels = cifar10(source, protocol)
    if packed:
        with tarfile.open(tmp_path / "cifar-10-python.tar.gz", "w:gz") as archive:
            archive.add(source, source.name)
        source = tmp_path / "cifar-10-python.tar.gz"
    data = prepared(tmp_path / "cache", source)
    np.testing.assert_array_equal(data.images, pixels[:6])
    assert data.class_names == tuple(CLASSES)
    assert data.labels is not None
    assert data.labels.tolist() == [0, 1, 2] * 2
    assert any("1 file of test is left aside" in line for line in data.report.warnings)
    test = prepared(tmp_path / "cache", source, split="test")
    np.testing.assert_array_equal(test.images, pixels[6:])
    assert len(prepared(tmp_path / "cache", source, split="all")) == 9


def test_a_batch_that_is_a_program_runs_nothing(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "harmed",))

    (tmp_path / "data_batch_1").write_bytes(pickle.dumps({b"data": Harm(), b"labels": [1]}, 2))
    with pytest.raises(StudioError, match="no whole batch of CIFAR"):
        prepared(tmp_path / "cache", tmp_path / "data_batch_1")
    assert not (tmp_path / "harmed").exists()


def test_cifar100_has_fine_and_coarse_labels(tmp_path: Path) -> None:
    pixels = noise(4)
    folder = tmp_path / "cifar-100-binary"
    folder.mkdir()
    rows = [bytes((k % 2, k)) + flat(pixels)[k].tobytes() for k in range(4)]
    (folder / "train.bin").write_bytes(b"".join(rows))
    (folder / "fine_label_names.txt").write_text("apple\nfish\nbaby\nbear\n")
    (folder / "coarse_label_names.txt").write_text("plants\nanimals\n")
    fine = prepared(tmp_path / "cache", folder)
    np.testing.assert_array_equal(fine.images, pixels)
    assert fine.class_names == ("apple", "baby", "bear", "fish")
    coarse = prepared(tmp_path / "cache", folder, labels="coarse_labels")
    assert coarse.report.class_counts == (("animals", 2), ("plants", 2))
    assert ("coarse_labels", "the labels coarse_labels") in [
        choice[:2] for choice in fine.report.label_choices
    ]


def test_stl10(tmp_path: Path) -> None:
    pixels = noise(3, 96, 96)
    folder = tmp_path / "stl10_binary"
    folder.mkdir()
    # Column by column, as MATLAB writes.
    (folder / "train_X.bin").write_bytes(pixels.transpose(0, 3, 2, 1).tobytes())
    (folder / "train_y.bin").write_bytes(bytes((1, 3, 1)))
    (folder / "unlabeled_X.bin").write_bytes(pixels[:1].tobytes())
    (folder / "class_names.txt").write_text("airplane\nbird\ncar\n")
    (folder / "fold_indices.txt").write_text("0 1\n")
    data = prepared(tmp_path / "cache", folder, image_size=96)
    np.testing.assert_array_equal(data.images, pixels)
    assert data.report.class_counts == (("airplane", 2), ("car", 1))
    assert any("1 picture of unlabeled is left aside" in w for w in data.report.warnings)
    assert data.report.others == ()


def test_labels_of_stl10_may_be_in_another_folder(tmp_path: Path) -> None:
    pixels, folder = noise(3, 96, 96), tmp_path / "in"
    for name in ("x", "y"):
        (folder / name).mkdir(parents=True)
    (folder / "x" / "train_X.bin").write_bytes(pixels.transpose(0, 3, 2, 1).tobytes())
    (folder / "y" / "train_y.bin").write_bytes(bytes((1, 3, 1)))
    (folder / "y" / "class_names.txt").write_text("airplane\nbird\ncar\n")
    data = prepared(tmp_path / "cache", folder, image_size=96)
    assert data.report.class_counts == (("airplane", 2), ("car", 1))


def test_copies_of_stl10_have_the_labels_of_their_own_folders(tmp_path: Path) -> None:
    folder, pixels = tmp_path / "copies", noise(5, 96, 96)
    for name, rows, labels in (
        ("first", pixels[:3], (1, 3, 1)),
        ("second", pixels[3:], (2, 2)),
    ):
        (folder / name).mkdir(parents=True)
        (folder / name / "train_X.bin").write_bytes(rows.transpose(0, 3, 2, 1).tobytes())
        (folder / name / "train_y.bin").write_bytes(bytes(labels))
        (folder / name / "unlabeled_X.bin").write_bytes(pixels[:1].tobytes())
        (folder / name / "class_names.txt").write_text("airplane\nbird\ncar\n")
    data = prepared(tmp_path / "cache", folder, image_size=96)
    np.testing.assert_array_equal(data.images, pixels)
    assert data.labels is not None
    named = [data.class_names[k] for k in data.labels.tolist()]
    assert named == ["airplane", "car", "airplane", "bird", "bird"]
    assert any("2 pictures of unlabeled are left aside" in w for w in data.report.warnings)
    assert data.report.others == ()


def test_medmnist_takes_the_training_part(tmp_path: Path) -> None:
    pixels = noise(9, 28, 28)
    parts = {"train": pixels[:5], "val": pixels[5:7], "test": pixels[7:]}
    arrays: dict[str, Any] = {f"{split}_images": one for split, one in parts.items()}
    arrays |= {f"{split}_labels": np.arange(len(one))[:, None] for split, one in parts.items()}
    np.savez(tmp_path / "bloodmnist.npz", **arrays)
    data = prepared(tmp_path / "cache", tmp_path / "bloodmnist.npz")
    np.testing.assert_array_equal(data.images, pixels[:5])
    cells = ("basophil", "eosinophil", "erythroblast", "immature granulocytes", "lymphocyte")
    assert data.class_names == cells
    said = "2 pictures of val and 2 pictures of test are left aside"
    assert any(said in line for line in data.report.warnings)
    whole = prepared(tmp_path / "cache", tmp_path / "bloodmnist.npz", split="all")
    np.testing.assert_array_equal(whole.images, pixels)


def test_imagenet32_is_flat(tmp_path: Path) -> None:
    pixels = noise(5)
    batch = {"data": flat(pixels), "labels": [1, 2, 1, 2, 1], "mean": np.zeros(3072)}
    np.savez(tmp_path / "train_data_batch_1.npz", **batch)  # type: ignore[arg-type]
    data = prepared(tmp_path / "cache", tmp_path / "train_data_batch_1.npz")
    np.testing.assert_array_equal(data.images, pixels)
    assert data.report.class_counts == (("1", 3), ("2", 2))


def test_guided_diffusion_samples(tmp_path: Path) -> None:
    np.savez(tmp_path / "samples.npz", noise(4), np.array([3, 3, 5, 5]))
    data = prepared(tmp_path / "cache", tmp_path / "samples.npz")
    assert data.report.class_counts == (("3", 2), ("5", 2))


def test_an_array_is_chosen_by_its_name(tmp_path: Path) -> None:
    masks, photos = noise(3), noise(3, seed=1)
    np.savez(tmp_path / "a.npz", masks=masks, photos=photos)
    with pytest.raises(StudioError, match="several arrays of pictures: masks, photos"):
        prepared(tmp_path / "cache", tmp_path / "a.npz")
    data = prepared(tmp_path / "cache", tmp_path / "a.npz", array="photos")
    np.testing.assert_array_equal(data.images, photos)
    with pytest.raises(StudioError, match="holds no faces"):
        prepared(tmp_path / "cache", tmp_path / "a.npz", array="faces")


def test_a_stored_npz_is_read_from_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ddpm_studio.data.formats import npz

    monkeypatch.setattr(npz, "_READ_UP_TO", 0)
    np.savez(tmp_path / "a.npz", images=noise(6), labels=np.arange(6))
    np.testing.assert_array_equal(prepared(tmp_path / "cache", tmp_path / "a.npz").images, noise(6))


def test_a_folder_of_arrays(tmp_path: Path) -> None:
    pixels = noise(6, 40, 40, 1)
    for number, one in enumerate(pixels):
        path = tmp_path / "in" / "ab"[number % 2] / f"{number}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, one[..., 0] / 255)
    (tmp_path / "in" / "a" / "bad.npy").write_bytes(b"\x93NUMPY\x01")
    data = prepared(tmp_path / "cache", tmp_path / "in", image_size=40)
    np.testing.assert_array_equal(data.images, pixels[[0, 2, 4, 1, 3, 5]])
    assert data.report.class_counts == (("a", 3), ("b", 3))
    assert [reject.name for reject in data.report.rejects] == ["a/bad.npy"]


def test_a_folder_of_arrays_and_their_labels(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    pixels = noise(7)
    np.save(tmp_path / "in" / "x_train.npy", pixels[:4])
    np.save(tmp_path / "in" / "y_train.npy", np.array(["cat", "dog", "cat", "dog"]))
    np.save(tmp_path / "in" / "x_test.npy", pixels[4:])
    np.save(tmp_path / "in" / "y_test.npy", np.array(["cat"] * 3))
    data = prepared(tmp_path / "cache", tmp_path / "in")
    np.testing.assert_array_equal(data.images, pixels[:4])
    assert data.report.class_counts == (("cat", 2), ("dog", 2))


def save_arrays(folder: Path, arrays: Mapping[str, np.ndarray]) -> Path:
    """Write arrays by their paths without ".npy"."""
    for name, array in arrays.items():
        path = folder / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, array)
    return folder


FIRST, SECOND = ["cat", "dog", "cat", "dog"], ["dog", "dog", "emu", "emu"]


@pytest.mark.parametrize(
    "names", ["{}/x {}/y", "{}/images/x {}/labels/y", "images/{}/x labels/{}/y"]
)
@pytest.mark.parametrize(
    ("folders", "taken"), [(("site1", "site2"), 8), (("train", "test"), 4), (("train", "val"), 4)]
)
def test_arrays_of_folders_take_the_labels_of_their_own(
    tmp_path: Path, folders: tuple[str, str], taken: int, names: str
) -> None:
    pixels, (x, y) = noise(8), names.split()
    saved: dict[str, np.ndarray] = {}
    for folder, one, labels in zip(folders, (pixels[:4], pixels[4:]), (FIRST, SECOND), strict=True):
        saved |= {x.format(folder): one, y.format(folder): np.array(labels)}
    source = save_arrays(tmp_path / "in", saved)
    data = prepared(tmp_path / "cache", source, split="all")
    order = [0, 1, 2, 3, 4, 5, 6, 7] if folders[1] != "test" else [4, 5, 6, 7, 0, 1, 2, 3]
    np.testing.assert_array_equal(data.images, pixels[order])
    assert classes_of(data) == [(FIRST + SECOND)[index] for index in order]
    data = prepared(tmp_path / "cache", source)
    np.testing.assert_array_equal(data.images, pixels[:taken])
    assert classes_of(data) == (FIRST + SECOND)[:taken]
    assert any("4 pictures of" in line for line in data.report.warnings) == (taken == 4)
    make_zip(
        tmp_path / "in.zip",
        {str(file.relative_to(source)): file.read_bytes() for file in source.rglob("*.npy")},
    )
    packed = prepared(tmp_path / "cache", tmp_path / "in.zip")
    np.testing.assert_array_equal(packed.images, data.images)
    assert classes_of(packed) == classes_of(data)


def test_splits_that_names_give_are_one_choice_for_all_folders(tmp_path: Path) -> None:
    pixels = noise(9)
    held = {
        "a/x_train": pixels[:4],
        "a/y_train": np.array(FIRST),
        "a/x_test": pixels[4:7],
        "a/y_test": np.array(["cat"] * 3),
        "b/x_test": pixels[7:],
        "b/y_test": np.array(["dog"] * 2),
    }
    data = prepared(tmp_path / "cache", save_arrays(tmp_path / "in", held))
    np.testing.assert_array_equal(data.images, pixels[:4])
    assert classes_of(data) == FIRST
    assert any("2 files of test are left aside" in line for line in data.report.warnings)


def test_a_folder_of_arrays_that_fails_is_left_out(tmp_path: Path) -> None:
    pixels = noise(8)
    held = {f"{folder}/y": np.array(FIRST) for folder in "abc"}
    held |= {"a/x": pixels[:4], "b/x": pixels[4:], "c/x": pixels.astype("V1")}
    held["elsewhere/y"] = np.array(SECOND)
    data = prepared(tmp_path / "cache", save_arrays(tmp_path / "in", held))
    np.testing.assert_array_equal(data.images, pixels)
    assert classes_of(data) == FIRST * 2
    reasons = {reject.name: reject.reason for reject in data.report.rejects}
    assert reasons.keys() == {"c/x.npy", "c/y.npy", "elsewhere/y.npy"}
    assert "nothing says of which pictures" in reasons["elsewhere/y.npy"]


def test_labels_apart_from_the_pictures_are_paired_by_name(tmp_path: Path) -> None:
    pixels = noise(6, 40, 40, 1)[..., 0]
    held = {f"{'ab'[number // 3]}/{number % 3}": one for number, one in enumerate(pixels)}
    labels = ["cat", "dog", "cat", "dog", "dog", "emu"]
    source = save_arrays(tmp_path / "in", {**held, "labels": np.array(labels)})
    data = prepared(tmp_path / "cache", source, image_size=40)
    np.testing.assert_array_equal(data.images[..., 0], pixels)
    assert classes_of(data) == labels


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float16", "bfloat16", "uint16"])
def test_tensors_in_dicts_and_tuples(tmp_path: Path, dtype: str) -> None:
    pixels = noise(4, channels=1) // 2
    pixels[0, 0, 0], pixels[0, 0, 1] = 0, 255
    tensor = torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy()).to(getattr(torch, dtype))
    labels = torch.tensor([5, 6, 5, 6])
    torch.save({"images": tensor, "labels": labels}, tmp_path / "dict.pt")
    torch.save((tensor, labels), tmp_path / "tuple.pt")
    for name in ("dict.pt", "tuple.pt"):
        data = prepared(tmp_path / "cache", tmp_path / name)
        # bfloat16 has eight significant bits.
        off = np.abs(data.images.astype(int) - pixels).max()
        assert off <= (1 if dtype == "bfloat16" else 0)
        assert data.report.class_counts == (("5", 2), ("6", 2))


def test_a_list_of_tensors_is_a_picture_each(tmp_path: Path) -> None:
    pixels = noise(6)
    tensors = [torch.from_numpy(one.transpose(2, 0, 1).copy()) for one in pixels]
    torch.save(tensors, tmp_path / "a.pt")
    np.testing.assert_array_equal(prepared(tmp_path / "cache", tmp_path / "a.pt").images, pixels)


def test_a_model_is_no_pictures(tmp_path: Path) -> None:
    torch.save(torch.nn.Conv2d(3, 8, 3).state_dict(), tmp_path / "a.pt")
    with pytest.raises(StudioError, match=r"weights of a model.*ddpm-studio import"):
        prepared(tmp_path / "cache", tmp_path / "a.pt")


def test_hdf5_with_groups_and_labels(tmp_path: Path) -> None:
    pixels = noise(6)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("train/images", data=pixels, chunks=(2, 32, 32, 3), compression="gzip")
        file["train/labels"] = np.arange(6) % 3
        file["outside"] = h5py.ExternalLink("other.h5", "/x")
    data = prepared(tmp_path / "cache", tmp_path / "a.h5")
    np.testing.assert_array_equal(data.images, pixels)
    assert data.report.class_counts == (("0", 2), ("1", 2), ("2", 2))


def parquet(path: Path, pixels: np.ndarray, labels: list[int]) -> None:
    cells = [{"bytes": encoded(image(one)), "path": None} for one in pixels]
    table = pa.table({"image": cells, "label": labels})
    features = {"image": {"_type": "Image"}, "label": {"names": ["cat", "dog"]}}
    told = json.dumps({"info": {"features": features}})
    pq.write_table(table.replace_schema_metadata({"huggingface": told}), path, row_group_size=2)


def test_parquet_in_folders_of_parts_and_its_other_columns(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    for part, count in (("train", 3), ("validation", 2)):
        (tmp_path / "in" / part).mkdir(parents=True)
        held = [{"bytes": encoded(image(one)), "path": ""} for one in PIXELS[:count]]
        more = {"species": ["cat"] * count, "objects": [{"box": [1]}] * count}
        pq.write_table(pa.table({"image": held, **more}), tmp_path / "in" / part / "0000.parquet")
    report = prepared(tmp_path / "cache", tmp_path / "in").report
    assert report.kept == 3
    assert "1 file of val is left aside; --split all takes everything." in report.warnings
    assert "Columns that are not read: objects." in report.told
    assert [key for key, _, _ in report.label_choices] == ["species"]


def test_parquet_whose_parts_hold_other_rows_than_it_tells_of(tmp_path: Path) -> None:
    place = tmp_path / "a.parquet"
    parquet(place, np.zeros((5, 8, 8, 3), np.uint8), [0, 1, 1, 0, 1])
    whole = place.read_bytes()
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    # Thrift encodes 5 as 10 (zigzag); the first such byte is the total number of rows.
    at = whole.index(10, footer)
    place.write_bytes(whole[:at] + bytes([6]) + whole[at + 1 :])
    assert pq.ParquetFile(place).metadata.num_rows == 3
    with pytest.raises(StudioError, match="its parts hold 5 rows, where 3 are told of"):
        prepared(tmp_path, place)


def test_parquet_as_the_hub_has_it(tmp_path: Path) -> None:
    pixels = noise(5)
    (tmp_path / "in" / "data").mkdir(parents=True)
    parquet(tmp_path / "in" / "data" / "train-00000-of-00001.parquet", pixels, [0, 1, 1, 0, 1])
    parquet(tmp_path / "in" / "data" / "test-00000-of-00001.parquet", pixels[:2], [0, 0])
    data = prepared(tmp_path / "cache", tmp_path / "in")
    np.testing.assert_array_equal(data.images, pixels)
    assert data.report.class_counts == (("cat", 2), ("dog", 3))
    assert any("1 file of test is left aside" in line for line in data.report.warnings)


def test_webdataset_shards_in_a_folder(tmp_path: Path) -> None:
    pixels = noise(6)
    (tmp_path / "in").mkdir()
    for shard in range(2):
        held: dict[str, bytes] = {}
        for number in range(3):
            one = shard * 3 + number
            held[f"{number:06}.png"] = encoded(image(pixels[one]))
            held[f"{number:06}.cls"] = str(one % 2).encode()
            held[f"{number:06}.json"] = json.dumps({"label": "ab"[one % 2]}).encode()
        make_tar(tmp_path / "in" / f"train-{shard:04}.tar", held)
    make_tar(tmp_path / "in" / "val-0000.tar", {"1.png": encoded(image(pixels[0]))})
    data = prepared(tmp_path / "cache", tmp_path / "in")
    np.testing.assert_array_equal(data.images, pixels)
    assert data.report.class_counts == (("0", 3), ("1", 3))
    assert any("1 archive of val is left aside" in line for line in data.report.warnings)
    named = prepared(tmp_path / "cache", tmp_path / "in", labels="json:label")
    assert named.class_names == ("a", "b")


@pytest.mark.parametrize(
    ("kind", "ending"), [("AVIF", "avif"), ("JPEG2000", "jp2"), ("TGA", "tga")]
)
def test_rarer_pictures(tmp_path: Path, kind: str, ending: str) -> None:
    pixels = noise(1)[0]
    how: dict[str, Any] = {"quality": 100, "subsampling": "4:4:4"} if kind == "AVIF" else {}
    (tmp_path / f"a.{ending}").write_bytes(encoded(image(pixels), kind, **how))
    data = prepared(tmp_path / "cache", tmp_path / f"a.{ending}")
    assert np.abs(data.images[0].astype(int) - pixels).mean() < (6 if kind == "AVIF" else 0.01)


def test_pages_and_frames(tmp_path: Path) -> None:
    frames = noise(3, 16, 16, 1)
    pictures = [image(one) for one in frames]
    pictures[0].save(tmp_path / "a.tif", save_all=True, append_images=pictures[1:])
    pictures[0].save(tmp_path / "b.gif", save_all=True, append_images=pictures[1:])
    pictures[0].save(tmp_path / "c.webp", save_all=True, append_images=pictures[1:], lossless=True)
    for name in ("a.tif", "b.gif", "c.webp"):
        first = prepared(tmp_path / "cache", tmp_path / name)
        np.testing.assert_array_equal(first.images, frames[:1])
        assert any("1 file has several frames or pages, 3 in all" in t for t in first.report.told)
        whole = prepared(tmp_path / "cache", tmp_path / name, frames="all")
        np.testing.assert_array_equal(whole.images, frames)


@pytest.mark.parametrize("apart", [False, True])
def test_frames_of_an_animated_png(tmp_path: Path, apart: bool) -> None:
    """An image before the animation, which others show in its place, is one of the pictures."""
    frames = noise(4, 16, 16, 1)
    pictures, path = [image(one) for one in frames], tmp_path / "a.png"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], default_image=apart)
    with Image.open(path) as read:
        assert read.n_frames == 4  # type: ignore[attr-defined]
        assert read.info.get("default_image", False) == apart
    np.testing.assert_array_equal(prepared(tmp_path / "cache", path).images, frames[:1])
    whole = prepared(tmp_path / "cache", path, frames="all")
    np.testing.assert_array_equal(whole.images, frames)


def test_not_known_is_not_damaged(tmp_path: Path) -> None:
    for name, head, words in (
        ("a.nii", b"\0" * 344 + b"n+1\0", "NIfTI"),
        ("a.dcm", b"\0" * 128 + b"DICM", "DICOM"),
        ("a.heic", b"\0\0\0\x18ftypheic", "HEIC"),
        ("a", b"\0\0\0\x18ftypheic", "HEIC"),
        ("a.mp4", b"\0\0\0\x18ftypisom", "video"),
        ("a.pkl", pickle.dumps([1]), "pickle"),
    ):
        (tmp_path / name).write_bytes(head)
        with pytest.raises(StudioError, match=words) as caught:
            prepared(tmp_path / "cache", tmp_path / name)
        assert "amaged" not in str(caught.value)
    (tmp_path / "in").mkdir()
    image(noise(1)[0]).save(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "b.heic").write_bytes(b"\0\0\0\x18ftypheic")
    report = prepared(tmp_path / "cache", tmp_path / "in").report
    assert any("HEIC" in line and "convert it" in line for line in report.lines())


def test_a_format_whose_package_is_missing_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    (tmp_path / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(StudioError, match=r"needs h5py.*ddpm-studio\[hdf5\]"):
        prepared(tmp_path / "cache", tmp_path / "a.h5")


def test_arrays_in_archives(tmp_path: Path) -> None:
    pixels = noise(4)
    stream = io.BytesIO()
    np.savez(stream, images=pixels)
    make_zip(tmp_path / "a.zip", {"set/a.npz": stream.getvalue()})
    np.testing.assert_array_equal(prepared(tmp_path / "cache", tmp_path / "a.zip").images, pixels)
    stream = io.BytesIO()
    torch.save(torch.from_numpy(pixels), stream)
    make_tar(tmp_path / "a.tar", {"a.pt": stream.getvalue()})
    np.testing.assert_array_equal(prepared(tmp_path / "cache", tmp_path / "a.tar").images, pixels)


def test_a_name_of_the_hub_is_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudioError, match=r"There is no file or folder ylecun/mnist.*Hub"):
        prepared(tmp_path / "cache", Path("ylecun/mnist"))
    with pytest.raises(StudioError, match="may have been moved"):
        prepared(tmp_path / "cache", tmp_path / "gone")


def test_a_list_of_pictures_and_classes(tmp_path: Path) -> None:
    """Pairs of a picture and a class, as ``list(dataset)`` of torchvision, are read."""
    pairs = [(torch.from_numpy(one).permute(2, 0, 1), k % 2) for k, one in enumerate(PIXELS)]
    torch.save(pairs, tmp_path / "a.pt")
    data = prepared(tmp_path / "cache", tmp_path / "a.pt")
    np.testing.assert_array_equal(data.images, PIXELS)
    assert data.labels is not None
    assert data.labels.tolist() == [k % 2 for k in range(len(PIXELS))]


def test_labels_by_an_unknown_name(tmp_path: Path) -> None:
    """An array of labels of an unknown name is found, as Galaxy10's "ans"; of several none is."""
    few, many = np.arange(len(PIXELS)) % 2, np.arange(len(PIXELS))
    np.savez(tmp_path / "a.npz", images=PIXELS, ans=few)
    assert prepared(tmp_path / "cache", tmp_path / "a.npz").report.labels == ("ans",)
    np.savez(tmp_path / "b.npz", images=PIXELS, ans=few, number=many)
    report = prepared(tmp_path / "cache", tmp_path / "b.npz").report
    assert not report.labels
    assert {key for key, _, _ in report.label_choices} == {"ans", "number"}
    assert prepared(tmp_path / "cache", tmp_path / "b.npz", labels="ans").class_names == ("0", "1")
    np.savez(tmp_path / "c.npz", images=PIXELS, number=many)
    assert not prepared(tmp_path / "cache", tmp_path / "c.npz").report.labels


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("train/data.arrow", "dataset_dict.json", "train/state.json"), "an Arrow file"),
        (("a.tfrecord-00000-of-00002", "a.tfrecord-00001-of-00002"), "TensorFlow records"),
        (("a.npy.gz",), "packed by gzip"),
        (("mnist_train.csv",), "a table"),
    ],
)
def test_what_is_not_read_is_named_among_other_files(
    tmp_path: Path, names: tuple[str, ...], words: str
) -> None:
    for name in names:
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(b"1,2,3\n")
    with pytest.raises(StudioError) as caught:
        prepared(tmp_path / "cache", tmp_path / "in")
    assert words in str(caught.value)


def test_an_archive_in_an_archive_is_told(tmp_path: Path) -> None:
    inner = make_zip(tmp_path / "train.zip", {"a.png": b""}).read_bytes()
    with pytest.raises(StudioError, match="an archive within an archive"):
        prepared(tmp_path / "cache", make_zip(tmp_path / "a.zip", {"train.zip": inner}))


def test_transparency_that_is_filled_is_told(tmp_path: Path) -> None:
    clear = np.dstack([PIXELS[0], PIXELS[0][..., :1]])
    source = tmp_path / "in"
    source.mkdir()
    Image.fromarray(clear).save(source / "a.png")
    image(PIXELS[1]).save(source / "b.png")
    told = prepared(tmp_path / "cache", source, background="#ff0000").report.told
    assert any("1 picture has transparency, which becomes #ff0000" in line for line in told)
    kept = prepared(tmp_path / "cache", source, channels="rgba").report.told
    assert not any("transparency" in line for line in kept)


@pytest.mark.parametrize(
    ("path", "words"),
    [("https://example.org/a.zip", "Addresses are not fetched"), ("d/*.png", "this pattern")],
)
def test_what_is_no_path(path: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(StudioError) as caught:
        prepared(tmp_path / "cache", Path(path))
    assert words in caught.value.remedy
