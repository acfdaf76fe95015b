"""Decode pool: worker processes that decode pictures in parallel, as decoding holds the GIL.

The workers are started as new programs, not forked from this one, which may hold a window, threads
and a device: nothing of it is imported again, and they end as soon as this program does, however
it ends. Their answers are parsed as JSON and never unpickled: decoders see untrusted bytes.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from types import TracebackType
from typing import NamedTuple, Protocol

from ddpm_studio.data.decoding.decode_pass import (
    BatchResult,
    FileFrame,
    NotAPicture,
    Outcome,
    Target,
    read_item,
    run_decode_pass,
)
from ddpm_studio.data.decoding.gc_pause import paused_gc
from ddpm_studio.data.decoding.verdicts import UnusablePicture
from ddpm_studio.data.decoding.worker import ARRAY, BYTES, DISK, LEFT_OUT, MEMORY, OTHER, READY
from ddpm_studio.data.decoding.worker import main as worker_main
from ddpm_studio.data.decoding.worker_flag import WORKER_FLAG
from ddpm_studio.data.items import Item
from ddpm_studio.errors import StudioError
from ddpm_studio.process_group import NEW_PROCESS_GROUP

_MAX_PROCESSES = 16
# Including the processes of other machines.
_MAX_ASSISTED = 256
# With any of these outcomes from another machine, the batch is decoded again on this one.
_UNCERTAIN = ("left out", "large")


class Batch(NamedTuple):
    """Consecutive pictures of a set; ``first`` is the index of the first of them."""

    items: list[Item]
    first: int


DecodePassRunner = Callable[
    [Iterable[Batch], Target | None], Generator[tuple[Batch, BatchResult], None, None]
]


def decode_inline(
    batches: Iterable[Batch], target: Target | None
) -> Generator[tuple[Batch, BatchResult], None, None]:
    """Run the decode pass in this thread; yield each batch with its outcomes, in order."""
    for batch in batches:
        yield (
            batch,
            run_decode_pass(
                [partial(read_item, item) for item in batch.items], batch.first, target
            ),
        )


class Assistant(Protocol):
    """Protocol for a decoding process on another machine."""

    def answer(self, request: bytes) -> bytes:
        """Send a decode request; return the answer: a line of JSON, then the decoded rows.

        Raises:
            StudioError: the assistant has gone.
        """

    def stop(self) -> None:
        """Wake up any thread that waits for an answer."""


class DecodePool:
    """Context manager of a pool of decoding processes, one per core up to 16.

    The processes start at once; :meth:`ready` waits for them, and leaving the block ends them.

    Args:
        new_assistants: called for each batch; returns the assistants that have joined since the
            last call.

    Raises:
        OSError: a process can't be started.
    """

    def __init__(self, new_assistants: Callable[[], Sequence[Assistant]] | None = None) -> None:
        count = decoding_processes()
        self._workers: list[DecodeProcess] = []
        self._assistants: list[_AssistantWorker] = []
        self._new_assistants = new_assistants
        self._idle: queue.SimpleQueue[DecodeProcess | _AssistantWorker] = queue.SimpleQueue()
        self._large_lock = threading.Lock()
        # Threads are created on demand: one waits for each process.
        max_threads = count if new_assistants is None else _MAX_ASSISTED
        self._pool = ThreadPoolExecutor(max_threads, thread_name_prefix="prepare")
        try:
            for _ in range(count):
                self._workers.append(DecodeProcess())
                self._idle.put(self._workers[-1])
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> DecodePool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the processes and wait for them; further calls do nothing."""
        for assistant in self._assistants:
            assistant.stop()
        for worker in self._workers:
            worker.stop()
        self._pool.shutdown(cancel_futures=True)
        for worker in self._workers:
            worker.close()

    def ready(self) -> bool:
        """Wait until all processes have started; return False if one failed to."""
        return all(worker.ready() for worker in self._workers)

    def run_decode_pass(
        self, batches: Iterable[Batch], target: Target | None
    ) -> Generator[tuple[Batch, BatchResult], None, None]:
        """Run the decode pass on all processes; yield each batch with its outcomes, in order.

        Raises:
            StudioError: a process was ended from outside.
            OSError: the rows can't be written.
        """
        waiting: deque[tuple[Batch, Future[BatchResult]]] = deque()
        for batch in batches:
            with paused_gc():
                pictures = [_encode_picture(item) for item in batch.items]
            waiting.append(
                (batch, self._pool.submit(self._run_batch, pictures, batch.first, target))
            )
            self._add_new_assistants()
            if len(waiting) > 2 * (len(self._workers) + len(self._assistants)):
                finished, future = waiting.popleft()
                yield finished, future.result()
        for finished, future in waiting:
            yield finished, future.result()

    def _add_new_assistants(self) -> None:
        for newcomer in self._new_assistants() if self._new_assistants else ():
            self._assistants.append(_AssistantWorker(newcomer))
            self._idle.put(self._assistants[-1])

    def _run_batch(
        self, pictures: list[_EncodedPicture], first: int, target: Target | None
    ) -> BatchResult:
        worker = self._idle.get()
        try:
            if isinstance(worker, DecodeProcess):
                return self._run_batch_here(worker, pictures, first, target)
            result = worker.request_decode(pictures, first, target)
        finally:
            self._idle.put(worker)
        if result is not None and all(
            outcome.kind not in _UNCERTAIN for outcome in result.outcomes
        ):
            return result
        # A file that can't be read on the other machine may be readable on this one.
        return self._run_batch_here(
            self._workers[first % len(self._workers)], pictures, first, target
        )

    def _run_batch_here(
        self,
        worker: DecodeProcess,
        pictures: list[_EncodedPicture],
        first: int,
        target: Target | None,
    ) -> BatchResult:
        with worker.lock:
            result = worker.request_decode(pictures, first, target, large=False)
            for index, outcome in enumerate(result.outcomes):
                if outcome.kind == "large":
                    # To bound the use of memory, one large picture is decoded at a time.
                    with self._large_lock:
                        retry = worker.request_decode(
                            [pictures[index]], first + index, target, large=True
                        )
                    result.outcomes[index] = retry.outcomes[0]
                    result = BatchResult(result.outcomes, result.coloured or retry.coloured)
            return result


class _EncodedPicture(NamedTuple):
    fields: list[str | int]
    blob: bytes = b""


def _encode_picture(item: Item) -> _EncodedPicture:
    """Return a picture's byte range, or its bytes where only this process can read them."""
    file = item.file
    if file is not None and file.location is not None:
        location = file.location
        return _EncodedPicture(
            [type(location).__name__, item.frame, file.suffix, file.size, *location]
        )
    try:
        raw = read_item(item)
    except NotAPicture as verdict:
        return _EncodedPicture([OTHER, str(verdict)])
    except UnusablePicture as verdict:
        return _EncodedPicture([LEFT_OUT, str(verdict)])
    if isinstance(raw, FileFrame):
        return _EncodedPicture([BYTES, len(raw.data), raw.frame], raw.data)
    if isinstance(raw, bytes):
        return _EncodedPicture([BYTES, len(raw), 0], raw)
    return _EncodedPicture([ARRAY, *raw.shape], raw.tobytes())


class DecodeProcess:
    """A worker process that answers decode requests over its standard input and output.

    Raises:
        OSError: the process can't be started.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        """Held during a request."""
        self._process = subprocess.Popen(
            _command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # The worker gets the module search path of this program.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(_entry_or_cwd, sys.path))},
            **NEW_PROCESS_GROUP,
        )

    def ready(self) -> bool:
        """Wait until the process has started; return False if it failed to."""
        assert self._process.stdout is not None
        line: bytes = self._process.stdout.readline()
        return line == READY

    def request_decode(
        self, pictures: list[_EncodedPicture], first: int, target: Target | None, *, large: bool
    ) -> BatchResult:
        """Run the decode pass over some pictures in the worker process.

        Raises:
            StudioError: the process was ended from outside.
            MemoryError: the process had not enough memory.
            OSError: the rows can't be written.
            RuntimeError: the process failed otherwise.
        """
        return _parse_response(self.answer(_encode_request(pictures, first, target, large=large)))

    def answer(self, request: bytes) -> bytes:
        """Send a request and return the answer, one line.

        Raises:
            StudioError: the process was ended from outside.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(request)
            self._process.stdin.flush()
            line: bytes = self._process.stdout.readline()
        except OSError:
            line = b""
        if not line.endswith(b"\n"):
            raise StudioError(
                "A process that prepares pictures was ended from outside"
                f" (exit code {self._process.wait()}).",
                "If memory was short, close other programs; then prepare the pictures again.",
            )
        return line

    def stop(self) -> None:
        """Kill the process; a thread that waits for its answer gets a StudioError."""
        self._process.kill()

    def close(self) -> None:
        """Reap an ended process and close its pipes."""
        with suppress(OSError):
            self._process.communicate()


class _AssistantWorker:
    """An assistant in the pool; the rows that it returns are written by this process."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    def request_decode(
        self, pictures: list[_EncodedPicture], first: int, target: Target | None
    ) -> BatchResult | None:
        """Run the decode pass over some pictures on the other machine; None if it failed.

        Raises:
            StudioError: the assistant has gone.
            OSError: the rows can't be written.
        """
        answer = self._assistant.answer(_encode_request(pictures, 0, target, large=False))
        line, _, rows = answer.partition(b"\n")
        try:
            result = _parse_response(line)
        except (MemoryError, OSError, RuntimeError):
            return None
        if target is not None:
            if len(rows) != len(pictures) * target.recipe.row_bytes:
                return None
            with target.path.open("r+b") as stream:
                stream.seek(target.offset + first * target.recipe.row_bytes)
                stream.write(rows)
        return result

    def stop(self) -> None:
        """Stop waiting for an answer."""
        self._assistant.stop()


def decoding_processes() -> int:
    """Return the number of decoding processes of this machine: one per core, at most 16."""
    return min(_MAX_PROCESSES, _usable_cpus())


def _encode_request(
    pictures: list[_EncodedPicture], first: int, target: Target | None, *, large: bool
) -> bytes:
    """Return a decode request: a line of JSON, followed by the bytes of pictures it carries."""
    target_fields = None
    if target is not None:
        target_fields = (asdict(target.recipe), os.fspath(target.path), target.offset)
    request = {
        "pictures": [picture.fields for picture in pictures],
        "first": first,
        "target": target_fields,
        "large": large,
    }
    blobs = (picture.blob for picture in pictures if picture.blob)
    return b"".join((json.dumps(request).encode(), b"\n", *blobs))


def _parse_response(line: bytes) -> BatchResult:
    """Parse an answer to a decode request.

    Raises:
        MemoryError, OSError, RuntimeError: the error that the answer reports.
    """
    with paused_gc():
        answer = json.loads(line)
        outcomes = [Outcome(*fields) for fields in answer.get("outcomes", ())]
    if (error := answer.get("error")) is not None:
        if error == MEMORY:
            raise MemoryError
        if error == DISK:
            raise OSError(*answer["why"])
        raise RuntimeError(f"A process that prepares pictures failed: {error}")
    return BatchResult(outcomes, answer["coloured"])


def _command() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, WORKER_FLAG]
    # -P: the current folder is not prepended to the module search path.
    return [sys.executable, "-P", "-c", f"from {worker_main.__module__} import main; main()"]


def _entry_or_cwd(folder: str) -> str:
    return folder or os.getcwd()  # noqa: PTH109 - a text of the module search path


def _usable_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
