"""Heartbeats: each rank tells that it lives, and hears when one of the others does not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store

Phase = Literal["idle", "step", "exchange"]
# Between two beats. Silence is counted in a rank's own beats: a computer that sleeps, or a
# terminal that halts all ranks at once, makes nobody silent.
_SECONDS = 1.0
_SILENT = 12
# A pass of the network is never so long; a step may be, of many passes. Between steps a rank may
# take its time: rank 0 draws, saves, or is paused.
_LONGEST_PASS = 600


def left_key(rank: int) -> str:
    """Return the key of the store that says that a rank has done its part, and left."""
    return f"left/{rank}"


@dataclass
class Doing:
    """What this rank's training does; written by it, read by its watch."""

    phase: Phase = "idle"
    step: int = 0
    passes: int = 0

    def passed(self) -> None:
        """Note that the network was passed once more, in a step of many passes."""
        self.passes += 1

    @property
    def moment(self) -> tuple[Phase, int, int]:
        """What is another while there is progress."""
        return self.phase, self.step, self.passes


@dataclass
class _Heard:
    beat: str = ""
    silent: int = 0


class Watch(threading.Thread):
    """Beats for one rank and listens for others, in a thread of its own.

    Args:
        store: a connection of its own, as others wait in theirs.
        rank: this one.
        others: ranks that it listens for.
        doing: what this rank does.
        lost: called once, in this thread, with the rank that has gone and in words why.
        tick: called with each beat.
    """

    def __init__(
        self,
        store: Store,
        rank: int,
        others: list[int],
        doing: Doing,
        lost: Callable[[int, str], None],
        tick: Callable[[Store], None],
    ) -> None:
        super().__init__(name="ranks", daemon=True)
        self._store, self._rank, self._doing = store, rank, doing
        self._heard = {other: _Heard() for other in others}
        self._lost, self._tick = lost, tick
        self._end = threading.Event()

    def stop(self) -> None:
        """Listen no more."""
        self._end.set()
        if threading.current_thread() is not self:
            self.join(10)

    def run(self) -> None:
        """Beat until :meth:`stop`."""
        beats, now, same = 0, self._doing.moment, 0
        while not self._end.wait(_SECONDS):
            beats += 1
            before, now = now, self._doing.moment
            same = same + 1 if now == before else 0
            try:
                self._store.set(f"beat/{self._rank}", f"{beats} {now[0]} {same}")
                if self._end.is_set():
                    return
                self._tick(self._store)
                found = self._silent(now[0], same)
            except RuntimeError:
                # The store's host has gone: rank 0, or what started all ranks.
                found = None if self._end.is_set() else (0, "has gone")
            if found is not None:
                self._lost(*found)
                return

    def _silent(self, own: Phase, same: int) -> tuple[int, str] | None:
        """Return which rank has gone, and in words why; None: all are there.

        Args:
            own: what this rank does.
            same: beats for which it has done just that.
        """
        exchanging = []
        for rank, heard in self._heard.items():
            key = f"beat/{rank}"
            beat = self._store.get(key).decode() if self._store.check([key]) else ""
            heard.silent = heard.silent + 1 if beat == heard.beat else 0
            heard.beat = beat
            # One that has not begun is still loading.
            if beat and heard.silent >= _SILENT and not self._store.check([left_key(rank)]):
                return rank, f"has not answered for {_SILENT} s"
            _, phase, theirs = beat.split() if beat else ("", "idle", "0")
            # Who does nothing, as one that is paused, keeps the others from going on; under NCCL
            # they wait in the midst of a step.
            stands_still = own != "idle" and min(same, int(theirs)) >= _LONGEST_PASS
            if phase == "step" and stands_still:
                return rank, "has been at one step for 10 minutes"
            if phase == own == "exchange" and stands_still:
                exchanging.append(rank)
        # One that is at its step yet is what all others wait for; rank 0 alone hears of all.
        if self._rank == 0 and exchanging and len(exchanging) == len(self._heard):
            return exchanging[0], "has been in one exchange for 10 minutes"
        return None
