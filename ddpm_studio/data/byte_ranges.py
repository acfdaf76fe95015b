"""Byte ranges of files and archive members, which another thread or process can read."""

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
_UNREADABLE_FLAGS = 0x20 | 0x40
# Usual length in bytes of the extra field in the local file header.
_USUAL_EXTRA = 64
_MAX_EXTRA_READ = 2**16
#: The zip compression methods that are supported here.
METHODS = frozenset((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))


class WholeFile(NamedTuple):
    """A whole file on the disk, which is no member of an archive."""

    path: str

    def read(self, stream: BinaryIO, limit: int) -> bytes:
        """Return the first ``limit`` bytes, all for −1."""
        stream.seek(0)
        return stream.read(limit)


class FileRange(NamedTuple):
    """A contiguous byte range of a larger file, stored there uncompressed."""

    path: str
    start: int
    size: int

    def read(self, stream: BinaryIO, limit: int) -> bytes:
        """Return the first ``limit`` bytes, all for −1.

        Raises:
            ValueError: the file ends before the range does.
        """
        count = self.size if limit < 0 else min(self.size, limit)
        stream.seek(self.start)
        data = stream.read(count)
        if len(data) < count:
            raise ValueError("cut short")
        return data


class ZipMember(NamedTuple):
    """A member of a zip archive, as the central directory describes it.

    The local file header is read again and must have the same name, a member read in full must
    match the central directory's CRC-32, and no more than ``size`` bytes are ever decompressed.
    """

    path: str
    start: int
    compressed_size: int
    size: int
    method: int
    checksum: int
    name: str

    @classmethod
    def of(cls, path: str, info: zipfile.ZipInfo) -> ZipMember | None:
        """Return the range of a zip member; None if its method or its flags are not supported."""
        if info.compress_type not in METHODS or info.flag_bits & _UNREADABLE_FLAGS:
            return None
        sizes = info.compress_size, info.file_size
        return cls(
            path, info.header_offset, *sizes, info.compress_type, info.CRC, info.orig_filename
        )

    def read(self, stream: BinaryIO, limit: int) -> bytes:
        """Return the first ``limit`` bytes, all for −1.

        Raises:
            ValueError, struct.error, zlib.error: the member is damaged.
        """
        stored = self.method == zipfile.ZIP_STORED
        count = self.size if limit < 0 else min(self.size, limit)
        # An honest compressor makes nothing much larger.
        compressed_size = min(
            self.compressed_size, count if stored else count + count // 8 + _MAX_EXTRA_READ
        )
        stream.seek(self.start)
        # Name and data in one read: a character has four bytes at most.
        chunk = stream.read(
            _LOCAL_HEADER.size + 4 * len(self.name) + _USUAL_EXTRA + compressed_size
        )
        signature, flags, _, name_length, extra_length = _LOCAL_HEADER.unpack_from(chunk)
        data_start = _LOCAL_HEADER.size + name_length + extra_length
        if data_start + compressed_size > len(chunk):
            chunk += stream.read(data_start + compressed_size - len(chunk))
        local_name = chunk[_LOCAL_HEADER.size : _LOCAL_HEADER.size + name_length]
        if signature != _SIGNATURE or self.name != local_name.decode(
            "utf-8" if flags & _UTF8 else "cp437"
        ):
            raise ValueError("another header than the list says")
        data = chunk[data_start : data_start + compressed_size]
        if not stored and count:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, count)
        if count < self.size:
            return data
        if zlib.crc32(data) != self.checksum or len(data) != self.size:
            raise ValueError("the checksum is wrong")
        return data


ByteRange = WholeFile | FileRange | ZipMember


class OpenFile:
    """An open file that a lock lets one thread at a time read.

    Raises:
        OSError: the file can't be opened.
    """

    def __init__(self, path: Path) -> None:
        self._stream: BinaryIO = path.open("rb")
        self._lock = threading.Lock()

    def __enter__(self) -> OpenFile:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def read(self, location: ByteRange, limit: int) -> bytes:
        """Return the first ``limit`` bytes of a byte range of this file, all for −1.

        Raises:
            OSError: the bytes can't be read; ``errno`` is 0 where they are damaged.
        """
        try:
            with self._lock:
                return location.read(self._stream, limit)
        except (OSError, MemoryError):
            raise
        except Exception as error:  # untrusted bytes make the parser raise nearly anything
            raise OSError(0, "damaged in the archive") from error
