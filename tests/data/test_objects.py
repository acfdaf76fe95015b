"""Classes from object annotations, and tables of labels: splits, conflicts, paths, names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ddpm_studio.data import Dataset
from ddpm_studio.errors import StudioError
from tests.data.pictures import image, noise, prepared

COUNT = 6
KINDS = ("cat", "dog")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in" / "images").mkdir(parents=True)
    for number, one in enumerate(noise(COUNT)):
        image(one).save(tmp_path / "in" / "images" / f"{number}.png")
    return tmp_path / "in"


def named(data: Dataset) -> list[str]:
    assert data.labels is not None
    return [data.class_names[one] for one in data.labels]


def told(data: Dataset, words: str) -> bool:
    return any(words in line for line in data.report.told)


def coco(objects: list[tuple[int, int, float]]) -> str:
    held: dict[str, Any] = {"info": {}}
    held["images"] = [{"id": n, "file_name": f"{n}.png"} for n in range(COUNT)]
    held["categories"] = [{"id": 7 + n, "name": name} for n, name in enumerate(KINDS)]
    held["annotations"] = [
        {"id": k, "image_id": n, "category_id": 7 + one, "bbox": [0, 0, area, 1], "area": area}
        for k, (n, one, area) in enumerate(objects)
    ]
    return json.dumps(held)


def write_coco(folder: Path) -> None:
    (folder / "annotations").mkdir()
    text = coco([(n, n % 2, 4.0) for n in range(COUNT)])
    (folder / "annotations" / "instances_train2017.json").write_text(text)
    (folder / "annotations" / "captions_train2017.json").write_text('{"images": [], "info": {}}')


def write_voc(folder: Path) -> None:
    (folder / "Annotations").mkdir()
    for n in range(COUNT):
        marked = f"<object><name>{KINDS[n % 2]}</name></object>"
        text = f"<annotation><filename>x</filename>{marked * 2}</annotation>"
        (folder / "Annotations" / f"{n}.xml").write_text(text)


def write_yolo(folder: Path) -> None:
    (folder / "labels").mkdir()
    for n in range(COUNT):
        (folder / "labels" / f"{n}.txt").write_text(f"{n % 2} 0.5 0.5 0.25 0.25\n" * 2)
    (folder / "classes.txt").write_text("\n".join(KINDS))


def write_ultralytics(folder: Path) -> None:
    write_yolo(folder)
    (folder / "classes.txt").unlink()
    (folder / "data.yaml").write_text("nc: 2\nnames:\n  0: cat\n  1: dog\n")


def write_labelme(folder: Path) -> None:
    for n in range(COUNT):
        held = {"shapes": [{"label": KINDS[n % 2]}], "imagePath": f"{n}.png", "version": "5"}
        (folder / "images" / f"{n}.json").write_text(json.dumps(held))


@pytest.mark.parametrize(
    "write", [write_coco, write_voc, write_yolo, write_ultralytics, write_labelme]
)
def test_objects_of_one_class_in_each_picture_are_its_class(
    tmp_path: Path, folder: Path, write: Any
) -> None:
    write(folder)
    data = prepared(tmp_path / "cache", folder)
    assert named(data) == [KINDS[n % 2] for n in range(COUNT)]
    assert told(data, "Classes from the objects in")


def test_of_several_the_largest_may_be_asked_for(tmp_path: Path, folder: Path) -> None:
    objects = [(n, one, 9.0 if one == n % 2 else 4.0) for n in range(COUNT - 1) for one in (0, 1)]
    (folder / "_annotations.coco.json").write_text(coco(objects))
    data = prepared(tmp_path / "cache", folder)
    assert data.labels is None
    assert told(data, "objects of 2 classes; 5 pictures have several, 1 none; --labels objects")
    data = prepared(tmp_path / "cache", folder, labels="objects")
    assert named(data) == [KINDS[n % 2] for n in range(COUNT - 1)]


def test_one_class_and_one_picture_are_told_of_as_one(tmp_path: Path, folder: Path) -> None:
    file = folder / "_annotations.coco.json"
    file.write_text(coco([(n, 0, 4.0) for n in range(COUNT - 1)]))
    data = prepared(tmp_path / "cache", folder)
    assert told(data, "objects of 1 class; 0 pictures have several, 1 none; --labels objects")
    file.write_text(coco([(0, 0, 9.0), *((n, 1, 4.0) for n in range(COUNT))]))
    data = prepared(tmp_path / "cache", folder)
    assert told(data, "objects of 2 classes; 1 picture has several, 0 none; --labels objects")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{"images": 3, "annotations": [], "categories": []}'),
        ("a.json", '{"images": [1], "annotations": [2], "categories": [3]}'),
        ("a.json", '{"shapes": [1], "imagePath": "0.png"}'),
        ("0.xml", "<annotation><object></object></annotation>"),
        ("0.xml", '<!DOCTYPE x [<!ENTITY a "aaaa">]><annotation>&a;</annotation>'),
        ("0.txt", "a photo of 2 cats"),
        ("0.txt", "1 2"),
    ],
)
def test_what_is_no_annotation_is_none(tmp_path: Path, folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    assert prepared(tmp_path / "cache", folder).labels is None


def voc_marks(large: int, small: int) -> str:
    def box(*ends: int) -> str:
        edges = zip(("xmin", "ymin", "xmax", "ymax"), ends, strict=True)
        return f"<bndbox>{''.join(f'<{edge}>{end}</{edge}>' for edge, end in edges)}</bndbox>"

    # A part of the first object, with a name and a box of its own.
    part = f"<part><name>head</name>{box(0, 0, 3, 3)}</part>"
    marks = [f"<name>{KINDS[large]}</name>{box(0, 0, 9, 9)}{part}"]
    marks += [f"<name> {KINDS[small]} </name>{one}" for one in (box(0, 0, 3, 3), box(5, 5, 8, 8))]
    return f"<annotation>{''.join(f'<object>{one}</object>' for one in marks)}</annotation>"


def yolo_marks(large: int, small: int) -> str:
    outline = f"{large} 0.1 0.1 0.9 0.1 0.9 0.9 0.1 0.9"
    return f"{outline}\n{small} .5 .5 .2 .2\n{small} .5 .5 .2 .2 0.99\n"


def labelme_marks(large: int, small: int) -> str:
    shapes = [{"label": KINDS[large], "points": [[0, 0], [9, 9]]}]
    shapes += [{"label": KINDS[small], "points": [[0, 0], [4, 0], [4, 4], [0, 4]]}] * 2
    return json.dumps({"shapes": shapes, "imagePath": "PICTURE"})


@pytest.mark.parametrize(
    ("suffix", "marks"),
    [("xml", voc_marks), ("txt", yolo_marks), ("json", labelme_marks)],
    ids=["voc", "yolo", "labelme"],
)
def test_the_largest_is_told_by_area(
    tmp_path: Path, folder: Path, suffix: str, marks: Callable[[int, int], str]
) -> None:
    # Two small objects of the second class, a larger one of the first; the first picture has the
    # second class alone, so that there are two classes.
    for n in range(COUNT):
        text = marks(1 if n == 0 else 0, 1).replace("PICTURE", f"{n}.png")
        (folder / "images" / f"{n}.{suffix}").write_text(text)
    if marks is yolo_marks:
        (folder / "images" / "classes.txt").write_text("\n".join(KINDS))
    data = prepared(tmp_path / "cache", folder, labels="objects")
    assert named(data) == ["dog"] + ["cat"] * (COUNT - 1)


@pytest.mark.parametrize(
    "text",
    [
        '{"images": [{"file_name": "0.png"}], "categories": [{}], "annotations": []}',
        coco([(0, 0, 4.0)]).replace('"area": 4.0', '"bbox": [0, 0, "x", 9]'),
        coco([(0, 0, 4.0)]).replace('"area": 4.0', '"bbox": [0]'),
        coco([(0, 0, 4.0)]).replace('"area": 4.0', '"area": 1' + "0" * 400),
    ],
)
def test_annotations_of_wrong_numbers_do_no_harm(tmp_path: Path, folder: Path, text: str) -> None:
    (folder / "a.json").write_text(text)
    assert prepared(tmp_path / "cache", folder).labels is None


def test_annotations_that_are_cut_short_are_told(tmp_path: Path, folder: Path) -> None:
    (folder / "instances.json").write_text(coco([(n, n % 2, 4.0) for n in range(COUNT)])[:-9])
    assert told(
        prepared(tmp_path / "cache", folder),
        "instances.json is not read as labels: it is damaged: ",
    )
    (folder / "instances.json").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:a"
    )
    assert told(
        prepared(tmp_path / "cache", folder),
        "instances.json is not read as labels: it is only a pointer of Git LFS",
    )


def rows(*lines: str) -> str:
    return "\n".join(lines) + "\n"


PAIRS = [f"{n}.png,{KINDS[n % 2]}" for n in range(COUNT)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.csv", rows("file,label", *PAIRS, *(f"gone{n}.png,cat" for n in range(50)))),
        ("x.csv", rows("# by hand", "# 2026", "file,label", *PAIRS)),
        ("x.json", json.dumps({kind: [p[:5] for p in PAIRS if kind in p] for kind in KINDS})),
        (
            "x.json",
            json.dumps({"data": [{"image": p[:5], "label": p[6:]} for p in PAIRS], "version": 1}),
        ),
    ],
)
def test_tables_that_are_read(tmp_path: Path, folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    assert named(prepared(tmp_path / "cache", folder)) == [KINDS[n % 2] for n in range(COUNT)]


def test_parts_of_a_set_are_no_classes(tmp_path: Path, folder: Path) -> None:
    # As in CelebA.
    text = rows(*(f"{n}.png {n % 3}" for n in range(COUNT)))
    (folder / "list_eval_partition.txt").write_text(text)
    data = prepared(tmp_path / "cache", folder)
    assert data.labels is None
    assert told(data, "tells parts of the set; all of them are read")
    by_words = rows("file,kind", *(f"{n}.png,{('train', 'test')[n % 2]}" for n in range(COUNT)))
    (folder / "list_eval_partition.txt").unlink()
    (folder / "x.csv").write_text(by_words)
    assert prepared(tmp_path / "cache", folder).labels is None


def test_conflicts_and_whole_floats(tmp_path: Path, folder: Path) -> None:
    lines = [f"{n}.png,{n % 2}.0" for n in range(COUNT)]
    (folder / "x.csv").write_text(rows("file,label", *lines, "0.png,1.0", "1.png,1.0"))
    data = prepared(tmp_path / "cache", folder)
    assert named(data) == ["1", "1", "0", "1", "0", "1"]
    assert told(data, "has several values for 1 of the pictures: the last is taken")


def test_a_table_that_is_only_a_pointer_is_told_as_that(tmp_path: Path, folder: Path) -> None:
    (folder / "metadata.csv").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:a")
    data = prepared(tmp_path / "cache", folder)
    assert told(data, "metadata.csv is not read as labels: it is only a pointer of Git LFS")


def write_create_ml(folder: Path) -> None:
    box = {"x": 1, "y": 1, "width": 2, "height": 2}
    marks = [
        {"image": f"{n}.png", "annotations": [{"label": KINDS[n % 2], "coordinates": box}]}
        for n in range(COUNT)
    ]
    (folder / "_annotations.createml.json").write_text(json.dumps(marks))


def test_objects_of_create_ml(tmp_path: Path, folder: Path) -> None:
    write_create_ml(folder)
    assert named(prepared(tmp_path / "cache", folder)) == [KINDS[n % 2] for n in range(COUNT)]


@pytest.mark.parametrize(
    ("name", "text", "program"),
    [
        ("p.json", '[{"id": 1, "data": {"image": "0.png"}, "annotations": []}]', "Label Studio"),
        ("p.json", '{"0.png12": {"filename": "0.png", "file_attributes": {}}}', "the VGG Image"),
        ("p.json", '{"_via_settings": {}, "_via_img_metadata": {}}', "the VGG Image Annotator"),
        ("annotations.xml", '<annotations>\n<image name="0.png"/></annotations>', "CVAT"),
    ],
)
def test_exports_that_are_not_read_are_named(
    tmp_path: Path, folder: Path, name: str, text: str, program: str
) -> None:
    (folder / name).write_text(text)
    data = prepared(tmp_path / "cache", folder)
    assert told(data, f"{name} is not read as labels: it is an export of {program}")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.txt", rows("file\tclass", *(p.replace(",", "\t") + " one" for p in PAIRS))),
        ("x.txt", rows(*(p.replace(",", "\t") + " one" for p in PAIRS))),
        ("x.csv", "sep=;\r\n" + rows("file;label", *(p.replace(",", ";") + " one" for p in PAIRS))),
        ("x.csv", rows("url,label", *(f"https://a.b/c/{p[:5]}?w=2,{p[6:]} one" for p in PAIRS))),
    ],
)
def test_cells_with_spaces_and_addresses(
    tmp_path: Path, folder: Path, name: str, text: str
) -> None:
    (folder / name).write_text(text)
    data = prepared(tmp_path / "cache", folder)
    assert named(data) == [f"{KINDS[n % 2]} one" for n in range(COUNT)]


def test_paths_of_another_machine_are_matched_by_their_ends(tmp_path: Path) -> None:
    lines = []
    for n, one in enumerate(noise(COUNT)):
        path = f"{'ab'[n % 2]}/{n // 2}.png"
        (tmp_path / "in" / path).parent.mkdir(parents=True, exist_ok=True)
        image(one).save(tmp_path / "in" / path)
        windows = "D:\\My data\\" + path.replace("/", "\\")
        lines.append(f"{windows},{KINDS[n // 3]}")
    (tmp_path / "in" / "x.csv").write_text(rows("Path,Class", *lines))
    data = prepared(tmp_path / "cache", tmp_path / "in")
    assert told(data, "Classes from the column Class of x.csv.")
    order = sorted(range(COUNT), key=lambda n: (n % 2, n // 2))
    assert named(data) == [KINDS[n // 3] for n in order]


def test_names_in_either_form_of_unicode(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for n, one in enumerate(noise(COUNT)):
        image(one).save(tmp_path / "in" / f"Gr\u00f6\u00dfe {n}.png")
    lines = [f"Gro\u0308\u00dfe {n}.png,{KINDS[n % 2]}" for n in range(COUNT)]
    (tmp_path / "in" / "x.csv").write_text(rows("file,label", *lines), encoding="utf-8")
    data = prepared(tmp_path / "cache", tmp_path / "in")
    assert named(data) == [KINDS[n % 2] for n in range(COUNT)]


@pytest.mark.parametrize(
    ("name", "head", "cells"),
    [
        ("x.csv", "file,label,split", ("train", "Valid")),
        ("x.csv", "file,label,is_valid", ("False", "True")),
        ("x.csv", "file,label,eval_partition", ("0", "1")),
    ],
)
def test_a_part_that_a_column_tells_is_taken_where_it_is_asked_for(
    tmp_path: Path, folder: Path, name: str, head: str, cells: tuple[str, str]
) -> None:
    lines = [f"{pair},{cells[n // 4]}" for n, pair in enumerate(PAIRS)]
    (folder / name).write_text(rows(head, *lines))
    image(noise(1, seed=9)[0]).save(folder / "images" / "unlisted.png")
    data = prepared(tmp_path / "cache", folder)
    assert len(data.images) == COUNT + 1
    assert told(data, "all of them are read; --split train takes that part alone.")
    data = prepared(tmp_path / "cache", folder, split="val")
    assert named(data) == ["cat", "dog"]
    line = "4 pictures of train and 1 picture of no part are left aside"
    assert any(line in one for one in data.report.warnings)
    with pytest.raises(StudioError, match="There is no part test"):
        prepared(tmp_path / "cache", folder, split="test")


@pytest.mark.parametrize(
    ("pattern", "head", "cell"),
    [("{:04}.png", "id,label", "{}"), ("{}.png", "file,label", "{}.jpg")],
)
def test_names_that_were_changed_since(tmp_path: Path, pattern: str, head: str, cell: str) -> None:
    (tmp_path / "in").mkdir()
    for n, one in enumerate(noise(COUNT)):
        image(one).save(tmp_path / "in" / pattern.format(n))
    lines = [f"{cell.format(n)},{KINDS[n % 2]}" for n in range(COUNT)]
    (tmp_path / "in" / "x.csv").write_text(rows(head, *lines))
    data = prepared(tmp_path / "cache", tmp_path / "in")
    assert named(data) == [KINDS[n % 2] for n in range(COUNT)]


def test_paths_below_the_folder_that_holds_all(tmp_path: Path) -> None:
    lines = []
    for n, one in enumerate(noise(COUNT)):
        path = f"{'ab'[n % 2]}/{n // 2}.png"
        (tmp_path / "in" / "set" / "big" / path).parent.mkdir(parents=True, exist_ok=True)
        image(one).save(tmp_path / "in" / "set" / "big" / path)
        lines.append(f"big/{path},{KINDS[n // 3]}")
    (tmp_path / "in" / "x.csv").write_text(rows("path,label", *lines))
    data = prepared(tmp_path / "cache", tmp_path / "in")
    assert told(data, "Classes from the column label of x.csv.")


@pytest.mark.parametrize("cell", ["{}.png", "{part}/{}.png"])
def test_a_table_of_another_part_names_none_of_these(tmp_path: Path, cell: str) -> None:
    for at, part in enumerate(("train", "test")):
        for n, one in enumerate(noise(COUNT, seed=at)):
            (tmp_path / "in" / part).mkdir(parents=True, exist_ok=True)
            image(one).save(tmp_path / "in" / part / f"{n}.png")
        lines = [f"{cell.format(n, part=part)},{KINDS[(n + at) % 2]}" for n in range(COUNT)]
        (tmp_path / "in" / f"{part}.csv").write_text(rows("file,label", *lines))
    data = prepared(tmp_path / "cache", tmp_path / "in")
    assert named(data) == [KINDS[n % 2] for n in range(COUNT)]
    data = prepared(tmp_path / "cache", tmp_path / "in", split="test")
    assert named(data) == [KINDS[(n + 1) % 2] for n in range(COUNT)]
