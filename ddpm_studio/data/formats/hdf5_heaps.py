"""Global heaps of HDF5, where values of variable length lie: those that have no end.

The library (2.0 and before) walks through a heap by the sizes that its objects tell, and walks on
the spot for ever where free space is told to be of 0 bytes, as damage leaves it.
"""

from __future__ import annotations

from typing import BinaryIO

# Version 1, the only one (HDF5 File Format Specification 3.0, III.E).
_SIGNATURE = b"GCOL\x01\0\0\0"
# The heads of a heap and of an object in it are as long whether lengths take 4 or 8 bytes.
_HEAD_BYTES, _LENGTH_AT, _ALIGNED = 16, 8, 8
_READ_BYTES = 4 << 20
_MOST_LENGTH_BYTES = 8
# A heap is of 4 kB unless one value is longer; what lies behind so much is not looked at.
_MOST_HEAP_BYTES = 64 << 20


def has_endless_heap(stream: BinaryIO, length_bytes: int) -> bool:
    """Whether a file has a global heap that the library would never leave.

    Args:
        stream: the file; it is read whole, once.
        length_bytes: how many bytes a length takes in it, by its superblock.
    """
    if not 0 < length_bytes <= _MOST_LENGTH_BYTES:
        return False  # The library reads no such file.
    begin, kept = 0, b""
    stream.seek(0)
    while piece := stream.read(_READ_BYTES):
        held, at = kept + piece, -1
        while (at := held.find(_SIGNATURE, at + 1)) >= 0:
            if _is_endless(stream, begin - len(kept) + at, length_bytes):
                return True
        begin += len(piece)
        # A signature may lie across two pieces.
        kept = held[-(len(_SIGNATURE) - 1) :]
        stream.seek(begin)
    return False


def _is_endless(stream: BinaryIO, place: int, length_bytes: int) -> bool:
    stream.seek(place)
    size = _length(stream.read(_HEAD_BYTES), length_bytes)
    stream.seek(place)
    heap = stream.read(min(size, _MOST_HEAP_BYTES))
    at = _HEAD_BYTES
    while at + _HEAD_BYTES <= len(heap):
        head = heap[at : at + _HEAD_BYTES]
        taken = _length(head, length_bytes)
        if head[:2] != b"\0\0":
            # An object with its head, and what fills it up.
            at += _HEAD_BYTES + -(-taken // _ALIGNED) * _ALIGNED
        elif taken == 0:
            return True
        else:
            at += taken  # Free space, its head included.
    return False


def _length(head: bytes, length_bytes: int) -> int:
    return int.from_bytes(head[_LENGTH_AT : _LENGTH_AT + length_bytes], "little")
