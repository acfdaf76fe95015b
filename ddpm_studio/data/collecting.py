"""File discovery: dropped paths → one list of candidate pictures, none decoded yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from ddpm_studio.data.byte_ranges import WholeFile
from ddpm_studio.data.decoding.signatures import PICTURE_SUFFIXES
from ddpm_studio.data.formats.detection import (
    archive_files,
    archive_suffixes,
    companion_files,
    read_by_formats,
)
from ddpm_studio.data.formats.folders import (
    SYSTEM_FOLDERS,
    Stamp,
    folder_files,
    single_file,
    stamps,
    stat_source,
)
from ddpm_studio.data.formats.frames import frame_items
from ddpm_studio.data.formats.legacy_names import decode_names
from ddpm_studio.data.formats.reading import Reading
from ddpm_studio.data.items import File, Item
from ddpm_studio.data.labels.class_names import ClassNames
from ddpm_studio.data.labels.duplicate_folders import repeated_folders
from ddpm_studio.data.labels.folders import TOP, SplitFolders, archive_sources, split_folders
from ddpm_studio.data.labels.own_labels import OwnLabels
from ddpm_studio.data.labels.source import LabelSource
from ddpm_studio.data.labels.sources import companion_sources, label_sources
from ddpm_studio.data.labels.table_files import SUFFIXES as TABLE_SUFFIXES
from ddpm_studio.data.report import Reject
from ddpm_studio.data.splits import (
    ALL,
    IMAGES,
    MASKS,
    SPLIT_ALL_HINT,
    TRAIN,
    left_out_warning,
    mask_paths,
    mask_splits,
    selected_splits,
    split_in,
    split_of_cell,
    split_of_folder,
)
from ddpm_studio.errors import StudioError, printable
from ddpm_studio.placeholders import detect_placeholder_at
from ddpm_studio.requests import FIRST_RULES, PrepareOptions

# With more archives (such as shards) or tables than this, the tables are not read for classes.
_MAX_WITH_TABLES = 16


@dataclass
class Collection:
    """The listing of everything that was dropped; some ``items`` may turn out to be no pictures.

    ``sources`` maps each tree to its possible sources of labels, and ``class_names`` to the names
    of its classes; ``own`` holds the labels stored in arrays, and ``ranges`` the (dtype, low, high)
    that those were read as. ``notes`` are notes for the report, and ``formats`` the names of the
    data formats that have read something.
    """

    title: str
    items: list[Item] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sources: dict[int, list[LabelSource]] = field(default_factory=dict)
    class_names: dict[int, ClassNames] = field(default_factory=dict)
    own: OwnLabels = field(default_factory=OwnLabels)
    formats: list[str] = field(default_factory=list)
    ranges: set[tuple[str, float, float]] = field(default_factory=set)


def collect(paths: list[Path], stack: ExitStack, options: PrepareOptions) -> Collection:
    """List the contents of the dropped paths; ``stack`` closes the archives among them.

    Raises:
        StudioError: a path is missing, unreadable, unsafe or damaged as a whole.
    """
    return _Collector(paths, stack, options).collect()


class _Collector:
    """The state of one :func:`collect` call."""

    def __init__(self, paths: list[Path], stack: ExitStack, options: PrepareOptions) -> None:
        self._paths, self._stack, self._options = paths, stack, options
        self._result = Collection(source_title(paths))
        self._first_rules = options.rules == FIRST_RULES
        self._trees = 0

    def collect(self) -> Collection:
        loose: list[File] = []
        for path in self._paths:
            prefix = f"{path.name}/" if len(self._paths) > 1 else ""
            if path.is_dir():
                self._read_folder(path, prefix)
                continue
            stat_source(path)
            if (files := self._read_archive(path)) is not None:
                self._read_tree(files, self._new_reading(path.name, prefix))
                continue
            reading = self._new_reading(path.name, "")
            files = [single_file(file) for file in companion_files(path)]
            items, others = read_by_formats(files, reading, alone=True)
            if items is None:
                loose.append(files[0])
            else:
                self._result.items += items
                reading.read_class_names(others)
                self._store_results(reading, [])
        # Pictures dropped one by one form one tree, whatever was dropped between them.
        if loose:
            self._read_tree(loose, self._new_reading(self._result.title, ""), may_hold_arrays=False)
        if not self._first_rules and self._options.split not in (None, ALL):
            self._note_unused_split(self._options.split)
        return self._result

    def _note_unused_split(self, requested: str) -> None:
        """Add a note to the report if a split was asked for of a set that has no splits."""
        if requested in (IMAGES, MASKS) or any(
            warning.endswith(SPLIT_ALL_HINT) for warning in self._result.warnings
        ):
            return
        names = {name for item in self._result.items for name in item.name.split("/")}
        splits = {entry[0] for name in names if (entry := split_of_folder(name)) is not None}
        splits |= {split for name in names if (split := split_in(name)) is not None}
        if requested not in splits:
            note = f"Nothing here says which part it is of: {requested} means all of it."
            self._result.notes.append(note)

    def _read_archive(self, path: Path) -> list[File] | None:
        collection = self._result
        files = archive_files(
            path, self._stack, self._options, collection.formats, collection.notes
        )
        if files is None or self._first_rules:
            return files
        return [file for file in files if SYSTEM_FOLDERS.isdisjoint(file.name.split("/")[:-1])]

    def _new_reading(self, title: str, prefix: str) -> Reading:
        self._trees += 1
        return Reading(self._trees - 1, printable(title), self._options, self._stack, prefix)

    def _read_folder(self, path: Path, prefix: str) -> None:
        files, rejects = folder_files(path, follow=not self._first_rules)
        self._result.rejects += [
            Reject(printable(prefix + reject.name), reject.reason) for reject in rejects
        ]
        first_tree = self._trees
        if not self._first_rules:
            files = self._read_archives(files, prefix)
        reading = self._new_reading(path.name, prefix)
        self._read_tree(files, reading)
        # Files with class names next to archives apply to the archives as well.
        for tree in range(first_tree, reading.tree):
            if tree in self._result.class_names and not self._result.class_names[tree].names:
                self._result.class_names[tree] = reading.class_names

    def _read_archives(self, files: list[File], prefix: str) -> list[File]:
        """Read the archives in a folder, such as shards; return the other files."""
        archives: list[tuple[File, list[File]]] = []
        used: set[str] = set()
        suffixes = archive_suffixes()
        for file in files:
            if not file.name.lower().endswith(suffixes):
                continue
            assert isinstance(file.location, WholeFile)
            try:
                location = Path(file.location.path)
                members = self._read_archive(location)
            except StudioError as error:
                placeholder = detect_placeholder_at(location)
                reason = (
                    placeholder.reason
                    if placeholder is not None
                    else f"archive not read: {error.cause.rstrip('.')}"
                )
                self._result.rejects.append(Reject(printable(prefix + file.name), reason))
                members = []
            if members is not None:
                archives.append((file, members))
        splits, selected = _archive_splits([file.name for file, _ in archives], self._options.split)
        left_out: dict[str, int] = {}
        archive_names = {file.name for file, _ in archives}
        others = [file for file in files if file.name not in archive_names]
        tables = [file for file in others if file.suffix in TABLE_SUFFIXES]
        read_tables = max(len(archives), len(tables)) <= _MAX_WITH_TABLES
        sources_by_archive = archive_sources(
            [
                file.name
                for (file, _), split in zip(archives, splits, strict=True)
                if split in selected
            ]
        )
        for (file, members), split in zip(archives, splits, strict=True):
            if split in selected:
                name = f"{prefix}{file.name}"
                used |= self._read_tree(
                    members,
                    self._new_reading(name, f"{name}/"),
                    archive=sources_by_archive[file.name],
                    companions=tables if read_tables else (),
                )
            elif split is not None:
                left_out[split] = left_out.get(split, 0) + 1
        if warning := left_out_warning(left_out, "archive"):
            self._result.warnings.append(warning)
        return [file for file in others if file.name not in used]

    def _read_tree(
        self,
        files: Sequence[File],
        reading: Reading,
        *,
        may_hold_arrays: bool = True,
        archive: Sequence[LabelSource] = (),
        companions: Sequence[File] = (),
    ) -> set[str]:
        """List one tree; return the names of its archive's ``companions`` that give classes."""
        used_tables: set[str] = set()
        items: list[Item] | None = None
        if not self._first_rules:
            files, encoding = decode_names(files)
            if encoding:
                reading.notes.append(f"Names in {reading.title} are not UTF-8; read as {encoding}.")
        remaining: Sequence[File] = files
        if may_hold_arrays:
            found_items = bool(self._result.items)
            items, remaining = read_by_formats(files, reading, alone=False, found=found_items)
        # Version 0.1.0 ignored all other files next to IDX files.
        if items is not None and self._first_rules:
            remaining = []
        found = list(items or [])
        sources: list[LabelSource] = []
        if not self._first_rules:
            splits = _find_split_folders(remaining, found)
            remaining = self._filter_by_split(remaining, found, reading, splits)
            paths = [item.path for item in found if item.path]
            paths += [file.name for file in remaining if file.suffix in PICTURE_SUFFIXES]
            sources, used, warnings, notes = label_sources(remaining, paths, splits)
            table_sources, used_tables, table_notes = companion_sources(companions, paths)
            sources += [*table_sources, *archive]
            notes += table_notes if used_tables else []
            reading.warnings += warnings
            reading.notes += notes
            remaining = self._filter_by_split_column(remaining, found, reading, sources)
            used |= reading.read_class_names([file for file in remaining if file.name not in used])
            remaining = [file for file in remaining if file.name not in used] if used else remaining
        found += frame_items(remaining, reading)
        self._result.items += found
        self._store_results(reading, sources)
        return used_tables

    def _filter_by_split(
        self, files: Sequence[File], items: list[Item], reading: Reading, splits: SplitFolders
    ) -> Sequence[File]:
        """Filter files and pictures by the split asked for, judging by folders and mask names.

        ``items`` is filtered in place; the files that remain are returned.
        """
        requested = self._options.split
        paths = [file.name for file in files if file.suffix in PICTURE_SUFFIXES]
        masks = set() if MASKS in splits.known else mask_paths(paths)
        if self._options.labels == TOP or not (splits.levels or masks):
            return files
        pictures = set(paths) if masks else set()
        # Masks recognised by their file names count as one more level of splits.
        folder_request = None if masks and requested in (IMAGES, MASKS) else requested
        selected = splits.selected(folder_request)
        kinds = selected_splits(
            (IMAGES, MASKS), requested if requested in (ALL, IMAGES, MASKS) else None
        )

        def left_out_split(path: str) -> str | None:
            if path in pictures and (kind := MASKS if path in masks else IMAGES) not in kinds:
                return kind
            levels = zip(splits.parts(path), selected, strict=True)
            return next((split for split, chosen in levels if split not in (None, *chosen)), None)

        left_out: dict[str, int] = {}
        for path in paths + [item.origin for item in items]:
            if (split := left_out_split(path)) is not None:
                left_out[split] = left_out.get(split, 0) + 1
        items[:] = [item for item in items if left_out_split(item.origin) is None]
        remaining = [file for file in files if left_out_split(file.name) is None]
        if warning := left_out_warning(left_out):
            reading.warn(warning)
        return remaining

    def _filter_by_split_column(
        self,
        files: Sequence[File],
        items: list[Item],
        reading: Reading,
        sources: Sequence[LabelSource],
    ) -> Sequence[File]:
        """Filter pictures by the split that a column of a table gives for each.

        ``items`` is filtered in place; the files that remain are returned. Where no split is asked
        for, all pictures are kept and a note says so.
        """
        requested = self._options.split
        for source in sources:
            if not source.are_splits:
                continue
            paths = [file.name for file in files if file.suffix in PICTURE_SUFFIXES]
            paths += [item.path for item in items if item.path]
            cells = source.classes(paths) or [None] * len(paths)
            splits = {
                path: split_of_cell(source.key, cell) if cell is not None else None
                for path, cell in zip(paths, cells, strict=True)
            }
            if requested in (None, ALL) or not any(splits.values()):
                title = f"{source.title[:1].upper()}{source.title[1:]}"
                existing = sorted({split for split in splits.values() if split is not None})
                example = TRAIN if TRAIN in existing else next(iter(existing), "")
                hint = f"; --split {example} takes that part alone" if example else ""
                reading.notes.append(f"{title} tells parts of the set; all of them are read{hint}.")
                continue
            selected = selected_splits(splits.values(), requested)
            left_out = Counter(
                split or "no part" for split in splits.values() if split not in selected
            )
            if warning := left_out_warning(left_out):
                reading.warn(warning)
            excluded = {path for path, split in splits.items() if split not in selected}
            items[:] = [item for item in items if item.path not in excluded]
            files = [file for file in files if file.name not in excluded]
        return files

    def _store_results(self, reading: Reading, sources: list[LabelSource]) -> None:
        collection = self._result
        collection.rejects += reading.rejects
        collection.warnings += reading.warnings
        collection.notes += reading.notes
        collection.own.add(reading.own)
        collection.formats += reading.formats
        collection.ranges |= reading.ranges
        collection.sources[reading.tree] = sources
        collection.class_names[reading.tree] = reading.class_names


def _find_split_folders(files: Sequence[File], items: Sequence[Item]) -> SplitFolders:
    """Return the folders of a tree that are splits of a set, such as train and test."""
    paths = [file.name for file in files if file.suffix in PICTURE_SUFFIXES]
    paths += [item.origin for item in items if item.origin]
    return split_folders(paths, repeated_folders(paths))


def source_title(paths: list[Path]) -> str:
    """Return a title for the dropped paths.

    Raises:
        StudioError: there are no paths.
    """
    if not paths:
        raise StudioError("Nothing was chosen.", "Choose a folder, an archive or pictures.")
    if len(paths) == 1:
        return printable(paths[0].name or str(paths[0]))
    return f"{len(paths):,} files or folders"


def source_stamps(paths: list[Path], options: PrepareOptions) -> list[Stamp]:
    """Return (path, size, mtime) of every file that :func:`collect` would look at.

    Raises:
        StudioError: a path is missing or unreadable.
    """
    found: list[Stamp] = []
    for path in paths:
        stat_source(path)
        for source in companion_files(path) if path.is_file() else [path]:
            found += stamps(source, follow=options.rules != FIRST_RULES)
    return found


def _archive_splits(
    names: Sequence[str], requested: str | None
) -> tuple[list[str | None], frozenset[str | None]]:
    """Return the split that each archive is of, and the splits to read."""
    masks = mask_splits({_stem(name) for name in names})
    if masks is None:
        splits = [split_in(name) for name in names]
        return splits, selected_splits(splits, requested)
    kinds: list[str | None] = [masks[_stem(name)] for name in names]
    return kinds, selected_splits(kinds, requested if requested in (ALL, *kinds) else None)


def _stem(name: str) -> str:
    return name.rpartition("/")[2].partition(".")[0]
