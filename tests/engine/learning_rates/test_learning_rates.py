"""Learning-rate schedules against their closed forms."""

from __future__ import annotations

import math

import pytest

from ddpm_studio.engine.learning_rates import learning_rate
from ddpm_studio.engine.tables import LEARNING_RATES

WARMUP, STEPS = 10, 110


@pytest.mark.parametrize("schedule", LEARNING_RATES)
def test_each_rises_linearly_and_then_starts_at_one(schedule: str) -> None:
    rise = [learning_rate(schedule, step, WARMUP, STEPS) for step in range(WARMUP)]
    assert rise == pytest.approx([(step + 1) / WARMUP for step in range(WARMUP)])
    assert learning_rate(schedule, WARMUP, WARMUP, STEPS) == 1
    assert learning_rate(schedule, 0, 0, STEPS) == 1


@pytest.mark.parametrize(
    ("schedule", "step", "factor"),
    [
        ("constant", 100, 1),
        ("cosine", 35, 0.5 + math.sqrt(2) / 4),  # a quarter of the way
        ("cosine", 60, 0.5),
        ("cosine", 109, math.sin(math.pi / 200) ** 2),
        ("linear", 60, 0.5),
        ("linear", 109, 0.01),
        ("wsd", 89, 1),
        ("wsd", 90, 1),
        ("wsd", 95, 0.5),  # 1 − √¼
        ("wsd", 109, 1 - math.sqrt(0.95)),
    ],
)
def test_closed_forms(schedule: str, step: int, factor: float) -> None:
    assert learning_rate(schedule, step, WARMUP, STEPS) == pytest.approx(factor)


@pytest.mark.parametrize("schedule", ["cosine", "linear", "wsd"])
def test_it_falls_and_is_zero_just_after_the_last_step(schedule: str) -> None:
    factors = [learning_rate(schedule, step, WARMUP, STEPS) for step in range(WARMUP, STEPS + 1)]
    assert factors == sorted(factors, reverse=True)
    assert factors[-2] > 0
    assert factors[-1] == pytest.approx(0)


def test_the_length_is_needed_where_the_rate_ends() -> None:
    assert learning_rate("constant", 10**6, WARMUP, None) == 1
    with pytest.raises(ValueError, match="'cosine' needs the number of steps"):
        learning_rate("cosine", WARMUP, WARMUP, None)


def test_another_name_is_refused_with_a_list_of_those_there_are() -> None:
    with pytest.raises(ValueError, match="no learning-rate schedule 'cosin'; there are constant, "):
        learning_rate("cosin", 0, WARMUP, STEPS)


def test_a_warm_up_longer_than_the_training_is_no_error() -> None:
    assert learning_rate("cosine", 4, 10, 5) == 0.5
