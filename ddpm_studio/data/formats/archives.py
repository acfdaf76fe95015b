"""Zip and tar archives as lists of files, read in memory and treated as untrusted.

Nothing is ever extracted to the disk. An archive with a name or a link that would lead out of its
folder (path traversal) is rejected as a whole: it was made to do harm.
"""

from __future__ import annotations

import re
import stat
import tarfile
import threading
import zipfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from ddpm_studio.data.byte_ranges import FileRange, OpenFile, ZipMember
from ddpm_studio.data.formats.folders import unreadable_error
from ddpm_studio.data.formats.legacy_names import code_page
from ddpm_studio.data.formats.streams import ListingStream, open_tar
from ddpm_studio.data.items import MAX_FILES, File, natural_key
from ddpm_studio.errors import StudioError

MAX_TOTAL_BYTES = 64 * 2**30
#: Largest compression ratio: pictures hardly compress; flat drawings reach perhaps 100:1.
MAX_RATIO = 200
RATIO_FROM_BYTES = 256 * 2**20

_ENCRYPTED, _UTF8 = 0x1, 0x800
# Encoding of names in a zip without the UTF-8 flag.
_CP437 = "cp437"
# Compression methods that are not supported, by their numbers in PKWARE's APPNOTE, 4.4.5.
_METHODS = {6: "implosion", 9: "Deflate64", 93: "Zstandard", 95: "XZ", 96: "JPEG", 98: "PPMd"}
_DRIVE = re.compile(r"^[A-Za-z]:")


class ArchiveBudget:
    """Budget against decompression bombs: counts the files and bytes that an archive claims.

    Args:
        name: name of the archive, for errors.
        packed: its compressed size in bytes.
    """

    def __init__(self, name: str, packed: int) -> None:
        self.name = name
        self.packed = packed
        self.members = 0
        self.total = 0

    def add(self, size: int) -> None:
        """Count one more file of ``size`` bytes, uncompressed.

        Raises:
            StudioError: the size is negative, or a limit on the number of files, the total size or
                the compression ratio is exceeded.
        """
        if size < 0:
            raise self._refusal_error("it holds a file of less than no bytes")
        self.members += 1
        self.total += size
        if self.members > MAX_FILES:
            raise self._refusal_error(f"it holds more than {MAX_FILES:,} files")
        if self.total > MAX_TOTAL_BYTES:
            raise self._refusal_error(f"it would unpack to more than {MAX_TOTAL_BYTES >> 30} GB")
        if self.total > max(RATIO_FROM_BYTES, MAX_RATIO * self.packed):
            raise self._refusal_error(f"it would unpack to more than {MAX_RATIO} times its size")

    def _refusal_error(self, reason: str) -> StudioError:
        return StudioError(
            f"{self.name} is refused: {reason}.",
            "If you trust it, unpack it yourself and choose the folder.",
        )


def open_zip(path: Path, stack: ExitStack) -> zipfile.ZipFile:
    """Open a zip, with a bound on the size of its central directory; ``stack`` closes it.

    Raises:
        StudioError: the zip can't be read, is damaged, or its directory is too long.
    """
    try:
        stream = ListingStream(stack.enter_context(path.open("rb")))
        archive = stack.enter_context(zipfile.ZipFile(cast(BinaryIO, stream)))
    except MemoryError:
        raise
    except OSError as error:
        # An OSError without strerror comes from the parser: the content is wrong.
        raise (
            unreadable_error(path, error) if error.strerror else damaged_archive_error(path, error)
        ) from error
    except Exception as error:  # untrusted bytes make the parser raise nearly anything
        raise damaged_archive_error(path, error) from error
    stream.listing = False
    return archive


def zip_files(path: Path, stack: ExitStack, notes: list[str] | None = None) -> list[File]:
    """Return the files of a zip in natural order; ``stack`` closes it.

    Args:
        path: path of the zip.
        stack: closes the zip.
        notes: receives a note on the code page used for names that are not UTF-8; None to decode
            these as CP437, the default of the format, as version 0.1.0 did.

    Raises:
        StudioError: the zip is damaged, encrypted, unsafe or too large.
    """
    archive = open_zip(path, stack)
    budget = ArchiveBudget(path.name, path.stat().st_size)
    # ZipFile counts its open members without a lock.
    lock = threading.Lock()
    open_file = stack.enter_context(OpenFile(path))
    path_text = str(path)
    files = []
    encoding = "" if notes is None else _code_page(path.name, archive.infolist(), notes)
    for info in archive.infolist():
        budget.add(info.file_size)
        # ZipInfo.filename has its separators replaced; orig_filename is the name as stored.
        name = _safe_name(path, _decode_name(info, encoding))
        if stat.S_ISLNK(info.external_attr >> 16):
            raise _unsafe_error(path, info.filename, "is a link")
        if info.flag_bits & _ENCRYPTED:
            raise StudioError(
                f"{path.name} is encrypted.", "Unpack it with its password, then choose the folder."
            )
        # Not info.is_dir(), which fails on an empty name.
        if name and not info.filename.endswith("/") and not _is_hidden(name):
            location = ZipMember.of(path_text, info)
            source = open_file.read if location else partial(_read_zip, archive, lock, info)
            files.append(File(name, info.file_size, source, location))
    files.sort(key=lambda file: natural_key(file.name))
    return files


def tar_files(path: Path, stack: ExitStack) -> list[File]:
    """Return the files of a tar, compressed or not; ``stack`` closes it.

    The files are in archive order: seeking backwards in a compressed tar means decompressing it
    again.

    Raises:
        StudioError: the tar is damaged, unsafe or too large.
    """
    lock = threading.Lock()
    path_text = str(path)
    files = []
    try:
        budget = ArchiveBudget(path.name, path.stat().st_size)
        archive, stream = open_tar(path, stack)
        open_file = None if stream.packed else stack.enter_context(OpenFile(path))
        while (info := archive.next()) is not None:
            # Saves memory: the members are kept in the list of files below.
            archive.members.clear()  # type: ignore[attr-defined]
            budget.add(info.size)
            name = _safe_name(path, info.name)
            if info.issym() or info.islnk():
                raise _unsafe_error(path, info.name, "is a link")
            if not (info.isreg() or info.isdir()) or info.issparse():
                raise _unsafe_error(path, info.name, "is a sparse file or a device")
            if info.isreg() and not _is_hidden(name):
                data_offset = info.offset_data
                if open_file is None:
                    source: Callable[..., bytes] = partial(
                        _read_tar, stream, lock, data_offset, info.size
                    )
                    files.append(File(name, info.size, source))
                else:
                    location = FileRange(path_text, data_offset, info.size)
                    files.append(File(name, info.size, open_file.read, location))
        # tarfile takes a damaged header for the end of the archive.
        stream.seek(archive.offset)
        if stream.read(tarfile.BLOCKSIZE).strip(b"\0"):
            raise tarfile.ReadError("a header of it is damaged")
        stream.listing = False
    except (StudioError, MemoryError):
        raise
    except OSError as error:
        raise (
            unreadable_error(path, error) if error.strerror else damaged_archive_error(path, error)
        ) from error
    except Exception as error:  # untrusted bytes make the parser raise nearly anything
        raise damaged_archive_error(path, error) from error
    return files


def _decode_name(info: zipfile.ZipInfo, encoding: str) -> str:
    """Return a member's name, decoded; many programs write UTF-8 without setting its flag.

    Names without the flag are decoded by ``encoding``; if that is empty, as UTF-8 or else CP437.
    """
    name = info.orig_filename
    if info.flag_bits & _UTF8 or name.isascii():
        return name
    try:
        return name.encode(_CP437).decode(encoding or "utf-8", "replace" if encoding else "strict")
    except UnicodeError:
        return name


def _code_page(name: str, infos: Sequence[zipfile.ZipInfo], notes: list[str]) -> str:
    """Return the code page of the names in a zip that are not UTF-8; empty if none or unknown."""
    names = [
        info.orig_filename.encode(_CP437)
        for info in infos
        if not info.flag_bits & _UTF8 and not info.orig_filename.isascii()
    ]
    try:
        b"\n".join(names).decode("utf-8")
    except UnicodeError:
        encoding = code_page(names)
        description = (
            f"they are read as {encoding}"
            if encoding
            else "no code page that is known fits, so they are shown as they are"
        )
        if encoding != _CP437:
            notes.append(f"Names in {name} are not UTF-8; {description}.")
        return encoding or ""
    return ""


def _safe_name(path: Path, name: str) -> str:
    parts = name.replace("\\", "/").split("/")
    if ".." in parts:
        raise _unsafe_error(path, name, "leads out of the archive")
    if parts[0] == "" or _DRIVE.match(name):
        raise _unsafe_error(path, name, "is an absolute path")
    return "/".join([part for part in parts if part and part != "."])


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or "/." in name or "__MACOSX" in name.split("/")


def _unsafe_error(path: Path, name: str, reason: str) -> StudioError:
    shown = name if len(name) <= 80 else name[:77] + "…"
    return StudioError(
        f'{path.name} is refused: its member "{shown}" {reason}.',
        "Use an archive from a source you trust.",
    )


def damaged_archive_error(path: Path, error: Exception) -> StudioError:
    """Return the error for a damaged archive."""
    return StudioError(
        f"{path.name} is not a whole archive: {str(error)[:100] or type(error).__name__}.",
        "Download or pack it again.",
    )


def _read_zip(
    archive: zipfile.ZipFile, lock: threading.Lock, info: zipfile.ZipInfo, limit: int
) -> bytes:
    try:
        with lock, archive.open(info) as stream:
            return stream.read(limit)
    except MemoryError:
        raise
    except NotImplementedError as error:
        method = _METHODS.get(info.compress_type, f"the method {info.compress_type}")
        reason = f"packed by {method}, which is not read here; unpack the archive"
        raise OSError(0, reason) from error
    except Exception as error:  # untrusted bytes make the parser raise nearly anything
        raise OSError(0, "damaged in the archive") from error


def _read_tar(
    stream: ListingStream, lock: threading.Lock, offset: int, size: int, limit: int
) -> bytes:
    count = size if limit < 0 else min(size, limit)
    try:
        with lock:
            stream.seek(offset)
            data = stream.read(count)
    except MemoryError:
        raise
    except Exception as error:  # untrusted bytes make the parser raise nearly anything
        raise OSError(0, "damaged in the archive") from error
    if len(data) < count:
        raise OSError(0, "damaged in the archive")
    return data
