"""Termination signals, and the advance notice that cluster schedulers send."""

from __future__ import annotations

import signal


def termination_signals() -> list[signal.Signals]:
    """Return the signals that end the program: SIGINT, SIGTERM, and SIGHUP unless it is ignored.

    ``nohup`` ignores SIGHUP so that the program outlives its terminal. SIGINT is included even
    where it is ignored: a script's background processes start so, and it is how they are ended.
    """
    found = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        found.append(signal.SIGHUP)
    return found


def preemption_signals() -> list[signal.Signals]:
    """Return the signals that schedulers can send some time before they end a job: SIGUSR1."""
    return [signal.SIGUSR1] if hasattr(signal, "SIGUSR1") else []
