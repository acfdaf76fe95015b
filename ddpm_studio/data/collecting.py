"""Whatever was dropped → one list of perhaps-pictures, each not yet decoded."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from ddpm_studio.data.formats.archives import tar_files, zip_files
from ddpm_studio.data.formats.arrays import npy_items, npz_items
from ddpm_studio.data.formats.folders import (
    Stamp,
    folder_files,
    single_file,
    stamps,
    stat_source,
    unreadable,
)
from ddpm_studio.data.formats.idx import idx_items, with_labels
from ddpm_studio.data.items import File, Item
from ddpm_studio.data.report import Reject
from ddpm_studio.errors import StudioError, plain

_TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_TAR_MAGIC_AT = 257


@dataclass
class Collection:
    """Everything that was dropped, listed; ``items`` may turn out to be no pictures."""

    title: str
    items: list[Item] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def collect(paths: list[Path], stack: ExitStack) -> Collection:
    """List what the dropped paths hold; ``stack`` closes the archives among them.

    Raises:
        StudioError: a path is missing, unreadable, unsafe or damaged as a whole.
    """
    collection = Collection(source_title(paths))
    loose: list[File] = []
    for tree, path in enumerate(paths):
        prefix = f"{path.name}/" if len(paths) > 1 else ""
        if path.is_dir():
            files, rejects = folder_files(path)
            collection.rejects += [Reject(plain(prefix + r.name), r.reason) for r in rejects]
            _add_files(collection, files, tree, prefix)
            continue
        stat_source(path)
        name = path.name.lower()
        if name.endswith(".npy"):
            _add(collection, npy_items(path, tree, stack))
        elif name.endswith(".npz"):
            _add(collection, npz_items(path, tree))
        elif (kind := _archive_kind(path)) is not None:
            files = tar_files(path, stack) if kind == "tar" else zip_files(path, stack)
            _add_files(collection, files, tree, prefix)
        else:
            files = [single_file(part) for part in with_labels(path)]
            found = idx_items(files, tree)
            if found is None:
                loose.append(files[0])
            else:
                _add(collection, found)
    # Pictures dropped one by one belong together, whatever lies between them.
    collection.items += [Item(plain(file.name), len(paths), file=file) for file in loose]
    return collection


def source_title(paths: list[Path]) -> str:
    """Return what to call the dropped paths."""
    if not paths:
        raise StudioError("Nothing was chosen.", "Choose a folder, an archive or pictures.")
    if len(paths) == 1:
        return plain(paths[0].name or str(paths[0]))
    return f"{len(paths):,} files or folders"


def source_stamps(paths: list[Path]) -> list[Stamp]:
    """Return (path, size, mtime) of every file that :func:`collect` would look at.

    Raises:
        StudioError: a path is missing or unreadable.
    """
    found: list[Stamp] = []
    for path in paths:
        stat_source(path)
        for part in with_labels(path) if path.is_file() else [path]:
            found += stamps(part)
    return found


def _add(collection: Collection, found: tuple[list[Item], list[str]]) -> None:
    items, warnings = found
    collection.items += items
    collection.warnings += warnings


def _add_files(collection: Collection, files: list[File], tree: int, prefix: str) -> None:
    found = idx_items(files, tree)
    if found is not None:
        _add(collection, found)
    else:
        collection.items += [Item(plain(prefix + file.name), tree, file) for file in files]


def _archive_kind(path: Path) -> str | None:
    """Return "zip", "tar" or None, by the name and else by the first bytes."""
    name = path.name.lower()
    if name.endswith(_TAR_SUFFIXES):
        return "tar"
    try:
        with path.open("rb") as stream:
            head = stream.read(_TAR_MAGIC_AT + 5)
    except OSError as error:
        raise unreadable(path, error) from error
    if name.endswith(".zip") or head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    return "tar" if head[_TAR_MAGIC_AT:] == b"ustar" else None
