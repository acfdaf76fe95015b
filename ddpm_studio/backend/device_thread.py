"""The thread that owns the device: it steps the live generators, one at a time."""

from __future__ import annotations

import queue
import time
from collections.abc import Generator
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QThread, Signal

from ddpm_studio.backend.heap_trim import GivingBack
from ddpm_studio.backend.spec import Lane, State, Task
from ddpm_studio.errors import Failure
from ddpm_studio.jobs.events import Event, Progress

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore

# So long may interactive jobs run in one go before a background job gets a step.
_INTERACTIVE_SECONDS = 0.25

# What was asked for while torch loaded comes first; then so long a rest is taken for idleness.
_UNTIL_TRAINING_LOADS = 0.5


@dataclass(frozen=True)
class Report:
    """What the worker tells of one task: its new state and what came with it."""

    task_id: int
    state: State
    payload: Any = None


@dataclass(eq=False)
class _Live:
    task: Task
    job: Generator[Event, None, Any] | None = None
    paused: bool = False


class Worker(QThread):
    """Steps generators. All methods but :meth:`run` are called from the window's thread.

    ``reported`` says only that there is something to :meth:`take`; it is not sent again
    before that was done, so a busy worker can't flood the window.
    """

    reported = Signal()
    ready = Signal(str)
    """Torch is loaded; carries device and precision in words, such as "CPU float32"."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("device")
        self._commands: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._outbox: list[Report] = []
        self._last: dict[int, int] = {}
        self._lock = Lock()
        self._announced = False
        self._live: list[_Live] = []
        self._can_train = False

    def submit(self, task: Task) -> None:
        """Start a task as soon as it is its turn."""
        self._commands.put(("submit", task))

    def cancel(self, task_id: int) -> None:
        """Close a task's generator; what it must clean up or save, it does."""
        self._commands.put(("cancel", task_id))

    def pause(self, task_id: int, paused: bool) -> None:
        """Stop stepping a task, or go on."""
        self._commands.put(("pause", (task_id, paused)))

    def stop(self) -> None:
        """Close all generators and end the thread."""
        self._commands.put(("stop", None))

    def take(self) -> list[Report]:
        """Return what was reported since the last call, in order."""
        with self._lock:
            reports = self._outbox
            self._outbox = []
            self._last.clear()
            self._announced = False
        return reports

    def run(self) -> None:
        """Load torch, then serve until :meth:`stop`; what only a training needs loads in a lull."""
        from ddpm_studio.jobs.machine.warmup import load  # torch is loaded here, behind the window

        models, device = load()
        self.ready.emit(device)
        giving_back = GivingBack()
        interactive_since: float | None = None
        while self._serve_commands():
            giving_back.when_due()
            interactive = self._next(Lane.INTERACTIVE)
            background = self._next(Lane.BACKGROUND)
            now = time.monotonic()
            if interactive and interactive_since is None:
                interactive_since = now
            turn_over = (
                interactive_since is not None and now - interactive_since > _INTERACTIVE_SECONDS
            )
            if interactive and not (background and turn_over):
                self._step(interactive, models)
            elif background:
                interactive_since = None
                self._step(background, models)
            elif idle := self._next(Lane.IDLE):
                interactive_since = None
                self._step(idle, models)
        for live in list(self._live):
            self._close(live)

    def _load_for_training(self) -> None:
        from ddpm_studio.jobs.machine.warmup import load_for_training

        load_for_training()
        self._can_train = True

    def _serve_commands(self) -> bool:
        """Obey what was asked; waits if there is nothing to step. False: the end."""
        while True:
            idle = all(live.paused for live in self._live)
            patience = None if self._can_train else _UNTIL_TRAINING_LOADS
            try:
                command, argument = self._commands.get(idle, patience)
            except queue.Empty:
                if not idle:
                    return True
                self._load_for_training()
                continue
            if command == "stop":
                return False
            if command == "submit":
                self._live.append(_Live(argument))
            elif command == "cancel":
                for live in self._find(argument):
                    self._close(live)
            elif command == "pause":
                task_id, paused = argument
                for live in self._find(task_id):
                    live.paused = paused
                    self._report(task_id, State.PAUSED if paused else State.RUNNING)

    def _find(self, task_id: int) -> list[_Live]:
        return [live for live in self._live if live.task.id == task_id]

    def _next(self, lane: Lane) -> _Live | None:
        return next(
            (live for live in self._live if live.task.lane is lane and not live.paused), None
        )

    def _step(self, live: _Live, models: ModelStore) -> None:
        try:
            if live.job is None:
                live.job = live.task.work(models)
                self._report(live.task.id, State.RUNNING)
            event = next(live.job)
        except StopIteration as stop:
            self._live.remove(live)
            self._report(live.task.id, State.DONE, stop.value)
            return
        except Exception as error:
            failure = Failure.of(error)
        else:
            # Jobs of one lane take turns.
            self._live.remove(live)
            self._live.append(live)
            self._report(live.task.id, State.RUNNING, event)
            return
        # Reported outside the except block: the traceback, which keeps the job's tensors
        # alive, is gone by now.
        self._live.remove(live)
        live.job = None
        self._report(live.task.id, State.FAILED, failure)

    def _close(self, live: _Live) -> None:
        self._live.remove(live)
        try:
            if live.job is not None:
                live.job.close()
        except Exception as error:
            self._report(live.task.id, State.FAILED, Failure.of(error))
        else:
            self._report(live.task.id, State.CANCELLED)

    def _report(self, task_id: int, state: State, payload: Any = None) -> None:
        report = Report(task_id, state, payload)
        with self._lock:
            # Of a task's row of progress reports the last one says it all, whatever other tasks
            # report in between: the outbox stays short even if the window is slow.
            last = self._last.get(task_id)
            if (
                last is not None
                and isinstance(payload, Progress)
                and isinstance(self._outbox[last].payload, Progress)
            ):
                self._outbox[last] = report
            else:
                self._last[task_id] = len(self._outbox)
                self._outbox.append(report)
            announce, self._announced = not self._announced, True
        if announce:
            self.reported.emit()
