"""A second run to open after another one: trained on its own pictures, plain dark blue ones."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from ddpm_studio.jobs import train
from ddpm_studio.requests import PrepareOptions, TrainRequest
from tests import narrow


def other_run(tmp_path: Path, name: str = "other", *, side: int = 16, timesteps: int = 20) -> Path:
    """Train a run for two steps, without samples.

    Args:
        tmp_path: folder in which the pictures and the run's folder are made.
        name: name of the run's folder, below ``tmp_path``.
        side: side of the square pictures, in pixels.
        timesteps: number of timesteps T.
    """
    folder, run = tmp_path / "blue", tmp_path / name
    folder.mkdir()
    for number in range(4):
        Image.new("RGB", (side, side), (0, 0, 40 + number)).save(folder / f"{number}.png")
    request = TrainRequest(steps=2, batch_size=2, timesteps=timesteps, sample_count=0, device="cpu")
    with narrow.network():
        for _ in train([folder], run, request, PrepareOptions()):
            pass
    return run
