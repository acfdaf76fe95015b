"""Classes by folders, and by the files that arrays lie in; folders of splits are no classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from ddpm_studio.data.items import folder_classes, folders_of
from ddpm_studio.data.labels.source import LabelSource
from ddpm_studio.data.splits import split_of

_MOST_FILES = 1000
FOLDERS, LEAVES, TOP, FILES = "folders", "leaf-folders", "top-folders", "files"
_RANK = 4


@dataclass(frozen=True)
class SplitFolders:
    """The level of a tree whose folders are the parts of a set, such as train and test.

    Args:
        level: 0 for the first.
        names: the part of each folder of that level.
    """

    level: int
    names: dict[str, str]

    def split(self, path: str) -> str | None:
        """Return which part a picture belongs to."""
        parts = path.split("/")
        return self.names.get(parts[self.level]) if len(parts) > self.level + 1 else None

    def without(self, path: str) -> str:
        """Return a path without its folder of this level."""
        parts = path.split("/")
        return "/".join(parts[: self.level] + parts[self.level + 1 :])


def split_folders(paths: Sequence[str]) -> SplitFolders | None:
    """Return which folders are parts of a set: all of one level, and one for training among them.

    A folder "test" beside "cat" and "dog" is a class like these.
    """
    level = 0
    inner = list(folders_of(paths)[1].values())
    while inner and all(len(folders) > level for folders in inner):
        found = {folders[level] for folders in inner}
        splits = {folder: split_of(folder) for folder in found}
        known = {folder: split for folder, split in splits.items() if split is not None}
        if len(known) == len(found):
            # A lone folder "train" holds the whole set: it is looked through as any other.
            return SplitFolders(level, known) if len(found) > 1 else None
        if len(found) > 1:
            return None
        level += 1
    return None


def top_folders() -> LabelSource:
    """Return the folders of the first level, whatever they are called."""
    return LabelSource(TOP, "the outermost folders", None, _tops)


def folder_sources(paths: Sequence[str]) -> list[LabelSource]:
    """Return which folders may be classes: those of the first level, the innermost, the files."""
    splits = split_folders(paths)
    inner = [splits.without(path) for path in paths] if splits else list(paths)
    sources = [LabelSource(FOLDERS, "folders", _RANK, partial(_by_folders, splits))]
    if splits:
        sources.append(top_folders())
    first, leaves = folder_classes(inner), _leaves(inner)
    if leaves is not None and first is not None and set(leaves) != set(first):
        title = "the innermost folders"
        sources.append(LabelSource(LEAVES, title, None, lambda asked: _leaves(asked)))
    if len(folders_of(inner)[1]) == 1 and 1 < len(inner) <= _MOST_FILES:
        sources.append(LabelSource(FILES, "the files' names", None, _by_files))
    return sources


def _by_folders(splits: SplitFolders | None, paths: Sequence[str]) -> list[str | None] | None:
    found = folder_classes([splits.without(path) for path in paths] if splits else list(paths))
    return list(found) if found is not None else None


def _tops(paths: Sequence[str]) -> list[str | None] | None:
    found = folder_classes(list(paths))
    return list(found) if found is not None else None


def _leaves(paths: Sequence[str]) -> list[str | None] | None:
    folders, parts = folders_of(paths)
    if not all(parts.values()) or len({inner[-1] for inner in parts.values()}) < 2:
        return None
    return [parts[folder][-1] for folder in folders]


def _by_files(paths: Sequence[str]) -> list[str | None] | None:
    stems = [path.rpartition("/")[2].rpartition(".")[0] for path in paths]
    return list(stems) if len(set(stems)) > 1 else None
