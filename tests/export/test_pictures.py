import json
import os
import struct
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from ddpm_studio import __version__
from ddpm_studio.errors import StudioError
from ddpm_studio.export import (
    RECIPE_KEY,
    check_destination,
    make_grid,
    picture_recipes,
    read_recipe,
    save_png,
    save_png_sequence,
)
from ddpm_studio.export.atomic_writes import atomic_write
from tests.data.pictures import drain

RECIPE: dict[str, object] = {"kind": "sample", "request": {"seed": 2**63 - 1, "run": "bläu/β"}}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def noise(count: int, channels: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, 6, 5, channels), dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("count", [1, 5])
def test_a_png_holds_the_grid_and_its_recipe(tmp_path: Path, count: int, channels: int) -> None:
    path = tmp_path / "out.png"
    save_png(path, noise(count, channels), RECIPE, scale=2)
    with Image.open(path) as image:
        assert image.mode == ("L" if channels == 1 else "RGB")
        read = np.asarray(image).reshape(image.height, image.width, channels)
        assert image.info["Software"] == f"DDPM Studio {__version__}"
        assert json.loads(image.info["ddpm-studio"]) == RECIPE
    assert np.array_equal(read, make_grid(noise(count, channels), scale=2))
    assert read_recipe(path) == RECIPE
    assert names(tmp_path) == ["out.png"]


def test_a_foreign_picture_has_no_recipe(tmp_path: Path) -> None:
    image = Image.fromarray(noise(1, 3)[0])
    for name in ("a.png", "b.jpg", "c.gif"):
        image.save(tmp_path / name)
        assert read_recipe(tmp_path / name) is None
    (tmp_path / "empty.png").write_bytes(b"")
    assert read_recipe(tmp_path / "empty.png") is None
    save_png(tmp_path / "plain.png", noise(1, 1))
    assert read_recipe(tmp_path / "plain.png") is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1]", '"x"', '{"a": NaN}', "[" * 100_000, '{"a":' * 100_000, '{"ä": 1}'],
)
def test_a_hostile_recipe_is_none(tmp_path: Path, text: str) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text(RECIPE_KEY, text)
    Image.fromarray(noise(1, 3)[0]).save(tmp_path / "x.png", pnginfo=info)
    assert read_recipe(tmp_path / "x.png") is None


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))


def test_damaged_and_oversized_chunks_are_none(tmp_path: Path) -> None:
    signature = b"\x89PNG\r\n\x1a\n"
    good = chunk(b"tEXt", b'ddpm-studio\0{"a": 1}')
    path = tmp_path / "x.png"

    path.write_bytes(signature + good)
    assert read_recipe(path) == {"a": 1}
    path.write_bytes(signature + good.replace(b"1", b"2"))
    assert read_recipe(path) is None
    path.write_bytes(signature + good[:-6])
    assert read_recipe(path) is None
    path.write_bytes(signature + struct.pack(">I4s", 2**32 - 1, b"tEXt") + b"ddpm-studio\0{}")
    assert read_recipe(path) is None
    path.write_bytes(signature + chunk(b"tEXt", b"x\0") * 300 + good)
    assert read_recipe(path) is None
    path.write_bytes(signature + chunk(b"IDAT", b"") + good)
    assert read_recipe(path) is None
    long = b'ddpm-studio\0{"a": "' + b"x" * (1 << 20) + b'"}'
    path.write_bytes(signature + chunk(b"tEXt", long))
    assert read_recipe(path) is None


def test_a_missing_file_is_an_error_not_an_absent_recipe(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match=r"nothing\.png"):
        read_recipe(tmp_path / "nothing.png")


def test_a_recipe_that_could_not_be_read_back_is_refused(tmp_path: Path) -> None:
    for recipe in ({"a": float("nan")}, {"a": "x" * (1 << 20)}):
        with pytest.raises(ValueError, match=r"recipe|JSON"):
            save_png(tmp_path / "x.png", noise(1, 1), dict(recipe))
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["pictures", "pictures.zip"])
def test_a_sequence_holds_each_picture_with_its_number(tmp_path: Path, name: str) -> None:
    pictures = noise(3, 3)
    path = tmp_path / name
    drain(save_png_sequence(path, pictures, picture_recipes(RECIPE), scale=2))
    folder = path
    if path.suffix == ".zip":
        folder = tmp_path / "unpacked"
        zipfile.ZipFile(path).extractall(folder)
    assert names(folder) == ["00000.png", "00001.png", "00002.png"]
    for index, picture in enumerate(pictures):
        file = folder / f"{index:05}.png"
        assert np.array_equal(np.asarray(Image.open(file))[::2, ::2], picture)
        assert read_recipe(file) == {**RECIPE, "index": index}


def test_a_sequence_never_mixes_with_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(StudioError, match="not empty"):
        drain(save_png_sequence(tmp_path, noise(2, 1)))
    with pytest.raises(StudioError, match="is a file"):
        drain(save_png_sequence(tmp_path / "mine.txt", noise(2, 1)))
    with pytest.raises(StudioError, match="does not exist"):
        drain(save_png_sequence(tmp_path / "no" / "where", noise(2, 1)))
    assert names(tmp_path) == ["mine.txt"]


def test_places_that_cannot_be_written_are_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path, cause in [
        (tmp_path / "a.jpg", "ends with .jpg"),
        (tmp_path / "a", "has no ending"),
        (tmp_path / "none" / "a.png", "does not exist"),
        (tmp_path / "file" / "a.png", "does not exist"),
    ]:
        with pytest.raises(StudioError, match=cause) as caught:
            save_png(path, noise(1, 1))
        assert "\n" not in str(caught.value)
        with pytest.raises(StudioError, match=cause):
            check_destination(path, {".png"})
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(StudioError, match="is a folder"):
        check_destination(tmp_path / "folder.png", {".png"})


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_a_folder_that_takes_no_files_is_refused_before_and_while_writing() -> None:
    with pytest.raises(StudioError, match=r"can't be written"):
        check_destination(Path("/proc/x.png"), {".png"})
    with pytest.raises(StudioError, match=r"can't be written"):
        save_png(Path("/proc/x.png"), noise(1, 1))


def test_checking_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.PNG"
    path.write_text("old")
    check_destination(path, {".png"})
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.PNG"]


def test_a_failed_write_keeps_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_text("old")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(StudioError, match="No space left"):
        save_png(path, noise(1, 1))
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.png"]


def test_a_name_may_be_as_long_as_the_disk_allows(tmp_path: Path) -> None:
    path = tmp_path / f"{'a' * 251}.png"
    save_png(path, noise(1, 1))
    assert names(tmp_path) == [path.name]


def test_of_two_that_write_one_file_at_once_each_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with atomic_write(path) as first, atomic_write(path) as second:
        first.write_text("first")
        second.write_text("second")
        assert first.read_text() == "first"
    assert path.read_text() == "first"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_folder_that_is_shut_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def shut(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", shut)
    with pytest.raises(StudioError, match=r"a.png can't be written: Permission denied"):
        save_png(tmp_path / "a.png", noise(1, 1))


def test_pictures_of_a_sequence_may_have_different_bands(tmp_path: Path) -> None:
    five, thirteen = noise(1, 5)[0], noise(1, 13)[0]
    drain(save_png_sequence(tmp_path / "a", [thirteen, five, thirteen], bands=(7, 3, 1)))
    for name, seen in (("00000", thirteen[..., [7, 3, 1]]), ("00001", five[..., :3])):
        with Image.open(tmp_path / "a" / f"{name}.png") as image:
            np.testing.assert_array_equal(np.asarray(image), seen)
