"""Notices of a training about its pictures: the range of their values, the size and its reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ddpm_studio.jobs import train
from ddpm_studio.jobs.events import Notice
from ddpm_studio.requests import PrepareOptions
from ddpm_studio.runs import RunFolder
from tests.data.pictures import make_picture_folder, noise
from tests.jobs.conftest import REQUEST, finish


def told(source: Path, run: Path, resume: bool = False, **options: object) -> list[str]:
    asked = PrepareOptions.model_validate(options)
    request = REQUEST.model_copy(update={"steps": 2 if resume else 1, "sample_count": 0})
    events, _ = finish(train([source], run, request, asked, resume=resume))
    return [event.text for event in events if isinstance(event, Notice)]


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((30, 30), "Trained at 28 × 28 px, they are 30 × 30: the network tiny takes sides"),
        ((100, 80), "Trained at 64 × 64 px, they are 100 × 80: a size that suits them"),
        ((32, 32), ""),
    ],
)
def test_the_size_is_told_with_its_reason(
    tmp_path: Path, size: tuple[int, int], words: str
) -> None:
    make_picture_folder(tmp_path / "in", 4, size=size)
    lines = told(tmp_path / "in", tmp_path / "run")
    assert [line for line in lines if "Trained at" in line] == ([lines[-1]] if words else [])
    assert words in "\n".join(lines)


def test_a_size_that_was_asked_for_needs_no_reason(tmp_path: Path) -> None:
    make_picture_folder(tmp_path / "in", 4, size=(30, 30))
    assert "Trained at" not in "\n".join(told(tmp_path / "in", tmp_path / "run", image_size=16))


def test_values_are_told_recorded_and_the_same_when_it_goes_on(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", noise(4, 16, 16).astype(np.uint16) * 4)
    run = tmp_path / "run"
    lines = told(tmp_path / "a.npy", run, range="0..2000")
    assert any("read as 0..2000" in line for line in lines)
    data = RunFolder.open(run).info.data
    assert data is not None
    assert data.options.range == "0..2000"
    again = told(tmp_path / "a.npy", run, resume=True)
    assert not any("changed" in line for line in again)
