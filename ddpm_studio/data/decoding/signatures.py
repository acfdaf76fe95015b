"""File signatures (magic bytes) of picture files, and their usual suffixes."""

from __future__ import annotations

HEAD_BYTES = 16
_COMMON_SUFFIXES = {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".dib"}
_RARE_SUFFIXES = {".tif", ".tiff", ".pbm", ".pgm", ".ppm", ".pnm", ".apng", ".avif", ".avifs"}
_RARE_SUFFIXES |= {".jp2", ".j2k", ".jpx", ".j2c", ".jpf", ".tga"}
PICTURE_SUFFIXES = frozenset(_COMMON_SUFFIXES | _RARE_SUFFIXES)


def identify(head: bytes) -> str | None:
    """Return the kind of picture by its file signature, such as "PNG"; None if it is unknown."""
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
    if head[4:12] in (b"ftypavif", b"ftypavis"):
        return "AVIF"
    if head.startswith((b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n")):
        return "JPEG2000"
    return None


def misnamed_picture(head: bytes) -> str | None:
    """Return the kind of a picture named like a container, with the remedy; None if not one."""
    kind = identify(head)
    if kind is None:
        return None
    return f"a {kind} picture under another name: give it the ending of its kind"


def is_truncated(data: bytes) -> bool:
    """Whether a picture file is truncated, by its end marker or its stated length if it has one."""
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
