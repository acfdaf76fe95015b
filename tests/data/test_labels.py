"""Sources of class labels: each kind, their precedence, and what is reported."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ddpm_studio.errors import StudioError
from tests.data.pictures import encoded, image, make_zip, noise, prepared

PIXELS = noise(12)


def write(folder: Path, names: list[str]) -> Path:
    for name, one in zip(names, PIXELS, strict=False):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image(one).save(path)
    return folder


def flat(folder: Path, count: int = 12) -> Path:
    return write(folder, [f"{k}.png" for k in range(count)])


def test_splits_are_no_classes(tmp_path: Path) -> None:
    names = [f"{s}/{c}/{k}.png" for s in ("train", "val") for c in ("cat", "dog") for k in range(3)]
    source = write(tmp_path / "in", names)
    data = prepared(tmp_path / "cache", source)
    assert data.report.class_counts == (("cat", 3), ("dog", 3))
    np.testing.assert_array_equal(data.images, PIXELS[:6])
    assert any("6 pictures of val are left aside" in line for line in data.report.warnings)
    assert "Classes from folders." in data.report.told
    whole = prepared(tmp_path / "cache", source, split="all")
    assert whole.report.class_counts == (("cat", 6), ("dog", 6))
    with pytest.raises(StudioError, match=r"no part test.*train, val"):
        prepared(tmp_path / "cache", source, split="test")
    as_they_are = prepared(tmp_path / "cache", source, labels="top-folders")
    assert as_they_are.report.class_counts == (("train", 6), ("val", 6))


def test_a_class_may_be_called_test(tmp_path: Path) -> None:
    source = write(tmp_path / "in", [f"{c}/{k}.png" for c in ("train", "bus") for k in range(3)])
    assert prepared(tmp_path / "cache", source).class_names == ("bus", "train")


def test_inner_folders_can_be_chosen(tmp_path: Path) -> None:
    names = ["animals/cat/1.png", "animals/dog/1.png", "plants/rose/1.png"]
    source = write(tmp_path / "in", names)
    data = prepared(tmp_path / "cache", source)
    assert data.class_names == ("animals", "plants")
    assert ("leaf-folders", 3) in [(key, count) for key, _, count in data.report.label_choices]
    inner = prepared(tmp_path / "cache", source, labels="leaf-folders")
    assert inner.class_names == ("cat", "dog", "rose")


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    write(tmp_path / "far", ["x/1.png", "x/2.png"])
    source = write(tmp_path / "in", ["b/1.png"])
    (source / "a").symlink_to(tmp_path / "far" / "x")
    (source / "c").symlink_to(tmp_path / "far" / "x")
    (source / "b" / "round").symlink_to(source)
    report = prepared(tmp_path / "cache", source).report
    assert report.class_counts == (("a", 2), ("b", 1))
    assert [(r.name, r.reason) for r in report.rejects] == [
        ("c", "unreadable: a link to a folder that is read already")
    ]


def test_a_manifest_wins(tmp_path: Path) -> None:
    names = [f"0000{k // 6}/img{k}.png" for k in range(12)]
    held = {name: encoded(image(PIXELS[k])) for k, name in enumerate(names)}
    labels = [[name, k % 3] for k, name in enumerate(names)]
    told = {"dataset.json": json.dumps({"labels": labels}).encode()}
    data = prepared(tmp_path / "cache", make_zip(tmp_path / "edm.zip", {**held, **told}))
    assert data.report.class_counts == (("0", 4), ("1", 4), ("2", 4))
    assert data.report.labels == ("dataset.json",)
    assert data.report.others == ()
    none = {"dataset.json": b'{"labels": null}'}
    without = prepared(tmp_path / "cache", make_zip(tmp_path / "none.zip", {**held, **none}))
    assert without.labels is None
    broken = {"dataset.json": b'{"labels": [[1'}
    damaged = prepared(tmp_path / "cache", make_zip(tmp_path / "bad.zip", {**held, **broken}))
    assert any("dataset.json is not read" in line for line in damaged.report.warnings)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("metadata.csv", "file_name,label\n{}"),
        ("metadata.jsonl", None),
        ("train.tsv", "image\tspecies\n{}"),
        ("labels.txt", "{}"),
        ("labels.csv", "id;label\n{}"),
    ],
)
def test_tables(tmp_path: Path, name: str, text: str | None) -> None:
    source = flat(tmp_path / "in")
    rows = [(f"{k}.png", ("cat", "dog")[k % 2]) for k in range(12)]
    if text is None:
        lines = [json.dumps({"file_name": file, "label": label}) for file, label in rows]
        content = "\n".join(lines)
    else:
        sign = "\t" if "\t" in text else ";" if ";" in text else "," if "," in text else " "
        content = text.format("\n".join(sign.join(row) for row in rows))
    (source / name).write_text(content)
    data = prepared(tmp_path / "cache", source)
    assert data.report.class_counts == (("cat", 6), ("dog", 6))
    assert data.labels is not None
    # In natural order.
    assert data.labels.tolist() == [0, 1] * 6
    assert any(f"of {name}" in line for line in data.report.told)


def test_one_of_celebas_attributes_is_chosen(tmp_path: Path) -> None:
    source = flat(tmp_path / "in" / "img_align_celeba").parent
    head = "12\nSmiling Young Male\n"
    rows = [f"{k}.png  {1 - k % 2 * 2:2} -1 {1 if k < 3 else -1:2}" for k in range(12)]
    (source / "list_attr_celeba.txt").write_text(head + "\n".join(rows))
    plain = prepared(tmp_path / "cache", source)
    assert plain.labels is None
    assert {key for key, _, _ in plain.report.label_choices} >= {"Smiling", "Male"}
    smiling = prepared(tmp_path / "cache", source, labels="smiling")
    assert smiling.report.class_counts == (("1", 6), ("-1", 6))
    male = prepared(tmp_path / "cache", source, labels="Male", classes={"1": "men", "-1": "women"})
    assert male.report.class_counts == (("men", 3), ("women", 9))


def test_pictures_without_a_label(tmp_path: Path) -> None:
    source = flat(tmp_path / "in", 6)
    (source / "metadata.csv").write_text("file_name,label\n0.png,a\n1.png,b\n2.png,a\n")
    data = prepared(tmp_path / "cache", source)
    assert (len(data), data.labels) == (6, None)
    assert any("3 of 6 pictures have no label" in line for line in data.report.told)
    some = prepared(tmp_path / "cache", source, labels="label")
    assert some.report.class_counts == (("a", 2), ("b", 1))
    assert [reject.reason for reject in some.report.rejects] == ["without a label"] * 3


def test_names_say_classes(tmp_path: Path) -> None:
    source = write(tmp_path / "in", [f"{['cat', 'dog'][k % 2]}_{k:03}.png" for k in range(8)])
    data = prepared(tmp_path / "cache", source)
    assert data.report.class_counts == (("cat", 4), ("dog", 4))
    assert prepared(tmp_path / "cache", source, labels="none").labels is None
    cameras = write(tmp_path / "b", [f"{['IMG', 'DSC'][k % 2]}_{k:03}.png" for k in range(8)])
    assert prepared(tmp_path / "cache", cameras).labels is None
    mixed = write(tmp_path / "c", ["cat_1.png", "cat_2.png", "dog_1.png"])
    assert prepared(tmp_path / "cache", mixed).labels is None


def test_classes_are_renamed_merged_and_left_out(tmp_path: Path) -> None:
    source = write(tmp_path / "in", [f"{c}/{k}.png" for c in "abcd" for k in range(3)])
    named = {"a": "first", "b": "first", "c": "-"}
    data = prepared(tmp_path / "cache", source, classes=named)
    assert data.report.class_counts == (("d", 3), ("first", 6))
    np.testing.assert_array_equal(data.images, PIXELS[[0, 1, 2, 3, 4, 5, 9, 10, 11]])
    assert any("3 pictures of c left out" in line for line in data.report.told)
    whole = prepared(tmp_path / "cache", source)
    assert whole.fingerprint != data.fingerprint
    with pytest.raises(StudioError, match="No class"):
        prepared(tmp_path / "cache", source, classes=dict.fromkeys("abcd", "-"))


def test_one_picture_that_is_left_out_is_told_of_as_one(tmp_path: Path) -> None:
    source = write(tmp_path / "in", ["a/0.png", "b/0.png", "b/1.png"])
    data = prepared(tmp_path / "cache", source, classes={"a": "-"})
    assert "1 picture of a left out, as asked." in data.report.told


def test_labels_that_are_not_there_are_refused(tmp_path: Path) -> None:
    source = write(tmp_path / "in", [f"{c}/{k}.png" for c in "ab" for k in range(2)])
    with pytest.raises(StudioError, match=r"no labels colour.*There are: folders"):
        prepared(tmp_path / "cache", source, labels="colour")


def test_by_the_rules_of_0_1_0_it_is_what_it_was(tmp_path: Path) -> None:
    names = [
        f"{s}/{c}_{k}.png" for s in ("train", "test") for c in ("cat", "dog") for k in range(3)
    ]
    source = write(tmp_path / "in", names)
    (source / "metadata.csv").write_text("file_name,label\ntrain/cat_0.png,a\n")
    data = prepared(tmp_path / "cache", source, rules=1)
    assert data.report.class_counts == (("test", 6), ("train", 6))
    assert data.report.others == ((".csv", 1),)
    assert (data.report.told, data.report.warnings) == ((), data.report.warnings[:1])


def test_a_changed_table_gives_other_classes(tmp_path: Path) -> None:
    source = flat(tmp_path / "in", 4)
    table = source / "metadata.csv"
    table.write_text("file_name,label\n0.png,a\n1.png,b\n2.png,a\n3.png,b\n")
    first = prepared(tmp_path / "cache", source)
    table.write_text("file_name,label\n0.png,a\n1.png,c\n2.png,a\n3.png,c\n")
    second = prepared(tmp_path / "cache", source)
    assert (first.class_names, second.class_names) == (("a", "b"), ("a", "c"))
    assert first.fingerprint != second.fingerprint


@pytest.mark.parametrize(
    "content",
    [
        "\ufefffilename;label\r\n{}".encode(),
        "file_name\tlabel\n{}".encode("utf-16"),
        b"file_name|label\n{}",
        b"file_name\tlabel\n{}",
        "file_name,caption,label\n{},été\n".encode("cp1252"),
        b"FILE , Label\n{}",
    ],
    ids=["BOM, semicolons", "UTF-16", "bars", "tabs", "Latin-1", "spaces and capitals"],
)
def test_tables_of_other_programs(tmp_path: Path, content: bytes) -> None:
    source = flat(tmp_path / "in")
    utf16 = content.startswith(b"\xff\xfe")
    head = content.decode("utf-16" if utf16 else "latin-1").partition("{}")[0]
    sign = next(one for one in ";\t|," if one in head)
    three = "caption" in head
    rows = [sign.join([f"{k}.PNG", *["un été"][:three], ("cat", "dog")[k % 2]]) for k in range(12)]
    encoding = "utf-16-le" if utf16 else "cp1252" if three else "latin-1"
    whole = content.replace("{}".encode(encoding), "\n".join(rows).encode(encoding))
    (source / "labels.csv").write_bytes(whole)
    data = prepared(tmp_path / "cache", source)
    assert data.report.class_counts == (("cat", 6), ("dog", 6))
    assert data.report.others == ()


def test_one_hot_columns_are_classes(tmp_path: Path) -> None:
    source = flat(tmp_path / "in")
    rows = [f"{k},{float(k < 5)},{float(k >= 5)},0.0" for k in range(12)]
    (source / "truth.csv").write_text("image,MEL,NV,BCC\n" + "\n".join(rows))
    data = prepared(tmp_path / "cache", source)
    assert data.report.class_counts == (("MEL", 5), ("NV", 7))
    assert any("one-hot columns of truth.csv" in line for line in data.report.told)


@pytest.mark.parametrize(
    "told",
    [
        {f"{k}.png": "ab"[k % 2] for k in range(12)},
        [{"image": f"{k}.png", "label": "ab"[k % 2]} for k in range(12)],
    ],
    ids=["an object", "a list"],
)
def test_json_beside_pictures(tmp_path: Path, told: object) -> None:
    source = flat(tmp_path / "in")
    (source / "classes.json").write_text(json.dumps(told))
    data = prepared(tmp_path / "cache", source)
    assert data.report.class_counts == (("a", 6), ("b", 6))
    assert "Classes from classes.json." in data.report.told


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("file_name,text\n" + "".join(f"{k}.png,number {k}\n" for k in range(12)), "so few values"),
        ("file_name,label\nother.png,a\nmore.png,b\n", "no column of it names these pictures"),
    ],
)
def test_a_table_that_is_not_used_is_told(tmp_path: Path, text: str, why: str) -> None:
    source = flat(tmp_path / "in")
    (source / "metadata.csv").write_text(text)
    report = prepared(tmp_path / "cache", source).report
    assert any(
        line.startswith("metadata.csv is not read as labels") and why in line
        for line in report.told
    )


@pytest.mark.parametrize("parts", [("training_set", "test_set"), ("train2017", "val2017")])
def test_folders_of_splits_have_many_names(tmp_path: Path, parts: tuple[str, str]) -> None:
    names = [f"{s}/{c}/{k}.png" for s in parts for c in ("cat", "dog") for k in range(3)]
    data = prepared(tmp_path / "cache", write(tmp_path / "in", names))
    assert data.report.class_counts == (("cat", 3), ("dog", 3))
    assert any("6 pictures of" in line for line in data.report.warnings)


def test_splits_below_classes(tmp_path: Path) -> None:
    names = [
        f"{c}/{s}/{k}.png" for c in ("cat", "dog") for s in ("train", "test") for k in range(3)
    ]
    source = write(tmp_path / "in", names)
    data = prepared(tmp_path / "cache", source)
    assert data.report.class_counts == (("cat", 3), ("dog", 3))
    assert any("6 pictures of test" in line for line in data.report.warnings)
    assert len(prepared(tmp_path / "cache", source, split="test")) == 6


def test_the_domains_of_cyclegan_are_classes(tmp_path: Path) -> None:
    names = [f"{s}/{k}.png" for s in ("trainA", "trainB", "testA", "testB") for k in range(3)]
    data = prepared(tmp_path / "cache", write(tmp_path / "in", names))
    assert data.report.class_counts == (("A", 3), ("B", 3))


def test_masks_beside_pictures_are_left_aside(tmp_path: Path) -> None:
    names = [
        f"{p}/{s}/{k}.png" for p in ("images", "masks") for s in ("train", "val") for k in "123"
    ]
    source = write(tmp_path / "in", names)
    data = prepared(tmp_path / "cache", source)
    assert (len(data), data.class_names) == (3, ())
    assert any("6 pictures of masks" in line for line in data.report.warnings)
    np.testing.assert_array_equal(
        prepared(tmp_path / "c", source, split="masks").images, PIXELS[6:9]
    )
    assert len(prepared(tmp_path / "cache", source, split="all")) == 12


def test_archives_in_a_folder_may_be_classes(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        place = tmp_path / "in" / f"{name}.zip"
        place.parent.mkdir(exist_ok=True)
        make_zip(place, {f"{k}.png": encoded(image(PIXELS[k])) for k in range(3)})
    assert prepared(tmp_path / "cache", tmp_path / "in").class_names == ("cat", "dog")
    for k in (1, 2):
        place = tmp_path / "parts" / f"n{k}.zip"
        place.parent.mkdir(exist_ok=True)
        make_zip(place, {f"{k}.png": encoded(image(PIXELS[k]))})
    parts = prepared(tmp_path / "cache", tmp_path / "parts").report
    assert not parts.class_counts
    assert "archives" in [key for key, _, _ in parts.label_choices]


def test_what_is_told_of_one_set_is_not_told_of_another(tmp_path: Path) -> None:
    """Each of two sets with the same pictures and classes reports its own table of labels."""
    for folder, table in (("a", "one.csv"), ("b", "two.csv")):
        source = flat(tmp_path / folder)
        (source / table).write_text(
            "file,label\n" + "".join(f"{k}.png,{k % 2}\n" for k in range(12))
        )
        told = prepared(tmp_path / "cache", source).report.told
        assert f"Classes from the column label of {table}." in told


def test_names_in_a_zip_without_the_flag_of_utf8(tmp_path: Path) -> None:
    held = {f"{name}/1.png": encoded(image(PIXELS[k])) for k, name in enumerate(("AAA", "BBB"))}
    place = make_zip(tmp_path / "a.zip", held)
    # Many programs write the UTF-8 bytes of each of these characters without setting the flag.
    content = place.read_bytes().replace(b"AAA", "猫".encode()).replace(b"BBB", "犬".encode())
    place.write_bytes(content)
    assert prepared(tmp_path / "cache", place).class_names == ("犬", "猫")


def test_a_table_beside_an_archive_says_the_classes_in_it(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    held = {f"{k}.png": encoded(image(PIXELS[k])) for k in range(4)}
    make_zip(tmp_path / "in" / "images.zip", held)
    rows = "".join(f"{k}.png,{'ab'[k % 2]}\n" for k in range(4))
    (tmp_path / "in" / "labels.csv").write_text("image,label\n" + rows)
    data = prepared(tmp_path / "cache", tmp_path / "in")
    assert data.class_names == ("a", "b")
    assert not data.report.others


def test_archives_of_parts_and_of_masks_are_no_classes(tmp_path: Path) -> None:
    for names in (("train", "val"), ("images", "masks")):
        folder = tmp_path / names[0]
        folder.mkdir()
        for at, name in enumerate(names):
            held = {f"{k}.png": encoded(image(PIXELS[2 * at + k])) for k in range(2)}
            make_zip(folder / f"{name}.zip", held)
        data = prepared(tmp_path / "cache", folder)
        assert (data.report.kept, data.class_names) == (2, ())
        line = f"1 archive of {names[1]} is left aside; --split all takes everything."
        assert line in data.report.warnings
        everything = prepared(tmp_path / "cache", folder, split="all")
        assert everything.report.kept == 4
