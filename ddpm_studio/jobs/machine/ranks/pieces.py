"""Work in numbered pieces that ranks share: what each makes comes to rank 0, in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import TypeVar

from ddpm_studio.jobs.machine.ranks.store import put, take
from ddpm_studio.jobs.machine.ranks.team import Team

MeanwhileT = TypeVar("MeanwhileT")
# A rank is so many of its pieces ahead at most: what is made waits in memory.
_AHEAD = 4
_WAIT_SECONDS = 0.02


def is_others(team: Team, k: int) -> bool:
    """Whether another rank than 0 makes piece k: they take turns."""
    return k % team.place.size != 0


def made_by_others(
    team: Team, name: str, k: int, meanwhile: MeanwhileT
) -> Generator[MeanwhileT, None, bytes]:
    """Wait for a piece that another rank makes.

    Args:
        team: the ranks, as rank 0 sees them.
        name: of the work.
        k: number of the piece.
        meanwhile: what is yielded now and again.

    Raises:
        StudioError: if that rank has gone.
    """
    key = _key(name, k)
    while not team.store.check([key]):
        team.check()
        time.sleep(_WAIT_SECONDS)
        yield meanwhile
    return take(team.store, key)


def make_pieces(team: Team, name: str, count: int, make: Callable[[int], bytes]) -> None:
    """Make the pieces of this rank, which is not 0, and hand them to rank 0.

    Args:
        team: the ranks.
        name: of the work.
        count: of all pieces.
        make: returns one, by its number.

    Raises:
        RankLostError: if rank 0 has ended.
    """
    size = team.place.size
    for k in range(team.place.rank, count, size):
        while k >= _AHEAD * size and team.store.check([_key(name, k - _AHEAD * size)]):
            team.check_over()
            time.sleep(_WAIT_SECONDS)
        put(team.store, _key(name, k), make(k))


def _key(name: str, k: int) -> str:
    return f"{name}/{k}"
