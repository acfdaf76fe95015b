import io
import os
import signal
import sys
from collections.abc import Generator

import pytest

from ddpm_studio.cli.job_runner import run_job
from ddpm_studio.cli.signals import StoppedBySignal
from ddpm_studio.display.displays import BarDisplay, LineDisplay, make_display
from ddpm_studio.durations import format_duration
from ddpm_studio.jobs.events import Event, Notice, Progress, TrainStep, TrainTick
from tests.cli.conftest import spawn


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "1 s"),
        (0.4, "1 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (720, "12 min"),
        (3599, "1 h"),
        (11100, "3 h 5 min"),
        (260000, "3 days"),
    ],
)
def test_duration(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words


def test_the_first_line_comes_before_the_time_left_is_known() -> None:
    stream = io.StringIO()
    display = LineDisplay(stream, Clock())
    display.show(Progress(600, 900, "Training"), None, "")
    assert not stream.getvalue()
    display.show(Progress(601, 900, "Training"), None, "")
    assert stream.getvalue() == "Training: 601 of 900 steps\n"


def test_lines_come_now_and_then_not_each_time() -> None:
    clock, stream = Clock(), io.StringIO()
    display = LineDisplay(stream, clock)
    display.show(Progress(0, 1000, "Sampling"), None, "")
    for done in range(1, 1001):
        clock.now += 0.1
        display.show(Progress(done, 1000, "Sampling"), (1000 - done) / 10, "")
    lines = stream.getvalue().splitlines()
    assert lines[0] == "Sampling: 1 of 1,000 steps · 2 min left"
    assert 10 <= len(lines) <= 12
    assert lines[5] == "Sampling: 501 of 1,000 steps · 50 s left"


def test_a_slow_job_still_says_something() -> None:
    clock, stream = Clock(), io.StringIO()
    display = LineDisplay(stream, clock)
    for done in range(1, 4):
        clock.now += 11
        display.show(Progress(done, 1000, "Training"), 3600, "loss 0.1")
    assert stream.getvalue().splitlines()[-1] == "Training: 3 of 1,000 steps · loss 0.1 · 1 h left"


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (Progress(3, 10, "Measuring", "evaluations"), "Measuring: 3 of 10 evaluations · 9 s left"),
        (Progress(3, 12, "Following the flow", ""), "Following the flow: 25 % · 9 s left"),
        (Progress(0, 1, "Writing the model"), "Writing the model · 9 s left"),
    ],
)
def test_what_is_counted_is_named(progress: Progress, line: str) -> None:
    stream = io.StringIO()
    LineDisplay(stream).show(progress, 9, "")
    assert stream.getvalue() == f"{line}\n"


def test_samples_drawn_in_between_do_not_repeat_the_line() -> None:
    clock, stream = Clock(), io.StringIO()
    display = LineDisplay(stream, clock)
    for done in range(1, 21):
        for phase in ("Training", "Drawing samples"):
            clock.now += 0.01
            display.show(Progress(done, 1000, phase), 60, "")
    assert stream.getvalue().splitlines() == [
        "Training: 1 of 1,000 steps · 1 min left",
        "Drawing samples: 1 of 1,000 steps · 1 min left",
    ]


def test_a_terminal_gets_a_bar_with_the_time_left() -> None:
    stream = Terminal()
    display = make_display(stream)
    assert isinstance(display, BarDisplay)
    display.write_line("[bold] is not markup")
    display.show(Progress(3, 10, "[Sampling]", "pictures"), 42.0, "loss [x]")
    display.close()
    text = stream.getvalue()
    for part in ("[bold] is not markup", "[Sampling]", "3 of 10 pictures", "42 s left", "loss [x]"):
        assert part in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # the cursor is shown again


@pytest.mark.parametrize("width", [60, 80])
def test_a_bar_cuts_no_word_short(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    display = BarDisplay(stream)
    progress = Progress(1234, 5000, "Training")
    display.show(progress, 720.0, "loss 0.1234 · 123 pictures/s")
    display.close()
    text = stream.getvalue()
    assert "…" not in text
    for part in ("Training", "1,234 of 5,000 steps", "12 min left"):
        assert part in text
    assert ("loss 0.1234" in text) == (width == 80)


def tick(step: int, left: float) -> TrainTick:
    return TrainTick(step, 10, 12.34, left, 0, ())


def test_what_a_training_measures_in_between_leaves_loss_and_time_left_as_they_are() -> None:
    def job() -> Generator[Event, None, None]:
        yield Progress(1, 10, "Training")
        yield Progress(1, 10, "Measuring held-out pictures")
        yield TrainStep(1, 0.5, 1.0, 1e-4)
        yield tick(1, 90.0)
        yield Progress(2, 10, "Training")

    stream = io.StringIO()
    run_job(job(), display=LineDisplay(stream))
    assert stream.getvalue().splitlines() == [
        "Training: 2 of 10 steps · loss 0.5000 · 12.3 pictures/s · 2 min left",
    ]


def test_training_tells_loss_speed_and_its_own_time_left() -> None:
    def job() -> Generator[Event, None, str]:
        yield Progress(1, 10, "Training")
        yield TrainStep(1, 0.5, 1.0, 1e-4)
        yield tick(1, 90.0)
        yield Progress(2, 10, "Training")
        yield Notice("Mind this.")
        return "done"

    stream = io.StringIO()
    assert run_job(job(), display=LineDisplay(stream)) == "done"
    assert stream.getvalue().splitlines() == [
        "Training: 2 of 10 steps · loss 0.5000 · 12.3 pictures/s · 2 min left",
        "Mind this.",
    ]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_closes_the_job_between_two_events(number: signal.Signals, code: int) -> None:
    trace: list[object] = []

    def job() -> Generator[Event, None, None]:
        try:
            for done in range(10):
                trace.append(done)
                if done == 2:
                    os.kill(os.getpid(), number)
                yield Progress(done, 10, "Working")
        finally:
            trace.append("closed")

    before = signal.getsignal(number)
    with pytest.raises(StoppedBySignal) as caught:
        run_job(job(), display=LineDisplay(io.StringIO()))
    assert caught.value.exit_code == code
    assert trace == [0, 1, 2, "closed"]
    assert signal.getsignal(number) is before


def test_a_listener_that_fails_closes_the_job_too() -> None:
    closed = []

    def job() -> Generator[Event, None, None]:
        try:
            yield Notice("one")
            yield Notice("two")
        finally:
            closed.append(True)

    def fail(_: Event) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run_job(job(), fail, LineDisplay(io.StringIO()))
    assert closed == [True]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_second_signal_ends_at_once() -> None:
    code = """
import time
from ddpm_studio.cli.job_runner import run_job
from ddpm_studio.jobs.events import Notice

def job():
    try:
        while True:
            print("working", flush=True)
            time.sleep(0.02)
            yield Notice("")
    finally:
        print("closing", flush=True)
        time.sleep(200)

run_job(job())
"""
    process = spawn(code=code)
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    process.send_signal(signal.SIGINT)
    while process.stdout.readline() != "closing\n":
        pass
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
