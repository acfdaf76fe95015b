"""Global heaps of HDF5 (storage of variable-length values): detection of endless ones.

The library (2.0 and before) walks through a heap by the sizes of its objects, and loops for ever
where free space has a size of 0 bytes, as after damage.
"""

from __future__ import annotations

from typing import BinaryIO

# Version 1, the only one (HDF5 File Format Specification 3.0, III.E).
_SIGNATURE = b"GCOL\x01\0\0\0"
# The headers of a heap and of its objects are equally long whether lengths have 4 or 8 bytes.
_HEAD_BYTES, _LENGTH_OFFSET, _ALIGNED = 16, 8, 8
_READ_BYTES = 4 << 20
_MAX_LENGTH_BYTES = 8
# A heap has 4 kB unless one value is longer; anything beyond this limit is not checked.
_MAX_HEAP_BYTES = 64 << 20


def has_malformed_heap(stream: BinaryIO, length_bytes: int) -> bool:
    """Whether a file has a global heap on which the library would loop for ever.

    Args:
        stream: the file, which is scanned from start to end.
        length_bytes: size in bytes of a length in the file, as its superblock says.
    """
    if not 0 < length_bytes <= _MAX_LENGTH_BYTES:
        return False  # The library does not read such a file.
    position, tail = 0, b""
    stream.seek(0)
    while chunk := stream.read(_READ_BYTES):
        buffer, offset = tail + chunk, -1
        while (offset := buffer.find(_SIGNATURE, offset + 1)) >= 0:
            if _is_malformed(stream, position - len(tail) + offset, length_bytes):
                return True
        position += len(chunk)
        # A signature may straddle two pieces.
        tail = buffer[-(len(_SIGNATURE) - 1) :]
        stream.seek(position)
    return False


def _is_malformed(stream: BinaryIO, position: int, length_bytes: int) -> bool:
    stream.seek(position)
    size = _length(stream.read(_HEAD_BYTES), length_bytes)
    stream.seek(position)
    heap = stream.read(min(size, _MAX_HEAP_BYTES))
    offset = _HEAD_BYTES
    while offset + _HEAD_BYTES <= len(heap):
        head = heap[offset : offset + _HEAD_BYTES]
        object_size = _length(head, length_bytes)
        if head[:2] != b"\0\0":
            # An object with its header and padding.
            offset += _HEAD_BYTES + -(-object_size // _ALIGNED) * _ALIGNED
        elif object_size == 0:
            return True
        else:
            offset += object_size  # Free space, its header included.
    return False


def _length(head: bytes, length_bytes: int) -> int:
    return int.from_bytes(head[_LENGTH_OFFSET : _LENGTH_OFFSET + length_bytes], "little")
