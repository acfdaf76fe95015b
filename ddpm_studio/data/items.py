"""Items of a set: a file in a tree, and one picture not yet decoded."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ddpm_studio.data.byte_ranges import Place

# Python refuses to read numbers that are much longer.
_NUMBER = re.compile(r"([0-9]{1,4000})")

Pixels = npt.NDArray[np.uint8]

#: Largest file or archive member that is read as one picture.
MAX_FILE_BYTES = 512 * 2**20
#: Largest number of pictures in one dropped thing, and of files in one folder or archive.
MAX_FILES = 1_000_000


@dataclass(frozen=True, slots=True)
class File:
    """A file in a folder or an archive.

    Args:
        name: path relative to what was dropped, with ``/`` between its parts.
        size: bytes when unpacked.
        source: returns the first ``limit`` bytes of a place, or without a place of this file. One
            function serves all files of an archive: there may be a million.
        place: where another process can read it; None: only ``read`` can.
    """

    name: str
    size: int
    source: Callable[..., bytes]
    place: Place | None = None

    def read(self, limit: int) -> bytes:
        """Return the first ``limit`` bytes, all of them for −1.

        Raises:
            OSError: they can't be read.
        """
        if self.place is None:
            return self.source(limit)
        return self.source(self.place, limit)

    @property
    def suffix(self) -> str:
        """The ending in lower case, with its dot."""
        base = self.name[self.name.rfind("/") + 1 :]
        dot = base.rfind(".")
        return base[dot:].lower() if base[: max(0, dot)].strip(".") else ""


@dataclass(frozen=True, slots=True)
class Item:
    """Perhaps one picture.

    Args:
        name: what people see in a report.
        file: its file, if it is one; else ``pixels`` returns uint8 (H, W, C).
        tree: which of the dropped trees it belongs to.
        class_name: its class where the source says it; in trees, folders say it later.
        pixel_bytes: what ``pixels`` returns has so many.
        origin: the name of the file in the tree that an array lies in; empty where its place
            there says nothing.
        frame: which page or frame of its file, from 0.
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
        """Where it lies in its tree; empty where that says nothing."""
        return self.origin if self.file is None else self.file.name

    @property
    def size(self) -> int:
        """Bytes of what is read."""
        return self.pixel_bytes if self.file is None else self.file.size


def natural_key(name: str) -> list[str | int]:
    """Order names as people do: "2" before "10"."""
    # Texts and numbers take turns, so that only like is compared with like.
    parts: list[str | int] = [*_NUMBER.split(name.casefold())]
    parts[1::2] = map(int, parts[1::2])
    return parts


def folders_of(names: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Return the folder of each name, and of each folder its parts; equal ones are one object."""
    known: dict[str, str] = {}
    folders = [known.setdefault(one, one) for one in (name.rpartition("/")[0] for name in names)]
    return folders, {folder: folder.split("/") if folder else [] for folder in known}


def folder_classes(names: Sequence[str]) -> list[str] | None:
    """Return the class of each picture from its first-level folder, or None.

    Folders that hold everything (as archives often have) are looked through. There are
    classes when every picture then lies in a folder and there are at least two folders.
    """
    folders, parts = folders_of(names)
    level = 0
    while parts and all(len(inner) > level for inner in parts.values()):
        if len({inner[level] for inner in parts.values()}) > 1:
            return [parts[folder][level] for folder in folders]
        level += 1
    return None
