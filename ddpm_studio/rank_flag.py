"""Rank flag: how a process knows that it is one rank of a training; torch is not imported."""

from __future__ import annotations

import os

from ddpm_studio.errors import StudioError

RANK_WORD = "--train-as-rank"
"""The word on the command line that makes the program a rank of another one's training."""

RANK, SIZE, ADDRESS, PORT = "RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"
"""What torchrun tells in the environment."""


LAUNCHED = "launched"
"""In place of devices: those of the processes that torchrun has started; this one is rank 0."""


def is_rank() -> bool:
    """Whether torchrun, or another process of this program, has started this one as a rank."""
    return all(name in os.environ for name in (RANK, SIZE, ADDRESS, PORT))


def asked_devices(given: str | None) -> str | None:
    """Return what is asked of several devices, or that torchrun has started the ranks.

    Raises:
        StudioError: if both are.
    """
    if not is_rank():
        return given
    if given is not None:
        raise StudioError(
            "Each process that torchrun has started has its device.",
            "Leave --devices out, or do without torchrun.",
        )
    return LAUNCHED
