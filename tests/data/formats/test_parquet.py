"""Parquet files of other libraries, and reports of cells and columns that hold no files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ddpm_studio.errors import StudioError
from tests.data.pictures import encoded, image, noise, prepared

pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")

PIXELS = noise(4)
CELLS = [{"bytes": encoded(image(one)), "path": None} for one in PIXELS]
KINDS = ["cat", "dog", "cat", "dog"]


def save(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize(
    "labels",
    [pa.array(KINDS).dictionary_encode(), pa.array(KINDS, pa.large_string())],
    ids=["categories of pandas", "texts of Polars"],
)
def test_labels_of_other_types(tmp_path: Path, labels: object) -> None:
    data = prepared(tmp_path / "cache", save(tmp_path / "x.parquet", image=CELLS, label=labels))
    assert data.report.class_counts == (("cat", 2), ("dog", 2))


def test_a_cell_without_anything_is_told_as_empty(tmp_path: Path) -> None:
    cells = [*CELLS[:2], None, {"bytes": None, "path": None}, {"bytes": None, "path": "a.png"}]
    data = prepared(tmp_path / "cache", save(tmp_path / "x.parquet", image=cells))
    np.testing.assert_array_equal(data.images, PIXELS[:2])
    reasons = [one.reason for one in data.report.rejects]
    assert [reason.partition(": ")[2] for reason in reasons] == [
        "its cell in the table is empty",
        "its cell in the table is empty",
        "there is no picture in the table, only a path to it",
    ]


@pytest.mark.parametrize(
    ("column", "remedy"),
    [
        ([PIXELS[0].ravel().tolist()] * 2, "pixels holds plain numbers"),
        ([(PIXELS[0] / 255).tolist()] * 2, "pixels holds plain numbers"),
        ([CELLS[:2], CELLS[2:]], "pixels holds several pictures a row"),
        (["a", "b"], "Choose a table that holds the pictures' files"),
    ],
)
def test_columns_that_are_no_files(tmp_path: Path, column: object, remedy: str) -> None:
    with pytest.raises(StudioError, match="has the columns pixels, and none of pictures") as found:
        prepared(tmp_path / "cache", save(tmp_path / "x.parquet", pixels=column))
    assert remedy in found.value.remedy


@pytest.mark.parametrize("missing", [None, ""])
def test_an_empty_label_is_no_class(tmp_path: Path, missing: str | None) -> None:
    pictures = [{"bytes": encoded(image(one)), "path": None} for one in noise(4, 8, 8)]
    table = pa.table({"image": pictures, "label": ["cat", missing, "dog", "cat"]})
    pq.write_table(table, tmp_path / "x.parquet")
    data = prepared(tmp_path / "cache", tmp_path / "x.parquet")
    assert data.labels is None
    line = "1 of 4 pictures has no label, so there are no classes; --labels label leaves this"
    assert any(line in one for one in data.report.told)
    data = prepared(tmp_path / "cache", tmp_path / "x.parquet", labels="label")
    assert dict(data.report.class_counts) == {"cat": 2, "dog": 1}
    assert [reject.reason for reject in data.report.rejects] == ["without a label"]


def test_the_hub_has_a_number_for_no_label(tmp_path: Path) -> None:
    pictures = [{"bytes": encoded(image(one)), "path": None} for one in noise(4, 8, 8)]
    features = {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}
    notes = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pa.table({"image": pictures, "label": [-1] * 4}).replace_schema_metadata(notes)
    pq.write_table(table, tmp_path / "x.parquet")
    assert prepared(tmp_path / "cache", tmp_path / "x.parquet").labels is None


def test_rows_of_several_tables_are_not_taken_for_each_other(tmp_path: Path) -> None:
    """Rows of several tables are not matched to a table of labels: they have no names to go by."""
    folder = tmp_path / "set"
    folder.mkdir()
    save(folder / "a.parquet", image=CELLS[:2])
    save(folder / "b.parquet", image=CELLS[2:])
    (folder / "labels.csv").write_text("id,label\n0,cat\n1,dog\n")
    data = prepared(tmp_path / "cache", folder)
    np.testing.assert_array_equal(data.images, PIXELS)
    assert data.labels is None


def test_a_column_is_found_by_its_name_in_other_capitals(tmp_path: Path) -> None:
    table = save(tmp_path / "x.parquet", Image=CELLS, Kind=KINDS)
    data = prepared(tmp_path / "cache", table, array="image", labels="kind")
    assert data.report.class_counts == (("cat", 2), ("dog", 2))
    with pytest.raises(StudioError, match=r"no column of pictures photo.*There are: Image"):
        prepared(tmp_path / "cache", table, array="photo")


def test_each_table_has_the_names_of_its_own_labels(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    for name, column in (("a", "label"), ("b", "fine_label"), ("c", "label")):
        kinds = {"names": [f"{column} {number}" for number in range(2)], "_type": "ClassLabel"}
        told = json.dumps({"info": {"features": {column: kinds}}})
        table = pa.table({"image": CELLS, column: [0, 1, 0, 1]})
        table = table.replace_schema_metadata({"huggingface": told})
        pq.write_table(table, folder / f"{name}.parquet")
    counts = dict(prepared(tmp_path / "cache", folder).report.class_counts)
    assert counts == {"label 0": 4, "label 1": 4, "fine_label 0": 2, "fine_label 1": 2}
