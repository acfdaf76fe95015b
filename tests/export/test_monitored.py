"""Monitored work in a thread of its own: progress, result, errors, and cancelling."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice

import pytest
from PIL import Image

from ddpm_studio.export.monitored import Cancelled, Monitor, encode_image, run_monitored
from ddpm_studio.progress import Progress
from tests.data.pictures import drain

START = Progress(0, 3, "Writing", "frames")
# Timeout far beyond the duration of any test, in seconds.
_LONG = 60.0


def test_reports_come_in_order_and_the_result_last() -> None:
    def work(monitor: Monitor) -> str:
        return "".join(monitor.track("abc"))

    told: list[Progress] = []
    steps = run_monitored(START, work)
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            result = end.value
            break
    assert result == "abc"
    assert list(dict.fromkeys(told)) == [Progress(k, 3, "Writing", "frames") for k in range(4)]
    assert [report.done for report in told] == sorted(report.done for report in told)


def test_another_text_is_another_phase() -> None:
    def work(monitor: Monitor) -> None:
        for text in ("Choosing", None):
            assert list(monitor.track("ab", text)) == ["a", "b"]

    told = list(dict.fromkeys((report.text, report.done) for report in run_monitored(START, work)))
    assert told == [(text, done) for text in ("Choosing", "Writing") for done in range(3)]


def test_a_step_does_not_wait_for_the_work() -> None:
    go_on = threading.Event()

    def work(monitor: Monitor) -> bool:
        monitor.report(1)
        return go_on.wait(_LONG)

    steps = run_monitored(START, work)
    while next(steps).done < 1:
        pass
    assert {next(steps) for _ in range(3)} == {Progress(1, 3, "Writing", "frames")}
    go_on.set()
    assert drain(steps) is True


def test_the_work_stands_still_while_nobody_steps() -> None:
    reported: list[int] = []

    def work(monitor: Monitor) -> None:
        for done in range(50):
            monitor.report(done)
            reported.append(done)

    for told in run_monitored(START, work):
        # One report is consumed, the next one is queued, and the one after may be waiting.
        assert len(reported) <= told.done + 3
    assert reported == list(range(50))


def test_an_error_of_the_work_is_raised() -> None:
    def work(monitor: Monitor) -> None:
        monitor.report(2)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        drain(run_monitored(START, work))


def test_an_error_of_the_items_is_raised_and_heard_by_the_work() -> None:
    heard: list[str] = []

    class Items(list[int]):
        def __iter__(self) -> Iterator[int]:
            yield 1
            raise ValueError("frames of two shapes")

    def work(monitor: Monitor) -> None:
        try:
            sum(monitor.track(Items([1, 2, 3])))
        except ValueError as error:
            heard.append(str(error))
            raise

    with pytest.raises(ValueError, match="two shapes"):
        drain(run_monitored(START, work))
    assert heard == ["frames of two shapes"]


def test_work_may_stop_asking_early() -> None:
    def work(monitor: Monitor) -> list[str]:
        return list(islice(monitor.track("abc"), 1))

    assert drain(run_monitored(START, work)) == ["a"]


@pytest.mark.parametrize("steps", [1, 4])
def test_closing_ends_the_work_where_it_asks_next(steps: int) -> None:
    errors: list[type[BaseException]] = []
    ended = threading.Event()

    def work(monitor: Monitor) -> None:
        try:
            while True:
                monitor.report(1)
        except BaseException as error:
            errors.append(type(error))
            raise
        finally:
            ended.set()

    running = run_monitored(START, work)
    for _ in range(steps):
        next(running)
    running.close()
    assert ended.wait(_LONG)
    # Not an Exception, which Pillow would catch.
    assert errors == [Cancelled]
    with pytest.raises(StopIteration):
        next(running)


def test_closed_before_its_first_step_it_does_nothing() -> None:
    begun: list[Monitor] = []
    running = run_monitored(START, begun.append)
    running.close()
    assert begun == []


def test_what_the_work_waits_for_is_interrupted() -> None:
    reader_gone, ended = threading.Event(), threading.Event()

    def work(_: Monitor) -> None:
        reader_gone.wait()
        ended.set()

    running = run_monitored(START, work, interrupt=reader_gone.set)
    next(running)
    running.close()
    assert ended.wait(_LONG)


def test_nothing_is_interrupted_that_has_ended() -> None:
    interrupted: list[None] = []
    drain(run_monitored(START, lambda _: None, interrupt=lambda: interrupted.append(None)))
    assert interrupted == []


def test_work_that_can_not_hear_is_left_to_itself_and_commits_nothing() -> None:
    go_on, ended = threading.Event(), threading.Event()
    critical_section: list[None] = []

    def work(monitor: Monitor) -> None:
        try:
            monitor.report(1)
            go_on.wait(_LONG)
            with monitor.critical_section():
                critical_section.append(None)
        finally:
            ended.set()

    running = run_monitored(START, work)
    next(running)
    running.close()
    assert not ended.is_set()
    go_on.set()
    assert ended.wait(_LONG)
    assert critical_section == []


def test_closing_waits_for_what_is_being_committed() -> None:
    committing, go_on = threading.Event(), threading.Event()
    critical_section: list[None] = []

    def work(monitor: Monitor) -> None:
        with monitor.critical_section():
            committing.set()
            go_on.wait(_LONG)
            critical_section.append(None)

    running = run_monitored(START, work)
    next(running)
    assert committing.wait(_LONG)
    closing = threading.Thread(target=running.close)
    closing.start()
    closing.join(0.2)
    assert closing.is_alive()
    go_on.set()
    closing.join(_LONG)
    assert critical_section == [None]


def test_an_encoder_is_cancelled_while_it_writes() -> None:
    monitor = Monitor(START)
    image = Image.effect_noise((64, 64), 50)
    assert encode_image(image, monitor, "PNG").startswith(b"\x89PNG")
    monitor.cancel()
    with pytest.raises(Cancelled):
        encode_image(image, monitor, "PNG")
