"""What processes that tests start have in common."""

from __future__ import annotations

import signal


def hear() -> None:
    """Ignore no signal: for ``preexec_fn`` where the tests were started in the background."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
