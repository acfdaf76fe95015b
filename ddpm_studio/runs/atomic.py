"""Atomic writes of files and folders: temporary name, fsync, rename, fsync of the parent folder.

Every lasting change of a run folder goes through the system calls of this module, in an order that
leaves either the old or the new state complete whenever the power fails.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from ddpm_studio.paths import TEMP_PREFIX, rename_with_retries

_REPLACED = ".replaced-"
_BINARY = getattr(os, "O_BINARY", 0)
# Folders on some network file systems can't be fsynced; their servers write names at once.
_NOT_FLUSHED = (errno.EINVAL, errno.EBADF, errno.ENOTSUP, errno.ENOSYS)


def flush_folder(path: Path) -> None:
    """Fsync a folder, so that its entries are on disk, if the file system supports it."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:  # Windows does not open folders
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NOT_FLUSHED:
            raise
    finally:
        os.close(descriptor)


def write_file(path: Path, chunks: Iterable[bytes | memoryview]) -> None:
    """Write a file and fsync it; its directory entry is durable once its folder is flushed too."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY, 0o666)
    try:
        for chunk in chunks:
            remaining = memoryview(chunk)
            while remaining:
                remaining = remaining[os.write(descriptor, remaining) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def append(path: Path, content: bytes) -> None:
    """Append to a file: all of the content or, if the write fails (disk full), nothing."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _BINARY, 0o666)
    try:
        end = os.fstat(descriptor).st_size
        remaining = memoryview(content)
        try:
            while remaining:
                remaining = remaining[os.write(descriptor, remaining) :]
        except OSError:
            os.ftruncate(descriptor, end)
            raise
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make a folder whose parent exists; an existing folder is left as it is."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(path)  # noqa: PTH102
        flush_folder(path.parent)


def write_bytes(path: Path, content: bytes) -> None:
    """Write or replace a file atomically: readers see either the old content or the new."""
    temporary = path.with_name(f"{TEMP_PREFIX}{path.name}-{os.getpid()}")
    try:
        write_file(temporary, [content])
        rename_with_retries(os.replace, temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Context manager that fills a folder under a temporary name, then renames it to ``path``.

    The body writes into the yielded folder by :func:`write_file`. An existing folder ``path`` is
    replaced. If the body raises, nothing is left behind.
    """
    temporary = path.with_name(f"{TEMP_PREFIX}{path.name}-{os.getpid()}")
    replaced = path.with_name(f"{_REPLACED}{path.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    os.mkdir(temporary)  # noqa: PTH102
    try:
        yield temporary
        flush_folder(temporary)
        if path.exists():
            # A leftover of an earlier replacement would be in the way.
            shutil.rmtree(replaced, ignore_errors=True)
            # If the power fails between both renames, clean_up_interrupted restores the old folder.
            rename_with_retries(os.rename, path, replaced)
        rename_with_retries(os.rename, temporary, path)
    except BaseException:
        if replaced.exists() and not path.exists():
            with contextlib.suppress(OSError):
                rename_with_retries(os.rename, replaced, path)
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    flush_folder(path.parent)
    shutil.rmtree(replaced, ignore_errors=True)


def remove_folder(path: Path) -> None:
    """Remove a folder atomically: it is renamed first, so no part stays behind under its name."""
    temporary = path.with_name(f"{TEMP_PREFIX}removed-{path.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    rename_with_retries(os.rename, path, temporary)
    flush_folder(path.parent)
    shutil.rmtree(temporary, ignore_errors=True)


def clean_up_interrupted(folder: Path) -> None:
    """Clean up after interrupted writes in a folder: remove leftovers, restore moved folders."""
    for replaced in folder.glob(f"{_REPLACED}*"):
        path = replaced.with_name(replaced.name.removeprefix(_REPLACED))
        if path.exists():
            shutil.rmtree(replaced, ignore_errors=True)
        else:
            rename_with_retries(os.rename, replaced, path)
    for leftover in folder.glob(f"{TEMP_PREFIX}*"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)
