"""Heartbeats and watchdog of ranks: each reports that it is alive, and detects lost ones."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store

Phase = Literal["idle", "step", "exchange"]
# Seconds between two beats. Silence is counted in a rank's own beats: a computer that sleeps, or
# a terminal that stops all ranks at once, makes no rank silent.
_SECONDS = 1.0
_SILENT = 12
# Seconds that no pass of the network takes; a step of many passes may take longer. Between steps
# a rank may be idle for any time: rank 0 draws, saves, or is paused.
_LONGEST_PASS = 600


def left_key(rank: int) -> str:
    """Return the store key that marks that a rank has finished its part and left."""
    return f"left/{rank}"


@dataclass
class Doing:
    """Progress of this rank's training, written by the training and read by its watchdog."""

    phase: Phase = "idle"
    step: int = 0
    passes: int = 0

    def passed(self) -> None:
        """Count a further pass of the network, in a step of many passes."""
        self.passes += 1

    @property
    def moment(self) -> tuple[Phase, int, int]:
        """Phase, step and pass: different from the previous value whenever there is progress."""
        return self.phase, self.step, self.passes


@dataclass
class _Heard:
    beat: str = ""
    silent: int = 0


class Watch(threading.Thread):
    """Watchdog thread of a rank: sends its heartbeats and listens for those of others.

    Args:
        store: a connection of its own, as other threads block in theirs.
        rank: number of this rank.
        others: ranks to listen for.
        doing: progress of this rank.
        lost: called once, in this thread, with the number of a lost rank and the reason in words.
        tick: called at each beat with the store.
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
        """Stop the thread, waiting for it for up to 10 seconds."""
        self._end.set()
        if threading.current_thread() is not self:
            self.join(10)

    def run(self) -> None:
        """Send heartbeats until :meth:`stop`."""
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
                # The store's host has gone: rank 0, or the launcher of the ranks.
                found = None if self._end.is_set() else (0, "has gone")
            if found is not None:
                self._lost(*found)
                return

    def _silent(self, own: Phase, same: int) -> tuple[int, str] | None:
        """Return a lost rank and the reason in words; None if none is lost.

        Args:
            own: phase of this rank.
            same: number of beats for which this rank has made no progress.
        """
        exchanging = []
        for rank, heard in self._heard.items():
            key = f"beat/{rank}"
            beat = self._store.get(key).decode() if self._store.check([key]) else ""
            heard.silent = heard.silent + 1 if beat == heard.beat else 0
            heard.beat = beat
            # A rank without any beat is still loading.
            if beat and heard.silent >= _SILENT and not self._store.check([left_key(rank)]):
                return rank, f"has not answered for {_SILENT} s"
            _, phase, theirs = beat.split() if beat else ("", "idle", "0")
            # An idle rank, such as a paused one, keeps the others waiting, under NCCL in the midst
            # of a step; that is no fault.
            stands_still = own != "idle" and min(same, int(theirs)) >= _LONGEST_PASS
            if phase == "step" and stands_still:
                return rank, "has been at one step for 10 minutes"
            if phase == own == "exchange" and stands_still:
                exchanging.append(rank)
        # A rank that is still at its step is what all others wait for; only rank 0 hears all ranks.
        if self._rank == 0 and exchanging and len(exchanging) == len(self._heard):
            return exchanging[0], "has been in one exchange for 10 minutes"
        return None
