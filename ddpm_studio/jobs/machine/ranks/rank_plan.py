"""Lifetime of a job's ranks: whether there are several, their start, and their end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import torch
import torch.distributed as dist

from ddpm_studio.engine.device.ranks import RankLostError
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.machine import device as devices
from ddpm_studio.jobs.machine.ranks.place import RankPlace, parse_devices
from ddpm_studio.jobs.machine.ranks.processes import RankProcess, close_all
from ddpm_studio.jobs.machine.ranks.store import open_store
from ddpm_studio.jobs.machine.ranks.team import Team
from ddpm_studio.jobs.machine.threads import threads_per_process
from ddpm_studio.rank_flag import LAUNCHED_BY_TORCHRUN
from ddpm_studio.requests import Device

_LOCALHOST, _CONNECT_TIMEOUT = "127.0.0.1", timedelta(minutes=5)


@dataclass(frozen=True)
class RankPlan:
    """Ranks that a job is to run on.

    Args:
        device: device of this process.
        place: place that a launcher has given to this process; None if it starts any others itself.
        chosen: devices of the ranks that it starts, its own first; one or none: a single process.
    """

    device: torch.device
    place: RankPlace | None
    chosen: tuple[torch.device, ...]

    @classmethod
    def of(cls, requested: str | None, device: Device) -> RankPlan:
        """Return the plan for the requested devices.

        Args:
            requested: list of devices, one for each rank, as a person writes it, or
                ``LAUNCHED_BY_TORCHRUN``; None for a single rank.
            device: device of the single rank, or the kind of all if torchrun has started them.

        Raises:
            StudioError: if a device is not available.
        """
        if requested == LAUNCHED_BY_TORCHRUN and (place := RankPlace.from_environment()):
            return cls(place.choose_device(device), place, ())
        chosen = parse_devices(requested) if requested else []
        if not chosen:
            return cls.single(devices.choose_device(device))
        return cls(chosen[0], None, tuple(chosen))

    @classmethod
    def single(cls, device: torch.device) -> RankPlan:
        """Return the plan of a single process on a device."""
        return cls(device, None, ())

    @property
    def size(self) -> int:
        """Number of ranks."""
        return self.place.size if self.place else max(1, len(self.chosen))

    def threads(self, requested: int | None) -> int | None:
        """Return the number of CPU threads for this process; None leaves it as it is."""
        shared = len(self.chosen) > 1 and self.device.type == "cpu"
        return threads_per_process(len(self.chosen)) if requested is None and shared else requested

    def device_for(self, requested: Device) -> Device:
        """Return the device to draw or measure on, having made it torch's current one.

        Args:
            requested: the requested device, returned if there is a single rank.
        """
        if self.size == 1:
            return requested
        devices.make_current(self.device)
        return "cuda" if self.device.type == "cuda" else "cpu"

    @contextlib.contextmanager
    def launched(self, work: str) -> Iterator[Team | None]:
        """Lead the ranks that a launcher has started, while the body runs (context manager).

        Args:
            work: name of the work that the other ranks are to do.

        Yields:
            The ranks; None if no launcher has started them.
        """
        if self.place is None:
            yield None
            return
        with (
            devices.current(self.device),
            _lead(Team(self.place, self.device, self.place.connect()), work) as team,
        ):
            yield team

    @contextlib.contextmanager
    def start_or_join(
        self, work: str, threads: int | None, launched: Team | None = None
    ) -> Iterator[Team | None]:
        """Lead the ranks while the body runs, starting them if needed (context manager).

        Args:
            work: name of the work that the other ranks are to do.
            threads: CPU threads of each other rank that is started; None: its share of the cores.
            launched: the ranks that :meth:`launched` has yielded, if it was entered already.

        Yields:
            The ranks; None for a single process.

        Raises:
            StudioError: if a rank can't be started.
        """
        if launched is not None:
            yield launched
        elif self.place is not None:
            with self.launched(work) as team:
                yield team
        elif len(self.chosen) < 2:
            with devices.current(self.device):
                yield None
        else:
            with (
                devices.current(self.device),
                _lead(start_ranks(self.chosen, threads), work) as team,
            ):
                yield team


@contextlib.contextmanager
def _lead(team: Team, work: str) -> Iterator[Team]:
    """Send the work to the other ranks, and leave them when the body ends (context manager)."""
    regular = False
    try:
        team.send_work(work)
        yield team
        regular = True
    except GeneratorExit:
        regular = True
        raise
    except RankLostError as error:
        raise team.cause(str(error)) from error
    finally:
        team.close(regular)


def start_ranks(rank_devices: tuple[torch.device, ...], threads: int | None) -> Team:
    """Start the other ranks as processes on their devices; this process becomes rank 0.

    Args:
        rank_devices: a device for each rank, the first for this process.
        threads: CPU threads of each other rank; None: its share of the cores.

    Raises:
        StudioError: if a rank can't be started.
    """
    if dist.is_initialized():
        raise StudioError("This program trains on several devices already.", "Stop that first.")
    store = open_store(_LOCALHOST, 0, True, _CONNECT_TIMEOUT)
    size = len(rank_devices)
    own_place = RankPlace(
        0, size, 0, size, _LOCALHOST, store.port, False, device=str(rank_devices[0])
    )
    processes: list[RankProcess] = []
    try:
        for rank, device in enumerate(rank_devices[1:], 1):
            place = replace(own_place, rank=rank, local_rank=rank, device=str(device))
            processes.append(RankProcess(place, threads or threads_per_process(size)))
        return Team(own_place, rank_devices[0], own_place.attempt_store(store), processes)
    except BaseException:
        close_all(processes, 0)
        raise
