"""Folders that are not classes: splits, their neighbours, masks, and mere counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ddpm_studio.data import Dataset
from tests.data.pictures import encoded, image, make_zip, noise, prepared

PICTURE = encoded(image(noise(1, 8, 8)[0]))
ONLY_COUNT = "The folders only count the pictures; --labels folders makes classes of them."


def classes(folder: Path, names: list[str], **options: Any) -> tuple[dict[str, int], Dataset]:
    """Prepare pictures with these names; return their number by class, and the dataset."""
    for number, name in enumerate(names):
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # Different contents, so that none are duplicates.
        path.write_bytes(PICTURE + bytes([number]))
    data = prepared(folder / "cache", folder / "in", **options)
    return dict(data.report.class_counts), data


@pytest.mark.parametrize("other", ["test_simple", "samples", "TEST"])
def test_what_lies_beside_train_and_test_is_no_class(tmp_path: Path, other: str) -> None:
    parts = ("Train", "test", other) if other != "TEST" else ("TRAIN", "TEST", "TEST_SIMPLE")
    names = [f"{part}/{one}/{n}.png" for part in parts for one in ("cat", "dog") for n in range(2)]
    found, data = classes(tmp_path, names)
    assert found == {"cat": 2, "dog": 2}
    (told,) = [line for line in data.report.warnings if "left aside" in line]
    words = "4 pictures of extra and 4 pictures of test"
    assert (words if other == "samples" else "8 pictures of test") in told
    if other == "samples":
        assert classes(tmp_path, names, split="extra")[0] == {"cat": 2, "dog": 2}


@pytest.mark.parametrize(
    "names",
    [
        [f"fold{k}/{n}.png" for k in range(5) for n in range(2)],
        [f"Part_{k}/{n}.png" for k in (1, 2) for n in range(3)],
        # Faces of FFHQ, numbered as by EDM's dataset_tool.py, without its manifest.
        [f"{k * 1000:05}/{k * 1000 + n:05}.png" for k in range(3) for n in range(2)],
        [f"{k:05}/img{k * 1000 + n:08}.png" for k in range(3) for n in range(2)],
        [f"{k:05}/{k * 10_000 + n:09}.jpg" for k in range(3) for n in range(2)],
    ],
)
def test_folders_that_only_count_are_no_classes(tmp_path: Path, names: list[str]) -> None:
    found, data = classes(tmp_path, names)
    assert not found
    assert ONLY_COUNT in data.report.told
    found, data = classes(tmp_path, names, labels="folders")
    assert len(found) == len({name.partition("/")[0] for name in names})


@pytest.mark.parametrize(
    "names",
    [
        [f"{k}/{n}.png" for k in range(3) for n in range(2)],
        [f"{k}/{k * 2 + n:05}.png" for k in range(3) for n in range(2)],
        [f"{k}/{n}.png" for k in ("fold1", "stack2") for n in range(2)],
        ["0/00999.png", "0/a.png", "1/01000.png"],
    ],
)
def test_numbers_may_be_classes(tmp_path: Path, names: list[str]) -> None:
    found, data = classes(tmp_path, names)
    assert set(found) == {name.partition("/")[0] for name in names}
    assert ONLY_COUNT not in data.report.told


def test_names_say_the_classes_within_folds(tmp_path: Path) -> None:
    names = [f"fold{k}/{one}_{n}.png" for k in range(2) for one in ("cat", "dog") for n in range(2)]
    assert classes(tmp_path, names)[0] == {"cat": 4, "dog": 4}


def test_the_head_of_a_table_is_known_by_what_it_does_not_name(tmp_path: Path) -> None:
    names = [f"{n}.png" for n in range(6)]
    classes(tmp_path, names)
    rows = [f"{n}.png,{('Hernia', 'No Finding')[n % 2]}" for n in range(6)]
    text = "\n".join(["Image Index,Finding Labels", *rows])
    (tmp_path / "in" / "Data_Entry.csv").write_text(text)
    found, data = classes(tmp_path, names)
    assert found == {"Hernia": 3, "No Finding": 3}
    assert "Classes from the column Finding Labels of Data_Entry.csv." in data.report.told


@pytest.mark.parametrize(
    "names",
    [
        [f"HAM_images_part_{k}/{n}.png" for k in (1, 2) for n in range(2)],
        [f"images_{k:03}/images/{k}{n}.png" for k in (1, 2) for n in range(2)],
        [f"{k}APPLE/IMG_{n}.png" for k in (100, 101) for n in range(2)],
        [f"512px/{k:04}/{n}{k:03}.png" for k in (7, 8) for n in (1, 2)],
        [f"{k}/DSC_{n}.png" for k in ("100CANON", "101_PANA", "202311__") for n in range(2)],
    ],
)
def test_folders_of_parts_and_of_cameras_are_no_classes(tmp_path: Path, names: list[str]) -> None:
    found, data = classes(tmp_path, names)
    assert not found
    assert ONLY_COUNT in data.report.told


@pytest.mark.parametrize(
    "names",
    [
        [f"2023/{k:02}/{n}.png" for k in (1, 2) for n in range(2)],
        [f"2023/{k:02} sea/{k}/{n}.png" for k in (1, 2) for n in range(2)],
        [f"{k}/{n}.png" for k in ("2023-01-31", "2024-12-01") for n in range(2)],
        [f"Photos from {k}/{n}.png" for k in (2019, 2020) for n in range(2)],
    ],
)
def test_folders_of_dates_are_no_classes(tmp_path: Path, names: list[str]) -> None:
    found, data = classes(tmp_path, names)
    assert not found
    assert any("only tell when the pictures were taken" in line for line in data.report.told)
    assert classes(tmp_path, names, labels="folders")[0]


@pytest.mark.parametrize("inner", ["cells", "other"])
def test_a_folder_that_repeats_those_beside_it_is_no_class(tmp_path: Path, inner: str) -> None:
    names = [f"cells/{of}{one}/{n}.png" for of in ("", f"{inner}/") for one in "ab" for n in (1, 2)]
    found, data = classes(tmp_path, names)
    assert found == {"a": 4, "b": 4}
    line = f"The folder cells/{inner} repeats the folders beside it: they are taken together."
    assert line in data.report.told


@pytest.mark.parametrize("outer", ["", "xray/"])
def test_parts_of_a_set_that_were_packed_twice(tmp_path: Path, outer: str) -> None:
    parts = ("train", "val", "test")
    names = [
        f"{outer}{of}{part}/{one}/{n}.png"
        for of in ("", "xray/", "__MACOSX/")
        for part in parts
        for one in ("ill", "well")
        for n in range(2)
    ]
    assert classes(tmp_path, names)[0] == {"ill": 4, "well": 4}
    assert classes(tmp_path, names, split="all")[0] == {"ill": 12, "well": 12}


def test_a_folder_within_one_of_its_own_name(tmp_path: Path) -> None:
    parts = ("seg_train", "seg_test")
    names = [f"{one}/{one}/{k}/{n}.png" for one in parts for k in ("sea", "street") for n in (1, 2)]
    names += ["seg_pred/seg_pred/1.png"]
    found, data = classes(tmp_path, names)
    assert found == {"sea": 2, "street": 2}
    assert "1 picture of extra and 4 pictures of test are left aside" in data.report.warnings[1]
    assert not any("repeats" in line for line in data.report.told)
    assert classes(tmp_path / "b", names[:-1], split="all")[0] == {"sea": 4, "street": 4}


def test_names_of_folders_have_the_part_within_them(tmp_path: Path) -> None:
    names = [f"DIV2K_{part}_HR/{n}.png" for part in ("train", "valid") for n in range(2)]
    found, data = classes(tmp_path / "one", names)
    assert not found
    assert data.images.shape[0] == 2
    names += [f"DIV2K_{part}_LR/X4/{n}.png" for part in ("train", "valid") for n in range(2)]
    assert classes(tmp_path / "two", names)[0] == {"DIV2K_HR": 2, "DIV2K_LR": 2}


@pytest.mark.parametrize("told", [True, False])
def test_of_the_hubs_cache_the_newest_version_is_read(tmp_path: Path, told: bool) -> None:
    names = [f"snapshots/{k}/{one}/{n}.png" for k in "ab" for one in ("x", "y") for n in range(2)]
    (tmp_path / "in/blobs").mkdir(parents=True)
    (tmp_path / "in/refs").mkdir()
    if told:
        (tmp_path / "in/refs/main").write_text("a")
    (tmp_path / "in/blobs/hash").write_bytes(PICTURE)
    assert classes(tmp_path, names)[0] == {"x": 2, "y": 2}


def test_a_part_that_there_is_not_is_told(tmp_path: Path) -> None:
    names = [f"{one}/{n}.png" for one in ("cat", "dog") for n in range(2)]
    line = "Nothing here says which part it is of: val means all of it."
    assert line in classes(tmp_path / "a", names, split="val")[1].report.told
    assert not classes(tmp_path / "a", names, split="all")[1].report.told[1:]
    alone = [f"valid/{name}" for name in names]
    assert line not in classes(tmp_path / "b", alone, split="val")[1].report.told


def test_classes_to_rename_that_there_are_not_are_told(tmp_path: Path) -> None:
    names = [f"{one}/{n}.png" for one in ("cat", "dog") for n in range(2)]
    found, data = classes(tmp_path, names, classes={"cat": "Katze", "cow": "Kuh"})
    assert found == {"Katze": 2, "dog": 2}
    assert "There is no class cow to rename." in data.report.told


def test_folders_of_systems_in_an_archive_are_passed_over(tmp_path: Path) -> None:
    members = {f"{one}/{n}.png": PICTURE + bytes([n]) for one in ("cat", "@eaDir") for n in (1, 2)}
    data = prepared(tmp_path / "cache", make_zip(tmp_path / "x.zip", members))
    assert data.report.found == 2


def test_folders_of_videos_and_patients_are_no_classes(tmp_path: Path) -> None:
    names = [f"patient_{k:03}/{n}.png" for k in range(2) for n in range(2)]
    found, data = classes(tmp_path, names)
    assert not found
    assert any("only tell which pictures belong together" in line for line in data.report.told)


def test_folders_that_differ_in_their_part_alone(tmp_path: Path) -> None:
    # From Market-1501.
    folders = ("bounding_box_train", "bounding_box_test", "query")
    names = [f"{folder}/{n}.png" for folder in folders for n in range(2)]
    found, data = classes(tmp_path / "a", names)
    assert not found
    assert data.images.shape[0] == 2
    # A set in each folder.
    names = [f"{of}_{part}/{n}.png" for of in "xy" for part in ("train", "test") for n in (1, 2)]
    assert classes(tmp_path / "b", names)[0] == {"x": 2, "y": 2}


def test_masks_of_cityscapes_are_left_aside(tmp_path: Path) -> None:
    parts = [
        f"{one}/{part}/{city}"
        for one in ("leftImg8bit", "gtFine")
        for part in ("train", "val")
        for city in ("aachen", "bochum")
    ]
    names = [f"{folder}/{n}.png" for folder in parts for n in (1, 2)]
    assert classes(tmp_path, names)[0] == {"aachen": 2, "bochum": 2}


@pytest.mark.parametrize("mask", ["{}_mask.png", "{}_mask_1.png", "{} segmentation.png"])
def test_masks_by_their_names_are_left_aside(tmp_path: Path, mask: str) -> None:
    stems = [f"{one}/{one} ({n})" for one in ("benign", "malignant") for n in (1, 2)]
    names = [form.format(stem) for stem in stems for form in ("{}.png", mask)]
    found, data = classes(tmp_path, names)
    assert found == {"benign": 2, "malignant": 2}
    assert "4 pictures of masks are left aside; --split all takes everything." in (
        data.report.warnings
    )
    assert classes(tmp_path, names, split="masks")[0] == {"benign": 2, "malignant": 2}
    assert classes(tmp_path, names, split="all")[0] == {"benign": 4, "malignant": 4}


def test_a_picture_called_mask_is_one(tmp_path: Path) -> None:
    names = [f"{n}.png" for n in range(4)] + ["0_mask.png", "carnival_mask.png"]
    data = classes(tmp_path, names)[1]
    assert data.images.shape[0] == 6


def test_masks_within_parts(tmp_path: Path) -> None:
    names = [
        f"{part}/{n}{of}.png" for part in ("train", "test") for n in (1, 2) for of in ("", "_mask")
    ]
    assert classes(tmp_path, names)[1].images.shape[0] == 2
    assert classes(tmp_path, names, split="test")[1].images.shape[0] == 2
    assert classes(tmp_path, names, split="masks")[1].images.shape[0] == 2


def test_a_copy_one_folder_deeper(tmp_path: Path) -> None:
    names = [
        f"{outer}Leaves/{one}/{n}.png" for outer in ("", "leaves/") for one in "ab" for n in (1, 2)
    ]
    assert classes(tmp_path, names)[0] == {"a": 4, "b": 4}
