"""Run lock: a lock file allows one writer per run, and an owner file records who holds it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import filelock
import psutil

from ddpm_studio.errors import StudioError
from ddpm_studio.local_time import local_time
from ddpm_studio.runs import atomic
from ddpm_studio.strict_json import read_object

_LOCK, _OWNER = ".lock", ".owner.json"
_MAX_FILE_BYTES = 1 << 16
# Errors from file systems without locks, such as some network shares.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL)


@dataclass(frozen=True)
class LockOwner:
    """The process that trains a run; its start time distinguishes it from a later, reused PID.

    ``since`` is an ISO 8601 time stamp of taking the lock, ``started`` a Unix time in seconds.
    """

    pid: int
    host: str
    since: str
    started: float

    @classmethod
    def current(cls) -> LockOwner:
        """Describe this process."""
        now = datetime.now().astimezone().isoformat(timespec="minutes")
        return cls(os.getpid(), platform.node(), now, psutil.Process().create_time())

    @classmethod
    def read(cls, run: Path) -> LockOwner | None:
        """Return the owner recorded in a run, which may be stale after a crash; None: no record."""
        try:
            record = read_object(run / _OWNER, _MAX_FILE_BYTES)
            return cls(
                int(record["pid"]),
                str(record["host"]),
                str(record["since"]),
                float(record["started"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def alive(self) -> bool | None:
        """Whether the process still runs; None if it is on another machine."""
        if self.host != platform.node():
            return None
        try:
            return bool(abs(psutil.Process(self.pid).create_time() - self.started) < 1)
        except psutil.Error:
            return False

    @property
    def when(self) -> str:
        """When the lock was taken, in local time."""
        return local_time(self.since)

    @property
    def is_this_process(self) -> bool:
        """Whether the owner is this process."""
        return self.pid == os.getpid() and self.host == platform.node()

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.when}"


class RunLock:
    """Exclusive lock on a run for writing, until :meth:`release` or the end of the process.

    Args:
        run: the run folder.

    Raises:
        StudioError: if another process holds it, or the folder can't be written to.
    """

    def __init__(self, run: Path) -> None:
        self.run = run
        self.warning: str | None = None
        """A warning to show if the folder's file system has no locks; else None."""
        self._lock: filelock.BaseFileLock | None = filelock.FileLock(run / _LOCK)
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout as error:
            raise _in_use_error(run, LockOwner.read(run)) from error
        except (OSError, NotImplementedError) as error:
            if isinstance(error, OSError) and error.errno not in _NO_LOCKS:
                raise StudioError(
                    f"The run {run} can't be written to: {error.strerror or error}.",
                    "Check its permissions and the space on its disk.",
                ) from error
            self._lock = None
        if self._lock is None or isinstance(self._lock, filelock.SoftFileLock):
            self._fall_back_to_owner_file()
        owner = json.dumps(asdict(LockOwner.current())).encode()
        with contextlib.suppress(OSError):
            atomic.write_bytes(run / _OWNER, owner)

    def release(self) -> None:
        """Release the lock and remove the owner file."""
        with contextlib.suppress(OSError):
            (self.run / _OWNER).unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.release()

    def _fall_back_to_owner_file(self) -> None:
        """Fall back on the owner file alone, which is left behind if its process crashes."""
        owner = LockOwner.read(self.run)
        if owner is not None and owner.alive() is not False:
            raise _in_use_error(self.run, owner)
        self.warning = (
            f"The folder {self.run} knows no locks: take care that no other machine trains this "
            "run at the same time."
        )


def is_in_use(run: Path) -> bool:
    """Whether a run is locked, by another process or by a training in this one."""
    if not (run / _LOCK).exists():
        return False
    owner = LockOwner.read(run)
    if owner is not None and owner.alive():
        return True
    lock = filelock.FileLock(run / _LOCK)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return True
    except (OSError, NotImplementedError):
        return owner is not None and owner.alive() is not False
    lock.release()
    return False


@contextlib.contextmanager
def hold_lock(run: Path) -> Iterator[Callable[[Callable[[], object]], None]]:
    """Context manager that holds a run's lock while its folder is moved or deleted.

    No training can begin there meanwhile. Unlike :class:`RunLock` it writes no owner file, which
    would be moved along.

    Yields:
        A function that calls a function, which moves or deletes the folder; after an OSError once
        more, with the lock released: SMB can't move, and NFS can't delete, a folder with an open
        file in it.

    Raises:
        StudioError: if another holder has the lock.
    """
    lock: filelock.BaseFileLock = filelock.FileLock(run / _LOCK)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise _in_use_error(run, LockOwner.read(run)) from error
    except (OSError, NotImplementedError):
        # A read-only folder, where nothing can be trained, or a file system without locks: there
        # is none to hold.
        pass

    def attempt(change: Callable[[], object]) -> None:
        if lock.is_locked:
            with contextlib.suppress(OSError):
                change()
                return
            lock.release()
        change()

    try:
        # Windows can't move a folder with an open file in it; a soft lock's file would be moved.
        if os.name == "nt" or isinstance(lock, filelock.SoftFileLock):
            lock.release()
        yield attempt
    finally:
        lock.release()


def _in_use_error(run: Path, owner: LockOwner | None) -> StudioError:
    who = f" by {owner}" if owner else ""
    remedy = "Stop the other one first, or choose another run folder."
    if owner is not None and owner.alive() is None:
        remedy = f"If it has ended, delete {run / _OWNER}; or choose another run folder."
    return StudioError(f"The run {run} is being trained already{who}.", remedy)
