"""Rank, world size and device of a process, from the environment variables of torchrun."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import torch

from ddpm_studio.durations import format_count
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.machine import device as devices
from ddpm_studio.jobs.machine.ranks.store import open_store, prefix_store
from ddpm_studio.rank_flag import ADDRESS, PORT, RANK, SIZE, is_rank
from ddpm_studio.requests import Device
from ddpm_studio.requests.devices import ALL_DEVICES, device_list

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store, TCPStore

_LOCAL, _LOCAL_SIZE = "LOCAL_RANK", "LOCAL_WORLD_SIZE"
_AGENT_STORE, _ATTEMPT = "TORCHELASTIC_USE_AGENT_STORE", "TORCHELASTIC_RESTART_COUNT"
_DEVICE = "DDPM_STUDIO_RANK_DEVICE"
# Rank 0 prepares the pictures before it opens the store.
_CONNECT_TIMEOUT = timedelta(hours=12)


@dataclass(frozen=True)
class RankPlace:
    """Place of a rank: its number, its machine, and the address of the store that all share.

    Args:
        rank: 0 to size − 1; rank 0 writes the run folder.
        size: number of ranks (world size).
        local_rank: its number on its machine.
        local_size: number of ranks on its machine.
        address: host of the store.
        port: port of the store.
        hosts: whether this process hosts the store.
        attempt: count of restarts, where a launcher restarts the ranks.
        device: device assigned to this rank; empty if it is to choose one.
    """

    rank: int
    size: int
    local_rank: int
    local_size: int
    address: str
    port: int
    hosts: bool
    attempt: str = "0"
    device: str = ""

    @classmethod
    def from_environment(cls) -> RankPlace | None:
        """Return the place set by torchrun, or by another rank of this program; None if not a rank.

        Raises:
            StudioError: if the variables are incomplete or contradictory.
        """
        if not is_rank():
            return None
        try:
            rank, size, port = (int(os.environ[name]) for name in (RANK, SIZE, PORT))
            local, local_size = int(os.environ.get(_LOCAL, 0)), int(os.environ.get(_LOCAL_SIZE, 1))
            if not (0 <= rank < size and 0 < port < 2**16 and 0 <= local < local_size):
                raise ValueError("out of range")
        except ValueError as error:
            names = f"{RANK}, {SIZE}, {PORT}, {_LOCAL} and {_LOCAL_SIZE}"
            raise StudioError(
                f"What the environment says of the ranks makes no sense: {names}.",
                "Start the command by torchrun, or unset them.",
            ) from error
        return cls(
            rank,
            size,
            local,
            local_size,
            os.environ[ADDRESS],
            port,
            rank == 0 and os.environ.get(_AGENT_STORE) != str(True),
            os.environ.get(_ATTEMPT, "0"),
            os.environ.get(_DEVICE, ""),
        )

    def environment(self) -> dict[str, str]:
        """Return the environment variables that :meth:`from_environment` reads."""
        return {
            RANK: str(self.rank),
            SIZE: str(self.size),
            _LOCAL: str(self.local_rank),
            _LOCAL_SIZE: str(self.local_size),
            ADDRESS: self.address,
            PORT: str(self.port),
            _AGENT_STORE: str(True),
            _DEVICE: self.device,
        }

    def choose_device(self, requested: Device) -> torch.device:
        """Return the device of this rank: the assigned one, or the GPU of its local number.

        Raises:
            StudioError: if this machine has more ranks than GPUs, or not the assigned device.
        """
        if self.device:
            return _require_available(torch.device(self.device))
        chosen = devices.choose_device(requested)
        if chosen.type != "cuda":
            return chosen
        count = torch.cuda.device_count()
        if self.local_rank >= count:
            raise StudioError(
                f"This machine has {format_count(count, 'GPU')}, and rank {self.rank} is its "
                f"number {self.local_rank + 1}.",
                "Start as many processes on each machine as it has GPUs.",
            )
        return torch.device("cuda", self.local_rank)

    def connect(self, timeout: timedelta = _CONNECT_TIMEOUT) -> Store:
        """Return the store that all ranks share, hosting or connecting to it.

        Args:
            timeout: how long to wait for its host.

        Raises:
            StudioError: if there is no host by then, or the store can't be hosted.
        """
        if self.hosts:
            return self.attempt_store(_host_store(self.address, self.port))
        return self.attempt_store(open_store(self.address, self.port, False, timeout))

    def attempt_store(self, store: Store) -> Store:
        """Return the part of a store that belongs to this attempt."""
        return prefix_store(store, f"ddpm-studio/{self.attempt}")

    def __str__(self) -> str:
        return f"rank {self.rank}" + (f" ({self.device})" if self.device else "")


@functools.cache
def _host_store(address: str, port: int) -> TCPStore:
    """Host a store for as long as this process lives: others may query it at any time."""
    return open_store(address, port, True, _CONNECT_TIMEOUT)


def parse_devices(text: str) -> list[torch.device]:
    """Return the devices of a person's list, one for each rank; see ``TrainRequest.devices``.

    Raises:
        StudioError: if it is no list of devices, or one is not available.
    """
    try:
        requested = device_list(text)
    except ValueError as error:
        raise StudioError(f"{str(error)[:1].upper()}{str(error)[1:]}.", "Name them so.") from error
    if requested is None:
        return []
    if requested == ALL_DEVICES:
        count = torch.cuda.device_count()
        if count == 0:
            raise StudioError(
                "There is no GPU that torch can use here.", "Name processors, as cpu,cpu."
            )
        return [torch.device("cuda", k) for k in range(count)]
    names = requested.split(",")
    return [
        _require_available(
            torch.device("cpu") if name == "cpu" else torch.device("cuda", int(name))
        )
        for name in names
    ]


def _require_available(device: torch.device) -> torch.device:
    if device.type == "cuda":
        count = torch.cuda.device_count()
        if device.index is None or device.index >= count:
            available = f"0 to {count - 1}" if count else "none"
            raise StudioError(
                f"There is no GPU {device.index} here; there are {available}.",
                "Name those that are there, or cpu,cpu.",
            )
    return device
