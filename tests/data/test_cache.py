"""The cache of prepared datasets: hits, rebuilding, cancelling, and the stored report."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ddpm_studio.catalogue import DATA_FORMATS, DataFormatInfo
from ddpm_studio.data import Dataset, Report, prepare, preparing, sample_sets
from ddpm_studio.data.decoding import decode_pool
from ddpm_studio.data.decoding.decode_pass import (
    BatchResult,
    Raw,
    Target,
    read_item,
    run_decode_pass,
)
from ddpm_studio.data.decoding.decode_pool import DecodePool
from ddpm_studio.data.decoding.verdicts import UnusablePicture
from ddpm_studio.data.items import Item
from ddpm_studio.data.report import Reject
from ddpm_studio.data.store import quick_key
from ddpm_studio.errors import StudioError
from ddpm_studio.progress import Progress
from ddpm_studio.requests import PrepareOptions
from tests.data.pictures import age, drain, image, make_picture_folder, noise, prepared


@pytest.fixture
def decodes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list to which the number of decoded pictures of each batch is appended."""
    counts: list[int] = []

    def counted(readers: list, first: int, target: Target | None) -> BatchResult:
        if target is not None:
            counts.append(len(readers))
        return run_decode_pass(readers, first, target)

    monkeypatch.setattr(decode_pool, "run_decode_pass", counted)
    return counts


def test_second_call_does_not_decode(tmp_path: Path, decodes: list[int]) -> None:
    make_picture_folder(tmp_path / "in", 5, classes=["a", "b"])
    first = prepared(tmp_path / "cache", tmp_path / "in")
    assert decodes == [10]
    second = prepared(tmp_path / "cache", tmp_path / "in")
    assert decodes == [10]
    assert isinstance(second.images, np.memmap)
    assert not second.images.flags.writeable
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(first.labels, second.labels)
    assert (first.fingerprint, first.report, first.options, first.class_names) == (
        second.fingerprint,
        second.report,
        second.options,
        second.class_names,
    )


def test_unchanged_files_are_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_picture_folder(tmp_path / "in", 3)
    age(tmp_path / "in")
    first = prepared(tmp_path / "cache", tmp_path / "in")

    def never(item: object) -> bytes:
        raise AssertionError("a file was read")

    monkeypatch.setattr(decode_pool, "read_item", never)
    assert prepared(tmp_path / "cache", tmp_path / "in").fingerprint == first.fingerprint


def test_changed_content_changes_the_pictures(tmp_path: Path) -> None:
    pixels = make_picture_folder(tmp_path / "in", 3)
    age(tmp_path / "in")
    first = prepared(tmp_path / "cache", tmp_path / "in")
    image(pixels[0]).save(tmp_path / "in" / "0002.png")
    second = prepared(tmp_path / "cache", tmp_path / "in")
    assert first.fingerprint != second.fingerprint
    np.testing.assert_array_equal(second.images[2], pixels[0])
    assert (first.report.duplicates, second.report.duplicates) == (0, 1)
    np.testing.assert_array_equal(first.images, pixels)


def test_content_counts_and_not_the_place(tmp_path: Path, decodes: list[int]) -> None:
    make_picture_folder(tmp_path / "in", 3)
    make_picture_folder(tmp_path / "copy", 3)
    first = prepared(tmp_path / "cache", tmp_path / "in")
    second = prepared(tmp_path / "cache", tmp_path / "copy")
    assert decodes == [3]
    assert first.fingerprint == second.fingerprint
    assert (second.report.source, second.source) == ("copy", (tmp_path / "copy",))


def test_options_have_sets_of_their_own(tmp_path: Path) -> None:
    make_picture_folder(tmp_path / "in", 2)
    fingerprints = {
        prepared(tmp_path / "cache", tmp_path / "in", **options).fingerprint
        for options in ({}, {"image_size": 16}, {"fit": "pad"}, {"background": "#000000"})
    }
    assert len(fingerprints) == 4
    same = prepared(tmp_path / "cache", tmp_path / "in", image_size=32)
    assert same.fingerprint == prepared(tmp_path / "cache", tmp_path / "in").fingerprint


def test_choosing_what_was_chosen_keeps_the_fingerprint(tmp_path: Path) -> None:
    """Resolved options give the same fingerprint, so that a resumed run finds the same pictures."""
    make_picture_folder(tmp_path / "in", 3)
    chosen = prepared(tmp_path / "cache", tmp_path / "in")
    asked = prepared(tmp_path / "cache", tmp_path / "in", **chosen.options.model_dump())
    assert asked.fingerprint == chosen.fingerprint


@pytest.mark.parametrize("part", ["images.npy", "labels.npy", "report.json"])
@pytest.mark.parametrize("damage", ["gone", "cut", "garbage"])
def test_damaged_cache_is_rebuilt(tmp_path: Path, part: str, damage: str) -> None:
    pixels = make_picture_folder(tmp_path / "in", 3, classes=["a", "b"])
    age(tmp_path / "in")
    prepared(tmp_path / "cache", tmp_path / "in")
    (images,) = (tmp_path / "cache" / "data").glob("*/images.npy")
    path = images.with_name(part)
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-7])
    else:
        path.write_bytes(b"garbage" * 10)
    data = prepared(tmp_path / "cache", tmp_path / "in")
    np.testing.assert_array_equal(data.images, pixels)
    assert data.labels is not None
    assert data.labels.tolist() == [0, 0, 0, 1, 1, 1]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_others_may_read_what_is_prepared_as_the_umask_says(tmp_path: Path) -> None:
    make_picture_folder(tmp_path / "in", 3)
    age(tmp_path / "in")
    before = os.umask(0o027)
    try:
        prepared(tmp_path / "cache", tmp_path / "in")
    finally:
        os.umask(before)
    made = list((tmp_path / "cache").rglob("*"))
    assert {"quick", "report.json"} <= {path.name for path in made}
    for path in made:
        assert path.stat().st_mode & 0o777 == (0o750 if path.is_dir() else 0o640), path


def test_what_could_not_be_read_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_picture_folder(tmp_path / "in", 3)
    age(tmp_path / "in")

    def shut(item: Item) -> Raw:
        if item.name == "0001.png":
            raise UnusablePicture(f"unreadable: {os.strerror(errno.EACCES)}")
        return read_item(item)

    with monkeypatch.context() as patched:
        patched.setattr(decode_pool, "read_item", shut)
        first = prepared(tmp_path / "cache", tmp_path / "in")
    assert (len(first), len(first.report.rejects)) == (2, 1)
    # A change of permissions or a remounted disk changes no file's modification time.
    again = prepared(tmp_path / "cache", tmp_path / "in")
    assert (len(again), again.report.rejects) == (3, ())


@pytest.mark.parametrize(
    ("reason", "passes"),
    [
        (f"unreadable: {os.strerror(errno.EIO)}", True),
        ("no pictures: a.h5 is a file of HDF5, which needs h5py", True),
        ("unreadable: damaged in the archive", False),
        ("truncated", False),
        ("damaged: unreadable: it has no end", False),
    ],
)
def test_damage_does_not_pass(reason: str, passes: bool) -> None:
    assert Reject("a", reason).is_retryable is passes


def test_what_the_system_says_passes_in_whatever_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """Transient errors are known in any language: a window sets that of the system's messages."""
    monkeypatch.setattr(os, "strerror", "Fehler {}".format)
    assert Reject("a", f"unreadable: Fehler {errno.EACCES}").is_retryable


def test_files_are_looked_at_again_once_a_plug_in_may_read_them() -> None:
    told = [("a.odd", 256, 1)], PrepareOptions(), 1
    before = quick_key(*told)
    DATA_FORMATS.add(DataFormatInfo("odd", "Odd", "", "odd:read", suffixes=(".odd",)))
    try:
        assert quick_key(*told) == quick_key(*told) != before
    finally:
        DATA_FORMATS.remove("odd")
    assert quick_key(*told) == before


def test_processes_that_may_hold_a_file_open_have_ended_when_it_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "_POOL_MIN_BYTES", 0)
    pools: list[DecodePool] = []

    class Noted(DecodePool):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            pools.append(self)

    monkeypatch.setattr(preparing, "DecodePool", Noted)
    remove = shutil.rmtree
    running: list[object] = []

    def noting(folder: Path, **how: Any) -> None:
        running.extend(one._process.poll() for pool in pools for one in pool._workers)
        remove(folder, **how)

    monkeypatch.setattr(shutil, "rmtree", noting)
    make_picture_folder(tmp_path / "in", 64)
    job = prepare([tmp_path / "in"], PrepareOptions(), cache=tmp_path / "cache")
    for _ in range(3):
        next(job)
    job.close()
    assert running
    assert None not in running


@pytest.mark.parametrize("there", [False, True])
def test_cancelling_at_any_moment_leaves_nothing(
    tmp_path: Path, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelling leaves no files and no threads, both in-process and with a pool of processes."""
    monkeypatch.setattr(preparing, "_POOL_MIN_BYTES", 0 if there else 1 << 40)
    make_picture_folder(tmp_path / "in", 64)
    steps = len(list(prepare([tmp_path / "in"], PrepareOptions(), cache=tmp_path / "whole")))
    assert steps >= 6
    before = threading.active_count()
    for stop in range(1, steps + 1):
        job = prepare([tmp_path / "in"], PrepareOptions(), cache=tmp_path / "cache")
        for _ in range(stop):
            next(job)
        job.close()
        assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
        assert not list((tmp_path / "cache").glob("data/*"))
        assert threading.active_count() == before


@pytest.mark.parametrize("there", [True, False], ids=["by other processes", "here"])
def test_a_cache_that_takes_nothing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(preparing, "_POOL_MIN_BYTES", 0 if there else 1 << 40)
    make_picture_folder(tmp_path / "in", 20)
    cache = tmp_path / "cache"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(StudioError, match="can't be kept in") as told:
            prepared(cache, tmp_path / "in")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(cache) in told.value.cause
    assert [path for path in cache.rglob("*") if path.is_file()] == []
    assert len(prepared(cache, tmp_path / "in")) == 20


def test_a_cache_that_is_a_file_is_named(tmp_path: Path) -> None:
    make_picture_folder(tmp_path / "in", 3)
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(StudioError, match="can't be kept in"):
        prepared(tmp_path / "cache", tmp_path / "in")


def test_pictures_are_prepared_also_where_that_can_not_be_noted(tmp_path: Path) -> None:
    make_picture_folder(tmp_path / "in", 3)
    for picture in (tmp_path / "in").iterdir():
        age(picture)
    (tmp_path / "cache" / "data").mkdir(parents=True)
    (tmp_path / "cache" / "data" / "quick").write_text("a file")
    assert len(prepared(tmp_path / "cache", tmp_path / "in")) == 3


def test_progress_counts_up_to_its_total(tmp_path: Path) -> None:
    make_picture_folder(tmp_path / "in", 150)
    events = list(prepare([tmp_path / "in"], PrepareOptions(), cache=tmp_path / "cache"))
    assert all(isinstance(event, Progress) for event in events)
    assert all(0 <= event.done <= event.total for event in events)
    decoding = [event.done for event in events if event.text == "Preparing the pictures"]
    assert decoding == sorted(decoding)
    assert decoding[-1] == events[-1].total == 150


def test_two_at_once(tmp_path: Path) -> None:
    pixels = make_picture_folder(tmp_path / "in", 100)
    made: list[Dataset] = []

    def work() -> None:
        made.append(prepared(tmp_path / "cache", tmp_path / "in"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    for data in made:
        np.testing.assert_array_equal(data.images, pixels)
    assert not list((tmp_path / "cache" / "data").glob(".*"))


def test_the_users_cache_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DDPM_STUDIO_CACHE", str(tmp_path / "mine"))
    make_picture_folder(tmp_path / "in", 1)
    drain(prepare([tmp_path / "in"], PrepareOptions()))
    assert list((tmp_path / "mine" / "data").glob("*/images.npy"))


def test_report_of_few_pictures(tmp_path: Path) -> None:
    make_picture_folder(tmp_path / "in", 1)
    lines = prepared(tmp_path / "cache", tmp_path / "in").report.lines()
    assert "Only 1 picture: the model will memorise it." in lines
    assert lines[0] == "1 picture from in."
    make_picture_folder(tmp_path / "few", 49)
    assert any("Only 49" in w for w in prepared(tmp_path, tmp_path / "few").report.warnings)
    make_picture_folder(tmp_path / "enough", 50)
    assert prepared(tmp_path, tmp_path / "enough").report.warnings == ()


def test_report_of_mixed_sizes_and_copies(tmp_path: Path) -> None:
    make_picture_folder(tmp_path / "in" / "a", 3, size=(40, 30))
    make_picture_folder(tmp_path / "in" / "b", 2, size=(20, 50))
    make_picture_folder(tmp_path / "in" / "c", 3, size=(40, 30))
    report = prepared(tmp_path / "cache", tmp_path / "in").report
    assert report.sizes == (((40, 30), 6), ((20, 50), 2))
    assert report.duplicates == 3
    assert "Sizes: 40 × 30 (6), 20 × 50 (2)." in report.lines()
    assert "3 pictures are exact copies of another." in report.lines()
    assert "3 classes: a (3), b (2), c (3)." in report.lines()


def test_report_survives_json() -> None:
    report = Report(
        "set",
        5,
        3,
        (Reject("ä\udcff.png", "truncated"), Reject("b", "too large: 9×9 pixels")),
        (((3, 4), 3),),
        1,
        (("cat", 3),),
        ((".txt", 2),),
        ("careful",),
    )
    assert Report.from_json(report.to_json()) == report
    assert "1 picture left out: too large." in report.lines()
    assert "2 other files are not pictures: 2 .txt." in report.lines()


def test_gray_rgb_set_is_collapsed_and_one_colour_is_enough(tmp_path: Path) -> None:
    gray = noise(70, channels=1)
    (tmp_path / "in").mkdir()
    for index, one in enumerate(gray):
        image(np.repeat(one, 3, axis=2)).save(tmp_path / "in" / f"{index}.png")
    data = prepared(tmp_path / "cache", tmp_path / "in")
    np.testing.assert_array_equal(data.images, gray)
    assert data.options.channels == "gray"
    colour = np.repeat(gray[0], 3, axis=2)
    colour[5, 5, 1] ^= 1
    image(colour).save(tmp_path / "in" / "99.png")
    assert prepared(tmp_path / "cache", tmp_path / "in").images.shape == (71, 32, 32, 3)


def test_sample_sets_can_be_prepared(tmp_path: Path) -> None:
    sets = sample_sets()
    if not sets:
        pytest.skip("no sample sets in this tree")
    for sample in sets:
        assert sample.notice
        data = drain(prepare([sample.path], sample.options, cache=tmp_path))
        assert len(data) > 1000
        assert data.labels is not None
        assert data.report.rejects == ()
