"""Fast path for plain JPEGs, the bulk of large sets, which bypasses Pillow's header parser.

For a small JPEG, Pillow takes as long to parse the headers as to decode the pixels.
"""

from __future__ import annotations

from typing import NamedTuple

from PIL import Image

#: Larger JPEGs are worth the full reader, which can decode them at a reduced size.
_MAX_PIXELS = 1 << 20
_MAX_SCANS = 16
_START_OF_IMAGE = b"\xff\xd8"
_START_OF_SCAN = b"\xff\xda"
_START_OF_FRAME = frozenset((0xC0, 0xC2))
# Tables, restart intervals and comments change neither size nor mode.
_SKIPPED_SEGMENTS = frozenset((0xDB, 0xC4, 0xDD, 0xFE))
_JFIF = 0xE0
_MODES = {1: "L", 3: "RGB"}


class PlainJpeg(NamedTuple):
    """Size and mode of an 8-bit gray or colour JPEG without metadata but JFIF's, so upright."""

    size: tuple[int, int]
    mode: str

    def decode(self, data: bytes) -> Image.Image:
        """Decode the pixels of the file.

        Raises:
            Exception: of nearly any kind; the full reader gives a better reason.
        """
        return Image.frombytes(self.mode, self.size, data, "jpeg", self.mode, "")


def plain_jpeg(data: bytes) -> PlainJpeg | None:
    """Return size and mode of a plain JPEG; None if it needs the full reader."""
    if not data.startswith(_START_OF_IMAGE) or data.count(_START_OF_SCAN) > _MAX_SCANS:
        return None
    header: PlainJpeg | None = None
    offset = len(_START_OF_IMAGE)
    try:
        while data[offset] == 0xFF:
            marker = data[offset + 1]
            if marker == _START_OF_SCAN[1]:
                return header
            if marker in _START_OF_FRAME and header is None:
                bits, height, width = data[offset + 4], *_pairs(data, offset + 5)
                mode = _MODES.get(data[offset + 9])
                if bits != 8 or mode is None or not 0 < width * height <= _MAX_PIXELS:
                    return None
                header = PlainJpeg((width, height), mode)
            elif marker not in _SKIPPED_SEGMENTS and not (
                marker == _JFIF and data.startswith(b"JFIF", offset + 4)
            ):
                return None
            offset += 2 + (data[offset + 2] << 8 | data[offset + 3])
    except IndexError:
        pass
    return None


def _pairs(data: bytes, offset: int) -> tuple[int, int]:
    return data[offset] << 8 | data[offset + 1], data[offset + 2] << 8 | data[offset + 3]
