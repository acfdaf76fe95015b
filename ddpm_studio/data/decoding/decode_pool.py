"""Decode pool: processes that decode pictures side by side, for decoding holds the interpreter.

They are programs of their own and no copies of this one, which may hold a window, threads and a
device: nothing of it is imported again, and they end as soon as this program does, however it
ends. What they answer is only read, never run: decoders see untrusted bytes.
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
    Framed,
    Look,
    NotAPicture,
    Outcome,
    Target,
    look,
    read_item,
)
from ddpm_studio.data.decoding.gc_pause import no_collection
from ddpm_studio.data.decoding.verdicts import Unusable
from ddpm_studio.data.decoding.worker import ARRAY, BYTES, DISK, LEFT_OUT, MEMORY, OTHER, READY
from ddpm_studio.data.decoding.worker import main as worker_main
from ddpm_studio.data.decoding.worker_flag import WORKER_WORD
from ddpm_studio.data.items import Item
from ddpm_studio.errors import StudioError
from ddpm_studio.own_group import OWN_GROUP

_MOST = 16
# With those of other machines.
_MOST_ASSISTED = 256
# Of these another process is asked again: it may be another's doing.
_UNCERTAIN = ("left out", "large")


class Batch(NamedTuple):
    """Pictures one after another, of which the first is number ``first``."""

    items: list[Item]
    first: int


Looker = Callable[[Iterable[Batch], Target | None], Generator[tuple[Batch, Look], None, None]]


def look_here(
    batches: Iterable[Batch], target: Target | None
) -> Generator[tuple[Batch, Look], None, None]:
    """Look at pictures in this thread."""
    for batch in batches:
        yield batch, look([partial(read_item, item) for item in batch.items], batch.first, target)


class Assistant(Protocol):
    """What looks at pictures like a decoding process of this machine, on another machine."""

    def answer(self, question: bytes) -> bytes:
        """Return what the other side makes of a question: a line, and what was made.

        Raises:
            StudioError: it has gone.
        """

    def stop(self) -> None:
        """Let whoever waits for an answer wait no longer."""


class DecodePool:
    """Decoding processes, as many as there are cores; ``with`` ends them.

    They start at once; :meth:`ready` waits for them.

    Args:
        newcomers: called now and then; returns those that have come to help since.

    Raises:
        OSError: none can be started.
    """

    def __init__(self, newcomers: Callable[[], Sequence[Assistant]] | None = None) -> None:
        count = decoding_processes()
        self._workers: list[DecodeProcess] = []
        self._assistants: list[_Assisted] = []
        self._newcomers = newcomers
        self._idle: queue.SimpleQueue[DecodeProcess | _Assisted] = queue.SimpleQueue()
        self._one_large = threading.Lock()
        # Threads come as they are needed: a thread waits for each process.
        most = count if newcomers is None else _MOST_ASSISTED
        self._pool = ThreadPoolExecutor(most, thread_name_prefix="prepare")
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
        """End the processes and wait for that, unless it was done."""
        for assistant in self._assistants:
            assistant.stop()
        for worker in self._workers:
            worker.stop()
        self._pool.shutdown(cancel_futures=True)
        for worker in self._workers:
            worker.close()

    def ready(self) -> bool:
        """Wait until all have started; False where one has not."""
        return all(worker.ready() for worker in self._workers)

    def look(
        self, batches: Iterable[Batch], target: Target | None
    ) -> Generator[tuple[Batch, Look], None, None]:
        """Look at pictures; what came of them is yielded in order.

        Raises:
            StudioError: a process was ended from outside.
            OSError: the squares can't be written.
        """
        waiting: deque[tuple[Batch, Future[Look]]] = deque()
        for batch in batches:
            with no_collection():
                asked = [_told(item) for item in batch.items]
            waiting.append((batch, self._pool.submit(self._ask, asked, batch.first, target)))
            self._welcome()
            if len(waiting) > 2 * (len(self._workers) + len(self._assistants)):
                done, future = waiting.popleft()
                yield done, future.result()
        for done, future in waiting:
            yield done, future.result()

    def _welcome(self) -> None:
        for newcomer in self._newcomers() if self._newcomers else ():
            self._assistants.append(_Assisted(newcomer))
            self._idle.put(self._assistants[-1])

    def _ask(self, asked: list[_Asked], first: int, target: Target | None) -> Look:
        one = self._idle.get()
        try:
            if isinstance(one, DecodeProcess):
                return self._ask_here(one, asked, first, target)
            seen = one.ask(asked, first, target)
        finally:
            self._idle.put(one)
        if seen is not None and all(one.kind not in _UNCERTAIN for one in seen.outcomes):
            return seen
        # What can't be read there may be read here.
        return self._ask_here(self._workers[first % len(self._workers)], asked, first, target)

    def _ask_here(
        self, worker: DecodeProcess, asked: list[_Asked], first: int, target: Target | None
    ) -> Look:
        with worker.lock:
            seen = worker.ask(asked, first, target, large=False)
            for index, outcome in enumerate(seen.outcomes):
                if outcome.kind == "large":
                    # Memory is for one of them at a time.
                    with self._one_large:
                        again = worker.ask([asked[index]], first + index, target, large=True)
                    seen.outcomes[index] = again.outcomes[0]
                    seen = Look(seen.outcomes, seen.coloured or again.coloured)
            return seen


class _Asked(NamedTuple):
    told: list[str | int]
    blob: bytes = b""


def _told(item: Item) -> _Asked:
    """Say where a picture lies, or give its bytes where only this process can read them."""
    file = item.file
    if file is not None and file.place is not None:
        place = file.place
        return _Asked([type(place).__name__, item.frame, file.suffix, file.size, *place])
    try:
        raw = read_item(item)
    except NotAPicture as verdict:
        return _Asked([OTHER, str(verdict)])
    except Unusable as verdict:
        return _Asked([LEFT_OUT, str(verdict)])
    if isinstance(raw, Framed):
        return _Asked([BYTES, len(raw.data), raw.frame], raw.data)
    if isinstance(raw, bytes):
        return _Asked([BYTES, len(raw), 0], raw)
    return _Asked([ARRAY, *raw.shape], raw.tobytes())


class DecodeProcess:
    """One process.

    Raises:
        OSError: it can't be started.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        """Held while it is asked."""
        self._process = subprocess.Popen(
            _command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # What this program finds, it finds too.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(_whole, sys.path))},
            **OWN_GROUP,
        )

    def ready(self) -> bool:
        """Wait until it has started; False where it has not."""
        assert self._process.stdout is not None
        line: bytes = self._process.stdout.readline()
        return line == READY

    def ask(self, asked: list[_Asked], first: int, target: Target | None, *, large: bool) -> Look:
        """Let it look at pictures.

        Raises:
            StudioError: it was ended from outside.
            MemoryError: it had not enough.
            OSError: the squares can't be written.
        """
        return _looked(self.answer(_question(asked, first, target, large=large)))

    def answer(self, question: bytes) -> bytes:
        """Return its answer, a line.

        Raises:
            StudioError: it was ended from outside.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(question)
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
        """End it at once; whoever waits for its answer is told."""
        self._process.kill()

    def close(self) -> None:
        """Let go of an ended process."""
        with suppress(OSError):
            self._process.communicate()


class _Assisted:
    """An assistant as the pool sees it: what is made comes back, and is written here."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    def ask(self, asked: list[_Asked], first: int, target: Target | None) -> Look | None:
        """Let it look at pictures; None: it could not.

        Raises:
            StudioError: it has gone.
            OSError: what it made can't be written.
        """
        answer = self._assistant.answer(_question(asked, 0, target, large=False))
        line, _, rows = answer.partition(b"\n")
        try:
            seen = _looked(line)
        except (MemoryError, OSError, RuntimeError):
            return None
        if target is not None:
            if len(rows) != len(asked) * target.recipe.row_bytes:
                return None
            with target.path.open("r+b") as stream:
                stream.seek(target.offset + first * target.recipe.row_bytes)
                stream.write(rows)
        return seen

    def stop(self) -> None:
        """Wait for no answer any more."""
        self._assistant.stop()


def decoding_processes() -> int:
    """Return how many decoding processes there are on this machine."""
    return min(_MOST, _cores())


def _question(asked: list[_Asked], first: int, target: Target | None, *, large: bool) -> bytes:
    """Return a line that asks for a look at pictures, and what comes after it."""
    where = None
    if target is not None:
        where = (asdict(target.recipe), os.fspath(target.path), target.offset)
    question = {
        "pictures": [one.told for one in asked],
        "first": first,
        "target": where,
        "large": large,
    }
    blobs = (one.blob for one in asked if one.blob)
    return b"".join((json.dumps(question).encode(), b"\n", *blobs))


def _looked(line: bytes) -> Look:
    """Return what an answer says.

    Raises:
        MemoryError, OSError, RuntimeError: it says that this went wrong.
    """
    with no_collection():
        answer = json.loads(line)
        outcomes = [Outcome(*one) for one in answer.get("outcomes", ())]
    if (error := answer.get("error")) is not None:
        if error == MEMORY:
            raise MemoryError
        if error == DISK:
            raise OSError(*answer["why"])
        raise RuntimeError(f"A process that prepares pictures failed: {error}")
    return Look(outcomes, answer["coloured"])


def _command() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, WORKER_WORD]
    # -P: not the folder that this program happens to stand in.
    return [sys.executable, "-P", "-c", f"from {worker_main.__module__} import main; main()"]


def _whole(folder: str) -> str:
    return folder or os.getcwd()  # noqa: PTH109 - a text of the module search path


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
