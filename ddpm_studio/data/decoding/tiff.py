"""TIFF reader for any number of bands and sample formats that Pillow does not support.

TIFF 6.0 (Adobe, 1992) with BigTIFF, the floating-point predictor of TIFF Technical Note 3 and the
sample formats of chapter 19: strips and tiles, chunky or planar; uncompressed, LZW, Deflate or
PackBits.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ImageFile, TiffImagePlugin

Array = npt.NDArray[Any]

_MAX_TAGS, _MAX_VALUES = 4096, 1 << 18
_MAX_BYTES = 1 << 30
# Python takes about a microsecond for each byte of LZW.
_MAX_LZW_BYTES = 1 << 22
_TYPE_LETTERS = {
    1: "B",
    2: "B",
    3: "H",
    4: "I",
    6: "b",
    7: "B",
    8: "h",
    9: "i",
    13: "I",
    16: "Q",
    18: "Q",
}
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIPS, _ORIENTATION, _BANDS, _ROWS, _COUNTS, _PLANAR = 273, 274, 277, 278, 279, 284
_PREDICTOR, _TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_COUNTS = 317, 322, 323, 324, 325
_EXTRA, _FORMAT = 338, 339
_WHITE_IS_ZERO = 0
#: Kinds of values in a gray TIFF whose smallest value is white. Floats have no largest value to be
#: black, and other programs disagree on whether to invert them.
INTEGERS, FLOATS = "integers", "floats"
_STORED, _LZW, _DEFLATE, _PACKBITS = (1,), (5,), (8, 32946), (32773,)
_SAMPLE_KINDS = {1: "u", 2: "i", 3: "f"}
_CLEAR, _END, _FIRST_CODE, _MAX_CODES = 256, 257, 258, 4096 - 258


# Names of compression methods that are not supported, for messages.
_COMPRESSION_NAMES = {
    2: "CCITT",
    3: "CCITT",
    4: "CCITT",
    6: "JPEG",
    7: "JPEG",
    34712: "JPEG 2000",
    34887: "LERC",
    34925: "LZMA",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
}


class UnknownTiffError(ValueError):
    """Raised for a TIFF that is intact but of a kind that is not supported."""


def tiff_error_reason(error: ValueError) -> str:
    """Return an error as a reason for the report, "not read here" or "damaged"."""
    return f"{'not read here' if isinstance(error, UnknownTiffError) else 'damaged'}: {error}"


@dataclass(frozen=True)
class TiffPage:
    """A page of a TIFF, not yet decoded.

    Args:
        width: in pixels.
        height: in pixels.
        bands: samples per pixel.
        dtype: dtype of the samples, in the file's byte order.
        alpha: whether the last band is an alpha channel.
        tags: the values of all fields, by tag number.
    """

    width: int
    height: int
    bands: int
    dtype: np.dtype[Any]
    alpha: bool
    tags: dict[int, tuple[int, ...]]

    @property
    def white_is_zero(self) -> str:
        """``INTEGERS`` or ``FLOATS`` if the smallest value is white, else empty."""
        if self._tag_value(_PHOTOMETRIC, 1) != _WHITE_IS_ZERO:
            return ""
        return FLOATS if self.dtype.kind == "f" else INTEGERS

    @property
    def orientation(self) -> int:
        """The orientation tag, 1 to 8; 1 is upright."""
        value = self._tag_value(_ORIENTATION, 1)
        return value if 1 <= value <= 8 else 1

    @property
    def upright_size(self) -> tuple[int, int]:
        """(width, height) in pixels when turned upright."""
        is_turned = self.orientation >= 5
        return (self.height, self.width) if is_turned else (self.width, self.height)

    def read(self, data: bytes) -> Array:
        """Decode the samples, shape (H, W, bands), in the machine's byte order, not turned.

        Raises:
            ValueError: the page is damaged or its compression is not supported.
        """
        tiled = _TILES in self.tags
        segment_height = (
            self._tag_value(_TILE_HEIGHT)
            if tiled
            else min(self._tag_value(_ROWS, self.height), self.height)
        )
        segment_width = self._tag_value(_TILE_WIDTH) if tiled else self.width
        planar = self._tag_value(_PLANAR, 1) == 2
        bands = 1 if planar else self.bands
        if (
            segment_height < 1
            or segment_width < 1
            or segment_height * segment_width * bands * self.dtype.itemsize > _MAX_BYTES
        ):
            raise ValueError("its parts have an impossible size")
        row_count = -(-self.height // segment_height)
        column_count = -(-self.width // segment_width)
        starts = self.tags.get(_TILES if tiled else _STRIPS, ())
        counts = self.tags.get(_TILE_COUNTS if tiled else _COUNTS, ())
        if min(len(starts), len(counts)) < row_count * column_count * (self.bands if planar else 1):
            raise ValueError("it is cut short")
        samples = np.zeros((self.height, self.width, self.bands), self.dtype.newbyteorder("="))
        segments = iter(zip(starts, counts, strict=False))
        for band in range(self.bands if planar else 1):
            band_slice = slice(band, band + 1) if planar else slice(None)
            for row in range(row_count):
                for column in range(column_count):
                    start, count = next(segments)
                    top, left = row * segment_height, column * segment_width
                    rows = segment_height if tiled else min(segment_height, self.height - top)
                    segment = self._decode_segment(
                        data[start : start + count], rows, segment_width, bands
                    )
                    segment = segment[: self.height - top, : self.width - left]
                    samples[top : top + segment_height, left : left + segment_width, band_slice] = (
                        segment
                    )
        return samples

    def _tag_value(self, tag: int, default: int = 0) -> int:
        return self.tags.get(tag, (default,))[0]

    def _decode_segment(self, compressed: bytes, rows: int, width: int, bands: int) -> Array:
        size = rows * width * bands * self.dtype.itemsize
        raw = _decompress(compressed, self._tag_value(_COMPRESSION, 1), size)
        if len(raw) < size:
            raise ValueError("it is cut short")
        predictor = self._tag_value(_PREDICTOR, 1)
        if predictor == 3:
            return _undo_float_predictor(raw[:size], rows, width, bands, self.dtype)
        segment = np.frombuffer(raw, self.dtype, rows * width * bands).reshape(rows, width, bands)
        if predictor == 2:
            if self.dtype.kind == "f":
                raise UnknownTiffError("it is packed in a way that is not known")
            native = segment.astype(self.dtype.newbyteorder("="))
            return np.cumsum(native, axis=1, dtype=native.dtype)
        if predictor != 1:
            raise UnknownTiffError("it is packed in a way that is not known")
        return segment


def tiff_page(data: bytes, page: int = 0) -> TiffPage:
    """Parse a page of a TIFF, counted from 0, and check its fields.

    Raises:
        ValueError: the file is damaged, or of a kind that is not supported.
    """
    try:
        tags = _tags(data, page)
    except (struct.error, OverflowError, MemoryError):
        raise ValueError("it is damaged") from None
    width, height = tags.get(_WIDTH, (0,))[0], tags.get(_HEIGHT, (0,))[0]
    bands = tags.get(_BANDS, (1,))[0]
    bits = tags.get(_BITS, (1,))
    formats = tags.get(_FORMAT, (1,))
    if len(set(bits)) != 1 or len(set(formats)) != 1:
        raise ValueError("its bands are of several types")
    kind, depth = _SAMPLE_KINDS.get(formats[0]), bits[0]
    if kind is None or depth not in (8, 16, 32, 64) or (kind == "f" and depth == 8):
        raise ValueError(f"its numbers of {depth} bits are of a type that is not known")
    if width < 1 or height < 1 or not 1 <= bands <= 1024:
        raise ValueError("its size is impossible")
    if width * height * bands * depth // 8 > _MAX_BYTES:
        raise ValueError("it is too large")
    photometric = tags.get(_PHOTOMETRIC, (1,))[0]
    if photometric not in (1, 2) and (photometric != _WHITE_IS_ZERO or bands > 1):
        raise ValueError("its colours are of a kind that is not known")
    order = "<" if data.startswith(b"II") else ">"
    extra = tags.get(_EXTRA, ())
    alpha = len(extra) == 1 and extra[0] in (1, 2) and bands in (2, 4)
    return TiffPage(width, height, bands, np.dtype(f"{order}{kind}{depth // 8}"), alpha, tags)


def _tags(data: bytes, page: int) -> dict[int, tuple[int, ...]]:
    order = "<" if data.startswith(b"II") else ">"
    is_big = data[2:4] in (b"+\0", b"\0+")
    offset_code, count_code, entry_code = ("Q", "Q", "HHQ") if is_big else ("I", "H", "HHI")
    inline_size = struct.calcsize(order + offset_code)
    entry_size = struct.calcsize(order + entry_code) + inline_size
    offset = struct.unpack_from(order + offset_code, data, 8 if is_big else 4)[0]
    for _ in range(page):
        (count,) = struct.unpack_from(order + count_code, data, offset)
        offset += struct.calcsize(order + count_code) + count * entry_size
        (offset,) = struct.unpack_from(order + offset_code, data, offset)
        if not offset:
            raise ValueError("it has fewer pages")
    (count,) = struct.unpack_from(order + count_code, data, offset)
    if count > _MAX_TAGS:
        raise ValueError("a list in it is too long")
    offset += struct.calcsize(order + count_code)
    tags: dict[int, tuple[int, ...]] = {}
    for index in range(count):
        tag, type_code, value_count = struct.unpack_from(
            order + entry_code, data, offset + index * entry_size
        )
        letter = _TYPE_LETTERS.get(type_code)
        if letter is None or not 0 < value_count <= _MAX_VALUES:
            continue
        value_offset = offset + index * entry_size + struct.calcsize(order + entry_code)
        if struct.calcsize(order + letter) * value_count > inline_size:
            (value_offset,) = struct.unpack_from(order + offset_code, data, value_offset)
        tags[tag] = struct.unpack_from(f"{order}{value_count}{letter}", data, value_offset)
    return tags


def _decompress(compressed: bytes, method: int, size: int) -> bytes:
    if method in _STORED:
        return compressed
    if method in _DEFLATE:
        try:
            return zlib.decompressobj().decompress(compressed, size)
        except zlib.error as error:
            raise ValueError("it is damaged") from error
    if method in _LZW:
        if size > _MAX_LZW_BYTES:
            raise UnknownTiffError("it is too large, packed by LZW")
        return b"".join(_lzw(compressed, size))
    if method in _PACKBITS:
        return _packbits(compressed, size)
    raise UnknownTiffError(_compression_message(method))


def _compression_message(method: int) -> str:
    name = _COMPRESSION_NAMES.get(method, f"the method {method}")
    return f"it is packed by {name}; save it stored, or packed by LZW or Deflate"


def _lzw(compressed: bytes, size: int) -> Iterator[bytes]:
    """Yield the decoded pieces of an LZW stream with codes of 9 to 12 bits (TIFF 6.0, §13)."""
    table: list[bytes] = []
    previous = b""
    width, buffer, bit_count, produced = 9, 0, 0, 0
    for byte in compressed:
        buffer, bit_count = (buffer << 8 | byte) & 0xFFFFFF, bit_count + 8
        if bit_count < width:
            continue
        bit_count -= width
        code = buffer >> bit_count & ((1 << width) - 1)
        if code == _END or produced >= size:
            return
        if code == _CLEAR:
            table, previous, width = [], b"", 9
            continue
        if code < _CLEAR:
            piece = bytes((code,))
        elif code - _FIRST_CODE < len(table):
            piece = table[code - _FIRST_CODE]
        elif previous:
            piece = previous + previous[:1]
        else:
            raise ValueError("it is damaged")
        yield piece
        produced += len(piece)
        if previous and len(table) < _MAX_CODES:
            table.append(previous + piece[:1])
        previous = piece
        # The code width grows one code early, as all TIFF writers have it.
        width = min(12, max(9, (len(table) + _FIRST_CODE + 1).bit_length()))


def _packbits(compressed: bytes, size: int) -> bytes:
    decoded = bytearray()
    position = 0
    while position < len(compressed) and len(decoded) < size:
        count = compressed[position]
        if count < 128:
            decoded += compressed[position + 1 : position + 2 + count]
            position += 2 + count
        else:
            if count > 128:
                decoded += compressed[position + 1 : position + 2] * (257 - count)
            position += 2 if count > 128 else 1
    return bytes(decoded)


def _undo_float_predictor(
    raw: bytes, rows: int, width: int, bands: int, dtype: np.dtype[Any]
) -> Array:
    """Undo the floating-point predictor: bytes grouped by significance, and differenced."""
    if dtype.kind != "f":
        raise UnknownTiffError("it is packed in a way that is not known")
    rows_of_bytes = np.frombuffer(raw, np.uint8).reshape(rows, -1)
    # The stride of the differences, in bytes, is the number of bands.
    differences = rows_of_bytes.reshape(rows, -1, bands)
    planes = np.cumsum(differences, axis=1, dtype=np.uint8).reshape(
        rows, dtype.itemsize, width * bands
    )
    big_endian = np.ascontiguousarray(np.moveaxis(planes, 1, 2)).view(f">f{dtype.itemsize}")
    return big_endian.reshape(rows, width, bands)


def unsupported_reason(data: bytes) -> str:
    """Return the reason why the first page of a TIFF is not supported, with a remedy."""
    try:
        method = tiff_page(data).tags.get(_COMPRESSION, (1,))[0]
        if method not in (*_STORED, *_LZW, *_DEFLATE, *_PACKBITS):
            return _compression_message(method)
    except ValueError as error:
        return f"{error}; convert it to 8 or 16 bits, or to floats"
    return "a TIFF of a rare kind; convert it to 8 or 16 bits"


def page_beyond_pillow(data: bytes, page: int) -> TiffPage | None:
    """Return a TIFF page that Pillow can't read, or can't without loss of bits; else None.

    Such pages have more than four bands, several bands of anything but uint8, or a sample format
    that Pillow has no mode for. None also if this reader does not support the page.
    """
    try:
        parsed = tiff_page(data, page)
    except ValueError:
        return None
    kind, size = parsed.dtype.kind, parsed.dtype.itemsize
    if parsed.bands == 1:
        supported = (kind == "u" and size <= 2) or (kind == "f" and size == 4)
        supported = supported or (kind == "i" and size in (2, 4))
        if parsed.white_is_zero == INTEGERS:
            supported = kind == "u" and (size == 1 or (size == 2 and data.startswith(b"II")))
        return None if supported else parsed
    return None if parsed.bands <= 4 and parsed.dtype == np.uint8 else parsed


def white_is_zero(image: ImageFile.ImageFile) -> str:
    """Return the kind of values of an opened TIFF if Pillow leaves it as a negative, else empty.

    That is ``INTEGERS`` or ``FLOATS`` for one of more than 8 bits whose smallest value is white.
    """
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return ""
    is_negative = image.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    return {"I;16": INTEGERS, "F": FLOATS}.get(image.mode, "") if is_negative else ""
