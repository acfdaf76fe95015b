"""Decoding: one picture file of any kind → one Pillow image, gray or RGB, with or without alpha.

Pillow's plugins are called directly and not by ``Image.open``: the kind is known from the first
bytes, so no other parser sees untrusted data, and Pillow's process-wide pixel limit with its
warnings does not apply; the limit here is checked before a pixel is decoded.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageChops,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TgaImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from ddpm_studio.band_chunk import BAND_CHUNK, band_shape, unpack_bands
from ddpm_studio.data.decoding.bit_depth import (
    NO_RANGES,
    Ranges,
    array_to_levels,
    measure_values,
    read_sixteen_bit_image,
    stretch_levels,
    to_eight_bits,
    uint16_to_levels,
)
from ddpm_studio.data.decoding.frames import count_frames, deep_png_frame
from ddpm_studio.data.decoding.limits import too_costly, too_costly_to_decode
from ddpm_studio.data.decoding.mode_conversion import ALPHA_MODES, Decoded, Rgb, flatten, from_array
from ddpm_studio.data.decoding.orientation import orient_array, orient_image, orientation_of
from ddpm_studio.data.decoding.plain_jpeg import plain_jpeg
from ddpm_studio.data.decoding.signatures import HEAD_BYTES, identify, is_truncated
from ddpm_studio.data.decoding.tiff import (
    INTEGERS,
    TiffPage,
    page_beyond_pillow,
    tiff_error_reason,
    unsupported_reason,
    white_is_zero,
)
from ddpm_studio.data.decoding.unsupported import (
    looks_like_tga,
    unsupported_type,
    unsupported_variant,
)
from ddpm_studio.data.decoding.verdicts import UNKNOWN_CONTENT, LargePicture, UnusablePicture
from ddpm_studio.data.items import Pixels
from ddpm_studio.data.values import BYTES, WORDS, Values
from ddpm_studio.errors import printable
from ddpm_studio.picture_shape import MAX_COLOUR_CHANNELS
from ddpm_studio.placeholders import HEAD_BYTES as PLACEHOLDER_HEAD_BYTES
from ddpm_studio.placeholders import detect_placeholder

_Read = TypeVar("_Read")

_OPENERS: dict[str, Callable[[io.BytesIO], ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.jpeg_factory,
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "PPM": PpmImagePlugin.PpmImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "JPEG2000": Jpeg2KImagePlugin.Jpeg2KImageFile,
    "TGA": TgaImagePlugin.TgaImageFile,
}
_GRAY_MODES = frozenset(("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F"))
# Modes whose colours depend on the colour profile in the file.
_INK_MODES = frozenset(("CMYK", "LAB"))
_LARGE_PIXELS = 8_000_000
_LARGE_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class Header:
    """Header of a picture, known before it is decoded.

    ``size`` is (width, height) when upright; ``bands`` the number of channels where these are no
    colours, else 0; ``frames`` the number of frames or pages in its file; ``inks`` the mode, such
    as CMYK, where it is converted to RGB; ``white_is_zero`` the kind of values, "integers" or
    "floats", of a TIFF of more than 8 bits whose smallest value is white: integers are inverted.
    """

    size: tuple[int, int]
    gray: bool
    alpha: bool
    bands: int = 0
    frames: int = 1
    inks: str = ""
    white_is_zero: str = ""

    @property
    def channels(self) -> int:
        """Number of channels, with alpha."""
        return self.bands or (1 if self.gray else 3) + self.alpha


def array_header(pixels: Pixels) -> Header:
    """Return the header of a picture that is an array (H, W, C)."""
    height, width, channels = pixels.shape
    bands = channels if channels > MAX_COLOUR_CHANNELS else 0
    return Header((width, height), channels <= 2, channels in (2, 4), bands)


def decode(
    data: bytes, background: Rgb | None, draft: Callable[[int, int], float] | None
) -> Decoded:
    """Decode a picture file, turned upright; see :meth:`OpenedPicture.decode`.

    Raises:
        UnusablePicture: the file is damaged, truncated, of no known kind or has too many pixels.
    """
    with OpenedPicture(data) as picture:
        return picture.decode(background, draft)


class OpenedPicture:
    """A picture file whose header has been read and is within the limits for decoding.

    Args:
        data: the bytes of the file.
        frame: index of the frame or page, from 0.

    Attributes:
        values: minimum and maximum of its values, once it is decoded; None where they were not
            measured.

    Raises:
        UnusablePicture: the file is damaged, of no known kind or has too many pixels.
    """

    def __init__(self, data: bytes, frame: int = 0) -> None:
        self._data, self._frame = data, frame
        self.values: Values | None = None
        self._image: ImageFile.ImageFile | None = None
        self._tiff_page: TiffPage | None = None
        self._jpeg = plain_jpeg(data) if not frame else None
        if self._jpeg is None:
            self._open()

    def __enter__(self) -> OpenedPicture:
        return self

    def __exit__(self, *error: object) -> None:
        if self._image is not None:
            self._image.__exit__(*error)

    def _open(self) -> None:
        if (kind := identify(self._data[:HEAD_BYTES])) == "TIFF":
            self._tiff_page = page_beyond_pillow(self._data, self._frame)
        png = deep_png_frame(self._data, self._frame) if kind == "PNG" and self._frame else None
        if png is not None:
            self._data, self._frame = png, 0
        if self._tiff_page is None:
            self._image = open_image(self._data, kind)
            if self._frame:
                self._seek_frame(self._image)

    def _seek_frame(self, image: ImageFile.ImageFile) -> None:
        try:
            image.seek(self._frame)
        except MemoryError:
            raise
        except Exception as error:  # untrusted bytes make the plugins raise nearly anything
            raise UnusablePicture(_failure_reason(self._data, error)) from error

    def header(self) -> Header:
        """Return the header of the picture; to be called before :meth:`decode`."""
        if self._jpeg is not None:
            return Header(self._jpeg.size, self._jpeg.mode == "L", alpha=False)
        kind = identify(self._data[:HEAD_BYTES])
        frames = 1 if self._frame or kind is None else count_frames(kind, self._data)
        if self._tiff_page is not None:
            return _page_header(self._tiff_page, frames)
        assert self._image is not None
        image = self._image
        if kind == "AVIF":
            frames = 1 if self._frame else int(getattr(image, "n_frames", 1))
        width, height = image.size
        # For TIFF, Pillow gives the size when upright.
        if image.format != "TIFF" and orientation_of(image) >= 5:
            width, height = height, width
        if (chunk := _band_chunk(image)) is not None:
            height, width, bands = _read_or_reject(band_shape, chunk, image.size)
            return Header((width, height), gray=False, alpha=False, bands=bands)
        return Header(
            (width, height),
            image.mode in _GRAY_MODES,
            image.mode in ALPHA_MODES or "transparency" in image.info,
            frames=frames,
            inks=image.mode if image.mode in _INK_MODES else "",
            white_is_zero=white_is_zero(image),
        )

    def decode(
        self,
        background: Rgb | None,
        draft: Callable[[int, int], float] | None,
        *,
        large: bool = True,
        ranges: Ranges = NO_RANGES,
        measure: bool = False,
        invert: bool = True,
    ) -> Decoded:
        """Return the decoded picture as an image of mode L or RGB, turned upright.

        A picture whose channels are bands, not colours, is returned as an array of them.

        Args:
            background: colour behind transparent pixels; None keeps transparency, and the mode
                may then be LA or RGBA too.
            draft: maps (width, height) to a sufficient scale; a JPEG is then decoded at a reduced
                size.
            large: whether to decode the picture if that takes much memory.
            ranges: the values that become levels 0 and 255, by dtype; for a missing dtype they
                follow from the dtype or the values themselves.
            measure: whether to set ``values`` for 8-bit pictures; for others they are always set.
            invert: whether to invert TIFFs of 16 bits whose smallest value is white, as version
                0.1.0 did not.

        Raises:
            UnusablePicture: the file is damaged or truncated, or its values have no known meaning.
            LargePicture: ``large`` is False and decoding takes much memory.
        """
        if self._tiff_page is not None:
            return self._decode_page(self._tiff_page, background, ranges, large)
        jpeg = self._jpeg
        if jpeg is not None and (draft is None or draft(*jpeg.size) >= 1):
            with suppress(Exception):  # the full reader says what is wrong
                return self._rescale_bytes(jpeg.decode(self._data), ranges, measure)
        if self._image is None:
            self._image = open_image(self._data, identify(self._data[:HEAD_BYTES]))
        image = self._image
        if (chunk := _band_chunk(image)) is not None:
            return _read_or_reject(unpack_bands, chunk, image.size)
        scale = 1.0 if draft is None else draft(*image.size)
        if scale < 1 and image.format in ("JPEG", "MPO"):
            width, height = image.size
            image.draft(None, (int(np.ceil(width * scale)), int(np.ceil(height * scale))))
        is_large = image.width * image.height > _LARGE_PIXELS
        if is_large and not large:
            raise LargePicture
        try:
            # To bound the use of memory, only one thread decodes a large picture at a time.
            with _LARGE_LOCK if is_large else nullcontext():
                image.load()
                levels = self._to_levels(image, ranges, measure)
                if invert and white_is_zero(image) == INTEGERS:
                    levels = ImageChops.invert(levels)
                return _flatten_upright(image, levels, background, scale if is_large else 1.0)
        except (MemoryError, UnusablePicture):
            raise
        except Exception as error:  # untrusted bytes make the plugins raise nearly anything
            raise UnusablePicture(_failure_reason(self._data, error)) from error

    def _to_levels(self, image: ImageFile.ImageFile, ranges: Ranges, measure: bool) -> Image.Image:
        """Return a loaded image of any bit depth with values converted to levels 0..255."""
        if image.mode.startswith("I") or image.mode == "F":
            self.values = measure_values(image)
            return to_eight_bits(image, self.values, ranges)
        sixteen_bit = read_sixteen_bit_image(self._data, image, self._frame)
        if sixteen_bit is not None:
            self.values = sixteen_bit.values
            range_ = ranges.get(sixteen_bit.values.dtype)
            return image if range_ in (None, WORDS) else sixteen_bit.levels(range_)
        return self._rescale_bytes(image, ranges, measure)

    def _rescale_bytes(self, image: Image.Image, ranges: Ranges, measure: bool) -> Image.Image:
        if image.mode not in ("L", "LA", "RGB", "RGBA"):
            return image
        if measure:
            self.values = measure_values(image)
        range_ = ranges.get("uint8", BYTES)
        return image if range_ == BYTES else stretch_levels(image, range_)

    def _decode_page(
        self, page: TiffPage, background: Rgb | None, ranges: Ranges, large: bool
    ) -> Decoded:
        is_large = page.width * page.height * page.bands > _LARGE_PIXELS
        if is_large and not large:
            raise LargePicture
        try:
            with _LARGE_LOCK if is_large else nullcontext():
                samples = page.read(self._data)
                self.values = Values.of(samples)
                if page.bands > 1 and self.values.dtype == "uint16":
                    # As Pillow does for the colours of 16 bits that it can read.
                    range_ = ranges.get("uint16", WORDS)
                    pixels = uint16_to_levels(samples, range_)
                else:
                    pixels = array_to_levels(samples, self.values, ranges)
                    # Levels, as the values may use fewer bits than the file has.
                    pixels = ~pixels if page.white_is_zero == INTEGERS else pixels
        except ValueError as error:
            raise UnusablePicture(tiff_error_reason(error)) from error
        upright = orient_array(pixels, page.orientation)
        return upright if _page_header(page, 1).bands else from_array(upright, background)


def _page_header(page: TiffPage, frames: int) -> Header:
    width, height = page.upright_size
    is_colour = page.bands in (1, 3) or page.alpha
    bands = 0 if is_colour else page.bands
    gray = page.bands <= 2 and is_colour
    negative = page.white_is_zero
    return Header((width, height), gray, page.alpha, bands, frames, white_is_zero=negative)


def _flatten_upright(
    image: ImageFile.ImageFile, levels: Image.Image, background: Rgb | None, scale: float
) -> Image.Image:
    # Read after loading: Pillow has turned a TIFF upright by then.
    orientation = orientation_of(image)
    flat = flatten(levels, background)
    if flat is not image:
        image.close()
    if (factor := int(1 / scale)) > 1:
        flat = flat.reduce(factor)
    return orient_image(flat, orientation)


def open_image(data: bytes, kind: str | None) -> ImageFile.ImageFile:
    """Open a picture file with Pillow and check the limits for decoding.

    Raises:
        UnusablePicture: the file is damaged, of no known kind or has too many pixels.
    """
    if not data:
        raise UnusablePicture("empty file")
    if kind is None and looks_like_tga(data):
        kind = "TGA"
    if kind is None:
        placeholder = detect_placeholder(data[:PLACEHOLDER_HEAD_BYTES], len(data))
        if placeholder is not None:
            raise UnusablePicture(placeholder.reason)
        raise UnusablePicture(unsupported_type(data) or UNKNOWN_CONTENT)
    if (reason := too_costly(kind, data)) is not None:
        raise UnusablePicture(reason)
    try:
        image = _OPENERS[kind](io.BytesIO(data))
    except MemoryError:
        raise
    except Exception as error:  # untrusted bytes make the plugins raise nearly anything
        if kind == "TIFF" and ("pixel mode" in str(error) or isinstance(error.__cause__, KeyError)):
            raise UnusablePicture(f"not read here: {unsupported_reason(data)}") from error
        raise UnusablePicture(_failure_reason(data, error)) from error
    if (reason := too_costly_to_decode(kind, data, image)) is not None:
        image.close()
        raise UnusablePicture(reason)
    return image


def _band_chunk(image: ImageFile.ImageFile) -> bytes | None:
    """Return the band chunk, compressed, of a PNG written by this program; None without one."""
    chunks: list[tuple[bytes, bytes]] = getattr(image, "private_chunks", [])
    return next((chunk[1] for chunk in chunks if chunk[0] == BAND_CHUNK), None)


def _read_or_reject(
    read: Callable[[bytes, tuple[int, int]], _Read], chunk: bytes, size: tuple[int, int]
) -> _Read:
    try:
        return read(chunk, size)
    except ValueError as error:
        raise UnusablePicture(f"damaged: {error}") from error


def _failure_reason(data: bytes, error: Exception) -> str:
    if (reason := unsupported_variant(data)) is not None:
        return reason
    message = printable(str(error), 100)
    if isinstance(error, EOFError) or "truncated" in message.lower() or is_truncated(data):
        return "truncated"
    return f"damaged: {message or type(error).__name__}"
