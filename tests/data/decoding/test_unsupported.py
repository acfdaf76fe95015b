"""Unsupported files are named with what would read them; only broken files count as damaged."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.errors import StudioError
from tests.data.pictures import encoded, image, make_picture_folder, noise, prepared
from tests.hostile import seeds

TIFF = encoded(image(noise(1)[0]), "TIFF")
ZIP = b"PK\3\4" + bytes(90)


def refusal(path: Path) -> str:
    with pytest.raises(StudioError) as caught:
        prepared(path.parent / "cache", path)
    assert "damaged" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "bands"), [("<u2", 8), ("<f4", 3), ("<f8", 1), ("<u1", 5), ("<f2", 3)]
)
@pytest.mark.parametrize(
    ("method", "named"), [(34887, "LERC"), (50000, "Zstandard"), (7, "JPEG"), (32, "the method 32")]
)
def test_ways_of_packing_a_tiff(
    tmp_path: Path, kind: str, bands: int, method: int, named: str
) -> None:
    path = tmp_path / "x.tif"
    path.write_bytes(seeds.tiff_bands(kind, bands, method))
    assert f"not read here: it is packed by {named}" in refusal(path)


def test_a_way_of_packing_that_pillow_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    path.write_bytes(seeds.tiff_bands("<i2", 1, 32))
    assert "not read here: it is packed by the method 32" in refusal(path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.pcx", b"\x0a\x05\x01", "a kind that is not read here"),
        ("a.qoi", b"qoif", "a kind that is not read here"),
        ("a.icns", b"icns", "an icon"),
        ("a.pfm", b"PF\n4 4\n-1\n", "Netpbm"),
        ("a.pam", b"P7\nWIDTH 4\n", "Netpbm"),
        ("a.png", b"P7\nWIDTH 4\n", "Netpbm"),
        ("a.xlsx", b"PK", "a spreadsheet"),
        ("a.rec", b"\0", "MXNet"),
        ("a.beton", b"\0", "FFCV"),
        ("a.sqlite", b"SQLite format 3\0", "a database"),
        ("a.mat", b"MATLAB 7.3 MAT-file", "with h5py"),
        ("a.cr3", b"\0\0\0\x18ftypcrx ", "a camera's raw picture"),
        ("a.jpg", b"\0\0\0\x18ftypcrx ", "a camera's raw picture"),
        ("a.orf", b"IIRO\x08\0\0\0", "a camera's raw picture"),
        ("a.heics", b"\0\0\0\x18ftyphevc", "a HEIC picture"),
        ("a.feather", b"ARROW1\0\0", "an Arrow file, not read here. Save the set as Parquet"),
        ("a.raw", b"\0" * 99, "a file of plain numbers that does not say their shape"),
        ("a.joblib", b"\x80\4\x95", "a Python pickle"),
        ("a.nc", b"\x89HDF\r\n\x1a\n", "an HDF5 file under another name"),
        ("a.url", b"[InternetShortcut]", "a shortcut. Choose what it leads to"),
        ("a.mgz", b"\x1f\x8b\x08", "a volume of FreeSurfer"),
        ("a.nii.gz", gzip.compress(bytes(344) + b"n+1\0" + bytes(90), mtime=0), "a NIfTI volume"),
        ("a.npy.gz", gzip.compress(b"\x93NUMPY" + bytes(90), mtime=0), "packed by gzip"),
        ("a.heif", b"\0\0\0\x18ftypheis", "a HEIC picture"),
        ("a.jpg", b"\0\0\0\x18ftypheim", "a HEIC picture"),
        ("a.nef", TIFF, "a camera's raw picture"),
        ("a.DNG", TIFF, "a camera's raw picture"),
        ("train.p", b"\x80\3}q\0", "a Python pickle"),
        ("batch_1", b"\x80\4\x95" + bytes(90), "a Python pickle"),
        ("labels.xlsx", ZIP, "a spreadsheet, not read here. Save it as CSV"),
        ("a.keras", ZIP, "a model of another library, no pictures"),
        ("a.onnx", b"\x08\7", "a model of another library, no pictures"),
        ("a.dib", b"\x28\0\0\0" + bytes(60), "a bitmap without its file's header"),
    ],
)
def test_kinds_that_are_named(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert words in refusal(tmp_path / name)


def test_an_archive_within_an_archive_is_told_beside_pictures(tmp_path: Path) -> None:
    make_picture_folder(tmp_path / "in")
    (tmp_path / "in" / "notes.xlsx").write_bytes(b"PK")
    data = prepared(tmp_path / "cache", tmp_path / "in")
    assert any("a spreadsheet, not read here" in line for line in data.report.lines())


def test_every_frame_of_every_animation(tmp_path: Path) -> None:
    frames = [image(one) for one in noise(4)]
    for suffix in ("webp", "png", "gif", "avif", "tif"):
        path = tmp_path / "in" / f"a.{suffix}"
        path.parent.mkdir(exist_ok=True)
        frames[0].save(path, save_all=True, append_images=frames[1:])
    data = prepared(tmp_path / "cache", tmp_path / "in")
    assert any("5 files have several frames or pages, 20 in all" in one for one in data.report.told)
    assert len(prepared(tmp_path / "cache", tmp_path / "in", frames="all")) == 20


def test_folders_that_systems_put_into_others_are_no_classes(tmp_path: Path) -> None:
    make_picture_folder(tmp_path / "in", 2, classes=["cat", "dog"])
    for name in ("__MACOSX/cat", "@eaDir", "$RECYCLE.BIN", "System Volume Information"):
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "0.png").write_bytes(b"\0\5\x16\7")
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "in" / name / "1.png")
    data = prepared(tmp_path / "cache", tmp_path / "in")
    assert data.class_names == ("cat", "dog")
    assert data.report.rejects == ()


def rare_jpeg(marker: int, bits: int = 8) -> bytes:
    """Return a JPEG whose frame header claims another coding process and bit depth."""
    content = bytearray(encoded(image(noise(1)[0]), "JPEG"))
    at = content.index(b"\xff\xc0")
    content[at + 1], content[at + 4] = marker, bits
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (rare_jpeg(0xC1, 12), "a JPEG of 12 bits a sample, not read here"),
        (rare_jpeg(0xC3), "a JPEG packed in a rare way (lossless), not read here"),
        (rare_jpeg(0xF7), "a JPEG packed in a rare way (JPEG-LS), not read here"),
        (
            b"\x89PNG\r\n\x1a\n\0\0\0\x04CgBIP\0\x20\x02" + encoded(image(noise(1)[0]))[8:],
            "a PNG as Xcode packs it",
        ),
    ],
    ids=["12 bits", "lossless", "JPEG-LS", "Xcode"],
)
def test_rare_kinds_of_known_pictures_are_not_damaged(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    assert words in refusal(tmp_path / "a.jpg")


@pytest.mark.parametrize(("mode", "suffix"), [("CMYK", "jpg"), ("LAB", "tif")])
def test_colours_of_other_kinds_are_told(tmp_path: Path, mode: str, suffix: str) -> None:
    (tmp_path / "in").mkdir()
    for number, one in enumerate(noise(2)):
        image(one).convert("RGB").convert(mode).save(tmp_path / "in" / f"{number}.{suffix}")
    data = prepared(tmp_path / "cache", tmp_path / "in")
    line = f"2 pictures are {mode}, turned into RGB without a colour profile."
    assert line in data.report.told
