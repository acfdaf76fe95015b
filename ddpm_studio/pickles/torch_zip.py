"""The zip that ``torch.save`` writes: a pickle that tells what there is, and numbers beside it.

All members lie in one folder: ``data.pkl``, ``byteorder`` and, by their keys, ``data/0`` and so
on, none of them packed. The format: torch/csrc/jit/serialization/pickler.h and inline_container.cc.
Nothing of torch is needed to read it.
"""

from __future__ import annotations

import zipfile

#: Why a zip of another kind is refused.
NOT_OF_TORCH = "it is no file of torch.save"
_TREE, _LONGEST_ORDER = "data.pkl", 16
_LOCAL_HEADER_BYTES = 30


class TorchZip:
    """An open file of ``torch.save``; what is read of it is bounded and never unpacked.

    Args:
        archive: the zip.

    Raises:
        ValueError: it is a zip of another kind, or of numbers in the other byte order.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = {info.filename: info for info in archive.infolist()}
        trees = [name for name in self._members if name.endswith(f"/{_TREE}")]
        if len(trees) != 1:
            raise ValueError(NOT_OF_TORCH)
        self._root = trees[0].removesuffix(_TREE)
        order = self._members.get(f"{self._root}byteorder")
        if order is not None and self._content(order, _LONGEST_ORDER) != b"little":
            raise ValueError("its numbers are written backwards")

    def tree(self, most: int) -> bytes:
        """Return the pickle that tells what there is.

        Raises:
            ValueError: it is longer than ``most`` bytes, or packed.
        """
        return self._content(self._members[self._root + _TREE], most)

    def numbers(self, key: str) -> bytes:
        """Return the numbers of a storage.

        Raises:
            ValueError: there are none by this key, or they are packed.
        """
        info = self._storage(key)
        return self._content(info, info.file_size)

    def size(self, key: str) -> int:
        """Return how many bytes the numbers of a storage take.

        Raises:
            ValueError: as :meth:`numbers`.
        """
        return self._storage(key).file_size

    def place(self, key: str) -> int:
        """Return where in the file the numbers of a storage begin.

        Raises:
            ValueError: as :meth:`numbers`.
        """
        info = self._storage(key)
        stream = self._archive.fp
        assert stream is not None
        stream.seek(info.header_offset)
        head = stream.read(_LOCAL_HEADER_BYTES)
        # The local copies of the name and of the extra field, which torch pads.
        lengths = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        return info.header_offset + _LOCAL_HEADER_BYTES + lengths

    def _storage(self, key: str) -> zipfile.ZipInfo:
        info = self._members.get(f"{self._root}data/{key}")
        if info is None:
            raise ValueError("a tensor in it has no numbers")
        return _unpacked(info)

    def _content(self, info: zipfile.ZipInfo, most: int) -> bytes:
        if _unpacked(info).file_size > most:
            raise ValueError("its table is too long")
        return self._archive.read(info)


def _unpacked(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    # torch packs nothing: what is packed could be a bomb.
    if info.compress_type != zipfile.ZIP_STORED or info.file_size > info.compress_size:
        raise ValueError("it is packed, which torch does not do")
    return info
