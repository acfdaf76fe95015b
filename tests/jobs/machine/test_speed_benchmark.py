"""Training speed of this machine: measured, stored, and extrapolated linearly in the batch size."""

from __future__ import annotations

import json

import pytest
import torch

from ddpm_studio import paths
from ddpm_studio.engine.tables import PRESETS
from ddpm_studio.jobs.events import Progress
from ddpm_studio.jobs.machine import speed_benchmark as speeds
from ddpm_studio.jobs.machine.machine_speed import PresetSpeed
from ddpm_studio.jobs.machine.speed_benchmark import measure_speed
from tests.jobs.conftest import finish


@pytest.fixture(autouse=True)
def quick(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DDPM_STUDIO_CONFIG", str(tmp_path_factory.mktemp("config")))
    monkeypatch.setattr(speeds, "_REPEATS", 1)
    monkeypatch.setattr(speeds, "_BATCHES", (1, 2))
    monkeypatch.setattr(speeds, "PRESETS", {"tiny": PRESETS["tiny"]})


def test_it_measures_once_and_keeps_what_it_found(monkeypatch: pytest.MonkeyPatch) -> None:
    events, found = finish(measure_speed(8, 1))
    assert all(isinstance(event, Progress) for event in events)
    tiny = found.presets["tiny"]
    assert tiny.each + tiny.fixed > 0
    assert (tiny.image_size, tiny.batch, tiny.multiple) == (8, 2, 4)

    def never(*_: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(speeds, "_Benchmark", never)
    assert finish(measure_speed(8, 1)) == ([], found)
    with pytest.raises(AssertionError, match="again"):
        finish(measure_speed(8, 1, again=True))
    with pytest.raises(AssertionError, match="again"):
        finish(measure_speed(8, 3))


def test_another_precision_is_measured_and_kept_apart() -> None:
    as_usual = finish(measure_speed(8, 1, torch.device("cpu"), "float32"))[1]
    in_bf16 = finish(measure_speed(8, 1, torch.device("cpu"), "bf16"))[1]
    assert (as_usual.device, in_bf16.device) == ("CPU float32", "CPU bf16")
    assert finish(measure_speed(8, 1, torch.device("cpu"), "float32")) == ([], as_usual)


def test_another_torch_or_a_broken_file_is_no_reason_to_believe_it() -> None:
    finish(measure_speed(8, 1))
    file = paths.config_dir() / "machine.json"
    kept = json.loads(file.read_text())
    file.write_text(json.dumps({key.replace("torch", "tortch"): kept[key] for key in kept}))
    assert finish(measure_speed(8, 1))[0]
    assert len(json.loads(file.read_text())) == 2
    file.write_text("[1, {")
    assert finish(measure_speed(8, 1))[0]


def test_an_invalid_entry_leaves_the_others_valid() -> None:
    found = finish(measure_speed(8, 1))[1]
    file = paths.config_dir() / "machine.json"
    kept = json.loads(file.read_text())
    file.write_text(json.dumps({"a newer version": {"presets": None}, "a list": [1], **kept}))
    assert finish(measure_speed(8, 1)) == ([], found)


def test_a_size_that_a_preset_does_not_divide_is_rounded_down() -> None:
    _, found = finish(measure_speed(11, 1))
    assert found.presets["tiny"].image_size == 8
    assert finish(measure_speed(3, 1))[1].presets == {}


def test_what_does_not_fit_the_memory_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speeds, "_SHARE_OF_MEMORY", 0.0)
    assert finish(measure_speed(8, 1))[1].presets == {}


def test_the_global_random_numbers_are_left_alone() -> None:
    torch.manual_seed(3)
    before = torch.rand(4)
    torch.manual_seed(3)
    finish(measure_speed(8, 1))
    assert torch.equal(torch.rand(4), before)


def test_seconds_follow_the_line_through_what_was_measured() -> None:
    line = speeds._fit_line(32, 8, {1: 9.0, 2: 0.30, 8: 0.60})
    assert line.each == pytest.approx(0.05)
    assert line.fixed == pytest.approx(0.20)
    # 64 steps of 16 pictures, each 0.2 + 16 · 0.05 s.
    assert line.seconds(1024, 16) == pytest.approx(64 * 1.0)
    assert PresetSpeed(32, 0.0, 0.01, 8, 4).seconds(100, 10) == pytest.approx(1.0)


def test_what_was_measured_while_the_machine_stood_still_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = iter([9.0, 0.01, 600.0, 0.01, 9.0, 0.02, 0.02, 0.02])
    monkeypatch.setattr(speeds, "_REPEATS", 3)

    class Sleepy:
        def __init__(self, *_: object) -> None: ...

        def step(self, batch: int) -> float:
            return next(times)

    monkeypatch.setattr(speeds, "_Benchmark", Sleepy)
    found = finish(measure_speed(8, 1))[1].presets["tiny"]
    assert found.seconds(1, 1) == pytest.approx(0.01)
    assert not (paths.config_dir() / "machine.json").exists()


class _Small:
    """Trial on a device whose memory holds at most ``most`` pictures; each takes a second."""

    def __init__(self, most: int) -> None:
        self.most = most

    def __call__(self, *_: object) -> _Small:
        return self

    def step(self, batch: int) -> float:
        if batch > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return float(batch)


@pytest.mark.parametrize("most", [0, 1, 2])
def test_batches_grow_as_far_as_the_memory_suffices(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(speeds, "_BATCHES", (1, 2, 8))
    monkeypatch.setattr(speeds, "_LONG_SECONDS", 100.0)
    monkeypatch.setattr(speeds, "_Benchmark", _Small(most))
    found = finish(measure_speed(8, 1))[1].presets
    assert [(one.fixed, one.each, one.batch) for one in found.values()] == [(0.0, 1.0, most)][:most]
