"""Limits against decompression bombs, checked before a picture is decoded.

A few kilobytes can demand gigabytes or hours: by their size in pixels, by a thousand scans over
them, by a list of millions of strips. Each is counted beforehand, in the bytes of the file.
"""

from __future__ import annotations

import struct

from PIL import ImageFile

from ddpm_studio.engine.sizes import size_text

MAX_PIXELS = 64_000_000
# Decoders hold whole rows twice.
_MAX_SIDE = 100_000
# The decoders of these kinds hold up to four copies of the picture.
_MAX_PIXELS = {"WEBP": 32_000_000, "TIFF": 32_000_000}
# Pillow has these decoders in Python: a microsecond for each pixel.
_SLOW_DECODERS = frozenset(("ppm", "ppm_plain", "bmp_rle"))
_MAX_SLOW_PIXELS = 2_000_000
# Each scan of a JPEG takes time for all coefficients, however few it changes.
_MAX_SCANNED = 640_000_000
_START_OF_SCAN = b"\xff\xda"
_MAX_TIFF_VALUES = 1 << 18
_MAX_TIFF_TAGS = 4096
# BYTE, ASCII and UNDEFINED stay bytes; the others become a Python number each.
_TIFF_BYTES = frozenset((1, 2, 7))


def too_costly(kind: str, data: bytes) -> str | None:
    """Return the reason why a picture must not even be opened with Pillow, or None."""
    if kind == "WEBP":
        width, height = _webp_size(data)
        return _too_large(kind, width, height)
    if kind == "TIFF" and _has_oversized_directory(data):
        return "damaged: a list in it is too long"
    return None


def too_costly_to_decode(kind: str, data: bytes, image: ImageFile.ImageFile) -> str | None:
    """Return the reason why an opened picture must not be decoded, or None."""
    width, height = image.size
    decoder = image.tile[0][0] if image.tile else ""
    if decoder in _SLOW_DECODERS and width * height > _MAX_SLOW_PIXELS:
        return f"too large: {size_text(width, height)} pixels, packed in a slow way"
    if kind == "JPEG" and width * height * data.count(_START_OF_SCAN) > _MAX_SCANNED:
        return f"too large: {size_text(width, height)} pixels in very many scans"
    return _too_large(kind, width, height)


def _too_large(kind: str, width: int, height: int) -> str | None:
    limit = _MAX_PIXELS.get(kind, MAX_PIXELS)
    if width * height > limit or max(width, height) > _MAX_SIDE:
        return f"too large: {size_text(width, height)} pixels"
    return None


def _webp_size(data: bytes) -> tuple[int, int]:
    """Return (width, height) of the canvas of a WebP, for which the decoder allocates memory."""
    chunk = data[12:16]
    if chunk == b"VP8X" and len(data) >= 30:
        width = int.from_bytes(data[24:27], "little") + 1
        return width, int.from_bytes(data[27:30], "little") + 1
    if chunk == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 " and len(data) >= 30:
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return 0, 0


def _has_oversized_directory(data: bytes) -> bool:
    """Whether the first directory of a TIFF exceeds the limits on tags or on values of one tag."""
    order = "<" if data.startswith(b"II") else ">"
    is_big = data[2:4] in (b"+\0", b"\0+")
    offset_code, count_code, entry_code = ("Q", "Q", "HHQ8x") if is_big else ("I", "H", "HHI4x")
    try:
        (offset,) = struct.unpack_from(order + offset_code, data, 8 if is_big else 4)
        (tag_count,) = struct.unpack_from(order + count_code, data, offset)
        if tag_count > _MAX_TIFF_TAGS:
            return True
        offset += struct.calcsize(order + count_code)
        entry_size = struct.calcsize(order + entry_code)
        for index in range(tag_count):
            _, type_code, value_count = struct.unpack_from(
                order + entry_code, data, offset + index * entry_size
            )
            if type_code not in _TIFF_BYTES and value_count > _MAX_TIFF_VALUES:
                return True
    except (struct.error, OverflowError):
        return False
    return False
