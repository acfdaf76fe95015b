"""Rank detection: whether this process is a rank of a distributed training; without torch."""

from __future__ import annotations

import os

from ddpm_studio.errors import StudioError

RANK_FLAG = "--train-as-rank"
"""Command-line flag that makes the program a rank of a training that another process started."""

RANK, SIZE, ADDRESS, PORT = "RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"
"""Environment variables set by torchrun."""


LAUNCHED_BY_TORCHRUN = "launched"
"""Value of a request's devices where torchrun has started the ranks; this process is rank 0."""


def is_rank() -> bool:
    """Whether torchrun, or another process of this program, started this one as a rank."""
    return all(name in os.environ for name in (RANK, SIZE, ADDRESS, PORT))


def requested_devices(given: str | None) -> str | None:
    """Return the value of ``--devices``, or :data:`LAUNCHED_BY_TORCHRUN` under torchrun.

    Raises:
        StudioError: if ``--devices`` is given under torchrun.
    """
    if not is_rank():
        return given
    if given is not None:
        raise StudioError(
            "Each process that torchrun has started has its device.",
            "Leave --devices out, or do without torchrun.",
        )
    return LAUNCHED_BY_TORCHRUN
