"""Recipe text in the metadata of picture and video files, found without decoding a pixel.

It is in a tEXt chunk of PNG, a comment of GIF, an XMP packet of WebP, and the comment in the
metadata of MP4. The files are untrusted: each parser limits the number of blocks, and reads no more
than the largest text.
"""

from __future__ import annotations

import os
import struct
import zlib
from typing import BinaryIO

RECIPE_KEY = "ddpm-studio"
RECIPE_SUFFIXES = frozenset({".png", ".apng", ".gif", ".webp", ".mp4"})
MAX_RECIPE_BYTES = 1 << 20

_PNG = b"\x89PNG\r\n\x1a\n"
# Our text is before the pixels; a file with more blocks than this before it is not ours.
_MAX_BLOCKS = 256
# In WebP the text is after all frames.
_MAX_WEBP_CHUNKS = 1 << 15
_MAX_SUB_BLOCKS = MAX_RECIPE_BYTES // 255 + 2

_GIF_PREFIX = f"{RECIPE_KEY} ".encode()
_XMP_BEGIN, _XMP_END = b"<ddpm:recipe>", b"</ddpm:recipe>"
_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:ddpm="urn:ddpm-studio">%s%s%s</rdf:Description>'
    b"</rdf:RDF></x:xmpmeta>"
)
# Path of MP4 boxes to the comment, each with the bytes to skip at the start of its content. moov:
# the index; udta, meta: user metadata; ilst: a list of them; ©cmt: a comment.
_MP4_BOX_PATH = (
    (b"moov", 0),
    (b"udta", 0),
    (b"meta", 4),
    (b"ilst", 0),
    (b"\xa9cmt", 0),
    (b"data", 8),
)


def gif_comment(text: str) -> bytes:
    """Return an ASCII text as the comment of a GIF."""
    return _GIF_PREFIX + text.encode("ascii")


def webp_xmp(text: str) -> bytes:
    """Return ASCII JSON as an XMP packet; ``<``, ``>``, ``&`` get JSON escapes, not XML's."""
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return _XMP % (_XMP_BEGIN, text.encode("ascii"), _XMP_END)


def mp4_metadata(text: str) -> str:
    """Return a text of one line as the content of a metadata file for ffmpeg."""
    for character in "\\=;#":
        text = text.replace(character, f"\\{character}")
    return f";FFMETADATA1\ncomment={text}\n"


def find_recipe(file: BinaryIO) -> bytes | None:
    """Return the recipe text in a PNG, GIF, WebP or MP4, or None.

    Args:
        file: open for reading, positioned at its beginning.

    Raises:
        OSError: if the file can't be read.
    """
    head = file.read(12)
    file.seek(0)
    if head.startswith(_PNG):
        return _in_png(file)
    if head.startswith((b"GIF87a", b"GIF89a")):
        return _in_gif(file)
    if head.startswith(b"RIFF") and head[8:] == b"WEBP":
        return _in_webp(file)
    if head[4:8] == b"ftyp":
        return _in_mp4(file)
    return None


def _in_png(file: BinaryIO) -> bytes | None:
    """Find the text in the chunks before the pixels of a PNG, and verify its checksum."""
    file.seek(len(_PNG))
    prefix = RECIPE_KEY.encode() + b"\0"
    for _ in range(_MAX_BLOCKS):
        header = file.read(8)
        if len(header) < 8:
            return None
        length, kind = struct.unpack(">I4s", header)
        if kind in (b"IDAT", b"IEND"):
            return None
        if kind != b"tEXt" or length > MAX_RECIPE_BYTES + len(prefix):
            file.seek(length + 4, os.SEEK_CUR)
            continue
        content, checksum = file.read(length), file.read(4)
        if content.startswith(prefix):
            is_intact = checksum == struct.pack(">I", zlib.crc32(kind + content))
            return content[len(prefix) :] if is_intact else None
    return None


def _in_gif(file: BinaryIO) -> bytes | None:
    """Find the text in the comment extensions before the first frame of a GIF."""
    screen = file.read(13)
    if len(screen) < 13:
        return None
    flags = screen[10]
    if flags & 0x80:
        file.seek(3 << (flags & 7) + 1, os.SEEK_CUR)
    for _ in range(_MAX_BLOCKS):
        if file.read(1) != b"!":
            return None
        is_comment = file.read(1) == b"\xfe"
        content = _sub_blocks(file)
        if content is None:
            return None
        if is_comment and content.startswith(_GIF_PREFIX):
            return content[len(_GIF_PREFIX) :]
    return None


def _sub_blocks(file: BinaryIO) -> bytes | None:
    """Join the sub-blocks of a GIF's extension; None if truncated, or too many."""
    pieces: list[bytes] = []
    for _ in range(_MAX_SUB_BLOCKS):
        size = file.read(1)
        if not size:
            return None
        if size == b"\0":
            return b"".join(pieces)
        pieces.append(file.read(size[0]))
    return None


def _in_webp(file: BinaryIO) -> bytes | None:
    """Find the text in the XMP chunk of a WebP, which follows the frames."""
    file.seek(12)
    for _ in range(_MAX_WEBP_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            return None
        kind, length = struct.unpack("<4sI", header)
        if kind == b"XMP ":
            packet = file.read(min(length, MAX_RECIPE_BYTES + len(_XMP) + 64))
            _, start_tag, rest = packet.partition(_XMP_BEGIN)
            text, end_tag, _ = rest.partition(_XMP_END)
            return text if start_tag and end_tag else None
        file.seek(length + length % 2, os.SEEK_CUR)
    return None


def _in_mp4(file: BinaryIO) -> bytes | None:
    """Find the comment in the nested boxes of an MP4."""
    start, end = 0, file.seek(0, os.SEEK_END)
    for kind, skipped in _MP4_BOX_PATH:
        content_range = _find_box(file, kind, start, end)
        if content_range is None:
            return None
        start, end = content_range[0] + skipped, content_range[1]
    file.seek(start)
    return file.read(end - start) if 0 <= end - start <= MAX_RECIPE_BYTES else None


def _find_box(file: BinaryIO, target: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Return start and end offset of the content of the first box of a kind, or None."""
    for _ in range(_MAX_BLOCKS):
        if start + 8 > end:
            return None
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(8))
        content_start = start + 8
        if size == 1 and content_start + 8 <= end:
            (size,) = struct.unpack(">Q", file.read(8))
            content_start += 8
        box_end = end if size == 0 else start + size
        if not content_start <= box_end <= end:
            return None
        if kind == target:
            return content_start, box_end
        start = box_end
    return None
