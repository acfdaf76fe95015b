"""Chunks of HDF5 datasets: how many were written, and which are decompression bombs.

The library's filters decompress a chunk without a limit, however much larger than its share of the
dataset the result is. Chunks that could fill much memory are decompressed here first, in pieces.
"""

from __future__ import annotations

import math
import zlib
from typing import Any

_DEFLATE = 1
# gzip reaches at most 1,032:1, so a chunk of fewer stored bytes can do no harm.
_UNCHECKED_BYTES = 512 << 10
# Allowance for incompressible data, which grows a little, and for the headers of filters.
_MAX_GROWTH, _HEAD_BYTES = 2, 4096
_PIECE_BYTES = 1 << 20


class StoredChunks:
    """The chunks of a chunked HDF5 dataset.

    Attributes:
        count: number of chunks if all were written.
        written: number of chunks that were written.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset, self._sides = dataset, tuple(int(side) for side in dataset.chunks)
        steps = zip(dataset.shape, self._sides, strict=True)
        self.count = math.prod([-(-size // step) for size, step in steps])
        self.written = int(dataset.id.get_num_chunks())
        self._bytes: int = math.prod(self._sides) * dataset.dtype.itemsize
        self._unchecked: dict[tuple[int, ...], int] = {}
        creation = dataset.id.get_create_plist()
        self._filters = [creation.get_filter(k)[0] for k in range(creation.get_nfilters())]
        if self._filters and dataset.id.get_storage_size() > _UNCHECKED_BYTES:
            dataset.id.chunk_iter(self._add_chunk)

    def _add_chunk(self, chunk: Any) -> None:
        if chunk.size > _UNCHECKED_BYTES:
            self._unchecked[tuple(chunk.chunk_offset)] = int(chunk.size)

    def check(self, start: int, end: int) -> None:
        """Check the chunks of the rows from ``start`` up to ``end``, each chunk only once.

        Raises:
            ValueError: a chunk would decompress to more than its size in the dataset.
        """
        offsets = [
            offset
            for offset in self._unchecked
            if offset[0] < end and offset[0] + self._sides[0] > start
        ]
        for offset in offsets:
            stored_bytes = self._unchecked.pop(offset)
            if stored_bytes > _MAX_GROWTH * self._bytes + _HEAD_BYTES or self._unpacks_to_more(
                offset
            ):
                raise ValueError(f"the chunk at {offset} holds more than its pictures")

    def _unpacks_to_more(self, offset: tuple[int, ...]) -> bool:
        # After Deflate only a checksum may be applied, which follows the end of its stream.
        if _DEFLATE not in self._filters:
            return False
        _, compressed = self._dataset.id.read_direct_chunk(offset)
        decompressor, total = zlib.decompressobj(), 0
        while compressed and not decompressor.eof and total <= self._bytes + _HEAD_BYTES:
            try:
                total += len(decompressor.decompress(compressed, _PIECE_BYTES))
            except zlib.error:
                # Damaged or not compressed: the library's own reading will report it.
                return False
            compressed = decompressor.unconsumed_tail
        return total > self._bytes + _HEAD_BYTES
