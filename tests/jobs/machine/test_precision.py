"""Precision ``auto``: bf16 if clearly faster, timed once per machine and torch version, stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ddpm_studio.jobs.machine import precision as tried
from ddpm_studio.jobs.machine.precision import gain_of_bf16, native_precision

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DDPM_STUDIO_CACHE", str(tmp_path))
    monkeypatch.setattr(tried, "_has_instructions", lambda: True)
    tried._measured_precision.cache_clear()
    yield
    tried._measured_precision.cache_clear()


@pytest.mark.parametrize(("gain", "chosen"), [(1.9, "bf16"), (1.1, "float32"), (0.2, "float32")])
def test_the_faster_one_is_chosen(
    gain: float, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tried, "gain_of_bf16", lambda: gain)
    assert native_precision(CPU) == chosen


def test_it_is_tried_once_a_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = []

    def trial() -> float:
        trials.append(1)
        return 1.9

    monkeypatch.setattr(tried, "gain_of_bf16", trial)
    for _ in range(2):
        assert native_precision(CPU) == "bf16"
        tried._measured_precision.cache_clear()  # as in a new process
    assert len(trials) == 1
    monkeypatch.setattr(torch, "__version__", "another")
    native_precision(CPU)
    assert len(trials) == 2


@pytest.mark.parametrize("kept", [b"", b"[]", b'{"a": 1}', b"\xff"])
def test_a_damaged_file_counts_as_none(
    kept: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "precision.json").write_bytes(kept)
    monkeypatch.setattr(tried, "gain_of_bf16", lambda: 1.9)
    assert native_precision(CPU) == "bf16"


def test_without_the_instructions_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tried, "_has_instructions", lambda: False)
    monkeypatch.setattr(tried, "gain_of_bf16", lambda: pytest.fail("it was tried"))
    assert native_precision(CPU) == "float32"


def test_the_trial_leaves_random_numbers_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    assert gain_of_bf16() > 0
    assert torch.equal(torch.rand(3), expected)
