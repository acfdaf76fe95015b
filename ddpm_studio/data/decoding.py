"""One picture file of any kind → one Pillow image, gray or RGB, nothing transparent.

Plugins are called directly and not by ``Image.open``: the kind is known from the first
bytes, so no other parser sees untrusted data, and Pillow's process-wide pixel limit with
its warnings stays out of play; the limit here is checked before a pixel is decoded.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import (
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageFile,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from ddpm_studio.data.items import Pixels

MAX_PIXELS = 64_000_000
HEAD_BYTES = 16
_COMMON_SUFFIXES = {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".dib"}
PICTURE_SUFFIXES = frozenset(_COMMON_SUFFIXES | {".tif", ".tiff", ".pbm", ".pgm", ".ppm", ".pnm"})

Rgb = tuple[int, int, int]

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
_EXIF_KEYS = ("exif", "xmp", "Raw profile type exif", "XML:com.adobe.xmp")


class Unusable(Exception):  # noqa: N818 - a verdict on a picture, not a fault of the program
    """A picture that can't be used; its text is the reason for the report."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture says of itself before it is decoded: (width, height) as it is shown."""

    size: tuple[int, int]
    gray: bool
    alpha: bool


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
    with _open(data) as image:
        width, height = image.size
        # TIFF's size is given turned already.
        if image.format != "TIFF" and _orientation(image) >= 5:
            width, height = height, width
        return Header(
            (width, height),
            image.mode in _GRAY_MODES,
            image.mode in _ALPHA_MODES or "transparency" in image.info,
        )


def array_header(pixels: Pixels) -> Header:
    """Return the header of a picture that is an array (H, W, C)."""
    height, width, channels = pixels.shape
    return Header((width, height), channels <= 2, channels in (2, 4))


def decode(data: bytes, background: Rgb, draft: Callable[[int, int], float] | None) -> Image.Image:
    """Return a picture file as an image of mode L or RGB, turned upright.

    Args:
        data: the whole file; of several frames the first is taken.
        background: colour behind transparent pixels.
        draft: from (width, height) the scale that is enough; JPEG is then decoded smaller.

    Raises:
        Unusable: it is damaged, truncated, of no known kind or has too many pixels.
    """
    with _open(data) as image:
        if draft is not None and image.format in ("JPEG", "MPO"):
            scale = draft(*image.size)
            if scale < 1:
                width, height = image.size
                image.draft(None, (int(np.ceil(width * scale)), int(np.ceil(height * scale))))
        try:
            image.load()
            turned = ImageOps.exif_transpose(image) if _orientation(image) != 1 else image
            return flatten(turned, background)
        except (MemoryError, Unusable):
            raise
        except Exception as error:  # untrusted bytes make the plugins raise nearly anything
            raise Unusable(_reason(data, error)) from error


def from_array(pixels: Pixels, background: Rgb) -> Image.Image:
    """Return an array (H, W, C), C from 1 to 4, as an image of mode L or RGB."""
    squeezed = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
    return flatten(Image.fromarray(np.ascontiguousarray(squeezed)), background)


def flatten(image: Image.Image, background: Rgb) -> Image.Image:
    """Return an image of any mode as L or RGB, composited where it is transparent."""
    mode = image.mode
    if mode in _ALPHA_MODES or "transparency" in image.info:
        if mode in ("La", "RGBa"):
            image = image.convert("LA" if mode == "La" else "RGBA")
        rgba = image.convert("RGBA")
        flat = Image.new("RGB", rgba.size, background)
        flat.paste(rgba, mask=rgba.getchannel("A"))
        return flat
    if mode in ("L", "RGB"):
        return image
    if mode == "1":
        return image.convert("L")
    if mode.startswith("I") or mode == "F":
        return Image.fromarray(_to_eight_bits(np.asarray(image)))
    return image.convert("RGB")


def _to_eight_bits(values: np.ndarray) -> Pixels:
    low, high = float(values.min()), float(values.max())
    if values.dtype.kind == "f":
        if not (low >= 0 and high <= 255):
            raise Unusable("values out of range: floats outside 0 to 255")
        return np.rint(values * (255.0 if high <= 1 else 1.0)).astype(np.uint8)
    if low < 0 or high > 65535:
        raise Unusable("values out of range: more than 16 bits")
    return np.rint(values.astype(np.float32) / 257).astype(np.uint8)


def _open(data: bytes) -> ImageFile.ImageFile:
    if not data:
        raise Unusable("empty file")
    kind = identify(data[:HEAD_BYTES])
    if kind is None:
        raise Unusable("damaged: its content is no picture")
    try:
        image = _OPENERS[kind](io.BytesIO(data))
    except MemoryError:
        raise
    except Exception as error:  # untrusted bytes make the plugins raise nearly anything
        raise Unusable(_reason(data, error)) from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        image.close()
        raise Unusable(f"too large: {width}×{height} pixels")
    return image


def _orientation(image: ImageFile.ImageFile) -> int:
    if not any(key in image.info for key in _EXIF_KEYS):
        return 1
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # a picture is not worse for a broken note about the camera
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _reason(data: bytes, error: Exception) -> str:
    message = " ".join(str(error).split())
    if isinstance(error, EOFError) or "truncated" in message.lower() or _cut_short(data):
        return "truncated"
    return f"damaged: {message[:100] or type(error).__name__}"


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
