"""Number of threads, one or all, by the load of other programs; with a simulated clock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from ddpm_studio.jobs.events import InfoNotice
from ddpm_studio.jobs.machine.threads import ThreadTuner, choose_threads, threads


class Machine:
    """Simulated machine with two cores, on which two other programs may be busy.

    A step takes 0.2 s on one thread and 0.12 s on more; with the other programs, 0.3 s and 1.5 s.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.load = 0.0
        self.trials = 0

    def step(self) -> None:
        one, more = (0.3, 1.5) if self.load else (0.2, 0.12)
        self.now += one if torch.get_num_threads() == 1 else more

    def others(self) -> float:
        return self.load

    def clock(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _two_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def machine() -> Machine:
    return Machine()


def _watch(machine: Machine, allowed: bool = True) -> ThreadTuner:
    return ThreadTuner(allowed, machine.others, machine.clock)


def _train(watch: ThreadTuner, machine: Machine, seconds: float) -> list[str]:
    told: list[str] = []
    end = machine.now + seconds
    while machine.now < end:
        watch.run(machine.step)
        told += [event.text for event in watch.after_step() if isinstance(event, InfoNotice)]
    return told


def test_on_a_free_machine_all_threads_stay(machine: Machine) -> None:
    assert _train(_watch(machine), machine, 60) == []
    assert torch.get_num_threads() == 2


def test_one_thread_where_others_take_the_cores(machine: Machine) -> None:
    watch = _watch(machine)
    _train(watch, machine, 20)
    machine.load = 2.0

    (told,) = _train(watch, machine, 60)

    assert torch.get_num_threads() == 1
    assert "one thread, 5.0 times as fast as with 2" in told


def test_load_from_the_first_step_on_is_seen(machine: Machine) -> None:
    machine.load = 2.0

    _train(_watch(machine), machine, 30)

    assert torch.get_num_threads() == 1


def test_all_threads_again_when_the_others_end(machine: Machine) -> None:
    watch = _watch(machine)
    machine.load = 2.0
    _train(watch, machine, 60)
    machine.load = 0.0

    (told,) = _train(watch, machine, 60)

    assert torch.get_num_threads() == 2
    assert told == "The processor is free again: training goes on with 2 threads."


def test_a_pace_that_falls_for_another_reason_keeps_all(machine: Machine) -> None:
    watch = _watch(machine)
    _train(watch, machine, 20)
    slow = machine.step

    def step() -> None:
        slow()
        slow()

    end = machine.now + 200
    with_one = 0
    while machine.now < end:
        watch.run(step)
        assert not list(watch.after_step())
        with_one += torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    assert 0 < with_one < 40  # one thread is tried, at ever longer intervals


def test_a_run_that_must_be_exact_keeps_its_number(machine: Machine) -> None:
    machine.load = 2.0

    assert _train(_watch(machine, allowed=False), machine, 60) == []
    assert torch.get_num_threads() == 2


def test_closing_gives_the_threads_back(machine: Machine) -> None:
    watch = _watch(machine)
    machine.load = 2.0
    _train(watch, machine, 30)

    watch.close()

    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("load", [0.0, 2.0], ids=["of all threads", "of one thread"])
def test_a_number_that_is_set_meanwhile_stays(machine: Machine, load: float) -> None:
    watch = _watch(machine)
    machine.load = load
    _train(watch, machine, 60)
    assert torch.get_num_threads() == (1 if load else 2)
    torch.set_num_threads(3)
    machine.load = 2.0 - load

    assert _train(watch, machine, 120) == []
    assert torch.get_num_threads() == 3

    watch.close()

    assert torch.get_num_threads() == 3


def test_a_number_that_is_set_just_before_the_end_stays(machine: Machine) -> None:
    watch = _watch(machine)
    torch.set_num_threads(3)

    watch.close()

    assert torch.get_num_threads() == 3


@pytest.mark.parametrize(("asked", "inside"), [(1, 1), (3, 3), (None, 2)])
def test_threads_within_the_body(asked: int | None, inside: int) -> None:
    with threads(asked):
        assert torch.get_num_threads() == inside
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize(("first", "second"), [(1, None), (None, 1)])
def test_of_two_jobs_that_take_turns_the_one_without_a_number_changes_none(
    first: int | None, second: int | None
) -> None:
    """Contexts of such jobs overlap: the first one entered may be the first one left."""
    outer, inner = threads(first), threads(second)
    outer.__enter__()
    inner.__enter__()
    assert torch.get_num_threads() == 1
    outer.__exit__(None, None, None)
    assert torch.get_num_threads() == (2 if second is None else 1)
    inner.__exit__(None, None, None)
    assert torch.get_num_threads() == 2


def test_a_number_that_is_set_within_the_body_stays() -> None:
    with threads(1):
        torch.set_num_threads(3)
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize("ended_by_the_load", [False, True])
def test_a_number_chosen_meanwhile_stays_though_it_is_the_one_in_use(
    machine: Machine, ended_by_the_load: bool
) -> None:
    with threads(1):
        choose_threads(1)
    assert torch.get_num_threads() == 1
    torch.set_num_threads(2)
    watch = _watch(machine)
    machine.load = 2.0
    _train(watch, machine, 60)
    assert torch.get_num_threads() == 1
    choose_threads(1)
    if ended_by_the_load:
        machine.load = 0.0
        assert _train(watch, machine, 60) == []

    watch.close()

    assert torch.get_num_threads() == 1
