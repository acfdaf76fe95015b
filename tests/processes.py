"""Signal handling of processes that tests start."""

from __future__ import annotations

import signal


def hear() -> None:
    """Restore the default handlers of SIGINT and SIGHUP; for ``preexec_fn`` of a child process.

    If the tests were started in the background, child processes inherit ignored signals.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
