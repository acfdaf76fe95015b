"""Folders that are no classes: parts of a set and what lies beside them, counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ddpm_studio.data import Dataset
from tests.data.pictures import encoded, image, noise, prepared

PICTURE = encoded(image(noise(1, 8, 8)[0]))
ONLY_COUNT = "The folders only count the pictures; --labels folders makes classes of them."


def classes(folder: Path, names: list[str], **options: Any) -> tuple[dict[str, int], Dataset]:
    """Return the classes of pictures of these names."""
    for number, name in enumerate(names):
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # No two are the same.
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
        # Faces of FFHQ, and as dataset_tool.py of EDM numbers them, without its manifest.
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
