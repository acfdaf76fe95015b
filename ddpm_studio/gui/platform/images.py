"""Image conversion between NumPy, Qt and the clipboard: copied, size-limited, never pickled."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData, QObject, Signal
from PySide6.QtGui import QImage, QPixmap

from ddpm_studio import data
from ddpm_studio.data.formats.npy_header import read_npy_header
from ddpm_studio.errors import StudioError
from ddpm_studio.export import ZOOM_KEY, read_recipe, zoom, zoom_of
from ddpm_studio.export.text_metadata import MAX_RECIPE_BYTES, RECIPE_KEY
from ddpm_studio.picture_shape import (
    FIRST_BANDS,
    MAX_BANDS,
    MAX_COLOUR_CHANNELS,
    Bands,
    PictureShape,
    bands_of,
)
from ddpm_studio.strict_json import parse_object

Pictures = npt.NDArray[np.uint8]
"""Either one picture (H, W, C) or several (N, H, W, C), 0..255."""

PICTURE_MIME = "application/x-ddpm-picture"
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"})

MAX_PIXELS = 64_000_000
MAX_BYTES = 256 * 2**20
MAX_DROPS = 64


@dataclass(frozen=True)
class PictureDrop:
    """One picture that was dropped or pasted.

    Args:
        picture: uint8 (H, W, C).
        recipe: the recipe that it was drawn by, if it has one.
        path: the file it came from, if any.
    """

    picture: Pictures
    recipe: dict[str, object] | None = None
    path: Path | None = None


class BandSelection(QObject):
    """Band selection for pictures of more than four channels, shared by the whole window."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._bands = FIRST_BANDS

    @property
    def bands(self) -> Bands:
        """The channel indices shown as red, green and blue, from 0."""
        return self._bands

    @bands.setter
    def bands(self, bands: Bands) -> None:
        if bands != self._bands:
            self._bands = bands
            self.changed.emit()


_band_selection: BandSelection | None = None


def band_selection() -> BandSelection:
    """Return the window's band selection, a singleton."""
    global _band_selection
    if _band_selection is None:
        _band_selection = BandSelection()
    return _band_selection


def to_bgra(pictures: Pictures) -> Pictures:
    """Return uint8 (..., H, W, 4) in the byte order of ``QImage.Format_RGB32`` and ``ARGB32``."""
    pixels = np.empty((*pictures.shape[:-1], 4), np.uint8)
    pixels[..., 3] = 255
    _write_bgra(pixels, pictures)
    return pixels


def _write_bgra(pixels: Pictures, pictures: Pictures) -> None:
    """Write pictures as BGRA, channel by channel, which is several times faster."""
    channels = pictures.shape[-1]
    if channels > MAX_COLOUR_CHANNELS:
        red, green, blue = bands_of(pictures, band_selection().bands)
    else:
        red, green, blue = (0, 1, 2) if channels >= 3 else (0, 0, 0)
    for channel, band in enumerate((blue, green, red)):
        pixels[..., channel] = pictures[..., band]
    if channels in (2, 4):
        pixels[..., 3] = pictures[..., -1]


def to_image(picture: Pictures) -> QImage:
    """Return one picture (H, W, C) as a QImage that owns its pixels.

    Raises:
        ValueError: the array is not uint8 or not of that shape.
    """
    if picture.dtype != np.uint8 or picture.ndim != 3 or not 0 < picture.shape[2] <= MAX_BANDS:
        raise ValueError(f"a picture is uint8 (H, W, C), not {picture.dtype} {picture.shape}")
    return _wrap(to_bgra(picture), alpha=PictureShape.of(picture).has_alpha)


def compose(
    pictures: Pictures, columns: int, gap: int = 0, background: tuple[int, int, int] = (0, 0, 0)
) -> QImage:
    """Tile pictures (N, H, W, C) row by row into one QImage.

    Args:
        pictures: uint8, N at least 1.
        columns: tiles in a row.
        gap: pixels between tiles, not around them.
        background: red, green and blue of gaps and of unused tiles in the last row.
    """
    count, height, width, channels = pictures.shape
    rows = -(-count // columns)
    sheet = np.empty((rows, height + gap, columns, width + gap, 4), np.uint8)
    sheet[...] = (*background[::-1], 255)
    # A view of the sheet, tile by tile: pixels are written in place, without a copy.
    tiles = sheet.swapaxes(1, 2)[:, :, :height, :width]
    full_rows = count // columns
    _write_bgra(
        tiles[:full_rows],
        pictures[: full_rows * columns].reshape(*tiles[:full_rows].shape[:-1], channels),
    )
    if full_rows < rows:
        _write_bgra(
            tiles[full_rows, : count - full_rows * columns], pictures[full_rows * columns :]
        )
    sheet = sheet.reshape(rows * (height + gap), columns * (width + gap), 4)
    sheet = sheet[: sheet.shape[0] - gap, : sheet.shape[1] - gap]
    return _wrap(sheet, alpha=PictureShape.of(pictures).has_alpha)


def _wrap(pixels: Pictures, *, alpha: bool) -> QImage:
    pixels = np.ascontiguousarray(pixels)
    height, width, _ = pixels.shape
    kind = QImage.Format.Format_ARGB32 if alpha else QImage.Format.Format_RGB32
    image = QImage(pixels.data, width, height, 4 * width, kind)
    # QImage does not own the array's buffer: it must copy it before the array is freed.
    return image.copy()


def to_array(source: QImage | QPixmap) -> Pictures:
    """Return an image as uint8 (H, W, C): C = 1 for gray formats, else 3; 4 with transparency."""
    image = source.toImage() if isinstance(source, QPixmap) else source
    gray = (QImage.Format.Format_Grayscale8, QImage.Format.Format_Grayscale16)
    if image.format() in gray:
        return _pixels(image.convertToFormat(QImage.Format.Format_Grayscale8), 1)
    if not image.hasAlphaChannel():
        return _pixels(image.convertToFormat(QImage.Format.Format_RGB888), 3)
    rgba = _pixels(image.convertToFormat(QImage.Format.Format_RGBA8888), 4)
    # Many programs add an alpha channel even to opaque images.
    return rgba if (rgba[..., 3] < 255).any() else rgba[..., :3].copy()


def _pixels(image: QImage, channels: int) -> Pictures:
    height, width, stride = image.height(), image.width(), image.bytesPerLine()
    rows = np.frombuffer(image.constBits(), np.uint8, height * stride).reshape(height, stride)
    return rows[:, : width * channels].reshape(height, width, channels).copy()


def read_picture(path: Path) -> PictureDrop:
    """Read one image file, with its orientation applied and its alpha channel kept.

    A picture that was saved enlarged by a whole factor is returned at its original size.

    Raises:
        StudioError: the file can't be read, is not a picture, or is too large.
    """
    # Not with Qt: its image plug-ins accept many more formats and enforce fewer limits.
    picture, recipe = data.read_picture(path, alpha=True), read_recipe(path)
    factor = zoom_of(recipe)
    reduced = picture[::factor, ::factor]
    # A file may claim any factor; enlarging by one that does not divide could use all memory.
    divides = not any(side % factor for side in picture.shape[:2])
    if recipe is not None and divides and np.array_equal(zoom(reduced, factor), picture):
        recipe = {key: value for key, value in recipe.items() if key != ZOOM_KEY}
        picture = np.ascontiguousarray(reduced)
    return PictureDrop(picture, recipe, path)


def _recipe(text: str | bytes) -> dict[str, object] | None:
    try:
        return parse_object(text, MAX_RECIPE_BYTES)
    except ValueError:
        return None


def picture_mime(picture: Pictures, recipe: dict[str, object] | None = None) -> QMimeData:
    """Return a picture (H, W, C) as MIME data for the clipboard or for drag and drop.

    Three formats are offered: an image for any program, a PNG with the recipe in its text
    metadata, and the exact pixels with the recipe for this program.
    """
    image = to_image(picture)
    mime = QMimeData()
    mime.setImageData(image)
    line = json.dumps(recipe, default=str)
    if recipe is not None:
        image.setText(RECIPE_KEY, line)
    encoded = QBuffer()
    encoded.open(QIODevice.OpenModeFlag.WriteOnly)
    # PySide's stubs declare bytes, but the format's name is a str.
    image.save(encoded, "PNG")  # type: ignore[call-overload]
    mime.setData("image/png", encoded.data())
    exact = io.BytesIO()
    exact.write(line.encode() + b"\n")
    np.lib.format.write_array(exact, np.ascontiguousarray(picture), allow_pickle=False)
    mime.setData(PICTURE_MIME, QByteArray(exact.getvalue()))
    return mime


def has_picture(mime: QMimeData) -> bool:
    """Whether :func:`pictures_from_mime` is likely to find pictures, judged without decoding."""
    return (
        mime.hasFormat(PICTURE_MIME)
        or mime.hasImage()
        or any(path.suffix.lower() in SUFFIXES for path in paths_from_mime(mime))
    )


def pictures_from_mime(mime: QMimeData) -> list[PictureDrop]:
    """Return the pictures in a drop or paste, at most ``MAX_DROPS``; empty if there are none.

    Raises:
        StudioError: there are image files, but none of them can be read.
    """
    if mime.hasFormat(PICTURE_MIME):
        drop = _decode_exact(bytes(mime.data(PICTURE_MIME).data()))
        if drop is not None:
            return [drop]
    files = [path for path in paths_from_mime(mime) if path.suffix.lower() in SUFFIXES]
    if files:
        return _read_files(files[:MAX_DROPS])
    if mime.hasImage():
        image = mime.imageData()
        if isinstance(image, QPixmap):
            image = image.toImage()
        if (
            isinstance(image, QImage)
            and not image.isNull()
            and image.width() * image.height() <= MAX_PIXELS
        ):
            return [PictureDrop(to_array(image), _recipe(image.text(RECIPE_KEY)))]
    return []


def _read_files(files: list[Path]) -> list[PictureDrop]:
    drops, first = [], None
    for path in files:
        try:
            drops.append(read_picture(path))
        except StudioError as error:
            first = first or error
    if not drops and first is not None:
        raise first
    return drops


def _decode_exact(blob: bytes) -> PictureDrop | None:
    """Decode the format written by :func:`picture_mime`; None if it is anything else."""
    line, _, array = blob.partition(b"\n")
    if len(blob) > MAX_BYTES:
        return None
    stream = io.BytesIO(array)
    try:
        recipe = None if line == b"null" else parse_object(line, MAX_RECIPE_BYTES)
        header = read_npy_header(stream)
    except ValueError:
        return None
    shape, pixels = header.shape, array[header.offset :]
    if header.dtype != np.uint8 or header.fortran or len(shape) != 3 or shape[2] > MAX_BANDS:
        return None
    if min(shape) < 1 or len(pixels) != header.size:
        return None
    return PictureDrop(np.frombuffer(pixels, np.uint8).reshape(shape).copy(), recipe)


def paths_from_mime(mime: QMimeData) -> list[Path]:
    """Return the local files and folders in a drop, without repeats."""
    local = (Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile())
    return list(dict.fromkeys(local))
