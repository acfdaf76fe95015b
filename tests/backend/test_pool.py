"""Thread pool of the backend: concurrency, queues, cancelling, pausing and shutdown of jobs."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend, JobSpec, Lane, State, specs
from ddpm_studio.backend import service as service_module
from ddpm_studio.backend.spec import DeviceSteps, PoolCall, PoolSteps
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import Event, Progress
from ddpm_studio.jobs.library.gallery_notes import read_stars

WAIT = 20_000


@pytest.fixture
def backend(qtbot: QtBot) -> Iterator[Backend]:
    service = Backend()
    service.start()
    yield service
    assert service.shutdown(60)


class Gate:
    """Pool job that sets an event when it has begun, and waits for another before it goes on."""

    def __init__(self) -> None:
        self.begun, self.open = threading.Event(), threading.Event()
        self.closed = False

    def call(self) -> str:
        self.begun.set()
        assert self.open.wait(20)
        return threading.current_thread().name

    def steps(self) -> Generator[Event, None, str]:
        try:
            self.begun.set()
            while not self.open.is_set():
                time.sleep(0.001)
                yield Progress(0, 1, "Waiting")
            return "through"
        finally:
            self.closed = True


def wait_for(qtbot: QtBot, event: threading.Event) -> None:
    qtbot.waitUntil(event.is_set, timeout=WAIT)


def test_a_long_call_holds_neither_the_device_nor_the_rest_of_the_pool(
    backend: Backend, qtbot: QtBot
) -> None:
    gate = Gate()
    long = backend.submit(JobSpec("long", PoolCall(gate.call)))
    wait_for(qtbot, gate.begun)

    def stepped(_: object) -> Generator[Event, None, str]:
        for k in range(3):
            yield Progress(k, 3, "")
        return threading.current_thread().name

    on_device = backend.submit(JobSpec("device", DeviceSteps(stepped)))
    beside = backend.submit(JobSpec("beside", PoolCall(lambda: threading.current_thread().name)))
    qtbot.waitUntil(lambda: on_device.state is beside.state is State.DONE, timeout=WAIT)
    assert long.state is State.RUNNING
    gate.open.set()
    with qtbot.waitSignal(long.finished, timeout=WAIT):
        pass
    names = {on_device.result, beside.result, long.result}
    assert len(names) == 3
    assert threading.current_thread().name not in names


def test_what_is_asked_for_goes_on_while_long_jobs_of_the_background_fill_the_pool(
    backend: Backend, qtbot: QtBot
) -> None:
    gates = [Gate() for _ in range(5)]
    long = [backend.submit(JobSpec("b", PoolSteps(g.steps), Lane.BACKGROUND)) for g in gates]
    wait_for(qtbot, gates[0].begun)
    quick = backend.submit(JobSpec("quick", PoolCall(lambda: 7)))
    with qtbot.waitSignal(quick.finished, timeout=WAIT) as caught:
        pass
    assert caught.args == [7]
    assert not any(job.state.is_over for job in long)
    assert sum(gate.begun.is_set() for gate in gates) == 2
    for gate in gates:
        gate.open.set()
    qtbot.waitUntil(lambda: all(job.state is State.DONE for job in long), timeout=WAIT)
    assert [job.result for job in long] == ["through"] * 5


def test_jobs_of_a_queue_run_in_their_order_one_after_another(
    backend: Backend, qtbot: QtBot
) -> None:
    order: list[int] = []
    together: list[int] = []
    running = threading.Lock()

    def work(k: int) -> None:
        if not running.acquire(blocking=False):
            together.append(k)
            return
        time.sleep(0.005 * (k % 3))
        order.append(k)
        running.release()

    jobs = [
        backend.submit(JobSpec("q", PoolCall(partial(work, k)), queue="one")) for k in range(20)
    ]
    qtbot.waitUntil(lambda: all(job.state is State.DONE for job in jobs), timeout=WAIT)
    assert together == []
    assert order == list(range(20))


def test_a_newer_job_of_a_slot_waits_until_the_older_one_has_ended(
    backend: Backend, qtbot: QtBot
) -> None:
    gate = Gate()
    older = backend.submit(JobSpec("old", PoolCall(gate.call), slot="s"))
    wait_for(qtbot, gate.begun)
    began: list[bool] = []
    newer = backend.submit(
        JobSpec("new", PoolCall(lambda: began.append(gate.open.is_set())), slot="s")
    )
    assert older.state is State.CANCELLED
    qtbot.wait(50)
    assert began == []
    gate.open.set()
    with qtbot.waitSignal(newer.finished, timeout=WAIT):
        pass
    assert began == [True]
    assert older.result is None


def test_cancelling_closes_a_generator_between_two_steps(backend: Backend, qtbot: QtBot) -> None:
    gate = Gate()
    job = backend.submit(JobSpec("t", PoolSteps(gate.steps)))
    wait_for(qtbot, gate.begun)
    backend.cancel(job)
    with qtbot.waitSignal(job.ended, timeout=WAIT):
        pass
    assert job.state is State.CANCELLED
    assert gate.closed


def test_one_that_waits_is_cancelled_without_beginning(backend: Backend, qtbot: QtBot) -> None:
    gate, never = Gate(), Gate()
    first = backend.submit(JobSpec("first", PoolCall(gate.call), queue="q"))
    second = backend.submit(JobSpec("second", PoolCall(never.call), queue="q"))
    wait_for(qtbot, gate.begun)
    backend.cancel(second)
    with qtbot.waitSignal(second.ended, timeout=WAIT):
        pass
    assert second.state is State.CANCELLED
    assert not never.begun.is_set()
    gate.open.set()
    with qtbot.waitSignal(first.finished, timeout=WAIT):
        pass


def test_a_paused_job_leaves_its_thread_to_others_and_goes_on(
    backend: Backend, qtbot: QtBot
) -> None:
    gates = [Gate() for _ in range(2)]
    jobs = [backend.submit(JobSpec("b", PoolSteps(g.steps), Lane.BACKGROUND)) for g in gates]
    for gate in gates:
        wait_for(qtbot, gate.begun)
    for job in jobs:
        backend.pause(job, True)
    qtbot.waitUntil(lambda: all(job.state is State.PAUSED for job in jobs), timeout=WAIT)
    other = backend.submit(JobSpec("c", PoolCall(lambda: "done"), Lane.BACKGROUND))
    with qtbot.waitSignal(other.finished, timeout=WAIT):
        pass
    for gate, job in zip(gates, jobs, strict=True):
        gate.open.set()
        backend.pause(job, False)
    qtbot.waitUntil(lambda: all(job.state is State.DONE for job in jobs), timeout=WAIT)


def test_of_two_that_write_one_file_the_later_one_is_last_also_where_the_first_pauses(
    backend: Backend, qtbot: QtBot
) -> None:
    gate = Gate()
    order: list[str] = []

    def write(name: str) -> Generator[Event, None, None]:
        yield from gate.steps()
        order.append(name)

    first = backend.submit(
        JobSpec("first", PoolSteps(partial(write, "first")), Lane.BACKGROUND, queue="file")
    )
    wait_for(qtbot, gate.begun)
    backend.pause(first, True)
    qtbot.waitUntil(lambda: first.state is State.PAUSED, timeout=WAIT)
    second = backend.submit(
        JobSpec("second", PoolCall(lambda: order.append("second")), queue="file")
    )
    qtbot.wait(50)
    assert second.state is State.WAITING
    gate.open.set()
    backend.pause(first, False)
    qtbot.waitUntil(lambda: second.state is State.DONE, timeout=WAIT)
    assert order == ["first", "second"]


def test_an_error_arrives_as_text(backend: Backend, qtbot: QtBot) -> None:
    def fail() -> None:
        raise StudioError("The disk is full.", "Make room.")

    job = backend.submit(JobSpec("t", PoolCall(fail)))
    with qtbot.waitSignal(job.failed, timeout=WAIT):
        pass
    assert job.failure is not None
    assert job.failure.line == "The disk is full. Make room."
    assert "Traceback" in job.failure.details


def test_at_the_end_short_calls_are_done_and_generators_closed(qtbot: QtBot) -> None:
    service = Backend()
    service.start()
    long, gate = Gate(), Gate()
    written: list[int] = []
    service.submit(JobSpec("long", PoolSteps(long.steps), Lane.BACKGROUND))
    service.submit(JobSpec("first", PoolCall(gate.call), queue="q"))
    service.submit(JobSpec("second", PoolCall(lambda: written.append(1)), queue="q"))
    wait_for(qtbot, long.begun)
    wait_for(qtbot, gate.begun)
    threading.Timer(0.05, gate.open.set).start()
    assert service.shutdown(20)
    assert written == [1]
    assert long.closed
    assert not service._pool.is_running


def test_at_the_end_what_writes_a_little_is_done_with_all_its_steps(
    qtbot: QtBot, tmp_path: Path
) -> None:
    service = Backend()
    service.start()
    gate = Gate()
    picture = tmp_path / "000001.png"
    picture.touch()
    rating = specs.gallery.rate([picture], 4)
    service.submit(JobSpec("first", PoolCall(gate.call), queue=rating.queue))
    wait_for(qtbot, gate.begun)
    service.submit(rating)
    service.submit(specs.gallery.delete([picture]))
    threading.Timer(0.05, gate.open.set).start()
    assert service.shutdown(20)
    assert not picture.exists()
    assert read_stars(tmp_path) == {picture.name: 4}


def test_what_is_written_has_its_time_also_where_the_device_took_all(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(service_module, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    service = Backend()
    service.start()
    join, given = service._pool.join, list[float]()

    def joined(seconds: float) -> bool:
        given.append(seconds)
        return join(WAIT / 1000)

    monkeypatch.setattr(service._pool, "join", joined)

    def slow_to_save(_: object) -> Generator[Event, None, None]:
        try:
            while True:
                yield Progress(0, 1, "")
        finally:
            clock[0] += 100

    job = service.submit(JobSpec("device", DeviceSteps(slow_to_save), Lane.BACKGROUND))
    qtbot.waitUntil(lambda: job.state is State.RUNNING, timeout=WAIT)
    assert service.shutdown(20)
    assert given == [20]


def test_a_backend_that_never_began_ends_at_once(qtbot: QtBot) -> None:
    service = Backend()
    service.submit(JobSpec("t", PoolCall(lambda: 1)))
    assert service.shutdown(1)
