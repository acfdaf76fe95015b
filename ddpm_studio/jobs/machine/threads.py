"""Number of CPU threads of a training, adapted to the load of other programs."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

import psutil
import torch

from ddpm_studio.jobs.events import Event, InfoNotice

_T = TypeVar("_T")
# Least duration and number of steps of a window before its pace is evaluated.
_WINDOW_SECONDS, _WINDOW_STEPS = 3.0, 4
# Ratios of step times: from when the pace counts as fallen, and from when as better.
_SLOWDOWN, _MIN_SPEEDUP = 1.25, 1.1
# Steps of a trial: the first chooses kernels and is not timed.
_WARMUP_STEPS, _TRIAL_SECONDS, _TRIAL_STEPS = 1, 1.0, 2
# Seconds between two trials, doubled while nothing is gained.
_PAUSE_SECONDS, _MAX_PAUSE_SECONDS = 15.0, 240.0
# Tolerance in cores: a smaller share of a core taken by other programs is ignored.
_CORE_TOLERANCE = 0.5


# How often a person has chosen the number: two choices of the same number are told apart by it.
_choices = 0


def choose_threads(number: int) -> None:
    """Set torch's number of CPU threads, as a person chose; it outlasts running trainings."""
    global _choices
    _choices += 1
    torch.set_num_threads(number)


@contextlib.contextmanager
def threads(number: int | None) -> Iterator[None]:
    """Set torch's number of CPU threads while the body runs; None leaves it to others.

    Jobs that take turns in one thread don't leave their contexts in reverse order, so one that
    sets no number must not restore any. A number that is set elsewhere meanwhile is kept, and so
    is one by :func:`choose_threads`.
    """
    if number is None:
        yield
        return
    previous, choices = torch.get_num_threads(), _choices
    torch.set_num_threads(number)
    try:
        yield
    finally:
        if torch.get_num_threads() == number and choices == _choices:
            torch.set_num_threads(previous)


def threads_per_process(processes: int) -> int:
    """Return the number of CPU threads for each of several processes that share the machine."""
    return max(1, (os.cpu_count() or 1) // processes)


class OtherProgramsLoad:
    """Number of cores that other programs keep busy, since the last reading."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._before = self._read()

    def __call__(self) -> float:
        """Return the mean number of busy cores since the previous call."""
        previous, self._before = self._before, self._read()
        seconds, busy = (new - old for new, old in zip(self._before, previous, strict=True))
        return busy / seconds if seconds > 0 else 0.0

    def _read(self) -> tuple[float, float]:
        times, own_times = psutil.cpu_times(), self._process.cpu_times()
        busy = times.user + times.system + getattr(times, "nice", 0.0)
        return time.monotonic(), busy - own_times.user - own_times.system


class ThreadTuner:
    """Times training steps, and tries one thread instead of all when the pace falls.

    With as many threads as cores, a step waits for its slowest thread: one that shares its core
    with another program holds up the rest, so that a single thread can make several times as
    many pictures. The sums of a step depend on the number of threads in their last bits. A number
    that is set elsewhere meanwhile, or by :func:`choose_threads`, stays from then on.

    Args:
        allowed: if False, the number of threads stays as it is.
        others: returns how many cores other programs have kept busy since the last call.
        clock: returns seconds.
    """

    def __init__(
        self,
        allowed: bool,
        others: Callable[[], float] | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._max_threads = self._own_threads = torch.get_num_threads()
        self._choices = _choices
        self._enabled = allowed and self._max_threads > 1
        self._other_load = (others or OtherProgramsLoad()) if self._enabled else lambda: 0.0
        self._clock = clock
        self._seconds: list[float] = []
        self._best: float | None = None
        # During a trial: mean seconds of a step with the previous number of threads.
        self._pace_before_trial: float | None = None
        self._pause = _PAUSE_SECONDS
        self._not_before = clock()

    def close(self) -> None:
        """Restore the initial number of threads, unless another one was set elsewhere."""
        self._disable_if_set_elsewhere()
        if self._enabled:
            self._set_threads(self._max_threads)

    def run(self, step: Callable[[], _T]) -> _T:
        """Take a training step and record its time."""
        if not self._enabled:
            return step()
        start_time = self._clock()
        result = step()
        self._seconds.append(self._clock() - start_time)
        return result

    def after_step(self) -> Generator[Event, None, None]:
        """Change the number of threads where that is faster, and yield an event if it is kept."""
        self._disable_if_set_elsewhere()
        if not self._enabled:
            return
        if self._pace_before_trial is not None:
            yield from self._evaluate_trial(self._pace_before_trial)
        elif self._is_window():
            pace = _mean(self._seconds)
            self._seconds.clear()
            if self._should_try(pace, self._other_load()) and self._clock() >= self._not_before:
                self._pace_before_trial = pace
                self._switch_threads()
            self._best = pace if self._best is None else min(pace, self._best)

    def _is_window(self) -> bool:
        return len(self._seconds) >= _WINDOW_STEPS and sum(self._seconds) >= _WINDOW_SECONDS

    def _should_try(self, pace: float, others: float) -> bool:
        cores = os.cpu_count() or self._max_threads
        if self._own_threads < self._max_threads:
            return cores - others >= self._max_threads - _CORE_TOLERANCE
        is_first = self._best is None
        return others > _CORE_TOLERANCE if is_first else pace > _SLOWDOWN * (self._best or pace)

    def _evaluate_trial(self, previous_pace: float) -> Generator[Event, None, None]:
        """Keep the number of threads on trial, or revert, once enough steps were timed."""
        measured = self._seconds[_WARMUP_STEPS:]
        is_slower = bool(measured) and min(measured) > _SLOWDOWN * previous_pace
        is_enough = len(measured) >= _TRIAL_STEPS and sum(measured) >= _TRIAL_SECONDS
        if not (is_slower or is_enough):
            return
        pace, count = _mean(measured), self._own_threads
        self._pace_before_trial = None
        self._seconds.clear()
        self._other_load()
        if previous_pace / pace >= _MIN_SPEEDUP:
            self._pause, self._best = _PAUSE_SECONDS, pace
            yield InfoNotice(_describe_change(count, self._max_threads, previous_pace / pace))
        else:
            self._switch_threads()
            self._pause = min(2 * self._pause, _MAX_PAUSE_SECONDS)
        self._not_before = self._clock() + self._pause

    def _switch_threads(self) -> None:
        self._set_threads(1 if self._own_threads > 1 else self._max_threads)

    def _set_threads(self, number: int) -> None:
        torch.set_num_threads(number)
        self._own_threads = number

    def _disable_if_set_elsewhere(self) -> None:
        is_own = self._choices == _choices and torch.get_num_threads() == self._own_threads
        self._enabled = self._enabled and is_own


def _mean(seconds: list[float]) -> float:
    return sum(seconds) / len(seconds)


def _describe_change(count: int, maximum: int, gain: float) -> str:
    if count == maximum:
        return f"The processor is free again: training goes on with {count} threads."
    return (
        f"Other programs keep the processor busy: training goes on with one thread, {gain:.1f} "
        f"times as fast as with {maximum}."
    )
