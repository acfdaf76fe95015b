"""The ranks of a job, from where it is decided that there are several to their end."""

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
from ddpm_studio.jobs.machine.ranks.place import RankPlace, named_devices
from ddpm_studio.jobs.machine.ranks.processes import RankProcess, close_all
from ddpm_studio.jobs.machine.ranks.store import open_store
from ddpm_studio.jobs.machine.ranks.team import Team
from ddpm_studio.jobs.machine.threads import cores_each
from ddpm_studio.rank_flag import LAUNCHED
from ddpm_studio.requests import Device

_HERE, _CONNECTING = "127.0.0.1", timedelta(minutes=5)


@dataclass(frozen=True)
class RankPlan:
    """Which ranks a job has.

    Args:
        device: of this process.
        place: that something else has given it; None: it starts the others, if there are any.
        chosen: devices of the ranks that it starts, with its own; one: there are none.
    """

    device: torch.device
    place: RankPlace | None
    chosen: tuple[torch.device, ...]

    @classmethod
    def of(cls, several: str | None, device: Device) -> RankPlan:
        """Return what is asked for.

        Args:
            several: the devices of as many ranks, as a person names them, or ``LAUNCHED``; None:
                there is one rank.
            device: of that one, or the kind of all where torchrun has started them.

        Raises:
            StudioError: if a device is not there.
        """
        if several == LAUNCHED and (place := RankPlace.from_environment()):
            return cls(place.choose_device(device), place, ())
        chosen = named_devices(several) if several else []
        if not chosen:
            return cls.alone(devices.choose_device(device))
        return cls(chosen[0], None, tuple(chosen))

    @classmethod
    def alone(cls, device: torch.device) -> RankPlan:
        """Return the plan of one process on a device."""
        return cls(device, None, ())

    @property
    def size(self) -> int:
        """How many ranks there are."""
        return self.place.size if self.place else max(1, len(self.chosen))

    def threads(self, asked: int | None) -> int | None:
        """Return how many threads of the CPU this process computes with; None: as it has."""
        shared = len(self.chosen) > 1 and self.device.type == "cpu"
        return cores_each(len(self.chosen)) if asked is None and shared else asked

    def device_for(self, asked: Device) -> Device:
        """Return the device that this process draws or measures on, now torch's current one.

        Args:
            asked: what is asked for where there is one rank.
        """
        if self.size == 1:
            return asked
        devices.make_current(self.device)
        return "cuda" if self.device.type == "cuda" else "cpu"

    @contextlib.contextmanager
    def called(self, work: str) -> Iterator[Team | None]:
        """Give the ranks while the body runs, where something else has started them; else None.

        Args:
            work: what the others are to do.
        """
        if self.place is None:
            yield None
            return
        devices.make_current(self.device)
        with _led(Team(self.place, self.device, self.place.connect()), work) as team:
            yield team

    @contextlib.contextmanager
    def gathered(
        self, work: str, threads: int | None, called: Team | None = None
    ) -> Iterator[Team | None]:
        """Give the ranks while the body runs, started where that is asked for; None: one process.

        Args:
            work: what the others are to do.
            threads: of the CPU, of each.
            called: what :meth:`called` has given, if it was asked already.

        Raises:
            StudioError: if one can't be started.
        """
        if called is not None:
            yield called
        elif self.place is not None:
            with self.called(work) as team:
                yield team
        else:
            devices.make_current(self.device)
            if len(self.chosen) < 2:
                yield None
                return
            with _led(started(self.chosen, threads), work) as team:
                yield team


@contextlib.contextmanager
def _led(team: Team, work: str) -> Iterator[Team]:
    """Tell the others what to do, and leave them in the end."""
    well = False
    try:
        team.tell_work(work)
        yield team
        well = True
    except GeneratorExit:
        well = True
        raise
    except RankLostError as error:
        raise team.why(str(error)) from error
    finally:
        team.close(well)


def started(chosen: tuple[torch.device, ...], threads: int | None) -> Team:
    """Become rank 0 on the first of some devices, and start the other ranks on the others.

    Args:
        chosen: one for each rank.
        threads: of the CPU, of each of the others; None: its part of the cores.

    Raises:
        StudioError: if one can't be started.
    """
    if dist.is_initialized():
        raise StudioError("This program trains on several devices already.", "Stop that first.")
    store = open_store(_HERE, 0, True, _CONNECTING)
    size = len(chosen)
    own = RankPlace(0, size, 0, size, _HERE, store.port, False, device=str(chosen[0]))
    processes: list[RankProcess] = []
    try:
        for rank, device in enumerate(chosen[1:], 1):
            place = replace(own, rank=rank, local_rank=rank, device=str(device))
            processes.append(RankProcess(place, threads or cores_each(size)))
        return Team(own, chosen[0], own.within(store), processes)
    except BaseException:
        close_all(processes, 0)
        raise
