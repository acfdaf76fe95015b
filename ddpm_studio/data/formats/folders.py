"""Folders and single files as lists of files; hidden files are skipped."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from ddpm_studio.data.byte_ranges import ByteRange, WholeFile
from ddpm_studio.data.items import MAX_FILES, File, natural_key
from ddpm_studio.data.report import Reject
from ddpm_studio.errors import StudioError
from ddpm_studio.hub_cache import newest_snapshot
from ddpm_studio.paths import is_file
from ddpm_studio.placeholders import git_annex_link

_SCHEMES = ("http:", "https:", "ftp:", "s3:", "gs:", "hf:", "file:")
#: Folders that operating systems and network disks create anywhere, such as for thumbnails.
SYSTEM_FOLDERS = frozenset(
    (
        *("__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information"),
        *("lost+found", "__pycache__"),
    )
)
Stamp = tuple[str, int, int]


def unreadable_error(path: Path, error: OSError) -> StudioError:
    """Return the error for a dropped path that can't be opened."""
    reason = (error.strerror or str(error)).lower()
    return StudioError(f"{path} can't be read: {reason}.", "Check the path and its permissions.")


def stat_source(path: Path) -> os.stat_result:
    """Return the stat result of a dropped path.

    Raises:
        StudioError: the path is missing, can't be read or is neither a file nor a folder.
    """
    try:
        info = path.stat()
    except FileNotFoundError:
        if (placeholder := git_annex_link(path)) is not None:
            raise placeholder.error(str(path)) from None
        if path.is_symlink():
            raise StudioError(
                f"{path} is a link to {path.readlink()}, which is not there.",
                "Choose what it should lead to.",
            ) from None
        remedy = "Check the path; it may have been moved."
        if path.parts[0] in _SCHEMES:
            remedy = "Addresses are not fetched: download it, then choose that."
        elif any(character in path.name for character in "*?"):
            remedy = "No file is called like this pattern; choose the folder itself."
        elif len(path.parts) == 2 and path.parts[0] != "~" and not path.parent.exists():
            remedy = "Sets of the Hugging Face Hub are not fetched: download it, then choose that."
        raise StudioError(f"There is no file or folder {path}.", remedy) from None
    except OSError as error:
        raise unreadable_error(path, error) from error
    if not (stat.S_ISREG(info.st_mode) or stat.S_ISDIR(info.st_mode)):
        raise StudioError(f"{path} is neither a file nor a folder.", "Choose a file or a folder.")
    return info


def sibling_files(path: Path, predicate: Callable[[str], bool]) -> list[Path]:
    """Return the sorted sibling files of ``path`` whose name satisfies ``predicate``.

    The list is empty if the folder can't be listed, as the file itself may still be readable.
    """
    try:
        others = sorted(path.parent.iterdir())
    except OSError:
        return []
    return [
        sibling
        for sibling in others
        if sibling != path and predicate(sibling.name) and is_file(sibling)
    ]


def walk(folder: Path, *, follow: bool = True) -> Iterator[tuple[Path, os.stat_result | OSError]]:
    """Yield the regular files below ``folder`` with their stat result, or the error from it.

    Sockets, pipes and devices are skipped, as reading one may block for ever.

    Args:
        folder: the root folder.
        follow: whether to follow symbolic links to folders. Each folder is then visited once, as
            links may form cycles, and by its real path rather than a link where both are below the
            root. In the cache of the Hugging Face Hub, only the newest version is read then.

    Raises:
        StudioError: the root folder can't be listed, or holds too many files.
    """

    pending = [folder]
    linked: list[Path] = []
    visited: set[tuple[int, int]] = set()
    count = 0
    # A stack instead of recursion: folders may be nested thousands deep.
    while pending or linked:
        is_link = not pending
        if is_link:
            # Sorted, so that of two links to one folder the same one is always followed.
            linked.sort()
        parent = linked.pop(0) if is_link else pending.pop()
        try:
            if follow:
                folder_info = parent.stat()
                if (folder_info.st_dev, folder_info.st_ino) in visited:
                    if is_link and not _links_to_parent(parent):
                        yield parent, OSError(0, "a link to a folder that is read already")
                    continue
                visited.add((folder_info.st_dev, folder_info.st_ino))
            with os.scandir(parent) as entries:
                entries_inside = [entry for entry in entries if not _is_hidden(entry.name, follow)]
        except OSError as error:
            if parent == folder:
                raise unreadable_error(folder, error) from error
            if follow:
                yield parent, error
            continue
        if follow and {"blobs", "snapshots"} <= {entry.name for entry in entries_inside}:
            newest = newest_snapshot(parent)
            if newest is not None:
                pending.append(newest)
                continue
        for entry in entries_inside:
            count += 1
            if count > MAX_FILES:
                raise StudioError(
                    f"{folder} holds more than {MAX_FILES:,} files.", "Choose a folder within it."
                )
            path = Path(parent, entry.name)
            try:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(path)
                    continue
                if follow and entry.is_dir():
                    linked.append(path)
                    continue
                info = entry.stat()
            except OSError as error:
                yield path, error
                continue
            if stat.S_ISREG(info.st_mode):
                yield path, info


def _is_hidden(name: str, current_rules: bool) -> bool:
    """Whether a file or folder is hidden, or (by the current rules) belongs to the system."""
    return name.startswith(".") or (current_rules and name in SYSTEM_FOLDERS)


def _links_to_parent(link: Path) -> bool:
    """Whether a symbolic link leads to one of its own parent folders, a cycle."""
    parent = link.parent.resolve()
    return link.resolve() in (parent, *parent.parents)


def folder_files(folder: Path, *, follow: bool = True) -> tuple[list[File], list[Reject]]:
    """Return the files below ``folder`` in natural order, and rejects for those unreadable.

    ``follow`` is whether to follow symbolic links to folders.
    """
    files: list[File] = []
    rejects: list[Reject] = []
    for path, info in walk(folder, follow=follow):
        name = path.relative_to(folder).as_posix()
        if isinstance(info, OSError):
            placeholder = git_annex_link(path) if follow else None
            reason = (
                placeholder.reason if placeholder is not None else f"unreadable: {info.strerror}"
            )
            rejects.append(Reject(name, reason))
        else:
            files.append(File(name, info.st_size, _read, WholeFile(str(path))))
    files.sort(key=lambda file: natural_key(file.name))
    return files, rejects


def single_file(path: Path) -> File:
    """Return a dropped file as the only file of its tree."""
    return File(path.name, stat_source(path).st_size, _read, WholeFile(str(path)))


def stamps(path: Path, *, follow: bool = True) -> list[Stamp]:
    """Return (path, size, mtime in ns) of every file below a dropped path."""
    info = stat_source(path)
    if stat.S_ISREG(info.st_mode):
        return [(str(path), info.st_size, info.st_mtime_ns)]
    return sorted(
        (str(inner), -1, -1)
        if isinstance(inner_info, OSError)
        else (str(inner), inner_info.st_size, inner_info.st_mtime_ns)
        for inner, inner_info in walk(path, follow=follow)
    )


def _read(location: ByteRange, limit: int) -> bytes:
    with Path(location.path).open("rb") as stream:
        return location.read(stream, limit)
