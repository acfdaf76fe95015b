"""Format detection: which reader takes which files, by name, the catalogue's order, first bytes."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path

from ddpm_studio.catalogue import DATA_FORMATS, DataFormatInfo
from ddpm_studio.data.formats.archives import tar_files, zip_files
from ddpm_studio.data.formats.folders import unreadable
from ddpm_studio.data.formats.idx import with_labels
from ddpm_studio.data.formats.reading import Reading
from ddpm_studio.data.items import File, Item
from ddpm_studio.errors import StudioError
from ddpm_studio.requests import FIRST_RULES, PrepareOptions

_TAR_MAGIC_AT = 257


def taken_by_formats(
    files: Sequence[File], reading: Reading, *, alone: bool
) -> tuple[list[Item] | None, Sequence[File]]:
    """Let each format take the files that it reads.

    Args:
        files: of one tree, or one that was dropped by itself with what lies beside it.
        reading: of the tree.
        alone: whether it is the latter.

    Returns:
        The pictures, or None if no format took a file, and the files that are left.

    Raises:
        StudioError: a file can't be read, or what it needs is not installed.
    """
    by_suffix: dict[str, list[File]] = {}
    for file in files:
        by_suffix.setdefault(file.suffix, []).append(file)
    items: list[Item] | None = None
    used: set[str] = set()
    for info in _readers():
        if reading.first_rules and info.first not in (("anywhere", "alone")[: 1 + alone]):
            continue
        wanted = [file for suffix in info.suffixes for file in by_suffix.get(suffix, ())]
        wanted = [file for file in wanted if file.name not in used] if used else wanted
        if info.by_content and len(files) == 1:
            wanted = list(files)
        if not wanted:
            continue
        if len(info.suffixes) > 1:
            order = {file.name: number for number, file in enumerate(files)}
            wanted.sort(key=lambda file: order[file.name])
        _require(info, reading.shown(wanted[0].name))
        taken = info.load()(wanted, reading)
        if taken is not None:
            items = [*(items or []), *taken.items]
            reading.formats.append(info.name)
            used |= taken.files
    return items, [file for file in files if file.name not in used] if used else files


def _readers() -> list[DataFormatInfo]:
    return [info for info in DATA_FORMATS.values() if not info.archive]


def _require(info: DataFormatInfo, name: str) -> None:
    if info.extra is None:
        return
    module, extra = info.extra
    if importlib.util.find_spec(module) is None:
        raise StudioError(
            f"{name} is a file of {info.title}, which needs {module}.",
            f"Install it: pip install 'ddpm-studio[{extra}]'.",
        )


def beside(path: Path) -> list[Path]:
    """Return a dropped file and those that belong to it, such as its labels."""
    found = with_labels(path)
    if len(found) > 1:
        return found
    suffix = path.suffix.lower()
    patterns = [one for info in _readers() if suffix in info.suffixes for one in info.beside]
    if not patterns:
        return found
    try:
        others = sorted(path.parent.iterdir())
    except OSError:
        return found
    return found + [
        other
        for other in others
        if other != path and any(fnmatchcase(other.name, one) for one in patterns)
        if other.is_file()
    ]


def archive_of(
    path: Path, stack: ExitStack, options: PrepareOptions, used: list[str]
) -> list[File] | None:
    """Return the files of an archive, known by its name and else by its first bytes.

    None: it is none, or a file of another format that only looks like one. ``used`` learns which
    format read it.

    Raises:
        StudioError: it can't be read, or is damaged or unsafe.
    """
    name = path.name.lower()
    read_so = (info for info in _readers() if options.rules != FIRST_RULES or info.first)
    if any(info.is_zip and name.endswith(info.suffixes) for info in read_so):
        return None
    for info in DATA_FORMATS.values():
        if info.archive and name.endswith(info.suffixes):
            files: list[File] = info.load()(path, stack)
            used.append(info.name)
            return files
    try:
        with path.open("rb") as stream:
            head = stream.read(_TAR_MAGIC_AT + 5)
    except OSError as error:
        raise unreadable(path, error) from error
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return zip_files(path, stack)
    return tar_files(path, stack) if head[_TAR_MAGIC_AT:] == b"ustar" else None
