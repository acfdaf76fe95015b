"""Signals that ask the program to end."""

from __future__ import annotations

import signal


def ending_signals() -> list[signal.Signals]:
    """Return those that are not ignored: Ctrl-C, an end that is asked for, a terminal that goes.

    Whoever started the program by ``nohup`` wishes it to outlive the terminal.
    """
    found = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP"):
        found.append(signal.SIGHUP)
    return [number for number in found if signal.getsignal(number) is not signal.SIG_IGN]
