"""Work shared by ranks in numbered pieces, whose results rank 0 receives in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import TypeVar

from ddpm_studio.jobs.machine.ranks.store import pop, put
from ddpm_studio.jobs.machine.ranks.team import Team

MeanwhileT = TypeVar("MeanwhileT")
# Limit on the pieces that a rank has made and rank 0 not taken yet, as they wait in memory.
_MAX_PENDING = 4
_WAIT_SECONDS = 0.02


def belongs_to_other_rank(team: Team, k: int) -> bool:
    """Whether a rank other than 0 makes piece k: ranks take turns (round robin)."""
    return k % team.place.size != 0


def receive_piece(
    team: Team, name: str, k: int, meanwhile: MeanwhileT
) -> Generator[MeanwhileT, None, bytes]:
    """Wait for a piece made by another rank, and return its bytes.

    Args:
        team: the ranks, as rank 0 sees them.
        name: name of the work.
        k: number of the piece, from 0.
        meanwhile: the event to yield while waiting.

    Raises:
        StudioError: if that rank has gone.
    """
    key = _key(name, k)
    while not team.store.check([key]):
        team.check()
        time.sleep(_WAIT_SECONDS)
        yield meanwhile
    return pop(team.store, key)


def make_pieces(team: Team, name: str, count: int, make: Callable[[int], bytes]) -> None:
    """Make the pieces of this rank, which is not 0, and send them to rank 0.

    Args:
        team: the ranks.
        name: name of the work.
        count: number of all pieces.
        make: returns the bytes of a piece, given its number.

    Raises:
        RankLostError: if rank 0 has ended.
    """
    size = team.place.size
    for k in range(team.place.rank, count, size):
        while k >= _MAX_PENDING * size and team.store.check([_key(name, k - _MAX_PENDING * size)]):
            team.raise_if_over()
            time.sleep(_WAIT_SECONDS)
        put(team.store, _key(name, k), make(k))


def _key(name: str, k: int) -> str:
    return f"{name}/{k}"
