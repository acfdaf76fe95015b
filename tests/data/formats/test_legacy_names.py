"""File names in legacy Windows code pages: decoded, reported, and never merged."""

from __future__ import annotations

import os
import struct
import sys
import tarfile
import zlib
from io import BytesIO
from pathlib import Path

import pytest

from ddpm_studio.data import Dataset
from ddpm_studio.data.formats.legacy_names import code_page
from ddpm_studio.requests import FIRST_RULES
from tests.data.pictures import encoded, image, make_zip, noise, prepared

PICTURES = [encoded(image(one)) for one in noise(6)]
PAGES = {
    "cp932": ("表", "犬"),
    "gb18030": ("猫", "狗"),
    "cp949": ("고양이 사진", "강아지 그림"),
    "big5": ("貓", "圖片"),
    "cp437": ("Bär", "Löwe"),
    "cp1252": ("été", "forêt"),
    "cp866": ("кошка", "собака"),
    "cp1251": ("кошка", "собака"),
}


def zip_of(path: Path, names: list[bytes]) -> Path:
    """Write a zip archive whose member names are these bytes, without the UTF-8 flag."""
    held, listed = b"", b""
    for name, data in zip(names, PICTURES, strict=False):
        sizes = (zlib.crc32(data), len(data), len(data))
        common = struct.pack("<HHHHH3IHH", 20, 0, 0, 0, 0x21, *sizes, len(name), 0)
        at = len(held)
        held += b"PK\3\4" + common + name + data
        tail = struct.pack("<HHHII", 0, 0, 0, 0, at)
        listed += b"PK\1\2" + struct.pack("<H", 20) + common + tail + name
    end = struct.pack("<HHHHIIH", 0, 0, len(names), len(names), len(listed), len(held), 0)
    path.write_bytes(held + listed + b"PK\5\6" + end)
    return path


def members(page: str) -> list[bytes]:
    return [f"{PAGES[page][n % 2]}/{n}.png".encode(page) for n in range(len(PICTURES))]


def told(data: Dataset, words: str) -> bool:
    return any(words in line for line in data.report.told)


@pytest.mark.parametrize("page", PAGES)
def test_a_zip_of_windows(tmp_path: Path, page: str) -> None:
    data = prepared(tmp_path / "cache", zip_of(tmp_path / "x.zip", members(page)))
    assert set(data.class_names) == set(PAGES[page])
    assert told(data, f"are not UTF-8; they are read as {page}.") == (page != "cp437")


def test_utf_8_is_read_with_the_flag_and_without(tmp_path: Path) -> None:
    names = [f"{'über' if n % 2 else '猫'}/{n}.png" for n in range(len(PICTURES))]
    held = dict(zip(names, PICTURES, strict=True))
    for path in (
        make_zip(tmp_path / "flag.zip", held),
        zip_of(tmp_path / "none.zip", [name.encode() for name in names]),
    ):
        data = prepared(tmp_path / "cache", path)
        assert set(data.class_names) == {"über", "猫"}
        assert not told(data, "UTF-8")


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")
def test_a_folder_and_a_tar(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "in")
    for name, content in zip(members("cp932"), PICTURES, strict=True):
        # A separator on Windows only is an ordinary character here.
        path = os.path.join(folder, name)  # noqa: PTH118 - bytes
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - bytes
        with open(path, "wb") as stream:  # noqa: PTH123 - bytes
            stream.write(content)
    data = prepared(tmp_path / "cache", tmp_path / "in")
    assert set(data.class_names) == set(PAGES["cp932"])
    assert told(data, "read as cp932")
    with tarfile.open(tmp_path / "x.tar", "w", encoding="latin-1") as tar:
        for number, content in enumerate(PICTURES):
            info = tarfile.TarInfo(f"{PAGES['cp1252'][number % 2]}/{number}.png")
            info.size = len(content)
            tar.addfile(info, BytesIO(content))
    data = prepared(tmp_path / "cache", tmp_path / "x.tar")
    assert set(data.class_names) == set(PAGES["cp1252"])


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")
def test_two_names_never_become_one(tmp_path: Path) -> None:
    for number, raw in enumerate((b"\xff\x80", b"\xff\x81")):
        folder = os.path.join(os.fsencode(tmp_path / "in"), raw)  # noqa: PTH118 - bytes
        os.makedirs(folder)  # noqa: PTH103 - bytes
        for k in range(2):
            with open(folder + b"/%d.png" % k, "wb") as stream:  # noqa: PTH123 - bytes
                stream.write(PICTURES[2 * number + k])
    data = prepared(tmp_path / "cache", tmp_path / "in")
    assert data.class_names == ("%FF%80", "%FF%81")


def test_what_reads_as_no_words_is_told(tmp_path: Path) -> None:
    names = [b"\xb6\xc0\xb6\xc5\x83\x4a/%d.png" % n for n in range(len(PICTURES))]
    data = prepared(tmp_path / "cache", zip_of(tmp_path / "x.zip", names))
    assert len(data) == len(PICTURES)
    assert told(data, "no code page that is known fits")
    assert code_page([b"\xff\x80", b"\xff\x81"]) is None


def test_version_0_1_0_read_them_as_the_format_says(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "x.zip", members("cp1252"))
    data = prepared(tmp_path / "cache", path, rules=FIRST_RULES)
    assert set(data.class_names) == {
        one.encode("cp1252").decode("cp437") for one in PAGES["cp1252"]
    }
