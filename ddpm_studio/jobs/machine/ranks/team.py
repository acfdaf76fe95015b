"""Process group of ranks as one of them sees it: joining, messages, watchdog and shutdown."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import torch
import torch.distributed as dist

from ddpm_studio.engine.device.ranks import RankGroup, RankLostError
from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.jobs.machine.device import make_current
from ddpm_studio.jobs.machine.ranks.heartbeat import RankProgress, Watchdog, left_key
from ddpm_studio.jobs.machine.ranks.place import RankPlace
from ddpm_studio.jobs.machine.ranks.processes import RankProcess, close_all
from ddpm_studio.jobs.machine.ranks.store import prefix_store, wait_for

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store

# Timeout of joining, once all ranks are ready. Afterwards a rank may wait long for rank 0, which
# draws, saves, or is paused: the watchdog detects when waiting has become useless.
_DISMISS_TIMEOUT = timedelta(seconds=5)
_JOIN_TIMEOUT, _EXCHANGE_TIMEOUT = timedelta(seconds=120), timedelta(days=365)
# A rank's process first loads torch, perhaps from a slow disk.
_STARTING_SECONDS = 300.0
# How long to look for the cause of a failed exchange; longer than detecting silence takes.
_CAUSE_SECONDS = 16.0
_GRACE_SECONDS = 5.0
_REMEDY = "Train further: it goes on from the last checkpoint."
_ENDED, _STOP, _WORK = "over", "stop", "work"


def ready_key(rank: int) -> str:
    """Return the store key that marks that a rank is ready to be joined."""
    return f"there/{rank}"


class Team:
    """This rank among the ranks of a job, with the store and the watchdog that connect them.

    Args:
        place: place of this rank.
        device: device that it computes on; a rank other than 0 receives it with its work.
        processes: processes of the other ranks, if this one has started them.
        store: the store of all ranks.
    """

    def __init__(
        self,
        place: RankPlace,
        device: torch.device,
        store: Store,
        processes: list[RankProcess] | None = None,
    ) -> None:
        self.place, self.device = place, device
        self.store = store
        self.progress = RankProgress()
        self._processes = processes or []
        self._lost_rank: tuple[int, str] | None = None
        self._requested_signal: int | None = None
        self.has_work = False
        """Whether this rank has received its work from rank 0."""
        self._ticks_after_end = 0
        self._loss_handled = False
        # False in a window, which runs jobs in other threads and has other things to do.
        self._own_program = threading.current_thread() is threading.main_thread()
        self._group: RankGroup | None = None
        own_store = replace(place, hosts=False).connect()
        others = list(range(1, place.size)) if place.rank == 0 else [0]
        self._watchdog = Watchdog(
            own_store, place.rank, others, self.progress, self._on_lost, self._on_beat
        )
        self._watchdog.start()

    @property
    def leads(self) -> bool:
        """Whether this is rank 0, which alone writes the run folder and yields events."""
        return self.place.rank == 0

    @property
    def group(self) -> RankGroup:
        """The group for all-reduce, once joined."""
        assert self._group is not None
        return self._group

    def join(self) -> Generator[None, None, None]:
        """Wait until all ranks are ready, then form the process group; yields while waiting.

        Raises:
            StudioError: if a rank does not start in time.
        """
        self.store.set(ready_key(self.place.rank), "")
        if self.leads:
            deadline = time.monotonic() + _STARTING_SECONDS
            for rank in range(1, self.place.size):
                while not self.store.check([ready_key(rank)]):
                    if self._find_failure() or time.monotonic() > deadline:
                        raise self.cause("it did not start in time", wait=0)
                    yield
                    time.sleep(0.02)
            self.store.set("all there", "")
        else:
            wait_for(self.store, "all there", self.raise_if_over)
        cuda = self.device.type == "cuda"
        with _loopback(self.place):
            dist.init_process_group(
                "nccl" if cuda else "gloo",
                store=prefix_store(self.store, "group"),
                rank=self.place.rank,
                world_size=self.place.size,
                timeout=_JOIN_TIMEOUT,
                device_id=self.device if cuda else None,
            )
        dist.distributed_c10d._set_pg_timeout(_EXCHANGE_TIMEOUT, dist.group.WORLD)
        self._group = _WatchedGroup(self.device, self.progress)

    def send(self, key: str, value: object) -> None:
        """Send a value as JSON to the other ranks, under a key of the store."""
        self.store.set(key, json.dumps(value))

    def receive(self, key: str) -> object:
        """Wait for a value that another rank sends, and return it."""
        return json.loads(wait_for(self.store, key, self.raise_if_over))

    def send_work(self, work: str) -> None:
        """Send the other ranks the name of the work and the kind of device for it."""
        self.send(_WORK, {"work": work, "device": self.device.type})

    def receive_work(self) -> str:
        """Wait for the work that rank 0 sends, make its device current, and return its name.

        Raises:
            StudioError: if this rank has no such device.
            RankLostError: if rank 0 ends without work.
        """
        message = cast(dict[str, Any], self.receive(_WORK))
        self.has_work = True
        self.device = self.place.choose_device(message["device"])
        make_current(self.device)
        return str(message["work"])

    def raise_if_over(self) -> None:
        """Raise if rank 0 has ended, so that waiting for it is useless.

        Raises:
            RankLostError: if rank 0 has ended regularly.
        """
        if self.is_over:
            raise RankLostError("rank 0 has ended the training")

    def fail(self, failure: Failure) -> None:
        """Report to rank 0 the failure that ends this rank."""
        location = f" on {platform.node()}" if self.place.local_size < self.place.size else ""
        message = {**asdict(failure), "who": f"{self.place}{location}"}
        with contextlib.suppress(RuntimeError):
            self.send(f"fault/{self.place.rank}", message)

    def check(self) -> None:
        """Raise the failure that has ended another rank, if there is one.

        Raises:
            StudioError: the failure, naming the rank.
        """
        if failure := self._find_failure():
            raise failure

    def cause(self, fallback: str, wait: float = _CAUSE_SECONDS) -> StudioError:
        """Return an error that names the lost rank and the cause, as far as they can be found."""
        self._loss_handled = True
        deadline = time.monotonic() + wait
        while (failure := self._find_failure()) is None and time.monotonic() < deadline:
            time.sleep(0.1)
        return failure or StudioError(
            f"The ranks have lost each other: {fallback}",
            "Train further; if it happens again, look at the network between the machines.",
        )

    def request_stop(self, number: int) -> None:
        """Ask rank 0 to end the job as if it had received the signal of this number."""
        self._requested_signal = number

    @property
    def is_over(self) -> bool:
        """Whether rank 0 has ended regularly."""
        with contextlib.suppress(RuntimeError):
            return bool(self.store.check([_ENDED]))
        return False

    def close(self, regular: bool) -> None:
        """Leave the group; processes started by this rank are ended.

        Args:
            regular: whether the job ended regularly.
        """
        if regular:
            with contextlib.suppress(RuntimeError):
                if self.leads:
                    _end_all(self.store, self.place)
                else:
                    self.store.set(left_key(self.place.rank), "")
        self._watchdog.stop()
        if dist.is_initialized():
            with contextlib.suppress(RuntimeError):
                dist.destroy_process_group()
        close_all(self._processes, _GRACE_SECONDS if regular else 0.5)

    def _find_failure(self) -> StudioError | None:
        for rank in range(1, self.place.size):
            key = f"fault/{rank}"
            with contextlib.suppress(RuntimeError):
                if self.store.check([key]):
                    message = json.loads(self.store.get(key))
                    who = str(message["who"])
                    cause = f"{who[:1].upper()}{who[1:]} stopped: {message['cause']}"
                    return StudioError(cause, str(message["remedy"]), str(message["details"]))
        if self._lost_rank is not None:
            rank, problem = self._lost_rank
            return StudioError(f"Rank {rank} {problem}.", _REMEDY)
        for process in self._processes:
            problem = process.failure_text() or ""
            if problem:
                last_line = process.last_line()
                detail = f": {last_line}" if last_line else ""
                who = f"Rank {process.place.rank} (process {process.pid})"
                return StudioError(f"{who} {problem}{detail}.", _REMEDY, process.tail())
        return None

    def _on_beat(self, store: Store) -> None:
        """Forward, in the watchdog's thread, a stop signal to rank 0; exit once that has ended."""
        if self.leads:
            if store.check([_STOP]):
                number = int(store.get(_STOP))
                store.delete_key(_STOP)
                # Rank 0 may have received the signal too; a second one would end it at once.
                if callable(signal.getsignal(number)):
                    os.kill(os.getpid(), number)
            return
        if self._requested_signal is not None:
            store.set(_STOP, str(self._requested_signal))
            self._requested_signal = None
        if store.check([_ENDED]):
            # An exchange that rank 0 has left may block forever.
            self._ticks_after_end += 1
            if self._ticks_after_end > _GRACE_SECONDS:
                os._exit(0)

    def _on_lost(self, rank: int, problem: str) -> None:
        """Handle a lost rank, in the watchdog's thread."""
        self._lost_rank = rank, problem
        for process in self._processes:
            if process.place.rank == rank:
                # This closes its connections, and so ends the exchange that waits for it.
                process.kill()
                return
        if not self.leads:
            if self.place.rank == 1:
                print(f"error: Rank 0 {problem}.", file=sys.stderr, flush=True)
            os._exit(1)
        # A blocked exchange notices nothing: allow time for the cause to be found, then exit.
        time.sleep(_GRACE_SECONDS)
        # Under NCCL, synchronising with the device blocks forever, in whatever phase.
        may_block = self.device.type == "cuda" and self._own_program and not self._loss_handled
        if (may_block or self.progress.phase == "exchange") and threading.main_thread().is_alive():
            print(f"error: Rank {rank} {problem}. {_REMEDY}", file=sys.stderr, flush=True)
            os._exit(1)


class _WatchedGroup(RankGroup):
    """Group whose all-reduce marks the phase for the watchdog."""

    def __init__(self, device: torch.device, progress: RankProgress) -> None:
        super().__init__(device)
        self._progress = progress

    def all_reduce(self, tensor: torch.Tensor) -> None:
        previous, self._progress.phase = self._progress.phase, "exchange"
        try:
            super().all_reduce(tensor)
        finally:
            self._progress.phase = previous


def dismiss(place: RankPlace) -> None:
    """Tell the other ranks, started by a launcher, that there is no work for them."""
    _end_all(place.connect(_DISMISS_TIMEOUT), place)


def _end_all(store: Store, place: RankPlace) -> None:
    """Announce the end to the other ranks; the store's host stays until they have left."""
    store.set(_ENDED, "")
    deadline = time.monotonic() + (_GRACE_SECONDS if place.hosts else 0)
    keys = [left_key(rank) for rank in range(1, place.size)]
    while time.monotonic() < deadline and not store.check(keys):
        time.sleep(0.02)


@contextlib.contextmanager
def _loopback(place: RankPlace) -> Iterator[None]:
    """Make gloo use the loopback interface if all ranks are on one machine.

    The host's name may not resolve to an address of this machine.
    """
    variable = "GLOO_SOCKET_IFNAME"
    is_local = place.local_size == place.size and sys.platform != "win32"
    if not is_local or variable in os.environ:
        yield
        return
    os.environ[variable] = "lo" if sys.platform == "linux" else "lo0"
    try:
        yield
    finally:
        del os.environ[variable]
