"""Frame counts of picture files: pages of a TIFF, frames of an animation.

They are counted in the structure of the file, without decoding, and up to ``MAX_FRAMES`` only.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

#: Largest number of frames that is counted.
MAX_FRAMES = 10_000
_GIF_EXTENSION, _GIF_IMAGE = 0x21, 0x2C
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GRAY, _COLOURS = 0, 2
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


def deep_png_frame(data: bytes, frame: int) -> bytes | None:
    """Return a frame of an animated PNG of 16 bits a value as a PNG of its own.

    Pillow decodes such frames, except the first, with 8 bits. None for any other PNG, for a damaged
    one, and for a frame that does not replace the whole picture, which only Pillow can compose.

    Args:
        data: the bytes of the file.
        frame: the number of the frame, from 1.
    """
    header = data[16:29]
    if header[8:9] != b"\x10":
        return None
    try:
        chunks = list(_png_chunks(data))
    except (struct.error, ValueError):
        return None
    kinds = {kind for kind, _ in chunks}
    is_opaque = header[9] in (_GRAY, _COLOURS) and b"tRNS" not in kinds
    number, control = -1, b""
    packed: list[bytes] = []
    head: list[tuple[bytes, bytes]] = []
    in_head = True
    for kind, body in chunks:
        if kind == b"fcTL":
            number += 1
            control = body if number == frame else control
        elif kind == b"IDAT":
            # A default image without a control chunk comes before the frames, as in Pillow.
            number, in_head = max(number, 0), False
        elif kind == b"fdAT" and number == frame:
            packed.append(body[4:])
        elif in_head and kind != b"acTL":
            head.append((kind, body))
    # After the sequence number: width, height, left, top, duration, disposal and blending.
    is_whole = control[4:20] == header[:8] + bytes(8)
    is_replacing = is_opaque or control[25:26] == b"\0"
    if not packed or not is_whole or not is_replacing:
        return None
    return _PNG_SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in (*head, (b"IDAT", b"".join(packed)), (b"IEND", b""))
    )


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the type and body of each chunk of a PNG; bytes after its end are ignored.

    Raises:
        struct.error: the file is cut short.
        ValueError: a checksum is wrong.
    """
    offset = 8
    while offset < len(data):
        (size,) = struct.unpack_from(">I", data, offset)
        kind, body = data[offset + 4 : offset + 8], data[offset + 8 : offset + 8 + size]
        (checksum,) = struct.unpack_from(">I", data, offset + 8 + size)
        if zlib.crc32(kind + body) != checksum:
            raise ValueError("a checksum is wrong")
        yield kind, body
        if kind == b"IEND":
            return
        offset += 12 + size
