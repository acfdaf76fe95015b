"""Non-square pictures, 96 × 64, in RGB, RGBA, gray + alpha or five bands; and runs on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ddpm_studio.jobs import train
from ddpm_studio.requests import PrepareOptions, TrainRequest
from tests import narrow

WIDTH, HEIGHT = 96, 64
#: Number of channels of each kind of picture.
CHANNELS = {"RGB": 3, "RGBA": 4, "gray + alpha": 2, "5 bands": 5}
_OPTIONS = {"RGB": "auto", "RGBA": "rgba", "gray + alpha": "gray+alpha", "5 bands": "bands"}


def shape_of(kind: str) -> tuple[int, int, int]:
    """Return the picture shape (H, W, C) of a kind."""
    return HEIGHT, WIDTH, CHANNELS[kind]


def options_of(kind: str) -> PrepareOptions:
    return PrepareOptions.model_validate({"image_size": "96x64", "channels": _OPTIONS[kind]})


def write_shapes(folder: Path, kind: str) -> tuple[Path, Path]:
    """Write three pictures into a new folder; return the path to all, and that of a single one."""
    folder.mkdir()
    pictures = [_picture(seed, CHANNELS[kind]) for seed in range(3)]
    if kind == "5 bands":
        whole, one = folder / "all.npy", folder / "one.npy"
        np.save(whole, np.stack(pictures))
        np.save(one, pictures[0][None])
        return whole, one
    for index, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(folder / f"{index}.png")
    return folder, folder / "0.png"


def _picture(seed: int, channels: int) -> npt.NDArray[np.uint8]:
    """Return a bright ellipse on a linear gradient; alpha is 0, transparent, at the left edge."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    rng = np.random.default_rng(seed)
    ellipse = ((rows - rng.integers(16, 48)) / 16) ** 2 + ((columns - 48) / 32) ** 2 < 1
    levels = rng.integers(60, 256, channels)
    pixels = np.where(ellipse[..., None], levels, (columns * 2 // 3)[..., None])
    return pixels.astype(np.uint8)


def seen(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return a picture as data preparation stores it: fully transparent pixels become white."""
    if picture.shape[2] not in (2, 4):
        return picture
    unseen = np.full(picture.shape[2], 255, np.uint8)
    unseen[-1] = 0
    return np.where(picture[..., -1:] > 0, picture, unseen)


def train_shapes(folder: Path, kind: str, steps: int = 1) -> Path:
    """Train a narrow network with T = 8 on pictures of a kind; return the run folder."""
    source, _ = write_shapes(folder / "data", kind)
    request = TrainRequest(
        steps=steps, batch_size=1, timesteps=8, sample_count=0, device="cpu", seed=1
    )
    with narrow.network():
        for _ in train([source], folder / "run", request, options_of(kind)):
            pass
    return folder / "run"
