"""Labels by folder, archive or array file; folders of splits are not classes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from ddpm_studio.data.items import folder_classes, folders_of
from ddpm_studio.data.labels.duplicate_folders import duplicate_folder_notes, strip_repeated_folders
from ddpm_studio.data.labels.folder_heuristics import non_class_reason
from ddpm_studio.data.labels.source import LabelSource
from ddpm_studio.data.splits import (
    ALL,
    mask_splits,
    selected_splits,
    split_of,
    split_of_folder,
    splits_in_folder_names,
    splits_of_siblings,
)

_MAX_FILES = 1000
FOLDERS, LEAVES, TOP, FILES = "folders", "leaf-folders", "top-folders", "files"
ARCHIVES = "archives"
_RANK, _ARCHIVES_RANK = 4, 7
_NUMBERS = re.compile(r"[\W\d_]+")


@dataclass(frozen=True)
class SplitFolders:
    """The levels of a tree whose folders are splits: train and test, images and masks.

    Args:
        levels: for each such level, counted from 0, the split of each folder and the rest of its
            name, see :func:`~ddpm_studio.data.splits.split_of_folder`.
        repeated: folders that are skipped, see
            :func:`~ddpm_studio.data.labels.duplicate_folders.repeated_folders`.
    """

    levels: dict[int, dict[str, tuple[str, str]]]
    repeated: frozenset[str] = frozenset()

    def parts(self, path: str) -> list[str | None]:
        """Return the split of a picture at each of the levels; None where it has none."""
        folders = strip_repeated_folders(path, self.repeated).split("/")[:-1]
        return [
            names.get(folders[level], (None,))[0] if len(folders) > level else None
            for level, names in self.levels.items()
        ]

    @property
    def known(self) -> frozenset[str]:
        """All splits of all levels."""
        return frozenset(split for names in self.levels.values() for split, _ in names.values())

    def selected(self, requested: str | None) -> list[frozenset[str | None]]:
        """Return the splits to read, for each level.

        Raises:
            StudioError: the split asked for does not exist.
        """
        levels = [[split for split, _ in names.values()] for names in self.levels.values()]
        if requested not in (None, ALL, *self.known):
            selected_splits(self.known, requested)
        return [
            selected_splits(splits, requested if requested in (ALL, *splits) else None)
            for splits in levels
        ]

    def strip_splits(self, path: str) -> str:
        """Return a path with its split folders removed, or replaced by the rest of their names."""
        path = strip_repeated_folders(path, self.repeated)
        if not self.levels:
            return path
        *folders, name = path.split("/")
        for level, names in self.levels.items():
            if len(folders) > level and folders[level] in names:
                folders[level] = names[folders[level]][1]
        return "/".join([folder for folder in folders if folder] + [name])


def split_folders(paths: Sequence[str], repeated: frozenset[str] = frozenset()) -> SplitFolders:
    """Find the levels of a tree whose folders are splits: at least two, and all of a level.

    A folder "test" next to "cat" and "dog" is a class like them; next to "train" it is a split, and
    the other folders there are no classes either.

    Args:
        paths: the paths of the pictures.
        repeated: folders to skip.
    """
    levels: dict[int, dict[str, tuple[str, str]]] = {}
    level = 0
    stripped = [strip_repeated_folders(path, repeated) for path in paths] if repeated else paths
    folder_lists = list(folders_of(stripped)[1].values())
    while folder_lists and all(len(folders) > level for folders in folder_lists):
        names = {folders[level] for folders in folder_lists}
        splits = {
            folder: split for folder in names if (split := split_of_folder(folder)) is not None
        }
        masks = mask_splits(names)
        # A single folder "train" holds the whole set, and is skipped like any other single folder.
        if len(splits) == len(names) > 1:
            levels[level] = splits
        elif masks is not None:
            levels[level] = {folder: (split, "") for folder, split in masks.items()}
        elif (siblings := splits_of_siblings(names) or splits_in_folder_names(names)) is not None:
            levels[level] = siblings
        level += 1
    return SplitFolders(levels, repeated)


def top_folders() -> LabelSource:
    """Return the label source of the outermost folders, whatever their names."""
    return LabelSource(TOP, "the outermost folders", None, _classes_by_top_folder)


def folder_sources(
    paths: Sequence[str], tree_splits: SplitFolders
) -> tuple[list[LabelSource], list[str]]:
    """Return the label sources by folder or file name, and notes on folders that are no classes.

    The sources are the first level of folders, the innermost folders, and the array files.

    Args:
        paths: the paths of the pictures that are read.
        tree_splits: the split folders of the whole set, with those left out.
    """
    splits = split_folders(paths, tree_splits.repeated)
    all_splits = SplitFolders({**tree_splits.levels, **splits.levels}, tree_splits.repeated)
    stripped = [all_splits.strip_splits(path) for path in paths]
    outermost, innermost = folder_classes(stripped), _classes_by_leaf_folder(stripped)
    reason = non_class_reason(outermost, stripped) if outermost is not None else ""
    notes = duplicate_folder_notes(paths, tree_splits.repeated)
    if reason:
        notes.append(f"The folders only {reason}; --labels {FOLDERS} makes classes of them.")
    rank = None if reason else _RANK
    sources = [LabelSource(FOLDERS, "folders", rank, partial(_classes_by_folders, all_splits))]
    if splits.levels:
        sources.append(top_folders())
    if innermost is not None and outermost is not None and set(innermost) != set(outermost):
        title = "the innermost folders"
        sources.append(
            LabelSource(LEAVES, title, None, lambda paths: _classes_by_leaf_folder(paths))
        )
    # Files that hold several pictures each.
    files_hold_several = 1 < len(set(stripped)) <= min(_MAX_FILES, len(stripped) - 1)
    if len(folders_of(stripped)[1]) == 1 and files_hold_several:
        sources.append(LabelSource(FILES, "the files' names", None, _classes_by_file))
    return sources, notes


def archive_sources(names: Sequence[str]) -> dict[str, list[LabelSource]]:
    """Return the label sources of each archive in a folder, whose name may be a class.

    "cat.zip" next to "dog.zip" is a class. Shards such as "a-0001.tar" differ in their numbers
    alone, but so do ImageNet's classes; then the names are labels only if asked for.
    """
    classes = {name: name.rpartition("/")[2].partition(".")[0] for name in names}
    # Splits are no classes, where they are read together.
    if len(set(classes.values())) < 2 or any(map(split_of, classes.values())):
        return {name: [] for name in names}
    letters = {_NUMBERS.sub("", class_name) for class_name in classes.values()}
    rank = _ARCHIVES_RANK if len(letters) == len(set(classes.values())) else None
    return {
        name: [
            LabelSource(ARCHIVES, "the archives' names", rank, partial(_constant_class, class_name))
        ]
        for name, class_name in classes.items()
    }


def _constant_class(class_name: str, paths: Sequence[str]) -> list[str | None] | None:
    return [class_name] * len(paths)


def _classes_by_folders(splits: SplitFolders, paths: Sequence[str]) -> list[str | None] | None:
    classes = folder_classes([splits.strip_splits(path) for path in paths])
    return list(classes) if classes is not None else None


def _classes_by_top_folder(paths: Sequence[str]) -> list[str | None] | None:
    classes = folder_classes(list(paths))
    return list(classes) if classes is not None else None


def _classes_by_leaf_folder(paths: Sequence[str]) -> list[str | None] | None:
    folders, parts = folders_of(paths)
    if not all(parts.values()) or len({inner[-1] for inner in parts.values()}) < 2:
        return None
    return [parts[folder][-1] for folder in folders]


def _classes_by_file(paths: Sequence[str]) -> list[str | None] | None:
    stems = [path.rpartition("/")[2].rpartition(".")[0] for path in paths]
    return list(stems) if len(set(stems)) > 1 else None
