"""Byte streams of archives, decompressed on the fly, with limits while headers are listed.

``zipfile`` and ``tarfile`` trust headers: one may claim gigabytes of "name", lead backwards for
ever, or hold digits that a regular expression takes minutes for (CVE-2024-6232, CVE-2025-8194).
While an archive is listed, the parser gets no more bytes than honest headers need.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import tarfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, cast

# An entry of a zip's central directory has at least 46 bytes and becomes nearly a kilobyte.
_MAX_ZIP_LIST_BYTES = 64 * 2**20
# The longest path has 4 KiB; the rest is for times and attributes.
_MAX_TAR_HEADER_BYTES = 16 * 2**10
_LONG_NUMBER = re.compile(rb"\d{256}")
_XZ_MEMORY = 256 * 2**20
_BLOCK = 2**16
_OPENERS: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open}
_XZ = b"\xfd7zXZ\0"


class ListingStream(io.RawIOBase):
    """Stream that limits the size of each read until ``listing`` is set to False.

    Args:
        stream: stream of the decompressed bytes; the caller closes it.
        limit: largest number of bytes of one read while listing.
        packed: whether the file on the disk is compressed.
    """

    def __init__(
        self, stream: BinaryIO, limit: int = _MAX_ZIP_LIST_BYTES, *, packed: bool = False
    ) -> None:
        self._stream = stream
        self._limit = limit
        self.packed = packed
        self.listing = True

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position in the decompressed bytes."""
        return self._stream.tell()

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        """Seek to a position in the decompressed bytes."""
        return self._stream.seek(position, whence)

    def read(self, size: int | None = -1) -> bytes:
        """Return up to ``size`` bytes.

        Raises:
            ValueError: while listing, the read exceeds the largest size of a header.
        """
        if not self.listing:
            return self._stream.read(-1 if size is None else size)
        count = self._limit + 1 if size is None or size < 0 else size
        data = self._stream.read(count) if count <= self._limit + 1 else b""
        if count > self._limit and (len(data) > self._limit or count > self._limit + 1):
            raise ValueError("a header of it is too long")
        return data


class _TarListing(ListingStream):
    """Listing stream of a tar that also rejects backward seeks and overlong numbers in headers."""

    def __init__(self, stream: BinaryIO, packed: bool) -> None:
        super().__init__(stream, _MAX_TAR_HEADER_BYTES, packed=packed)
        self._furthest = 0

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        if self.listing and position < self._furthest - tarfile.BLOCKSIZE:
            raise tarfile.ReadError("its headers lead in a circle")
        return super().seek(position, whence)

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if self.listing:
            self._furthest = self.tell()
            if _LONG_NUMBER.search(data):
                raise tarfile.ReadError("a header of it holds too long a number")
        return data


def open_tar(path: Path, stack: ExitStack) -> tuple[tarfile.TarFile, ListingStream]:
    """Open a tar, compressed or not, and return it with its stream; ``stack`` closes both.

    Raises:
        Exception: of nearly any kind, if the tar can't be read or is damaged.
    """
    file = stack.enter_context(path.open("rb"))
    head = file.read(len(_XZ))
    file.seek(0)
    opener = next((opener for magic, opener in _OPENERS.items() if head.startswith(magic)), None)
    stream: BinaryIO = file
    if opener is not None:
        stream = cast(BinaryIO, stack.enter_context(opener(file, "rb")))
    elif head == _XZ:
        xz_stream = cast(io.RawIOBase, _XzStream(file))
        stream = cast(BinaryIO, stack.enter_context(io.BufferedReader(xz_stream, _BLOCK)))
    listing_stream = _TarListing(stream, stream is not file)
    archive = tarfile.TarFile(fileobj=cast(BinaryIO, listing_stream), mode="r")
    return stack.enter_context(archive), listing_stream


class _XzStream(io.RawIOBase):
    """Seekable stream that decompresses an xz file, with a limit on the decoder's memory."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._restart()

    def _restart(self) -> None:
        self._packed.seek(0)
        self._position = 0
        self._next_stream()

    def _next_stream(self) -> None:
        self._unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only from the beginning")
        if position < self._position:
            self._restart()
        while self._position < position and self._decompress(
            min(_BLOCK, position - self._position)
        ):
            pass
        return self._position

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self._decompress(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _decompress(self, limit: int) -> bytes:
        """Decompress up to ``limit`` bytes; empty at the end.

        Raises:
            EOFError: the file is truncated.
        """
        new_data = b""
        while True:
            if self._unpacker.eof:
                # An xz file may consist of several streams, with zero padding between them.
                new_data = self._unpacker.unused_data.lstrip(b"\0") or self._packed.read(_BLOCK)
                if not new_data.strip(b"\0"):
                    return b""
                self._next_stream()
            elif self._unpacker.needs_input and not (new_data := self._packed.read(_BLOCK)):
                raise EOFError("it is cut short")
            data = self._unpacker.decompress(new_data, limit)
            new_data = b""
            if data:
                self._position += len(data)
                return data
