"""Items of a set: a file in a folder or archive, and a candidate picture not yet decoded."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ddpm_studio.data.byte_ranges import ByteRange

# Python's int() refuses to parse numbers that are much longer.
_NUMBER = re.compile(r"([0-9]{1,4000})")

Pixels = npt.NDArray[np.uint8]

#: Largest file or archive member that is read as one picture.
MAX_FILE_BYTES = 512 * 2**20
#: Largest number of pictures in one source, and of files in one folder or archive.
MAX_FILES = 1_000_000


@dataclass(frozen=True, slots=True)
class File:
    """A file in a folder or an archive.

    Args:
        name: path relative to the dropped folder or archive, with ``/`` between its parts.
        size: uncompressed size in bytes.
        source: called as ``source(location, limit)``, or ``source(limit)`` where ``location`` is
            None; returns the first ``limit`` bytes. One function serves all files of an archive:
            there may be a million.
        location: byte range that another process can read; None: only ``read`` can.
    """

    name: str
    size: int
    source: Callable[..., bytes]
    location: ByteRange | None = None

    def read(self, limit: int) -> bytes:
        """Return the first ``limit`` bytes, all of them for −1.

        Raises:
            OSError: the bytes can't be read.
        """
        if self.location is None:
            return self.source(limit)
        return self.source(self.location, limit)

    @property
    def suffix(self) -> str:
        """The file name extension in lower case, with its dot; empty if there is none."""
        base = self.name[self.name.rfind("/") + 1 :]
        dot = base.rfind(".")
        return base[dot:].lower() if base[: max(0, dot)].strip(".") else ""


@dataclass(frozen=True, slots=True)
class Item:
    """A candidate picture, not yet decoded.

    Args:
        name: the name shown in a report.
        tree: index of the dropped tree that it belongs to.
        file: the file of the picture; None for a row of an array.
        pixels: for a row of an array, returns it as uint8 (H, W, C).
        class_name: its class where the data format gives one; classes by folder are found later.
        pixel_bytes: size in bytes of the array that ``pixels`` returns.
        origin: for a row of an array, the name in the tree of the file that holds the array; empty
            where that path means nothing.
        frame: index of the page or frame of its file, from 0.
    """

    name: str
    tree: int
    file: File | None = None
    pixels: Callable[[], Pixels] | None = None
    class_name: str | None = None
    pixel_bytes: int = 0
    origin: str = ""
    frame: int = 0

    @property
    def path(self) -> str:
        """Path of its file in the tree; empty where the path means nothing."""
        return self.origin if self.file is None else self.file.name

    @property
    def size(self) -> int:
        """Size in bytes of the file, or of the array, to read."""
        return self.pixel_bytes if self.file is None else self.file.size


def natural_key(name: str) -> list[str | int]:
    """Return a sort key for natural sort order: "2" before "10"."""
    # Strings and numbers alternate, so that only equal types are compared.
    parts: list[str | int] = [*_NUMBER.split(name.casefold())]
    parts[1::2] = map(int, parts[1::2])
    return parts


def folders_of(names: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Return the folder of each name, and the path components of each folder.

    Equal folders are one string object, which saves memory.
    """
    unique: dict[str, str] = {}
    folders = [
        unique.setdefault(folder, folder) for folder in (name.rpartition("/")[0] for name in names)
    ]
    return folders, {folder: folder.split("/") if folder else [] for folder in unique}


def folder_classes(names: Sequence[str]) -> list[str] | None:
    """Return the class of each picture by its first-level folder; None if there are no classes.

    A single top-level folder that holds everything, as archives often have, is skipped. There are
    classes if every picture is then in a folder and there are at least two folders.
    """
    folders, parts = folders_of(names)
    level = 0
    while parts and all(len(inner) > level for inner in parts.values()):
        if len({inner[level] for inner in parts.values()}) > 1:
            return [parts[folder][level] for folder in folders]
        level += 1
    return None
