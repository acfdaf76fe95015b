"""Format detection: assign files to readers by suffix, file signature and catalogue order."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path

from ddpm_studio.catalogue import DATA_FORMATS, DataFormatInfo
from ddpm_studio.data.decoding.signatures import PICTURE_SUFFIXES, misnamed_picture
from ddpm_studio.data.decoding.unsupported import unsupported_suffix, unsupported_type
from ddpm_studio.data.formats.archives import tar_files, zip_files
from ddpm_studio.data.formats.folders import sibling_files, unreadable_error
from ddpm_studio.data.formats.idx import with_labels
from ddpm_studio.data.formats.reading import Reading
from ddpm_studio.data.items import File, Item
from ddpm_studio.data.report import NEEDS, Reject
from ddpm_studio.errors import StudioError
from ddpm_studio.placeholders import HEAD_BYTES, detect_placeholder
from ddpm_studio.requests import FIRST_RULES, PrepareOptions

_TAR_MAGIC_OFFSET = 257
_ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
# File types that are zips inside and hold no pictures.
_FOREIGN_ZIP_SUFFIXES = (".xlsx", ".ods", ".keras")
# gzip, bzip2 and xz.
_COMPRESSED_SUFFIXES = (".gz", ".bz2", ".xz")
_COMPRESSED_SIGNATURES = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")
_SPLIT_ARCHIVE = re.compile(r"\.(?:z\d\d|(?:zip|tar|7z|rar|gz|tgz)\.(?:\d{3}|part\w{1,3}))$")


def archive_suffixes() -> tuple[str, ...]:
    """Return the suffixes of archives, with those of compressed files, which may be tars."""
    archives = (info.suffixes for info in DATA_FORMATS.values() if info.archive)
    return (
        *(suffix for suffixes in archives for suffix in suffixes if suffix),
        *_COMPRESSED_SUFFIXES,
    )


def read_by_formats(
    files: Sequence[File], reading: Reading, *, alone: bool, found: bool = False
) -> tuple[list[Item] | None, Sequence[File]]:
    """Read the files of one tree by the readers of the catalogue, in its order.

    Args:
        files: files of one tree, or a single dropped file with those that belong to it.
        reading: the reading of the tree.
        alone: whether it is a single dropped file.
        found: whether other trees, such as archives in the folder, have given pictures.

    Returns:
        The pictures, or None if no format took a file; and the files that are left.

    Raises:
        StudioError: a file can't be read, or a package that it needs is not installed, and no
            pictures were found otherwise: in a folder, files of features and models are normal.
    """
    by_suffix: dict[str, list[File]] = {}
    for file in files:
        by_suffix.setdefault(file.suffix, []).append(file)
    items: list[Item] | None = None
    used: set[str] = set()
    errors: list[StudioError] = []
    for info in _readers():
        if reading.first_rules and info.first not in (("anywhere", "alone")[: 1 + alone]):
            continue
        selected = [file for suffix in info.suffixes for file in by_suffix.get(suffix, ())]
        selected = [file for file in selected if file.name not in used] if used else selected
        if info.by_content and len(files) == 1:
            selected = list(files)
        if not selected:
            continue
        if len(info.suffixes) > 1:
            positions = {file.name: number for number, file in enumerate(files)}
            selected.sort(key=lambda file: positions[file.name])
        try:
            _require_package(info, reading.shown(selected[0].name))
            result = info.load()(selected, reading)
        except StudioError as error:
            # A file or array that the user has named must be read, or the error is raised.
            if alone or reading.first_rules or reading.options.array is not None:
                raise
            errors.append(error)
            reason = f"no pictures: {error.cause.rstrip('.')}"
            reading.rejects += [Reject(reading.shown(file.name), reason) for file in selected]
            used |= {file.name for file in selected}
            continue
        if result is not None:
            items = [*(items or []), *result.items]
            reading.formats.append(info.name)
            used |= result.files
    if errors and not (items or found or PICTURE_SUFFIXES & by_suffix.keys()):
        raise errors[0]
    return items, [file for file in files if file.name not in used] if used else files


def _readers() -> list[DataFormatInfo]:
    return [info for info in DATA_FORMATS.values() if not info.archive]


def _require_package(info: DataFormatInfo, name: str) -> None:
    if info.extra is None:
        return
    module, extra = info.extra
    if importlib.util.find_spec(module) is None:
        raise StudioError(
            f"{name} is a file of {info.title}{NEEDS}{module}.",
            f"Install it: pip install 'ddpm-studio[{extra}]'.",
        )


def companion_files(path: Path) -> list[Path]:
    """Return a dropped file and the files next to it that belong to it, such as its labels."""
    found = with_labels(path)
    if len(found) > 1:
        return found
    suffix = path.suffix.lower()
    patterns = [
        pattern for info in _readers() if suffix in info.suffixes for pattern in info.beside
    ]
    if not patterns:
        return found
    return found + sibling_files(
        path, lambda name: any(fnmatchcase(name, pattern) for pattern in patterns)
    )


def archive_files(
    path: Path, stack: ExitStack, options: PrepareOptions, used: list[str], notes: list[str]
) -> list[File] | None:
    """Return the files of an archive, recognised by its suffix or else its signature.

    None if it is no archive, or a file of another format that is a zip inside. The name of the
    format is appended to ``used``, and a note on the encoding of names to ``notes``.

    Raises:
        StudioError: the archive can't be read, or is damaged or unsafe.
    """
    name = path.name.lower()
    first_rules = options.rules == FIRST_RULES
    readers = (info for info in _readers() if not first_rules or info.first)
    if any(info.is_zip and name.endswith(info.suffixes) for info in readers):
        return None
    archives = [info for info in DATA_FORMATS.values() if info.archive]
    matched = next((info for info in archives if name.endswith(info.suffixes)), None)
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError as error:
        raise unreadable_error(path, error) from error
    if matched is not None and not first_rules:
        matched = _format_by_signature(path, matched, head)
    elif matched is None and not first_rules and _SPLIT_ARCHIVE.search(name):
        raise StudioError(
            f"{path.name} is one part of a split archive.",
            "Put the parts together, such as with 7-Zip, and choose the whole or the folder.",
        )
    if matched is not None:
        files: list[File] = (
            zip_files(path, stack, None if first_rules else notes)
            if matched.name == "zip"
            else matched.load()(path, stack)
        )
        used.append(matched.name)
        return files
    if head.startswith(_ZIP_SIGNATURES):
        if path.suffix.lower() in _FOREIGN_ZIP_SUFFIXES and not first_rules:
            description, _, remedy = (unsupported_suffix(path.suffix.lower()) or "").partition(": ")
            raise StudioError(
                f"{path.name} is {description}.", f"{remedy[:1].upper()}{remedy[1:]}."
            )
        files = zip_files(path, stack, None if first_rules else notes)
        if not first_rules and any(file.name.endswith("/data.pkl") for file in files):
            raise StudioError(
                f"{path.name} is a file of torch under another name.", "Give it the ending .pt."
            )
        return files
    return tar_files(path, stack) if head[_TAR_MAGIC_OFFSET:].startswith(b"ustar") else None


def _format_by_signature(path: Path, matched: DataFormatInfo, head: bytes) -> DataFormatInfo:
    """Return the format of an archive by its signature, which may differ from its suffix.

    Raises:
        StudioError: the file is a placeholder for an archive, such as a Git LFS pointer, or is of
            a type that is not supported.
    """
    if (placeholder := detect_placeholder(head, path.stat().st_size)) is not None:
        raise placeholder.error(path.name)
    if matched.name not in ("zip", "tar"):
        return matched
    if head.startswith(_ZIP_SIGNATURES):
        return DATA_FORMATS["zip"]
    if head[_TAR_MAGIC_OFFSET:].startswith(b"ustar") or head.startswith(_COMPRESSED_SIGNATURES):
        return DATA_FORMATS["tar"]
    if (description := unsupported_type(head) or misnamed_picture(head)) is not None:
        problem, _, remedy = description.partition(": ")
        raise StudioError(f"{path.name} is {problem}.", f"{remedy[:1].upper()}{remedy[1:]}.")
    return matched
