"""Early end of a command: termination signals and broken pipes."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType

from ddpm_studio.rank_flag import is_rank
from ddpm_studio.signals import preemption_signals, termination_signals

_SHOW_CURSOR = b"\x1b[?25h"


class StoppedBySignal(Exception):  # noqa: N818 - not an error: what was asked for
    """Raised after a signal has ended a job and its cleanup is done; has the exit code."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


class OutputClosed(Exception):  # noqa: N818 - nothing has failed here
    """Raised on a broken pipe (the reader of the output has gone); the job is closed."""


@dataclass
class ReceivedSignal:
    """The termination signal that was received, or None."""

    number: int | None = None


@contextlib.contextmanager
def catch_signals() -> Iterator[ReceivedSignal]:
    """Catch the first termination signal, to be checked; a second one ends the process at once.

    Ranks ignore the second one: a cluster and the launcher may each send a signal.
    """
    received = ReceivedSignal()
    final_action = signal.SIG_IGN if is_rank() else signal.SIG_DFL

    def on_signal(number: int, _frame: FrameType | None) -> None:
        received.number = number
        for signal_number in handled:
            signal.signal(signal_number, final_action)
        if sys.stderr.isatty():
            # The terminal may have been closed.
            with contextlib.suppress(OSError):
                os.write(sys.stderr.fileno(), _SHOW_CURSOR)

    handled = [*termination_signals(), *preemption_signals()]
    previous_handlers = {number: signal.signal(number, on_signal) for number in handled}
    try:
        yield received
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)
