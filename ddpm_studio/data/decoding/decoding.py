"""One picture file of any kind → one Pillow image, gray or RGB, with alpha or without.

Plugins are called directly and not by ``Image.open``: the kind is known from the first
bytes, so no other parser sees untrusted data, and Pillow's process-wide pixel limit with
its warnings stays out of play; the limit here is checked before a pixel is decoded.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from PIL import (
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from ddpm_studio.band_chunk import BAND_CHUNK, band_shape, unpack_bands
from ddpm_studio.data.decoding.limits import too_costly, too_costly_to_decode
from ddpm_studio.data.decoding.plain_jpeg import plain_jpeg
from ddpm_studio.data.items import Pixels
from ddpm_studio.errors import plain
from ddpm_studio.picture_shape import MOST_COLOURS

_Read = TypeVar("_Read")

HEAD_BYTES = 16
_COMMON_SUFFIXES = {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".dib"}
PICTURE_SUFFIXES = frozenset(_COMMON_SUFFIXES | {".tif", ".tiff", ".pbm", ".pgm", ".ppm", ".pnm"})

Rgb = tuple[int, int, int]
Decoded = Image.Image | Pixels
"""An image of mode L, LA, RGB or RGBA, or an array (H, W, C) of any number of bands."""

_OPENERS: dict[str, Callable[[io.BytesIO], ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.jpeg_factory,
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "PPM": PpmImagePlugin.PpmImageFile,
}
_GRAY_MODES = frozenset(("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F"))
_ALPHA_MODES = frozenset(("LA", "La", "PA", "RGBA", "RGBa"))
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LARGE_PIXELS = 8_000_000
_ONE_LARGE = threading.Lock()
_STRIP_PIXELS = 1 << 20
_MAX_EXIF_BYTES = 1 << 20
_EXIF_KEYS = ("exif", "xmp", "Raw profile type exif", "XML:com.adobe.xmp")


class Unusable(Exception):  # noqa: N818 - a verdict on a picture, not a fault of the program
    """A picture that can't be used; its text is the reason for the report."""


class Large(Exception):  # noqa: N818 - a verdict on a picture, not a fault of the program
    """A picture that takes so much memory that one at a time is enough."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture says of itself before it is decoded: (width, height) as it is shown.

    ``bands``: how many channels it has where these are no colours, else 0.
    """

    size: tuple[int, int]
    gray: bool
    alpha: bool
    bands: int = 0

    @property
    def channels(self) -> int:
        """How many channels it has."""
        return self.bands or (1 if self.gray else 3) + self.alpha


def identify(head: bytes) -> str | None:
    """Return the kind of picture that begins with these bytes, or None."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0":
        return "BMP"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace():
        return "PPM"
    return None


def read_header(data: bytes) -> Header:
    """Return size and mode of a picture file.

    Raises:
        Unusable: it is damaged, of no known kind or has too many pixels.
    """
    with Opened(data) as picture:
        return picture.header()


def array_header(pixels: Pixels) -> Header:
    """Return the header of a picture that is an array (H, W, C)."""
    height, width, channels = pixels.shape
    bands = channels if channels > MOST_COLOURS else 0
    return Header((width, height), channels <= 2, channels in (2, 4), bands)


def decode(
    data: bytes, background: Rgb | None, draft: Callable[[int, int], float] | None
) -> Decoded:
    """Return a picture file, turned upright; see :meth:`Opened.decode`.

    Raises:
        Unusable: it is damaged, truncated, of no known kind or has too many pixels.
    """
    with Opened(data) as picture:
        return picture.decode(background, draft)


class Opened:
    """A picture file whose header has been read, and judged fit to be decoded.

    Raises:
        Unusable: it is damaged, of no known kind or has too many pixels.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._plain = plain_jpeg(data)
        self._image = _open(data) if self._plain is None else None

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *error: object) -> None:
        if self._image is not None:
            self._image.__exit__(*error)

    def header(self) -> Header:
        """Return size and mode; to be asked before it is decoded."""
        if self._plain is not None:
            return Header(self._plain.size, self._plain.mode == "L", alpha=False)
        assert self._image is not None
        image = self._image
        width, height = image.size
        # TIFF's size is given turned already.
        if image.format != "TIFF" and _orientation(image) >= 5:
            width, height = height, width
        if (content := _own_bands(image)) is not None:
            height, width, bands = _checked(band_shape, content, image.size)
            return Header((width, height), gray=False, alpha=False, bands=bands)
        return Header(
            (width, height),
            image.mode in _GRAY_MODES,
            image.mode in _ALPHA_MODES or "transparency" in image.info,
        )

    def decode(
        self,
        background: Rgb | None,
        draft: Callable[[int, int], float] | None,
        *,
        large: bool = True,
    ) -> Decoded:
        """Return it as an image of mode L or RGB, turned upright; of several frames the first.

        A picture with bands of its own is an array of these.

        Args:
            background: colour behind transparent pixels; None: they stay transparent, and the
                mode may be LA or RGBA too.
            draft: from (width, height) the scale that is enough; JPEG is then decoded smaller.
            large: whether to decode it if that takes much memory.

        Raises:
            Unusable: it is damaged or truncated.
            Large: it takes much memory.
        """
        easy = self._plain
        if easy is not None and (draft is None or draft(*easy.size) >= 1):
            with suppress(Exception):  # the full reader says what is wrong
                return easy.decode(self._data)
        image = self._image = self._image or _open(self._data)
        if (content := _own_bands(image)) is not None:
            return _checked(unpack_bands, content, image.size)
        scale = 1.0 if draft is None else draft(*image.size)
        if scale < 1 and image.format in ("JPEG", "MPO"):
            width, height = image.size
            image.draft(None, (int(np.ceil(width * scale)), int(np.ceil(height * scale))))
        is_large = image.width * image.height > _LARGE_PIXELS
        if is_large and not large:
            raise Large
        try:
            # Memory is for one of them at a time, however many are decoded side by side.
            with _ONE_LARGE if is_large else nullcontext():
                return _decoded(image, background, scale if is_large else 1.0)
        except (MemoryError, Unusable):
            raise
        except Exception as error:  # untrusted bytes make the plugins raise nearly anything
            raise Unusable(_reason(self._data, error)) from error


def _decoded(image: ImageFile.ImageFile, background: Rgb | None, scale: float) -> Image.Image:
    image.load()
    # Asked once it is loaded: a TIFF is upright then.
    turn = _TURNS.get(_orientation(image))
    flat = flatten(image, background)
    if flat is not image:
        image.close()
    if (factor := int(1 / scale)) > 1:
        flat = flat.reduce(factor)
    return flat if turn is None else flat.transpose(turn)


def from_array(pixels: Pixels, background: Rgb | None) -> Decoded:
    """Return an array (H, W, C) as :meth:`Opened.decode` does a file; bands stay what they are."""
    if pixels.shape[2] > MOST_COLOURS:
        return pixels
    squeezed = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
    return flatten(Image.fromarray(np.ascontiguousarray(squeezed)), background)


def flatten(image: Image.Image, background: Rgb | None) -> Image.Image:
    """Return an image of any mode as L or RGB, composited where it is transparent.

    Without a background it stays transparent, and the mode may be LA or RGBA too.
    """
    mode = image.mode
    if mode in ("L", "RGB") and "transparency" not in image.info:
        return image
    if mode.startswith("I") or mode == "F":
        return _eight_bits(image)
    transparent = mode in _ALPHA_MODES or "transparency" in image.info
    if transparent and background is None:
        wanted = "LA" if mode in ("LA", "La") else "RGBA"
        return image if mode == wanted else image.convert(wanted)
    if background is None:
        background = (0, 0, 0)  # There is nothing to see it through.
    flat = Image.new("L" if mode == "1" and not transparent else "RGB", image.size, background[0])
    # Strip by strip: the whole picture need not be there a third and a fourth time.
    for strip, place in _strips(image):
        if transparent:
            if mode in ("La", "RGBa"):
                strip = strip.convert("LA" if mode == "La" else "RGBA")
            rgba = strip.convert("RGBA")
            flat.paste(background, (*place, place[0] + strip.width, place[1] + strip.height))
            flat.paste(rgba, place, rgba.getchannel("A"))
        else:
            flat.paste(strip.convert(flat.mode), place)
    return flat


def _strips(image: Image.Image) -> Iterator[tuple[Image.Image, tuple[int, int]]]:
    rows = max(1, _STRIP_PIXELS // max(1, image.width))
    for top in range(0, image.height, rows):
        bottom = min(image.height, top + rows)
        yield image.crop((0, top, image.width, bottom)), (0, top)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return numbers of more than 8 bits as gray levels; floats are 0..1 or 0..255."""
    ends = [end for strip, _ in _strips(image) for end in _ends(np.asarray(strip))]
    low, high = float(np.min(ends)), float(np.max(ends))
    floats = image.mode == "F"
    # Written such that a NaN fails it.
    if floats and not (low >= 0 and high <= 255):
        raise Unusable("values out of range: floats outside 0 to 255")
    if not floats and (low < 0 or high > 65535):
        raise Unusable("values out of range: more than 16 bits")
    scale = (255.0 if high <= 1 else 1.0) if floats else 1 / 257
    flat = Image.new("L", image.size)
    for strip, place in _strips(image):
        levels = np.rint(np.asarray(strip).astype(np.float64) * scale).astype(np.uint8)
        flat.paste(Image.fromarray(levels), place)
    return flat


def _ends(values: np.ndarray) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _open(data: bytes) -> ImageFile.ImageFile:
    if not data:
        raise Unusable("empty file")
    kind = identify(data[:HEAD_BYTES])
    if kind is None:
        raise Unusable("damaged: its content is no picture")
    if (why := too_costly(kind, data)) is not None:
        raise Unusable(why)
    try:
        image = _OPENERS[kind](io.BytesIO(data))
    except MemoryError:
        raise
    except Exception as error:  # untrusted bytes make the plugins raise nearly anything
        raise Unusable(_reason(data, error)) from error
    if (why := too_costly_to_decode(kind, data, image)) is not None:
        image.close()
        raise Unusable(why)
    return image


def _own_bands(image: ImageFile.ImageFile) -> bytes | None:
    """Return the bands that our own PNG files carry beside what they show, packed."""
    chunks: list[tuple[bytes, bytes]] = getattr(image, "private_chunks", [])
    return next((chunk[1] for chunk in chunks if chunk[0] == BAND_CHUNK), None)


def _checked(
    read: Callable[[bytes, tuple[int, int]], _Read], content: bytes, shown: tuple[int, int]
) -> _Read:
    try:
        return read(content, shown)
    except ValueError as error:
        raise Unusable(f"damaged: {error}") from error


def _orientation(image: ImageFile.ImageFile) -> int:
    notes = [image.info[key] for key in _EXIF_KEYS if key in image.info]
    if not notes or any(len(note) > _MAX_EXIF_BYTES for note in notes):
        return 1
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # a picture is not worse for a broken note about the camera
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _reason(data: bytes, error: Exception) -> str:
    message = plain(str(error), 100)
    if isinstance(error, EOFError) or "truncated" in message.lower() or _cut_short(data):
        return "truncated"
    return f"damaged: {message or type(error).__name__}"


def _cut_short(data: bytes) -> bool:
    kind = identify(data[:HEAD_BYTES])
    if kind == "JPEG":
        return b"\xff\xd9" not in data[-64:]
    if kind == "PNG":
        return b"IEND" not in data[-64:]
    if kind == "WEBP":
        return len(data) < 8 + int.from_bytes(data[4:8], "little")
    if kind == "GIF":
        return not data.endswith(b";")
    if kind == "BMP":
        return len(data) < int.from_bytes(data[2:6], "little")
    return False
