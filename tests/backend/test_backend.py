"""Backend: results, errors, cancelling, pausing and priorities of jobs in its device thread."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QObject, QThread
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend, JobHandle, JobSpec, Lane, State, device_thread
from ddpm_studio.backend.outbox import Outbox
from ddpm_studio.backend.running_job import RunningJob
from ddpm_studio.backend.spec import DeviceCall, DeviceSteps
from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.jobs.events import Notice, Progress
from ddpm_studio.jobs.job_clock import job_time


@pytest.fixture
def backend(qtbot: QtBot) -> Iterator[Backend]:
    service = Backend()
    service.start()
    yield service
    assert service.shutdown(60)


def counting(total: int, seen: list[str] | None = None, tag: str = "") -> Callable[[Any], Any]:
    def work(_: Any) -> Generator[Any, None, int]:
        for done in range(1, total + 1):
            if seen is not None:
                seen.append(tag)
            yield Progress(done, total, tag)
        return total

    return work


def _is_over(job: JobHandle[object]) -> bool:
    return job.state.is_over


class Listener(QObject):
    """Record a job's events and the threads in which they arrive."""

    def __init__(self, job: JobHandle[object]) -> None:
        super().__init__()
        self.events: list[Any] = []
        self.threads: set[Any] = set()
        job.emitted.connect(self.take)

    def take(self, event: Any) -> None:
        self.events.append(event)
        self.threads.add(QThread.currentThread())


def test_a_result_arrives_in_the_windows_thread(backend: Backend, qtbot: QtBot) -> None:
    ran_in: list[str] = []

    def work(_: Any) -> Generator[Any, None, str]:
        ran_in.append(threading.current_thread().name)
        for k in range(5):
            yield Notice(str(k))
        return "done"

    job = backend.submit(JobSpec("t", DeviceSteps(work)))
    listener = Listener(job)
    with qtbot.waitSignal(job.finished, timeout=20_000) as caught:
        pass
    assert caught.args == ["done"]
    assert [event.text for event in listener.events] == list("01234")
    assert listener.threads == {listener.thread()}
    assert ran_in != [threading.current_thread().name]
    assert job.state is State.DONE


def test_an_error_arrives_as_text(backend: Backend, qtbot: QtBot) -> None:
    def work(_: Any) -> Generator[Any, None, None]:
        yield Progress(0, 1, "")
        raise StudioError("The disk is full.", "Make room.")

    job = backend.submit(JobSpec("t", DeviceSteps(work)))
    with qtbot.waitSignal(job.failed, timeout=20_000) as caught:
        pass
    assert caught.args is not None
    failure = caught.args[0]
    assert isinstance(failure, Failure)
    assert failure.line == "The disk is full. Make room."
    assert "Traceback" in failure.details


def test_what_would_end_the_thread_fails_the_job_alone(backend: Backend, qtbot: QtBot) -> None:
    def work(_: Any) -> Generator[Any, None, None]:
        yield Progress(0, 1, "")
        raise SystemExit("not today")

    def at_its_end(_: Any) -> Generator[Any, None, None]:
        try:
            while True:
                yield Progress(0, 1, "")
        finally:
            raise SystemExit("not today")

    def call(_: Any) -> None:
        raise KeyboardInterrupt("not today")

    for job in (
        backend.submit(JobSpec("steps", DeviceSteps(work))),
        backend.submit(JobSpec("call", DeviceCall(call))),
    ):
        qtbot.waitUntil(partial(_is_over, job), timeout=20_000)
        assert job.state is State.FAILED
        assert job.failure is not None
        assert "not today" in job.failure.cause
    ending = backend.submit(JobSpec("end", DeviceSteps(at_its_end)))
    qtbot.waitUntil(lambda: ending.state is State.RUNNING, timeout=20_000)
    backend.cancel(ending)
    qtbot.waitUntil(lambda: ending.state is State.FAILED, timeout=20_000)
    after = backend.submit(JobSpec("after", DeviceSteps(counting(2))))
    with qtbot.waitSignal(after.finished, timeout=20_000):
        pass


def test_a_newer_task_of_a_slot_replaces_the_older(backend: Backend, qtbot: QtBot) -> None:
    closed: list[int] = []

    def endless(_: Any) -> Generator[Any, None, None]:
        try:
            while True:
                yield Progress(0, 1, "")
        finally:
            closed.append(1)

    older = backend.submit(JobSpec("old", DeviceSteps(endless), slot="s"))
    qtbot.waitUntil(lambda: older.state is State.RUNNING, timeout=20_000)
    newer = backend.submit(JobSpec("new", DeviceSteps(counting(3)), slot="s"))
    assert older.state is State.CANCELLED
    with qtbot.waitSignal(newer.finished, timeout=20_000):
        pass
    assert closed == [1]


def test_interactive_goes_before_background_but_does_not_starve_it(
    backend: Backend, qtbot: QtBot
) -> None:
    order: list[str] = []

    def slow(tag: str, steps: int) -> Callable[[Any], Any]:
        def work(_: Any) -> Generator[Any, None, None]:
            for k in range(steps):
                order.append(tag)
                QThread.msleep(5)
                yield Progress(k, steps, tag)

        return work

    background = backend.submit(JobSpec("b", DeviceSteps(slow("b", 400)), Lane.BACKGROUND))
    qtbot.waitUntil(lambda: len(order) > 5, timeout=20_000)
    begun = len(order)
    interactive = backend.submit(JobSpec("i", DeviceSteps(slow("i", 150))))
    with qtbot.waitSignal(interactive.finished, timeout=20_000):
        pass
    during = order[begun:]
    first = during.index("i")
    last = len(during) - 1 - during[::-1].index("i")
    between = during[first : last + 1]
    assert between.count("i") == 150
    assert 0 < between.count("b") < 20
    backend.cancel(background)


def test_what_nobody_asked_for_has_a_small_share_beside_a_training(
    backend: Backend, qtbot: QtBot
) -> None:
    order: list[str] = []

    def equal(tag: str) -> Callable[[Any], Any]:
        def work(_: Any) -> Generator[Any, None, None]:
            while True:
                order.append(tag)
                QThread.msleep(2)
                yield Progress(0, 1, tag)

        return work

    background = backend.submit(JobSpec("b", DeviceSteps(equal("b")), Lane.BACKGROUND))
    spare = backend.submit(JobSpec("s", DeviceSteps(equal("s")), Lane.SPARE))
    qtbot.waitUntil(lambda: order.count("s") > 3, timeout=20_000)
    assert order.count("s") < 0.1 * len(order)
    # Nothing else runs: spare work gets all of the time.
    backend.pause(background, True)
    qtbot.waitUntil(lambda: background.state is State.PAUSED, timeout=20_000)
    begun = len(order)
    qtbot.waitUntil(lambda: len(order) > begun + 20, timeout=20_000)
    assert set(order[begun:]) == {"s"}
    # An interactive job goes before it.
    asked = backend.submit(JobSpec("i", DeviceSteps(equal("i"))))
    qtbot.waitUntil(lambda: order[-20:].count("i") == 20, timeout=20_000)
    for job in (background, spare, asked):
        backend.cancel(job)


def test_idle_work_waits_for_a_rest_from_what_a_person_asks_for(
    backend: Backend, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As while a slider is dragged: each drawing is requested when the previous one is complete.
    monkeypatch.setattr(device_thread, "_IDLE_DELAY", 60.0)
    seen: list[str] = []
    with qtbot.waitSignal(backend.submit(JobSpec("d", DeviceSteps(counting(2, seen, "d")))).ended):
        backend.submit(JobSpec("idle", DeviceSteps(counting(100_000, seen, "-")), lane=Lane.IDLE))
    for _ in range(3):
        with qtbot.waitSignal(
            backend.submit(JobSpec("d", DeviceSteps(counting(2, seen, "d")))).ended, timeout=20_000
        ):
            pass
    assert seen == ["d"] * 8
    monkeypatch.setattr(device_thread, "_IDLE_DELAY", 0.0)
    backend.submit(JobSpec("d", DeviceSteps(counting(1, seen, "d"))))
    qtbot.waitUntil(lambda: "-" in seen, timeout=20_000)


def test_pause_stops_stepping(backend: Backend, qtbot: QtBot) -> None:
    seen: list[str] = []
    job = backend.submit(JobSpec("t", DeviceSteps(counting(10**9, seen)), Lane.BACKGROUND))
    qtbot.waitUntil(lambda: len(seen) > 3, timeout=20_000)
    backend.pause(job, True)
    qtbot.waitUntil(lambda: job.state is State.PAUSED, timeout=20_000)
    count = len(seen)
    qtbot.wait(100)
    assert len(seen) == count
    backend.pause(job, False)
    qtbot.waitUntil(lambda: len(seen) > count, timeout=20_000)
    backend.cancel(job)
    with qtbot.waitSignal(job.ended, timeout=20_000):
        pass
    assert job.state is State.CANCELLED


def test_the_time_of_a_pause_does_not_count_for_the_job(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    times: list[float] = []

    def work() -> Generator[Any, None, None]:
        try:
            while True:
                times.append(job_time())
                yield Progress(0, 1, "Working")
        finally:
            times.append(job_time())

    job = RunningJob(JobSpec("t", DeviceSteps(lambda _: work())), Outbox())
    job.step(work)
    for seconds, paused in ((1.0, True), (3600.0, False), (2.0, True), (60.0, True), (9.0, False)):
        now += seconds
        job.paused = paused
    job.step(work)
    job.paused = True
    now += 3600.0
    job.close()
    assert [moment - times[0] for moment in times] == [0.0, 3.0, 3.0]


def test_a_flood_of_events_is_fetched_in_order_and_rarely(backend: Backend, qtbot: QtBot) -> None:
    def work(_: Any) -> Generator[Any, None, None]:
        for k in range(20_000):
            yield Notice(str(k))

    job = backend.submit(JobSpec("t", DeviceSteps(work)))
    listener = Listener(job)
    wakes: list[int] = []
    backend._outbox.reported.connect(lambda: wakes.append(1))
    with qtbot.waitSignal(job.finished, timeout=60_000):
        pass
    assert [event.text for event in listener.events] == [str(k) for k in range(20_000)]
    assert len(wakes) < 2_000


def test_shutdown_closes_every_generator(qtbot: QtBot) -> None:
    closed: list[str] = []

    def endless(tag: str) -> Callable[[Any], Any]:
        def work(_: Any) -> Generator[Any, None, None]:
            try:
                while True:
                    yield Progress(0, 1, "")
            finally:
                closed.append(tag)

        return work

    service = Backend()
    service.start()
    jobs = [
        service.submit(JobSpec(tag, DeviceSteps(endless(tag)), Lane.BACKGROUND)) for tag in "abc"
    ]
    qtbot.waitUntil(lambda: all(job.state is State.RUNNING for job in jobs), timeout=20_000)
    assert service.shutdown(20)
    assert sorted(closed) == ["a", "b", "c"]
    assert not service._device_thread.isRunning()


def test_shutdown_waits_for_what_a_job_saves_as_it_ends(qtbot: QtBot) -> None:
    saved: list[int] = []

    def slow_to_save(_: Any) -> Generator[Any, None, None]:
        try:
            while True:
                yield Progress(0, 1, "")
        finally:
            QThread.msleep(2500)
            saved.append(1)

    service = Backend()
    service.start()
    job = service.submit(JobSpec("t", DeviceSteps(slow_to_save), Lane.BACKGROUND))
    qtbot.waitUntil(lambda: job.state is State.RUNNING, timeout=20_000)
    assert service.shutdown(1)
    assert saved == [1]
