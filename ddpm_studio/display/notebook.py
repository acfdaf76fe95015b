"""Progress bar in a notebook, below the cell that runs the job."""

from __future__ import annotations

import html
import importlib
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

from ddpm_studio.display.displays import progress_line
from ddpm_studio.progress import Progress

_SECONDS_BETWEEN_UPDATES = 0.2


class _Handle(Protocol):
    def update(self, bundle: dict[str, str], *, raw: bool) -> None: ...


Show = Callable[..., _Handle]
"""IPython's ``display``."""


class NotebookDisplay:
    """Progress bar that is updated in place, and removed at the end.

    Args:
        show: IPython's ``display``.
        clock: monotonic clock, in seconds.
    """

    def __init__(self, show: Show, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = clock()
        self._handle = show({"text/plain": ""}, raw=True, display_id=True)

    def show(self, progress: Progress, seconds_left: float | None, note: str) -> None:
        """Update the bar, throttled to five updates a second."""
        now = self._clock()
        if now < self._next and progress.done < progress.total:
            return
        self._next = now + _SECONDS_BETWEEN_UPDATES
        line = progress_line(progress, seconds_left, note)
        bar = f'<progress value="{progress.done}" max="{max(1, progress.total)}"></progress>'
        self._update({"text/plain": line, "text/html": f"{bar} {html.escape(line)}"})

    def write_line(self, text: str) -> None:
        """Print a permanent line on stderr."""
        print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Clear the bar."""
        self._update({"text/plain": "", "text/html": ""})

    def _update(self, bundle: dict[str, str]) -> None:
        self._handle.update(bundle, raw=True)


def notebook_show() -> Show | None:
    """Return IPython's ``display`` if this runs in a notebook's kernel, else None."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if getattr(shell, "kernel", None) is None:
        return None
    show: Show = importlib.import_module("IPython.display").display
    return show
