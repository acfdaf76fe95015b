from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QColor, QImage, QPixmap
from pytestqt.qtbot import QtBot

from ddpm_studio.data.decoding import limits
from ddpm_studio.errors import StudioError
from ddpm_studio.export import save_png
from ddpm_studio.gui.platform.images import (
    PICTURE_MIME,
    Pictures,
    compose,
    has_picture,
    paths_from_mime,
    picture_mime,
    pictures_from_mime,
    read_picture,
    to_array,
    to_image,
)
from tests.gui.panel_help import files


@pytest.fixture
def rgb() -> Pictures:
    return np.random.default_rng(1).integers(0, 256, (5, 7, 3), dtype=np.uint8)


def test_a_picture_and_its_image_have_the_same_pixels(rgb: Pictures) -> None:
    image = to_image(rgb)
    assert (image.width(), image.height()) == (7, 5)
    for y in range(5):
        for x in range(7):
            colour = image.pixelColor(x, y)
            assert (colour.red(), colour.green(), colour.blue()) == tuple(rgb[y, x])
    assert np.array_equal(to_array(image), rgb)


def test_gray_stays_gray(rgb: Pictures) -> None:
    gray = rgb[..., :1]
    assert np.array_equal(to_array(to_image(gray)), np.repeat(gray, 3, axis=2))
    image = QImage(3, 2, QImage.Format.Format_Grayscale8)
    image.fill(77)
    assert to_array(image).shape == (2, 3, 1)
    assert (to_array(image) == 77).all()


def test_an_image_owns_its_pixels(rgb: Pictures) -> None:
    before = rgb.copy()
    image = to_image(rgb)
    rgb[...] = 0
    assert np.array_equal(to_array(image), before)


@pytest.mark.parametrize("alpha", [0, 128, 255])
def test_what_is_transparent_stays_so(alpha: int) -> None:
    image = QImage(2, 1, QImage.Format.Format_ARGB32)
    image.fill(QColor(0, 100, 200, alpha))
    colour = [0, 100, 200, alpha] if alpha < 255 else [0, 100, 200]
    assert to_array(image)[0, 1].tolist() == colour


def test_a_pixmap_works_too(qtbot: QtBot, rgb: Pictures) -> None:
    assert np.array_equal(to_array(QPixmap.fromImage(to_image(rgb))), rgb)


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 65), (1, 4, 4, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="uint8"):
        to_image(np.zeros(shape, np.uint8))
    with pytest.raises(ValueError, match="float"):
        to_image(np.zeros((4, 4, 3), np.float32))


def test_a_grid_has_each_picture_in_its_place(pictures: Pictures) -> None:
    sheet = to_array(compose(pictures[:5], columns=3, gap=2, background=(9, 8, 7)))
    assert sheet.shape == (18, 28, 3)
    for index in range(5):
        row, column = divmod(index, 3)
        tile = sheet[row * 10 : row * 10 + 8, column * 10 : column * 10 + 8]
        assert np.array_equal(tile, pictures[index])
    assert (sheet[:, 8:10] == (9, 8, 7)).all()
    assert (sheet[10:, 20:] == (9, 8, 7)).all()


def test_a_row_that_is_not_full_is_a_grid_too(pictures: Pictures) -> None:
    gray = pictures[:2, ..., :1]
    sheet = to_array(compose(gray, columns=3))
    assert np.array_equal(sheet[:, :16], np.concatenate([*gray], axis=1).repeat(3, axis=2))
    assert not sheet[:, 16:].any()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_comes_back_from_a_drag_with_its_recipe(rgb: Pictures, channels: int) -> None:
    sent = rgb[..., :channels]
    [drop] = pictures_from_mime(picture_mime(sent, {"seed": 7, "t": 412}))
    assert np.array_equal(drop.picture, sent)
    assert drop.recipe == {"seed": 7, "t": 412}


def test_other_programs_get_an_image_and_a_png_with_the_recipe(rgb: Pictures) -> None:
    mime = picture_mime(rgb, {"seed": 7})
    assert np.array_equal(to_array(mime.imageData()), rgb)
    png = Image.open(io.BytesIO(mime.data("image/png").data()))
    assert np.array_equal(np.asarray(png.convert("RGB")), rgb)
    assert json.loads(png.info["ddpm-studio"]) == {"seed": 7}


def test_an_image_of_another_program_can_be_taken(rgb: Pictures) -> None:
    mime = QMimeData()
    mime.setImageData(to_image(rgb))
    [drop] = pictures_from_mime(mime)
    assert np.array_equal(drop.picture, rgb)
    assert drop.recipe is None


def header(shape: str, dtype: str = "|u1") -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"null\n",
        b"not json\n" + header("(1, 1, 1)") + b"x",
        b"null\n" + header("(99999, 99999, 3)") + b"x",
        b"null\n" + header("(-1, -1, 1)") + b"x",
        b"null\n" + header("(1, 1, 1)", "|O") + b"x",
        b"null\n" + header("(1, 1, 1)", "<f8") + b"12345678",
        b"null\n" + header("(2, 2)") + b"1234",
        b"[" * 100_000 + b"\n" + header("(1, 1, 1)") + b"x",
    ],
)
def test_a_false_picture_is_no_picture(blob: bytes) -> None:
    mime = QMimeData()
    mime.setData(PICTURE_MIME, blob)
    assert pictures_from_mime(mime) == []


def test_files_are_read_in_order_and_bad_ones_left_out(tmp_path: Path, rgb: Pictures) -> None:
    paths = [tmp_path / "a.png", tmp_path / "broken.png", tmp_path / "b.bmp"]
    Image.fromarray(rgb).save(paths[0])
    paths[1].write_bytes(b"no picture")
    Image.fromarray(rgb[::-1]).save(paths[2])
    mime = files(*paths, tmp_path / "notes.txt")
    drops = pictures_from_mime(mime)
    assert [drop.path for drop in drops] == [paths[0], paths[2]]
    assert np.array_equal(drops[1].picture, rgb[::-1])


def test_only_bad_files_are_an_error_that_names_one(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(StudioError, match=r"broken\.png"):
        pictures_from_mime(files(tmp_path / "broken.png"))


def test_a_turned_photo_is_read_upright(tmp_path: Path) -> None:
    picture = np.zeros((4, 8, 3), np.uint8)
    picture[:, :4] = 255
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(picture).save(tmp_path / "turned.jpg", exif=turned)
    assert read_picture(tmp_path / "turned.jpg").picture.shape == (8, 4, 3)


def test_a_huge_picture_is_refused(
    tmp_path: Path, rgb: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(rgb).save(tmp_path / "big.png")
    monkeypatch.setattr(limits, "MAX_PIXELS", 34)
    with pytest.raises(StudioError, match="7 × 5"):
        read_picture(tmp_path / "big.png")


def test_a_saved_picture_brings_its_recipe(tmp_path: Path, rgb: Pictures) -> None:
    data = picture_mime(rgb, {"sampler": "ddim"}).data("image/png").data()
    (tmp_path / "drawn.png").write_bytes(data)
    assert read_picture(tmp_path / "drawn.png").recipe == {"sampler": "ddim"}


@pytest.mark.parametrize("factor", [3, 10**9, 10**30])
def test_a_factor_that_a_picture_can_not_have_is_not_believed(tmp_path: Path, factor: int) -> None:
    save_png(tmp_path / "drawn.png", np.zeros((1, 8, 8, 3), np.uint8), {"zoom": factor})
    assert read_picture(tmp_path / "drawn.png").picture.shape == (8, 8, 3)


def test_paths_are_local_and_unique(tmp_path: Path) -> None:
    mime = files(tmp_path, tmp_path, tmp_path / "a.png")
    mime.setUrls([*mime.urls(), QUrl("https://example.org/b.png")])
    assert paths_from_mime(mime) == [tmp_path, tmp_path / "a.png"]


def test_what_may_hold_a_picture(tmp_path: Path, rgb: Pictures) -> None:
    assert has_picture(picture_mime(rgb))
    assert has_picture(files(tmp_path / "a.PNG"))
    assert not has_picture(files(tmp_path / "a.txt"))
    assert not has_picture(QMimeData())
