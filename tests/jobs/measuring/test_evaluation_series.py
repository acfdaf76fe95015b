"""Series of evaluations: only those that are alike in all settings are joined."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ddpm_studio.jobs.measuring.evaluation_series import series_of
from ddpm_studio.runs.evaluations import RecordedEvaluation
from tests.evaluations import evaluation


def test_the_newest_of_each_step_is_kept_in_the_order_of_the_steps() -> None:
    again = evaluation(step=2, frechet=1.0)
    found = [evaluation(step=4), evaluation(step=2), again, evaluation(step=3)]
    (series,) = series_of(found)
    assert [one.step for one in series.evaluations] == [2, 3, 4]
    assert series.evaluations[0] is again
    assert series.differing == {}


@pytest.mark.parametrize(
    ("other", "differing"),
    [
        (evaluation(sampler="ddim", steps=10), ("Sampler", "DPM-Solver++ 2M SDE", "DDIM")),
        (evaluation(steps=20), ("Steps", "10", "20")),
        (evaluation(guidance=1.5), ("Guidance", "1", "1.5")),
        (evaluation(weights="raw"), ("Weights", "EMA", "raw")),
        (evaluation(ema_length=0.1), ("EMA length", "–", "0.1")),
        (evaluation(precision="bf16"), ("Precision", "float32", "bf16")),
        (evaluation(respacing="10,10"), ("Respacing", "–", "10,10")),
        (evaluation(sampler_options={"s_noise": 1.5}), ("Sampler options", "–", "s_noise 1.5")),
        (evaluation(class_label=3), ("Class", "–", "3")),
        (evaluation(seed=1), ("Seed", "0", "1")),
        (evaluation(by_class=False), ("By class", "yes", "no")),
        (evaluation(samples=5000), ("Samples", "1,000", "5,000")),
        (evaluation(reference=700), ("Reference", "9,000", "700")),
        (evaluation(features="2 values"), ("Features", "64 features", "2 values")),
        (evaluation(weights_sha256="ffffffff00"), ("Weights of the features", "aaaaaaaa", "f" * 8)),
        (evaluation(data="eeeeeeee00"), ("Pictures", "dddddddd", "e" * 8)),
    ],
)
def test_what_differs_in_a_setting_is_another_series(
    other: RecordedEvaluation, differing: tuple[str, str, str]
) -> None:
    first, second = series_of([evaluation(step=1), replace(other, step=2), evaluation(step=3)])
    assert [one.step for one in first.evaluations] == [1, 3]
    assert [one.step for one in second.evaluations] == [2]
    title, words, others = differing
    assert (first.differing[title], second.differing[title]) == (words, others)
    if title != "Respacing":  # which takes the place of the steps
        assert list(first.differing) == [title]


def test_the_usual_number_of_steps_is_the_same_unsaid() -> None:
    one, other = evaluation(step=1, steps=None), evaluation(step=2, steps=25)
    assert len(series_of([one, other])) == 1
    whole = evaluation(step=2, sampler="ddpm", steps=None)
    assert [series.differing["Steps"] for series in series_of([one, whole])] == ["25", "all"]


def test_an_option_that_the_sampler_does_not_take_is_no_difference() -> None:
    one, other = evaluation(step=1), evaluation(step=2, variance="fixed_small")
    assert len(series_of([one, other])) == 1
    one, other = (
        evaluation(step=step, sampler="ddpm", variance=variance)
        for step, variance in enumerate(("fixed_large", "fixed_small"), 1)
    )
    assert [series.differing["Variance"] for series in series_of([one, other])] == [
        "σ² = βₜ",
        "σ² = β̃ₜ",
    ]


def test_samplers_that_are_not_known_here_are_not_joined() -> None:
    found = [evaluation(step=1, sampler="walk"), evaluation(step=2, sampler="run")]
    assert [one.differing["Sampler"] for one in series_of(found)] == ["walk", "run"]


def test_a_metric_alone_is_a_series_of_its_own_only_where_that_matters() -> None:
    found = [evaluation(step=1), evaluation(step=2, metric="frechet")]
    assert len(series_of(found)) == 2
    assert len(series_of(found, metrics_apart=False)) == 1


def test_where_no_settings_were_recorded_all_are_alike() -> None:
    bare = [replace(evaluation(step=step), told={}) for step in (1, 2)]
    (series,) = series_of(bare)
    assert [one.step for one in series.evaluations] == [1, 2]
    assert series_of([]) == []
