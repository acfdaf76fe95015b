"""The ranks of one training as one of them sees them: joined, watched, and ended together."""

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
from ddpm_studio.jobs.machine.ranks.heartbeat import Doing, Watch, left_key
from ddpm_studio.jobs.machine.ranks.place import RankPlace
from ddpm_studio.jobs.machine.ranks.processes import RankProcess, close_all
from ddpm_studio.jobs.machine.ranks.store import part_of, wait_for

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store

# So long may joining take, once all are there. Afterwards a rank may wait for rank 0 to draw, to
# save, or to go on after a pause: it is the watch that knows when waiting is of no use.
_DISMISSING = timedelta(seconds=5)
_JOINING, _WAITING = timedelta(seconds=120), timedelta(days=365)
# A rank's process loads torch first, from a slow disk perhaps.
_STARTING_SECONDS = 300.0
# So long is looked for why an exchange has failed, longer than silence takes to be heard.
_WHY_SECONDS = 16.0
_GRACE_SECONDS = 5.0
_REMEDY = "Train further: it goes on from the last checkpoint."
_OVER, _STOP, _WORK = "over", "stop", "work"


def there_key(rank: int) -> str:
    """Return the key of the store that says that a rank is ready to be joined."""
    return f"there/{rank}"


class Team:
    """One rank among the others.

    Args:
        place: which.
        device: on which it computes; another rank than 0 hears of it with its work.
        processes: the other ranks, where this one has started them.
        store: that all share.
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
        self.doing = Doing()
        self._processes = processes or []
        self._found: tuple[int, str] | None = None
        self._asked: int | None = None
        self.has_work = False
        """Whether this rank has heard what there is to do."""
        self._beats_after_end = 0
        self._noticed = False
        # A window has other things to do than this job.
        self._own_program = threading.current_thread() is threading.main_thread()
        self._group: RankGroup | None = None
        own = replace(place, hosts=False).connect()
        others = list(range(1, place.size)) if place.rank == 0 else [0]
        self._watch = Watch(own, place.rank, others, self.doing, self._on_lost, self._tick)
        self._watch.start()

    @property
    def leads(self) -> bool:
        """Whether this is rank 0, which writes the run folder and tells of it."""
        return self.place.rank == 0

    @property
    def group(self) -> RankGroup:
        """The exchange, once joined."""
        assert self._group is not None
        return self._group

    def join(self) -> Generator[None, None, None]:
        """Wait until all ranks are there, then join them; yields while it waits.

        Raises:
            StudioError: if one does not come.
        """
        self.store.set(there_key(self.place.rank), "")
        if self.leads:
            until = time.monotonic() + _STARTING_SECONDS
            for rank in range(1, self.place.size):
                while not self.store.check([there_key(rank)]):
                    if self._evidence() or time.monotonic() > until:
                        raise self.why("it did not start in time", wait=0)
                    yield
                    time.sleep(0.02)
            self.store.set("all there", "")
        else:
            wait_for(self.store, "all there", self.check_over)
        cuda = self.device.type == "cuda"
        with _loopback(self.place):
            dist.init_process_group(
                "nccl" if cuda else "gloo",
                store=part_of(self.store, "group"),
                rank=self.place.rank,
                world_size=self.place.size,
                timeout=_JOINING,
                device_id=self.device if cuda else None,
            )
        dist.distributed_c10d._set_pg_timeout(_WAITING, dist.group.WORLD)
        self._group = _WatchedGroup(self.device, self.doing)

    def tell(self, key: str, value: object) -> None:
        """Tell the other ranks something that JSON can say."""
        self.store.set(key, json.dumps(value))

    def hear(self, key: str) -> object:
        """Wait for what another rank tells."""
        return json.loads(wait_for(self.store, key, self.check_over))

    def tell_work(self, work: str) -> None:
        """Tell the other ranks what there is to do, and on which kind of device."""
        self.tell(_WORK, {"work": work, "device": self.device.type})

    def hear_work(self) -> str:
        """Wait for what rank 0 has to do, and take up the device for it.

        Raises:
            StudioError: if this rank has no such device.
            RankLostError: if there is nothing to do.
        """
        told = cast(dict[str, Any], self.hear(_WORK))
        self.has_work = True
        self.device = self.place.choose_device(told["device"])
        make_current(self.device)
        return str(told["work"])

    def check_over(self) -> None:
        """Raise where waiting for rank 0 is of no use any more.

        Raises:
            RankLostError: if it has left in good order.
        """
        if self.is_over:
            raise RankLostError("rank 0 has ended the training")

    def fail(self, failure: Failure) -> None:
        """Tell rank 0 what has ended this rank."""
        where = f" on {platform.node()}" if self.place.local_size < self.place.size else ""
        told = {**asdict(failure), "who": f"{self.place}{where}"}
        with contextlib.suppress(RuntimeError):
            self.tell(f"fault/{self.place.rank}", told)

    def check(self) -> None:
        """Raise what has ended another rank, if anything has.

        Raises:
            StudioError: naming the rank.
        """
        if found := self._evidence():
            raise found

    def why(self, otherwise: str, wait: float = _WHY_SECONDS) -> StudioError:
        """Return which rank has gone and why, as far as can be found out."""
        self._noticed = True
        until = time.monotonic() + wait
        while (found := self._evidence()) is None and time.monotonic() < until:
            time.sleep(0.1)
        return found or StudioError(
            f"The ranks have lost each other: {otherwise}",
            "Train further; if it happens again, look at the network between the machines.",
        )

    def ask_to_stop(self, number: int) -> None:
        """Let rank 0 end the training of all as if it had got this signal."""
        self._asked = number

    @property
    def is_over(self) -> bool:
        """Whether rank 0 has left in good order."""
        with contextlib.suppress(RuntimeError):
            return bool(self.store.check([_OVER]))
        return False

    def close(self, well: bool) -> None:
        """Leave the others; the processes that this rank has started are ended."""
        if well:
            with contextlib.suppress(RuntimeError):
                if self.leads:
                    _end_all(self.store, self.place)
                else:
                    self.store.set(left_key(self.place.rank), "")
        self._watch.stop()
        if dist.is_initialized():
            with contextlib.suppress(RuntimeError):
                dist.destroy_process_group()
        close_all(self._processes, _GRACE_SECONDS if well else 0.5)

    def _evidence(self) -> StudioError | None:
        for rank in range(1, self.place.size):
            key = f"fault/{rank}"
            with contextlib.suppress(RuntimeError):
                if self.store.check([key]):
                    told = json.loads(self.store.get(key))
                    who = str(told["who"])
                    cause = f"{who[:1].upper()}{who[1:]} stopped: {told['cause']}"
                    return StudioError(cause, str(told["remedy"]), str(told["details"]))
        if self._found is not None:
            rank, how = self._found
            return StudioError(f"Rank {rank} {how}.", _REMEDY)
        for process in self._processes:
            how = process.ended() or ""
            if how:
                said = process.last_line()
                more = f": {said}" if said else ""
                who = f"Rank {process.place.rank} (process {process.pid})"
                return StudioError(f"{who} {how}{more}.", _REMEDY, process.tail())
        return None

    def _tick(self, store: Store) -> None:
        """Hand on, in the watch's thread, a signal that asks for an end; end when rank 0 has."""
        if self.leads:
            if store.check([_STOP]):
                number = int(store.get(_STOP))
                store.delete_key(_STOP)
                # Rank 0 may have got it as well; a second one would end it at once.
                if callable(signal.getsignal(number)):
                    os.kill(os.getpid(), number)
            return
        if self._asked is not None:
            store.set(_STOP, str(self._asked))
            self._asked = None
        if store.check([_OVER]):
            # An exchange that rank 0 has left may wait on.
            self._beats_after_end += 1
            if self._beats_after_end > _GRACE_SECONDS:
                os._exit(0)

    def _on_lost(self, rank: int, how: str) -> None:
        """Hear, in the watch's thread, that a rank has gone."""
        self._found = rank, how
        for process in self._processes:
            if process.place.rank == rank:
                # Its connections end, and with them the exchange that waits for it.
                process.kill()
                return
        if not self.leads:
            if self.place.rank == 1:
                print(f"error: Rank 0 {how}.", file=sys.stderr, flush=True)
            os._exit(1)
        # What waits in an exchange hears of nothing: give it the time to find out, and then end.
        time.sleep(_GRACE_SECONDS)
        # Under NCCL it is the wait for the device that never ends, in whatever phase.
        waits = self.device.type == "cuda" and self._own_program and not self._noticed
        if (waits or self.doing.phase == "exchange") and threading.main_thread().is_alive():
            print(f"error: Rank {rank} {how}. {_REMEDY}", file=sys.stderr, flush=True)
            os._exit(1)


class _WatchedGroup(RankGroup):
    """Tells the watch when it waits for others."""

    def __init__(self, device: torch.device, doing: Doing) -> None:
        super().__init__(device)
        self._doing = doing

    def all_reduce(self, tensor: torch.Tensor) -> None:
        before, self._doing.phase = self._doing.phase, "exchange"
        try:
            super().all_reduce(tensor)
        finally:
            self._doing.phase = before


def dismiss(place: RankPlace) -> None:
    """Tell the other ranks, which something else has started, that there is nothing to train."""
    _end_all(place.connect(_DISMISSING), place)


def _end_all(store: Store, place: RankPlace) -> None:
    """Tell the others that it is over; what hosts the store stays until they have heard."""
    store.set(_OVER, "")
    until = time.monotonic() + (_GRACE_SECONDS if place.hosts else 0)
    waited = [left_key(rank) for rank in range(1, place.size)]
    while time.monotonic() < until and not store.check(waited):
        time.sleep(0.02)


@contextlib.contextmanager
def _loopback(place: RankPlace) -> Iterator[None]:
    """Let gloo talk within the machine where all ranks are on it: its name may lead nowhere."""
    name = "GLOO_SOCKET_IFNAME"
    inside = place.local_size == place.size and sys.platform != "win32"
    if not inside or name in os.environ:
        yield
        return
    os.environ[name] = "lo" if sys.platform == "linux" else "lo0"
    try:
        yield
    finally:
        del os.environ[name]
