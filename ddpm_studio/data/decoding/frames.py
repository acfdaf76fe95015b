"""Frame counts of picture files: pages of a TIFF, frames of an animation.

They are counted in the structure of the file, without decoding, and up to ``MAX_FRAMES`` only.
"""

from __future__ import annotations

import struct

#: Largest number of frames that is counted.
MAX_FRAMES = 10_000
_GIF_EXTENSION, _GIF_IMAGE = 0x21, 0x2C
#: Suffixes of files that may hold more than one frame.
MULTI_FRAME_SUFFIXES = frozenset(
    (".gif", ".tif", ".tiff", ".webp", ".png", ".apng", ".avif", ".avifs")
)


def count_frames(kind: str, data: bytes) -> int:
    """Return the number of frames or pages of a picture file, at least 1.

    Args:
        kind: kind of picture, as of :func:`ddpm_studio.data.decoding.signatures.identify`.
        data: the bytes of the file.
    """
    counter = {"GIF": _gif_frames, "TIFF": _tiff_pages, "WEBP": _webp_frames, "PNG": _png}.get(kind)
    if counter is None:
        return 1
    try:
        return max(1, counter(data))
    except (struct.error, IndexError, OverflowError):
        return 1


def _gif_frames(data: bytes) -> int:
    offset = 13 + _colour_table_size(data[10])
    count = 0
    while offset < len(data) and count < MAX_FRAMES:
        if data[offset] == _GIF_IMAGE:
            count += 1
            # Image descriptor, local colour table and LZW minimum code size.
            offset += 10 + _colour_table_size(data[offset + 9]) + 1
        elif data[offset] == _GIF_EXTENSION:
            offset += 2
        else:
            break
        while data[offset]:
            offset += data[offset] + 1
        offset += 1
    return count


def _colour_table_size(flags: int) -> int:
    """Return the size in bytes of the colour table that these GIF flags announce."""
    return 3 << (1 + (flags & 7)) if flags & 0x80 else 0


def _tiff_pages(data: bytes) -> int:
    order = "<" if data.startswith(b"II") else ">"
    is_big = data[2:4] in (b"+\0", b"\0+")
    offset_code, count_code, entry_size = ("Q", "Q", 20) if is_big else ("I", "H", 12)
    (offset,) = struct.unpack_from(order + offset_code, data, 8 if is_big else 4)
    offsets: set[int] = set()
    while offset and offset not in offsets and len(offsets) < MAX_FRAMES:
        (tag_count,) = struct.unpack_from(order + count_code, data, offset)
        offsets.add(offset)
        (offset,) = struct.unpack_from(
            order + offset_code, data, offset + struct.calcsize(count_code) + tag_count * entry_size
        )
    return len(offsets)


def _webp_frames(data: bytes) -> int:
    offset, count = 12, 0
    while offset + 8 <= len(data) and count < MAX_FRAMES:
        count += data[offset : offset + 4] == b"ANMF"
        (size,) = struct.unpack_from("<I", data, offset + 4)
        offset += 8 + size + size % 2
    return count


def has_frame_count(data: bytes) -> bool:
    """Whether the first bytes of a PNG suffice to count its frames: they reach to ``IDAT``."""
    try:
        return _png_frames(data) is not None
    except struct.error:
        return False


def _png(data: bytes) -> int:
    return _png_frames(data) or 1


def _png_frames(data: bytes) -> int | None:
    """Return the number of pictures in a PNG; None if the data ends before it is known.

    A default image that is not part of the animation (no ``fcTL`` precedes it) comes before the
    frames, as in Pillow.
    """
    offset, animated, default_image = 8, 0, 1
    while offset + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, offset)
        kind = data[offset + 4 : offset + 8]
        if kind == b"acTL":
            (animated,) = struct.unpack_from(">I", data, offset + 8)
        elif kind == b"fcTL":
            default_image = 0
        elif kind == b"IDAT":
            return min(animated + default_image, MAX_FRAMES) if animated else 1
        offset += 12 + size
    return None
