"""Signals that ask the program to end."""

from __future__ import annotations

import signal


def ending_signals() -> list[signal.Signals]:
    """Return Ctrl-C, an end that is asked for, and a terminal that goes if that is not ignored.

    Whoever started the program by ``nohup`` wishes it to outlive the terminal. Ctrl-C is ignored
    in all that a script starts in the background, where it is how one asks for an end.
    """
    found = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        found.append(signal.SIGHUP)
    return found


def notices() -> list[signal.Signals]:
    """Return what a cluster can be asked to send some time before it ends a job: SIGUSR1."""
    return [signal.SIGUSR1] if hasattr(signal, "SIGUSR1") else []
