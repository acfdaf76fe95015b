"""Byte ranges: where the bytes of a file lie, for another thread or process to read them."""

from __future__ import annotations

import struct
import threading
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO, NamedTuple

_LOCAL_HEADER = struct.Struct("<4s2xHH16xHH")
_SIGNATURE = b"PK\x03\x04"
_UTF8 = 0x800
_UNREADABLE = 0x20 | 0x40
# The local copy of the extra field is about this long.
_USUAL_EXTRA = 64
_PACKED_MORE = 2**16
#: The ways of packing that are unpacked here.
METHODS = frozenset((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))


class Whole(NamedTuple):
    """A file of its own."""

    path: str

    def read(self, stream: BinaryIO, limit: int) -> bytes:
        """Return the first ``limit`` bytes, all for −1."""
        stream.seek(0)
        return stream.read(limit)


class Span(NamedTuple):
    """Bytes that lie as they are in a larger file."""

    path: str
    start: int
    size: int

    def read(self, stream: BinaryIO, limit: int) -> bytes:
        """Return the first ``limit`` bytes, all for −1.

        Raises:
            ValueError: the file is shorter.
        """
        wanted = self.size if limit < 0 else min(self.size, limit)
        stream.seek(self.start)
        data = stream.read(wanted)
        if len(data) < wanted:
            raise ValueError("cut short")
        return data


class Member(NamedTuple):
    """A member of a zip, as the zip's list describes it.

    Its own header is read again and must agree, its bytes must have the checksum that the list
    says, and no more than ``size`` are ever unpacked.
    """

    path: str
    start: int
    packed: int
    size: int
    method: int
    checksum: int
    name: str

    @classmethod
    def of(cls, path: str, info: zipfile.ZipInfo) -> Member | None:
        """Return where a member lies; None if it is packed in a way that is not known here."""
        if info.compress_type not in METHODS or info.flag_bits & _UNREADABLE:
            return None
        sizes = info.compress_size, info.file_size
        return cls(
            path, info.header_offset, *sizes, info.compress_type, info.CRC, info.orig_filename
        )

    def read(self, stream: BinaryIO, limit: int) -> bytes:
        """Return the first ``limit`` bytes, all for −1.

        Raises:
            ValueError, struct.error, zlib.error: it is damaged.
        """
        stored = self.method == zipfile.ZIP_STORED
        wanted = self.size if limit < 0 else min(self.size, limit)
        # Honest packing makes nothing much larger.
        packed = min(self.packed, wanted if stored else wanted + wanted // 8 + _PACKED_MORE)
        stream.seek(self.start)
        # Name and data in one read: a sign has four bytes at most.
        piece = stream.read(_LOCAL_HEADER.size + 4 * len(self.name) + _USUAL_EXTRA + packed)
        signature, flags, _, name, extra = _LOCAL_HEADER.unpack_from(piece)
        begin = _LOCAL_HEADER.size + name + extra
        if begin + packed > len(piece):
            piece += stream.read(begin + packed - len(piece))
        written = piece[_LOCAL_HEADER.size : _LOCAL_HEADER.size + name]
        if signature != _SIGNATURE or self.name != written.decode(
            "utf-8" if flags & _UTF8 else "cp437"
        ):
            raise ValueError("another header than the list says")
        data = piece[begin : begin + packed]
        if not stored and wanted:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, wanted)
        if wanted < self.size:
            return data
        if zlib.crc32(data) != self.checksum or len(data) != self.size:
            raise ValueError("the checksum is wrong")
        return data


Place = Whole | Span | Member


class OpenFile:
    """A file that stays open, read in by one thread at a time.

    Raises:
        OSError: it can't be opened.
    """

    def __init__(self, path: Path) -> None:
        self._stream: BinaryIO = path.open("rb")
        self._lock = threading.Lock()

    def __enter__(self) -> OpenFile:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it."""
        self._stream.close()

    def read(self, place: Place, limit: int) -> bytes:
        """Return the first ``limit`` bytes of what lies at a place in it, all for −1.

        Raises:
            OSError: they can't be read; without a number of the system where they are damaged.
        """
        try:
            with self._lock:
                return place.read(self._stream, limit)
        except (OSError, MemoryError):
            raise
        except Exception as error:  # untrusted bytes make the parser raise nearly anything
            raise OSError(0, "damaged in the archive") from error
