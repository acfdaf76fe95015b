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
_BEAT_SECONDS = 1.0
_MAX_SILENT_BEATS = 12
# Seconds that no pass of the network takes; a step of many passes may take longer. Between steps
# a rank may be idle for any time: rank 0 draws, saves, or is paused.
_MAX_PASS_SECONDS = 600


def left_key(rank: int) -> str:
    """Return the store key that marks that a rank has finished its part and left."""
    return f"left/{rank}"


@dataclass
class RankProgress:
    """Progress of this rank's training, written by the training and read by its watchdog."""

    phase: Phase = "idle"
    step: int = 0
    passes: int = 0

    def count_pass(self) -> None:
        """Count a further pass of the network, in a step of many passes."""
        self.passes += 1

    @property
    def snapshot(self) -> tuple[Phase, int, int]:
        """Phase, step and pass: different from the previous value whenever there is progress."""
        return self.phase, self.step, self.passes


@dataclass
class _PeerBeat:
    beat: str = ""
    silent: int = 0


class Watchdog(threading.Thread):
    """Watchdog thread of a rank: sends its heartbeats and listens for those of others.

    Args:
        store: a connection of its own, as other threads block in theirs.
        rank: number of this rank.
        others: ranks to listen for.
        progress: progress of this rank.
        on_lost: called once, in this thread, with the number of a lost rank and the reason in
            words.
        on_beat: called at each beat with the store.
    """

    def __init__(
        self,
        store: Store,
        rank: int,
        others: list[int],
        progress: RankProgress,
        on_lost: Callable[[int, str], None],
        on_beat: Callable[[Store], None],
    ) -> None:
        super().__init__(name="ranks", daemon=True)
        self._store, self._rank, self._progress = store, rank, progress
        self._peers = {other: _PeerBeat() for other in others}
        self._on_lost, self._on_beat = on_lost, on_beat
        self._end = threading.Event()

    def stop(self) -> None:
        """Stop the thread, waiting for it for up to 10 seconds."""
        self._end.set()
        if threading.current_thread() is not self:
            self.join(10)

    def run(self) -> None:
        """Send heartbeats until :meth:`stop`."""
        beats, current, stalled = 0, self._progress.snapshot, 0
        while not self._end.wait(_BEAT_SECONDS):
            beats += 1
            previous, current = current, self._progress.snapshot
            stalled = stalled + 1 if current == previous else 0
            try:
                self._store.set(f"beat/{self._rank}", f"{beats} {current[0]} {stalled}")
                if self._end.is_set():
                    return
                self._on_beat(self._store)
                lost = self._find_lost_rank(current[0], stalled)
            except RuntimeError:
                # The store's host has gone: rank 0, or the launcher of the ranks.
                lost = None if self._end.is_set() else (0, "has gone")
            if lost is not None:
                self._on_lost(*lost)
                return

    def _find_lost_rank(self, own_phase: Phase, stalled: int) -> tuple[int, str] | None:
        """Return a lost rank and the reason in words; None if none is lost.

        Args:
            own_phase: phase of this rank.
            stalled: number of beats for which this rank has made no progress.
        """
        exchanging = []
        for rank, peer in self._peers.items():
            key = f"beat/{rank}"
            beat = self._store.get(key).decode() if self._store.check([key]) else ""
            peer.silent = peer.silent + 1 if beat == peer.beat else 0
            peer.beat = beat
            # A rank without any beat is still loading.
            if (
                beat
                and peer.silent >= _MAX_SILENT_BEATS
                and not self._store.check([left_key(rank)])
            ):
                return rank, f"has not answered for {_MAX_SILENT_BEATS} s"
            _, phase, peer_stalled = beat.split() if beat else ("", "idle", "0")
            # An idle rank, such as a paused one, keeps the others waiting, under NCCL in the midst
            # of a step; that is no fault.
            is_stalled = (
                own_phase != "idle" and min(stalled, int(peer_stalled)) >= _MAX_PASS_SECONDS
            )
            if phase == "step" and is_stalled:
                return rank, "has been at one step for 10 minutes"
            if phase == own_phase == "exchange" and is_stalled:
                exchanging.append(rank)
        # A rank that is still at its step is what all others wait for; only rank 0 hears all ranks.
        if self._rank == 0 and exchanging and len(exchanging) == len(self._peers):
            return exchanging[0], "has been in one exchange for 10 minutes"
        return None
