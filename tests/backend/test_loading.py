"""Lazy loading of torch by the backend: the order, jobs meanwhile, and errors if loading fails."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Generator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend, JobSpec, Lane, State
from ddpm_studio.backend.spec import DeviceCall, DeviceSteps, PoolCall
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import warmup
from ddpm_studio.jobs.events import Event, Progress

WAIT = 20_000

_PROGRAM = """
import sys, time
from PySide6.QtCore import QCoreApplication, QTimer
from ddpm_studio.backend import Backend

app = QCoreApplication([])
backend = Backend()
until = time.monotonic() + 60

def loaded():
    if "torch.optim.adam" in sys.modules and "torch._dynamo" in sys.modules:
        print("then")
        app.quit()
    elif time.monotonic() > until:
        app.quit()

def ready(device):
    print("torch" in sys.modules, "torch._dynamo" in sys.modules)
    timer.start(20)

timer = QTimer()
timer.timeout.connect(loaded)
backend.ready.connect(ready)
print("torch" in sys.modules)
backend.start()
app.exec()
backend.shutdown()
"""


def test_training_loads_in_the_first_lull() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=120
    )
    assert told.stdout.split() == ["False", "True", "False", "then"], told.stderr


def _drawing(_: object) -> Generator[Event, None, None]:
    yield Progress(0, 1, "")


def test_where_torch_is_broken_every_job_of_the_device_fails_and_files_are_still_read(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Any:
        raise ImportError("DLL load failed while importing _C.")

    monkeypatch.setattr(warmup, "load", broken)
    backend = Backend()
    early = backend.submit(JobSpec("early", DeviceSteps(_drawing), Lane.BACKGROUND))
    with qtbot.waitSignal(backend.load_failed, timeout=WAIT) as caught:
        backend.start()
    late = backend.submit(JobSpec("late", DeviceCall(lambda _: 1)))
    file = backend.submit(JobSpec("file", PoolCall(lambda: "read")))
    jobs = (early, late, file)
    qtbot.waitUntil(lambda: all(job.state.is_over for job in jobs), timeout=WAIT)
    assert caught.args == [backend.load_failure]
    failure = backend.load_failure
    assert failure is not None
    assert "PyTorch can't be loaded" in failure.cause
    assert "DLL load failed while importing _C." in failure.cause
    assert "Install it again" in failure.remedy
    assert "Traceback" in failure.details
    assert (early.failure, late.failure, file.result) == (failure, failure, "read")
    assert backend.device is None
    assert backend.shutdown(20)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            StudioError("There is no cuda device.", "Choose device cpu."),
            "There is no cuda device. Choose device cpu.",
        ),
        (RuntimeError("CUDA error: out of memory"), "There is not enough memory"),
        (RuntimeError("CUDA error: unknown error"), "The GPU has stopped working"),
    ],
)
def test_what_a_person_can_mend_is_told_in_its_own_words(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    def refused() -> Any:
        raise error

    monkeypatch.setattr(warmup, "load", refused)
    backend = Backend()
    with qtbot.waitSignal(backend.load_failed, timeout=WAIT):
        backend.start()
    assert backend.load_failure is not None
    assert backend.load_failure.line.startswith(told)
    assert backend.shutdown(20)


def test_where_a_training_could_not_load_its_part_drawing_goes_on(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = threading.Event()

    def broken() -> None:
        tried.set()
        raise ImportError("no torch._dynamo")

    monkeypatch.setattr(warmup, "load_for_training", broken)
    backend = Backend()
    with qtbot.waitSignal(backend.ready, timeout=WAIT):
        backend.start()
    qtbot.waitUntil(tried.is_set, timeout=WAIT)
    job = backend.submit(JobSpec("t", DeviceCall(lambda _: "drawn")))
    qtbot.waitUntil(lambda: job.state is State.DONE, timeout=WAIT)
    assert job.result == "drawn"
    assert backend.shutdown(20)


def test_what_was_to_be_written_is_written_where_the_window_closes_while_torch_loads(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, loaded = threading.Event(), threading.Event()
    load = warmup.load

    def slowly() -> Any:
        begun.set()
        assert loaded.wait(20)
        return load()

    monkeypatch.setattr(warmup, "load", slowly)
    backend = Backend()
    written: list[int] = []
    backend.submit(JobSpec("renaming", PoolCall(lambda: written.append(1))))
    backend.start()
    assert begun.wait(20)
    threading.Timer(0.05, loaded.set).start()
    assert backend.shutdown(20)
    assert written == [1]
    assert not backend._pool.is_running
