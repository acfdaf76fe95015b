"""Training recipes of the presets: defaults that explicit settings override."""

from __future__ import annotations

from typing import Any

import pytest

from ddpm_studio.catalogue import PRESETS
from ddpm_studio.requests import TrainRequest

PAPER: dict[str, Any] = {
    "optimizer": "adam",
    "learning_rate_schedule": "constant",
    "ema_decay": 0.9999,
    "schedule": "linear",
    "timesteps": 1000,
    "parameterization": "eps",
    "variance": "fixed_large",
    "loss": "simple",
    "timestep_sampling": "uniform",
}


@pytest.mark.parametrize("preset", list(PRESETS))
def test_a_recipe_is_of_fields_that_say_so(preset: str) -> None:
    assert PRESETS[preset].recipe.keys() <= set(TrainRequest.preset_fields())


def test_the_papers_networks_are_trained_as_in_the_paper() -> None:
    # DDPM appendix B.
    cifar, large = (TrainRequest(preset=preset) for preset in ("ddpm32", "ddpm256"))

    for request in (cifar, large):
        assert {name: getattr(request, name) for name in PAPER} == PAPER
    assert (cifar.batch_size, cifar.learning_rate, cifar.flip) == (128, 2e-4, True)
    assert (large.batch_size, large.learning_rate, large.flip) == (64, 2e-5, True)
    assert cifar.warmup_steps == large.warmup_steps == 5000


def test_what_is_asked_for_comes_before_the_recipe() -> None:
    assert TrainRequest(preset="ddpm32", batch_size=7, learning_rate=1e-3) == TrainRequest(
        preset="ddpm32"
    ).model_copy(update={"batch_size": 7, "learning_rate": 1e-3})


def test_nothing_asks_for_the_recipe() -> None:
    given = TrainRequest.model_validate({"preset": "ddpm32", "warmup_steps": None})

    assert given.warmup_steps == 5000
