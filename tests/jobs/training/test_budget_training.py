"""Training with a time budget: it reports its choices, records them, and keeps given settings."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
import torch

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import train_within_budget
from ddpm_studio.jobs.events import Event, Notice
from ddpm_studio.jobs.machine.machine_speed import MachineSpeed, PresetSpeed
from ddpm_studio.jobs.request_building import OptionError
from ddpm_studio.jobs.training import budget_training
from ddpm_studio.jobs.training.budget import parse_budget, resolve_budget
from ddpm_studio.requests import PrepareOptions, TrainRequest
from ddpm_studio.runs import RunFolder
from tests.jobs.conftest import finish

SHORT = parse_budget("0.02m")


def _train(
    monkeypatch: pytest.MonkeyPatch,
    pictures: Path,
    run: Path,
    each: float,
    budget: str = "0.02m",
    **given: object,
) -> tuple[RunFolder, list[str]]:
    """Train as on a machine that takes ``each`` seconds per picture, whatever its size."""

    def measure(size: int, channels: int, *_: object) -> Generator[Event, None, MachineSpeed]:
        yield from ()
        return MachineSpeed("", "CPU", size, channels, {"tiny": PresetSpeed(size, 0, each, 32, 8)})

    monkeypatch.setattr(budget_training, "measure_speed", measure)
    fields = {name: given[name] for name in given if name in TrainRequest.model_fields}
    options = {name: given[name] for name in given if name in PrepareOptions.model_fields}
    events: list[Event]
    events, _ = finish(
        train_within_budget(
            parse_budget(budget),
            [pictures],
            run,
            TrainRequest.model_validate({"sample_count": 0, "timesteps": 20, **fields}),
            PrepareOptions.model_validate(options),
            {"sample_count", "timesteps", *given},
        )
    )
    return RunFolder.open(run), [one.text for one in events if isinstance(one, Notice)]


def test_what_is_chosen_is_told_and_recorded_as_plain_settings(
    monkeypatch: pytest.MonkeyPatch, pictures: Path, tmp_path: Path
) -> None:
    folder, told = _train(monkeypatch, pictures, tmp_path / "run", 1e-6)
    assert told[0] == (
        "Chosen for 1 s: tiny at 16 px, batches of 10, shapes in about 1 s, 1 s in all."
    )
    assert any(one.startswith("0.02 minutes at") for one in told)
    request = folder.info.request
    assert request is not None
    assert request == TrainRequest.model_validate(request.model_dump())
    assert (request.preset, request.minutes, request.sample_count) == ("tiny", None, 0)
    assert folder.newest().step == request.steps


@pytest.mark.parametrize("chosen", [{"device": "cpu"}, {"devices": "cpu"}])
def test_the_speed_is_measured_where_the_training_will_be(
    monkeypatch: pytest.MonkeyPatch, pictures: Path, tmp_path: Path, chosen: dict[str, object]
) -> None:
    """On a machine with a GPU, in other precision and with more threads, a step takes less."""
    measured: list[object] = []

    def measure(
        size: int, channels: int, device: torch.device, precision: str
    ) -> Generator[Event, None, MachineSpeed]:
        measured.append((device.type, precision, torch.get_num_threads()))
        yield from ()
        raise StudioError("That is enough.")

    monkeypatch.setattr(budget_training, "measure_speed", measure)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    request = TrainRequest.model_validate({"precision": "float32", "threads": 3, **chosen})
    job = train_within_budget(SHORT, [pictures], tmp_path, request, PrepareOptions(), ())
    with pytest.raises(StudioError, match="enough"):
        finish(job)
    assert measured == [("cpu", "float32", 3)]


def test_too_large_pictures_are_made_smaller_unless_their_size_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import numpy as np
    from PIL import Image

    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for k in range(4):
        noise = np.random.default_rng(k).integers(0, 256, (32, 32, 3), np.uint8)
        Image.fromarray(noise).save(pictures / f"{k}.png")
    # 8,000 pictures take 2 s, and a quarter of that at half the side.
    folder, told = _train(monkeypatch, pictures, tmp_path / "a", 2 / 8000, batch_size=2)
    assert folder.info.network_config().height == 16
    assert "tiny at 16 px, batches of 2" in told[0]
    folder, told = _train(
        monkeypatch, pictures, tmp_path / "b", 2 / 8000, batch_size=2, image_size=32
    )
    assert folder.info.network_config().height == 32
    assert told[0] == "Too large to be recognised by then: at 16 px they would be."


def test_a_network_that_has_its_paper_from_nobody_is_told_of(
    monkeypatch: pytest.MonkeyPatch, pictures: Path, tmp_path: Path
) -> None:
    with pytest.raises(Exception, match="tiny repeats no training of a paper; ddpm32"):
        _train(monkeypatch, pictures, tmp_path / "run", 1e-6, "paper", preset="tiny")


@pytest.mark.parametrize(
    ("text", "given", "begun", "problem"),
    [
        ("soon", (), False, "'soon' is no budget: name minutes or hours"),
        ("10m", ("steps",), False, "the length is in steps already"),
        ("10m", ("seed", "epochs"), True, "the length is in epochs already"),
        ("paper", (), True, "for a run that begins from nothing"),
    ],
)
def test_what_does_not_go_together_is_refused(
    text: str, given: tuple[str, ...], begun: bool, problem: str
) -> None:
    with pytest.raises(OptionError, match=problem):
        resolve_budget(text, dict.fromkeys(given), begun=begun)


def test_a_network_that_is_there_is_trained_for_the_time() -> None:
    given = {"preset": "small", "seed": 3}
    assert resolve_budget("1h", given, begun=True)[1] == {**given, "minutes": 60}
    assert resolve_budget("1h", given, begun=False)[1] == given
