"""Rank flag: how a process knows that it is one rank of a training; torch is not imported."""

from __future__ import annotations

import os

RANK_WORD = "--train-as-rank"
"""The word on the command line that makes the program a rank of another one's training."""

RANK, SIZE, ADDRESS, PORT = "RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"
"""What torchrun tells in the environment."""


def is_rank() -> bool:
    """Whether torchrun, or another process of this program, has started this one as a rank."""
    return all(name in os.environ for name in (RANK, SIZE, ADDRESS, PORT))
