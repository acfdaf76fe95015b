"""A run to open after another one: on pictures of its own, all of them of one dark blue."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from ddpm_studio.jobs import train
from ddpm_studio.requests import PrepareOptions, TrainRequest
from tests import narrow


def other_run(tmp_path: Path, name: str = "other", *, side: int = 16, timesteps: int = 20) -> Path:
    """Train a run for two steps, without samples.

    Args:
        tmp_path: where its pictures and its folder lie.
        name: of the folder, below.
        side: of the pictures, in pixels.
        timesteps: how many it has.
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
