"""Names of numbered classes: from files next to arrays and pictures, and from within files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ddpm_studio.data.items import File
from ddpm_studio.data.labels.class_names import ClassNames, find_class_names, parse_class_names
from ddpm_studio.data.labels.yaml_names import yaml_names
from ddpm_studio.requests import FIRST_RULES
from tests.data.pictures import encoded, image, make_tar, noise, prepared

h5py = pytest.importorskip("h5py")

LABELS = np.array([0, 1, 1, 0, 1, 0])
NAMED = ("cat", "dog")
IMAGES = noise(6, 16, 16)


def one_told(data: object, words: str) -> bool:
    return any(words in line for line in data.report.told)  # type: ignore[attr-defined]


def check(tmp_path: Path, source: Path, where: str) -> None:
    data = prepared(tmp_path / "cache", source)
    assert data.class_names == NAMED
    assert data.labels is not None
    assert data.labels.tolist() == LABELS.tolist()
    np.testing.assert_array_equal(data.images, IMAGES)
    assert one_told(data, f"named by {where}")


@pytest.mark.parametrize("key", ["class_names", "label_names", "classes", "list_classes", "names"])
@pytest.mark.parametrize("kind", ["npz", "h5", "pt"])
def test_in_the_file_of_the_arrays(tmp_path: Path, kind: str, key: str) -> None:
    path = tmp_path / f"x.{kind}"
    if kind == "npz":
        arrays: dict[str, Any] = {"images": IMAGES, "labels": LABELS, key: np.array(NAMED)}
        np.savez(path, **arrays)
    elif kind == "h5":
        with h5py.File(path, "w") as file:
            file["images"], file["labels"], file[key] = IMAGES, LABELS, list(NAMED)
    else:
        held = {"images": torch.from_numpy(IMAGES), "labels": LABELS.tolist(), key: list(NAMED)}
        torch.save(held, path)
    check(tmp_path, path, f"{key} of x.{kind}")


def test_as_a_note_on_a_dataset_and_as_a_table(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["images"], file["labels"] = IMAGES, LABELS
        file["labels"].attrs["class_names"] = list(NAMED)
    check(tmp_path, tmp_path / "x.h5", "class_names of x.h5")
    held = {"images": torch.from_numpy(IMAGES), "labels": torch.from_numpy(LABELS)}
    torch.save({**held, "class_to_idx": {"dog": 1, "cat": 0}}, tmp_path / "x.pt")
    check(tmp_path, tmp_path / "x.pt", "class_to_idx of x.pt")


BESIDE = {
    "classes.txt": "cat\ndog\n",
    "class_names.txt": "0 cat\n1 dog\n",
    "labels.txt": "cat 0\ndog 1",
    "label_names.json": '["cat", "dog"]',
    "class_to_idx.json": '{"cat": 0, "dog": 1}',
    "classes.json": '{"classes": {"0": "cat", "1": "dog"}}',
    "labels.json": '{"1": ["n2", "dog"], "0": ["n1", "cat"]}',
}


@pytest.mark.parametrize("name", BESIDE)
@pytest.mark.parametrize("kind", ["npz", "npy"])
def test_in_a_file_beside_arrays(tmp_path: Path, kind: str, name: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    if kind == "npz":
        np.savez(folder / "x.npz", images=IMAGES, labels=LABELS)
    else:
        np.save(folder / "images.npy", IMAGES)
        np.save(folder / "labels.npy", LABELS)
    (folder / name).write_text(BESIDE[name])
    check(tmp_path, folder, name)
    if kind == "npz":
        check(tmp_path, folder / "x.npz", name)


def test_beside_folders_of_numbers_manifests_and_shards(tmp_path: Path) -> None:
    pictures = [encoded(image(one)) for one in IMAGES]
    by_folder, manifest, shards = (tmp_path / name for name in ("folders", "edm", "shards"))
    for number, one in enumerate(pictures):
        for path in (
            by_folder / f"{LABELS[number]:05d}" / f"{number}.png",
            manifest / "00000" / f"{number}.png",
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(one)
    rows = [[f"00000/{number}.png", int(one)] for number, one in enumerate(LABELS)]
    (manifest / "dataset.json").write_text(json.dumps({"labels": rows}))
    shards.mkdir()
    held = {f"{number}.png": one for number, one in enumerate(pictures)}
    held |= {f"{number}.cls": str(one).encode() for number, one in enumerate(LABELS)}
    make_tar(shards / "a-0001.tar", held)
    for folder in (by_folder, manifest, shards):
        (folder / "classes.txt").write_text("cat\ndog")
        data = prepared(tmp_path / "cache", folder)
        assert data.class_names == NAMED
        assert dict(data.report.class_counts) == {"cat": 3, "dog": 3}


def test_codes_of_wordnet(tmp_path: Path) -> None:
    for code in ("n01443537", "n01629819"):
        for number in range(3):
            path = tmp_path / "in" / code / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            image(noise(1, seed=number)[0]).save(path)
    words = "n01443537\tgoldfish, Carassius auratus\nn01629819\tsalamander\nn09999999\tmore\n"
    (tmp_path / "in" / "words.txt").write_text(words)
    data = prepared(tmp_path / "cache", tmp_path / "in")
    assert data.class_names == ("goldfish, Carassius auratus", "salamander")


def test_classes_may_be_counted_from_one() -> None:
    names = parse_class_names(["cat", "dog", "eel"], "x")
    assert names is not None
    assert names.of(["1", "2", "3"]) == {"1": "cat", "2": "dog", "3": "eel"}
    assert names.of(["1", "2"]) == {"1": "dog", "2": "eel"}
    assert names.of(["0", "00002", "1.0"]) == {"0": "cat", "00002": "eel", "1.0": "dog"}
    # One number is not in the list: no class is named.
    assert names.of(["0", "4"]) == {}
    assert names.of(["cat"]) == {}
    assert ClassNames().of(["0"]) == {}


def test_classes_of_one_name_stay_apart() -> None:
    names = parse_class_names({"134": "crane", "517": "crane", "1": "eel"}, "x")
    assert names is not None
    assert names.of(["134", "517", "1"]) == {"134": "crane (134)", "517": "crane (517)", "1": "eel"}


@pytest.mark.parametrize(
    "value", [[], ["a"], ["a", "a"], ["a", 1], {}, {"a": []}, {"a": 0, "b": 0}]
)
def test_what_names_no_classes(value: object) -> None:
    assert parse_class_names(value, "x") is None


def test_a_label_a_line_is_no_list_of_names(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    np.savez(folder / "x.npz", images=IMAGES, labels=LABELS)
    (folder / "labels.txt").write_text("\n".join(map(str, LABELS)))
    assert prepared(tmp_path / "cache", folder).class_names == ("0", "1")


def test_version_0_1_0_knew_no_names(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=IMAGES, labels=LABELS, class_names=np.array(NAMED))
    data = prepared(tmp_path / "cache", tmp_path / "x.npz", rules=FIRST_RULES)
    assert data.class_names == ("0", "1")


def test_of_a_note_in_yaml_on_every_picture_few_are_read() -> None:
    read: list[int] = []

    def source(limit: int) -> bytes:
        read.append(limit)
        return b"angle: 3"

    assert not find_class_names([File(f"{n}.yaml", 8, source) for n in range(1000)])[1]
    assert 0 < len(read) <= 100


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("nc: 2\nnames: ['cat', 'hot dog']\n", ["cat", "hot dog"]),
        ('names: [cat, "a, b",\n  tv monitor]  # all\n', ["cat", "a, b", "tv monitor"]),
        ("names:\n  0: cat\n  1: dog # two\n\n# more\ndownload: x", {"0": "cat", "1": "dog"}),
        ("names:\n- it's\n- 'b c'\nroboflow:\n  x: 1", ["it's", "b c"]),
        ("names: {0: cat, 1: 'dog, big'}", {"0": "cat", "1": "dog, big"}),
        ("names: data.names\n", []),
        ("names: [a, b", []),
        ("names:\n  0: x\n  - y\n", None),
        ("nc: 3", None),
        (" names: [a, b]", None),
        ("names: " + "[" * 100_000, []),
        ("names:\n  - " + "' " * 100_000, []),
    ],
)
def test_names_in_the_yaml_of_yolo(text: str, names: object) -> None:
    assert yaml_names(text) == names


def test_a_map_under_any_name(tmp_path: Path) -> None:
    for number, one in enumerate(noise(4, 8, 8)):
        path = tmp_path / "in" / str(number % 2) / f"leaf{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image(one).save(path)
    (tmp_path / "in" / "label_num_to_disease_map.json").write_text('{"0": "rust", "1": "well"}')
    assert prepared(tmp_path / "cache", tmp_path / "in").class_names == ("rust", "well")


@pytest.mark.parametrize("name", ["labels.json", "labels.txt"])
def test_numbers_of_classes_are_not_taken_for_those_of_pictures(tmp_path: Path, name: str) -> None:
    for number, one in enumerate(noise(4, 8, 8)):
        path = tmp_path / "in" / str(number % 2) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image(one).save(path)
    text = '{"0": "rust", "1": "well"}' if name.endswith("json") else "0 rust\n1 well\n"
    (tmp_path / "in" / name).write_text(text)
    assert prepared(tmp_path / "cache", tmp_path / "in").class_names == ("rust", "well")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("class_dict.csv", "class_index,class,height\n0,rust,224\n1,well,224\n"),
        ("signnames.csv", "ClassId,SignName\n0,rust\n1,well\n"),
        ("labels.csv", "ClassId,Name\n0,rust\n1,well\n"),
    ],
)
def test_a_table_of_names(tmp_path: Path, name: str, text: str) -> None:
    for number, one in enumerate(noise(4, 8, 8)):
        path = tmp_path / "in" / str(number % 2) / f"leaf{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image(one).save(path)
    (tmp_path / "in" / name).write_text(text)
    data = prepared(tmp_path / "cache", tmp_path / "in")
    assert data.class_names == ("rust", "well")
    assert f"Classes from folders, named by {name}." in data.report.told
    assert not any("not read" in line for line in data.report.told)
