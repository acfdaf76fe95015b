"""Duplicate folders, which repeat the folders around them, as in archives packed twice.

In ``cell_images/cell_images/cat`` next to ``cell_images/cat``, or in ``seg_train/seg_train/cat``,
the inner folder is neither a class nor a split.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from ddpm_studio.data.items import folders_of
from ddpm_studio.data.splits import split_of_folder
from ddpm_studio.errors import printable

_MIN_COPIES = 2
# Largest number of folders to report.
_MAX_NOTES = 3


def repeated_folders(paths: Sequence[str]) -> frozenset[str]:
    """Return the folders to skip, as if their contents were in the parent folder.

    These are folders, not named as a split, whose subfolders have the names of siblings of the
    folder: at least two, or one with the same subfolders as that sibling; and a folder that is
    alone in a parent of the same name. A folder that directly holds pictures is none.

    Args:
        paths: the paths of all pictures of a tree.
    """
    parts = folders_of(paths)[1]
    subfolders: dict[str, set[str]] = {}
    for folders in parts.values():
        for depth, name in enumerate(folders):
            subfolders.setdefault("/".join(folders[:depth]), set()).add(name)
    repeated = set()
    for parent, names in subfolders.items():
        for name in names:
            folder = f"{parent}/{name}" if parent else name
            inside = subfolders.get(folder, set())
            if parts.get(folder):
                # It holds pictures itself.
                continue
            is_nested_twice = (
                names == {name} and parent.rpartition("/")[2] == name and parent not in parts
            )
            siblings = names - {name}
            repeats_siblings = (
                bool(inside)
                and inside <= siblings
                and split_of_folder(name) is None
                and (
                    len(inside) >= _MIN_COPIES
                    or _has_same_contents(subfolders, parent, folder, inside)
                )
            )
            if inside and (is_nested_twice or repeats_siblings):
                repeated.add(folder)
    return frozenset(repeated)


def _has_same_contents(
    subfolders: dict[str, set[str]], parent: str, folder: str, names: Iterable[str]
) -> bool:
    prefix = f"{parent}/" if parent else ""
    return all(
        len(inside := subfolders.get(f"{folder}/{name}", set())) >= _MIN_COPIES
        and inside == subfolders.get(f"{prefix}{name}")
        for name in names
    )


def duplicate_folder_notes(paths: Sequence[str], repeated: frozenset[str]) -> list[str]:
    """Return notes on folders that repeat siblings; those alone in their parent are not reported.

    Args:
        paths: the paths of the pictures that are read.
        repeated: the folders that are skipped.
    """
    if not repeated:
        return []
    siblings: dict[str, set[str]] = {}
    for folder in folders_of(paths)[1]:
        while folder:
            parent, _, name = folder.rpartition("/")
            siblings.setdefault(parent, set()).add(name)
            folder = parent
    repeating = (
        path for path in sorted(repeated) if len(siblings.get(path.rpartition("/")[0], ())) > 1
    )
    return [
        f"The folder {printable(path, 80)} repeats the folders beside it: they are taken together."
        for path in islice(repeating, _MAX_NOTES)
    ]


def strip_repeated_folders(path: str, repeated: frozenset[str]) -> str:
    """Return a path without the folders in ``repeated``."""
    if not repeated:
        return path
    *folders, name = path.split("/")
    remaining = [
        folder
        for depth, folder in enumerate(folders)
        if "/".join(folders[: depth + 1]) not in repeated
    ]
    return "/".join([*remaining, name])
