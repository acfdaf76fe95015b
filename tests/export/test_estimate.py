from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.errors import StudioError
from ddpm_studio.export import estimate_animation, save_animation
from tests.data.pictures import drain

RNG = np.random.default_rng(5)
# From noise to a uniform picture, like a reverse process.
FRAMES = [
    (RNG.normal(128, 90 * (1 - k / 39), (40, 60, 3))).clip(0, 255).astype(np.uint8)
    for k in range(40)
]


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp"])
def test_the_estimate_is_near_what_is_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    drain(save_animation(path, FRAMES, fps=10, hold_last_seconds=1, scale=2))
    found = drain(estimate_animation(suffix, FRAMES, fps=10, hold_last_seconds=1, scale=2))
    with Image.open(path) as image:
        assert (found.frames, (found.width, found.height)) == (image.n_frames, image.size)  # type: ignore[attr-defined]
    assert found.seconds == pytest.approx(5)
    assert path.stat().st_size / 1.5 < found.size < path.stat().st_size * 1.5


def test_few_frames_are_weighed_exactly(tmp_path: Path) -> None:
    path = tmp_path / "a.apng"
    drain(save_animation(path, FRAMES[:6], fps=10, hold_last_seconds=0))
    found = drain(estimate_animation(".apng", FRAMES[:6], fps=10, hold_last_seconds=0))
    assert found.size == path.stat().st_size


def test_single_pictures_have_no_duration() -> None:
    found = drain(estimate_animation(".zip", FRAMES, count=4))
    assert (found.frames, found.seconds) == (4, 0.0)
    assert found.size > 0


def test_what_would_fill_the_memory_is_refused_with_a_remedy(tmp_path: Path) -> None:
    many = [np.zeros((64, 64, 3), np.uint8)] * 200
    with pytest.raises(StudioError, match=r"200 frames of 1920 × 1920 .* fewer frames"):
        drain(save_animation(tmp_path / "a.gif", many, scale=30, fps=10))
    assert not list(tmp_path.iterdir())
