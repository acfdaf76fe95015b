"""Defaults that depend on the pictures, flips and augmentation, and the notices about them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image
from torch import Tensor, nn

from ddpm_studio.engine import Network, NetworkConfig
from ddpm_studio.engine.tables.networks import NETWORKS, PRESETS, NetworkInfo, PresetInfo
from ddpm_studio.jobs import train
from ddpm_studio.jobs.events import InfoNotice
from ddpm_studio.requests import PrepareOptions, TrainRequest
from ddpm_studio.runs import RunFolder
from tests.jobs.conftest import REQUEST, finish

OWN: dict[str, Any] = {"dropout": 0.25, "flip": True}
OPEN = REQUEST.model_copy(update={"flip": None, "augmentation": None, "steps": 1})


def _set(folder: Path, count: int, sided: bool) -> Path:
    """Write pictures of gradients, dark at the left if ``sided``, else at alternating sides."""
    folder.mkdir()
    draw = np.random.default_rng(0)
    for k in range(count):
        wedge = np.tile(np.linspace(0, 200, 8), (8, 1)) + draw.integers(0, 55, (8, 8))
        wedge = wedge if sided or k % 2 else wedge[:, ::-1]
        Image.fromarray(wedge.astype(np.uint8)).save(folder / f"{k:03}.png")
    return folder


def _trained(
    source: Path, run: Path, request: TrainRequest, options: PrepareOptions | None = None
) -> tuple[TrainRequest, list[str]]:
    events, _ = finish(train([source], run, request, options or PrepareOptions()))
    settings = RunFolder.open(run).info.request
    assert settings is not None
    return settings, [event.text for event in events if isinstance(event, InfoNotice)]


@pytest.mark.parametrize("sided", [True, False])
def test_pictures_with_sides_are_not_mirrored_and_that_is_told(tmp_path: Path, sided: bool) -> None:
    settings, told = _trained(_set(tmp_path / "set", 80, sided), tmp_path / "run", OPEN)
    assert settings.flip is not sided
    assert any("--flip mirrors them all the same" in line for line in told) == sided


@pytest.mark.parametrize(("channels", "mirrored"), [("bands", True), ("gray+alpha", False)])
def test_bands_have_sides_by_themselves_and_not_as_transparency(
    tmp_path: Path, channels: Any, mirrored: bool
) -> None:
    """Each band is noise; only over white, as gray with transparency, is the left brighter."""
    noise = np.random.default_rng(2).integers(0, 256, (300, 8, 8), dtype=np.uint8)
    last = np.where(np.arange(8) < 4, noise, 255 - noise)
    np.save(tmp_path / "set.npy", np.stack([noise, last], axis=3))
    options = PrepareOptions(channels=channels, image_size=8)
    settings, _ = _trained(tmp_path / "set.npy", tmp_path / "run", OPEN, options)
    assert settings.flip is mirrored


@pytest.mark.parametrize("count", [299, 300])
def test_few_pictures_are_augmented_and_that_is_told(tmp_path: Path, count: int) -> None:
    settings, told = _trained(_set(tmp_path / "set", count, False), tmp_path / "run", OPEN)
    assert settings.augmentation == (0.12 if count < 300 else 0.0)
    assert any("--augmentation 0 trains without" in line for line in told) == (count < 300)
    assert RunFolder.open(tmp_path / "run").info.network_config().augmented == (count < 300)


def test_what_was_asked_for_stays_and_nothing_is_told(tmp_path: Path) -> None:
    asked = OPEN.model_copy(update={"flip": True, "augmentation": 0.0})
    settings, told = _trained(_set(tmp_path / "set", 80, True), tmp_path / "run", asked)
    assert (settings.flip, settings.augmentation) == (True, 0.0)
    assert not any("mirrored" in line or "rotated" in line for line in told)


@dataclass(frozen=True)
class _Config(NetworkConfig):
    kind: ClassVar[str] = "made"


class _Net(Network):
    def __init__(self, config: NetworkConfig, bias: bool) -> None:
        super().__init__(config)
        self.layer = nn.Conv2d(config.channels, config.out_channels, 1, bias=bias)

    def forward(self, x: Tensor, t: Tensor, y: Tensor | None = None) -> Tensor:
        made: Tensor = self.layer(x)
        return made


def _made(config: NetworkConfig, bias: bool) -> Network:
    return _Net(config, bias)


def _made_preset(size: tuple[int, int], channels: int) -> _Config:
    return _Config(*size, channels)


def test_a_plug_in_network_that_a_function_makes_is_trained_on_few_pictures(tmp_path: Path) -> None:
    NETWORKS.add(
        NetworkInfo(
            "made",
            "made",
            "of a function",
            f"{__name__}:_made",
            arguments={"bias": True},
            config=f"{__name__}:_Config",
        )
    )
    PRESETS.add(PresetInfo("made", "made", "of a function", f"{__name__}:_made_preset"))
    try:
        request = OPEN.model_copy(update={"preset": "made", "dropout": 0.0})
        settings, _ = _trained(_set(tmp_path / "set", 10, False), tmp_path / "run", request)
    finally:
        PRESETS.remove("made")
        NETWORKS.remove("made")
    assert settings.augmentation == 0


def test_held_out_pictures_do_not_count(tmp_path: Path) -> None:
    request = OPEN.model_copy(update={"held_out": 0.5})
    settings, _ = _trained(_set(tmp_path / "set", 400, False), tmp_path / "run", request)
    assert settings.augmentation == 0.12


@pytest.mark.parametrize("preset", ["ddpm32", "ddpm256"])
def test_the_paper_s_recipes_mirror_and_augment_nothing(preset: str) -> None:
    request = TrainRequest(preset=preset)
    assert (request.flip, request.augmentation) == (True, 0.0)
    assert (TrainRequest().flip, TrainRequest().augmentation) == (None, None)
    # An explicit None means a choice by the pictures.
    asked = TrainRequest(preset=preset, flip=None, augmentation=None)
    assert (asked.flip, asked.augmentation) == (None, None)


def test_what_else_is_empty_is_as_a_recipe_names_it() -> None:
    own = PresetInfo("own", "own", "an own one", PRESETS["tiny"].implementation, recipe=OWN)
    PRESETS.add(own)
    try:
        empty = dict.fromkeys(OWN)
        assert TrainRequest(preset="own", **empty).dropout == 0.25
        assert TrainRequest(preset="own").flip is True
        assert TrainRequest(preset="own", **empty).flip is None
    finally:
        PRESETS.remove("own")
