"""Malicious archives and pictures, broken files, and sources without pictures."""

from __future__ import annotations

import os
import pickle
import struct
import tarfile
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.data.formats import archives
from ddpm_studio.errors import StudioError
from tests.data.pictures import (
    encoded,
    image,
    make_idx,
    make_picture_folder,
    make_tar,
    make_zip,
    noise,
    prepared,
)

PICTURE = encoded(image(noise(1)[0]))


def refusal(tmp_path: Path, *sources: Path) -> str:
    with pytest.raises(StudioError) as caught:
        prepared(tmp_path / "cache", *sources)
    error = caught.value
    assert error.cause
    assert error.remedy
    assert "\n" not in error.cause + error.remedy
    assert not list((tmp_path / "cache").rglob("*.npy"))
    return error.cause


@pytest.mark.parametrize(
    "name", ["../out.png", "a/../../out.png", "/etc/out.png", "C:/out.png", "..\\out.png", "a/.."]
)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_that_escape_refuse_the_whole_archive(tmp_path: Path, name: str, kind: str) -> None:
    held = {"good.png": PICTURE, name: PICTURE}
    make = make_zip if kind == "zip" else make_tar
    cause = refusal(tmp_path, make(tmp_path / f"bad.{kind}", held))
    assert f"bad.{kind} is refused" in cause
    assert "out.png" in cause or "a/.." in cause
    assert {path.name for path in tmp_path.iterdir()} <= {f"bad.{kind}", "cache"}


def test_links_and_devices_refuse_the_whole_archive(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.png")
    link.create_system = 3
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "is a link" in refusal(tmp_path, tmp_path / "a.zip")
    kinds = {tarfile.SYMTYPE: "link", tarfile.LNKTYPE: "link"}
    for kind, word in (kinds | {tarfile.CHRTYPE: "device", tarfile.FIFOTYPE: "device"}).items():
        info = tarfile.TarInfo("x.png")
        info.type, info.linkname = kind, "/etc/passwd"
        with tarfile.open(tmp_path / "a.tar", "w") as tar:
            tar.addfile(info)
        assert word in refusal(tmp_path, tmp_path / "a.tar")


def test_encrypted_zip(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.png": PICTURE})
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    path.write_bytes(data)
    assert "is encrypted" in refusal(tmp_path, path)


def test_zip_bomb_is_refused_unread(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "bomb.zip", {"a.png": b"\0" * (300 * 2**20)}, packed=True)
    assert "times its size" in refusal(tmp_path, path)


def test_tar_bomb_is_refused_unread(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "bomb.tar.gz", {"a.png": b"\0" * (300 * 2**20)})
    assert "times its size" in refusal(tmp_path, path)


def test_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_FILES", 3)
    path = make_zip(tmp_path / "a.zip", {f"{index}.png": PICTURE for index in range(4)})
    assert "more than 3 files" in refusal(tmp_path, path)


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.npz", "a.npy"])
def test_broken_archives(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"not what it says" * 40)
    assert refusal(tmp_path, tmp_path / name).startswith(f"{name} is ")


def test_archive_cut_in_half(tmp_path: Path) -> None:
    for make, name in ((make_zip, "a.zip"), (make_tar, "a.tar.gz")):
        path = make(tmp_path / name, {f"{i}.png": PICTURE for i in range(9)})
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        assert "not a whole archive" in refusal(tmp_path, path)


def test_damaged_member_is_left_out_alone(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.png": PICTURE, "b.png": PICTURE})
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF
    path.write_bytes(data)
    report = prepared(tmp_path / "cache", path).report
    assert [(reject.name, reject.kind) for reject in report.rejects] == [("a.png", "unreadable")]


def test_half_truncated_set_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    pixels = make_picture_folder(folder, 10)
    for index, kind in enumerate(["PNG", "JPEG", "WEBP", "GIF", "BMP"] * 2):
        whole = encoded(image(pixels[index]), kind)
        (folder / f"cut{index}.{kind.lower()}").write_bytes(whole[: len(whole) * 6 // 10])
    data = prepared(tmp_path / "cache", folder)
    np.testing.assert_array_equal(data.images, pixels)
    assert (data.report.found, data.report.kept, len(data.report.rejects)) == (20, 10, 10)
    assert "10 pictures left out: truncated." in data.report.lines()


def test_all_left_out_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(PICTURE[:500])
    (tmp_path / "in" / "b.png").write_bytes(b"")
    (tmp_path / "in" / "c.jpg").write_text("nothing that is known")
    cause = refusal(tmp_path, tmp_path / "in")
    assert cause.startswith("No picture in in can be used: ")
    for words in ("1 truncated", "1 empty file", "1 damaged"):
        assert words in cause


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (PICTURE[:500], "one.png is cut short."),
        (b"", "one.png is an empty file."),
        (b"nothing that is known" * 9, "one.png is damaged: its content is no picture."),
    ],
)
def test_one_broken_picture_is_named_in_a_sentence(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "one.png").write_bytes(content)
    assert refusal(tmp_path, tmp_path / "one.png") == said


def huge_png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 10_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_huge_pictures_are_left_out_before_they_are_decoded(tmp_path: Path) -> None:
    make_picture_folder(tmp_path / "in", 1)
    (tmp_path / "in" / "huge.png").write_bytes(huge_png(20000, 20000))
    limit = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = prepared(tmp_path / "cache", tmp_path / "in").report
    assert [reject.reason for reject in report.rejects] == ["too large: 20000 × 20000 pixels"]
    assert limit == Image.MAX_IMAGE_PIXELS


def test_garbage_behind_good_magic_never_breaks_the_set(tmp_path: Path) -> None:
    """Files of every format with random damage are kept or left out, and nothing else happens."""
    random = np.random.default_rng(3)
    folder = tmp_path / "in"
    make_picture_folder(folder, 1, size=(16, 16))
    source = image(noise(1, 16, 16)[0])
    kinds = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM"]
    for index in range(210):
        data = bytearray(encoded(source, kinds[index % len(kinds)]))
        for place in random.integers(4, len(data), 6):
            data[place] = random.integers(256)
        (folder / f"x{index}").write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = prepared(tmp_path / "cache", folder, image_size=16).report
    assert report.kept >= 1
    assert report.kept + len(report.rejects) + sum(count for _, count in report.others) == 211


def test_missing_empty_and_pictureless(tmp_path: Path) -> None:
    assert refusal(tmp_path, tmp_path / "gone").startswith("There is no file or folder")
    (tmp_path / "none").mkdir()
    assert refusal(tmp_path, tmp_path / "none") == "none is empty."
    (tmp_path / "texts").mkdir()
    for name in ("a.txt", "b.txt", "c"):
        (tmp_path / "texts" / name).write_text("hello")
    cause = refusal(tmp_path, tmp_path / "texts")
    assert cause == "No pictures in texts: 3 files, none of them a picture."
    cause = refusal(tmp_path, tmp_path / "texts" / "a.txt")
    assert cause == "No pictures in a.txt: 1 file, and it is not a picture."
    assert refusal(tmp_path, make_zip(tmp_path / "e.zip", {})) == "e.zip is empty."
    assert refusal(tmp_path) == "Nothing was chosen."


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_paths_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "can't be read" in refusal(tmp_path, tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    assert "neither a file nor a folder" in refusal(tmp_path, tmp_path / "pipe")
    make_picture_folder(tmp_path / "in", 1)
    os.mkfifo(tmp_path / "in" / "pipe.png")
    (tmp_path / "in" / "dangling.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "in" / "round").symlink_to(tmp_path / "in")
    report = prepared(tmp_path / "cache", tmp_path / "in").report
    assert [(r.name, r.kind) for r in report.rejects] == [("dangling.png", "unreadable")]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_no_permission(tmp_path: Path) -> None:
    make_picture_folder(tmp_path / "in", 2)
    (tmp_path / "in" / "0000.png").chmod(0)
    report = prepared(tmp_path / "cache", tmp_path / "in").report
    assert [reject.reason for reject in report.rejects] == ["unreadable: Permission denied"]
    (tmp_path / "in").chmod(0)
    try:
        assert "permission denied" in refusal(tmp_path, tmp_path / "in")
    finally:
        (tmp_path / "in").chmod(0o755)


def test_damaged_idx(tmp_path: Path) -> None:
    path = make_idx(tmp_path / "a-images-idx3-ubyte", noise(4, 28, 28, 1)[..., 0])
    path.write_bytes(path.read_bytes()[:-1])
    assert "cut short" in refusal(tmp_path, path)
    path.write_bytes(struct.pack(">HBB3I", 0, 8, 3, 2**31, 2**31, 2**31))
    assert "claims" in refusal(tmp_path, path)
    path.write_bytes(b"hello, this is no such file")
    assert "is damaged" in refusal(tmp_path, path)


def test_pickles_are_never_opened(tmp_path: Path) -> None:
    for index, saved in enumerate((np.zeros(3, object), {"a": 1})):
        path = tmp_path / f"{index}.npy"
        np.save(path, saved, allow_pickle=True)  # type: ignore[arg-type]
        assert "pickled" in refusal(tmp_path, path)
    (tmp_path / "p.npy").write_bytes(pickle.dumps([1, 2]))
    assert "pickled" in refusal(tmp_path, tmp_path / "p.npy")
