"""Zip archives of ``torch.save``: a pickle of the object tree, and the storages; torch-free.

All members are in one folder: ``data.pkl``, ``byteorder`` and the storages by key, ``data/0`` and
so on, all uncompressed. Format: torch/csrc/jit/serialization/pickler.h and inline_container.cc.
"""

from __future__ import annotations

import zipfile

#: Error message for a zip of another kind.
NOT_A_TORCH_FILE = "it is no file of torch.save"
_TREE, _MAX_ORDER_BYTES = "data.pkl", 16
_LOCAL_HEADER_BYTES = 30


class TorchZip:
    """Open zip archive of ``torch.save``; reads are bounded, and nothing is decompressed.

    Args:
        archive: the zip archive.

    Raises:
        ValueError: if it is a zip of another kind, or big-endian.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = {info.filename: info for info in archive.infolist()}
        trees = [name for name in self._members if name.endswith(f"/{_TREE}")]
        if len(trees) != 1:
            raise ValueError(NOT_A_TORCH_FILE)
        self._root = trees[0].removesuffix(_TREE)
        order = self._members.get(f"{self._root}byteorder")
        if order is not None and self._content(order, _MAX_ORDER_BYTES) != b"little":
            raise ValueError("its numbers are written backwards")

    def tree(self, max_bytes: int) -> bytes:
        """Return the pickle of the object tree, as bytes.

        Raises:
            ValueError: if it is longer than ``max_bytes`` bytes, or compressed.
        """
        return self._content(self._members[self._root + _TREE], max_bytes)

    def numbers(self, key: str) -> bytes:
        """Return the raw bytes of a storage.

        Raises:
            ValueError: if there is no storage of this key, or it is compressed.
        """
        info = self._storage(key)
        return self._content(info, info.file_size)

    def size(self, key: str) -> int:
        """Return the size of a storage in bytes.

        Raises:
            ValueError: as :meth:`numbers`.
        """
        return self._storage(key).file_size

    def location(self, key: str) -> int:
        """Return the byte offset in the file at which a storage begins.

        Raises:
            ValueError: as :meth:`numbers`.
        """
        info = self._storage(key)
        stream = self._archive.fp
        assert stream is not None
        stream.seek(info.header_offset)
        header = stream.read(_LOCAL_HEADER_BYTES)
        # Lengths of the local header's file name and extra field; torch pads the latter.
        lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        return info.header_offset + _LOCAL_HEADER_BYTES + lengths

    def _storage(self, key: str) -> zipfile.ZipInfo:
        info = self._members.get(f"{self._root}data/{key}")
        if info is None:
            raise ValueError("a tensor in it has no numbers")
        return _check_uncompressed(info)

    def _content(self, info: zipfile.ZipInfo, max_bytes: int) -> bytes:
        if _check_uncompressed(info).file_size > max_bytes:
            raise ValueError("its table is too long")
        return self._archive.read(info)


def _check_uncompressed(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    # torch compresses nothing: a compressed member could be a zip bomb.
    if info.compress_type != zipfile.ZIP_STORED or info.file_size > info.compress_size:
        raise ValueError("it is packed, which torch does not do")
    return info
