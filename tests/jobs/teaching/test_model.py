"""Lessons on a model (bound, predictions, Algorithms 1 and 2) against the engine's results."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ddpm_studio import jobs
from ddpm_studio.jobs import ModelStore, train
from ddpm_studio.jobs.events import DrawingResult
from ddpm_studio.jobs.teaching.algorithms import sampling_steps, training_step
from ddpm_studio.jobs.teaching.drawing import result_rows, reverse_rows, step_rows
from ddpm_studio.jobs.teaching.estimating import bound_estimates, predictions
from ddpm_studio.requests import (
    DistillRequest,
    PictureMeasureRequest,
    PrepareOptions,
    SampleRequest,
)
from tests.jobs.conftest import REQUEST, finish


@pytest.fixture
def request_of(run: Path) -> PictureMeasureRequest:
    return PictureMeasureRequest(run=run, device="cpu")


@pytest.fixture
def asked(run: Path) -> SampleRequest:
    return SampleRequest(run=run, device="cpu", seed=4, steps=6)


@pytest.fixture
def picture(run: Path) -> np.ndarray:
    found: np.ndarray = jobs.example_pictures(run, 1)[0]
    return found


def test_estimates_agree_on_the_bound(
    request_of: PictureMeasureRequest, picture: np.ndarray
) -> None:
    events, found = finish(bound_estimates(request_of, picture, ModelStore()))
    assert events[-1].done == events[-1].total == 20
    apart = found.by_ratios - found.by_divergences
    assert abs(apart.mean()) < 4 * apart.std(ddof=1) / len(apart) ** 0.5
    _, parts = finish(jobs.bound_parts(request_of, picture, ModelStore()))
    total = parts.prior + parts.middle + parts.decoder
    spread = found.by_divergences.std() + 1e-9
    assert abs(found.by_divergences.mean() - total) < 4 * spread
    assert list(found.t) == list(range(1, 21))
    # At t = 1 both are the decoder's term, as q(x_0|x_1, x_0) is a point mass.
    assert np.all(found.divergence_std[1:] < found.ratio_std[1:])


def test_fewer_chains_through_fewer_steps_ask_the_network_less(
    request_of: PictureMeasureRequest, picture: np.ndarray
) -> None:
    events, found = finish(bound_estimates(request_of, picture, ModelStore(), chains=3, steps=5))
    assert [event.done for event in events] == [1, 2, 3, 4, 5]
    assert len(found.by_ratios) == len(found.one_divergence) == 3
    assert len(found.t) == len(found.ratio_std) == 5


def test_what_is_predicted_is_one_answer_in_three_forms(
    request_of: PictureMeasureRequest, picture: np.ndarray
) -> None:
    found = predictions(request_of, picture, 12, ModelStore())
    assert np.array_equal(found.true["x0"], picture)
    for name in ("mu", "x0"):
        factor = found.factors[name][11]
        assert found.rmse[name] == pytest.approx(factor * found.rmse["eps"], rel=1e-4)
    assert set(found.prediction) == set(found.true) == {"mu", "eps", "x0"}


def test_algorithm_1_takes_a_step_down_and_leaves_the_model_alone(
    request_of: PictureMeasureRequest, picture: np.ndarray
) -> None:
    models = ModelStore()
    before = models.get(request_of.run, "ema", "cpu").fingerprint
    found = training_step(request_of, picture, 1, models)
    assert found.after < found.loss
    assert found.signal**2 + found.noise**2 == pytest.approx(1)
    mixed = found.signal * found.values["x0"] + found.noise * found.values["eps"]
    assert found.values["x_t"] == pytest.approx(mixed, abs=1e-5)
    model = models.get(request_of.run, "ema", "cpu")
    assert model.fingerprint == before
    assert not any(one.requires_grad for one in model.network.parameters())
    again = training_step(request_of, picture, 1, models)
    assert (again.t, again.loss) == (found.t, found.loss)


def test_algorithm_2_adds_up_and_draws_what_sampling_draws(asked: SampleRequest) -> None:
    models = ModelStore()
    _, steps = finish(sampling_steps(asked, models))
    assert steps[0].t == 20
    assert steps[-1].before == 0
    assert steps[-1].sigma == 0
    for step in steps:
        v = step.values
        mean = (v["x_t"] - step.share * v["told"]) / step.alpha**0.5
        assert v["x_before"] == pytest.approx(mean + step.sigma * v["z"], abs=1e-4)
    z = np.array([step.values["z"] for step in steps[:-1]])
    assert np.all(np.abs(z) < 5)
    _, drawn = finish(jobs.sample(asked.model_copy(update={"count": 1}), models))
    assert np.abs(drawn.pictures[0].astype(int) - steps[-1].x_before).max() <= 1


def test_a_model_that_does_not_clip_is_shown_so(
    run: Path, tmp_path: Path, picture: np.ndarray
) -> None:
    shutil.copytree(run, own := tmp_path / "own")
    prediction = json.loads((own / "run.json").read_text())
    prediction["process"]["clip_x0"] = False
    (own / "run.json").write_text(json.dumps(prediction))
    asked, models = SampleRequest(run=own, device="cpu", seed=4, steps=6), ModelStore()
    named = SampleRequest(run=own, device="cpu", seed=4, steps=6, clip_x0=False)
    rows, same = (finish(result_rows(one, 10, models))[1].rows for one in (asked, named))
    assert all(np.array_equal(rows[name], same[name]) for name in same)
    steps, wanted = (finish(sampling_steps(one, models))[1] for one in (asked, named))
    assert steps[-1].values == wanted[-1].values
    measured, unclipped = (
        PictureMeasureRequest(run=own),
        PictureMeasureRequest(run=own, clip_x0=False),
    )
    one, other = (
        finish(bound_estimates(asking, picture, models))[1] for asking in (measured, unclipped)
    )
    assert np.array_equal(one.by_divergences, other.by_divergences)


@pytest.mark.parametrize(
    "settings",
    [
        {"variance": "learned_range", "loss": "hybrid"},
        {"parameterization": "mu", "steps": 1},
    ],
)
def test_algorithm_2_of_a_learned_variance_and_of_a_learned_mean(
    tmp_path: Path, pictures: Path, settings: dict[str, object]
) -> None:
    run = tmp_path / "run"
    finish(train([pictures], run, REQUEST.model_copy(update=settings), PrepareOptions()))
    asked = SampleRequest(run=run, device="cpu", seed=4, steps=20)
    _, steps = finish(sampling_steps(asked, ModelStore()))
    assert [step.t for step in steps] == list(range(20, 0, -1))
    z = np.array([step.values["z"] for step in steps[:-1]])
    assert np.all(np.abs(z) < 5)
    assert len({step.sigma for step in steps}) == 20
    _, drawn = finish(jobs.sample(asked.model_copy(update={"count": 1}), ModelStore()))
    assert np.abs(drawn.pictures[0].astype(int) - steps[-1].x_before).max() <= 1


def test_a_student_of_one_step_has_all_rows(run: Path, tmp_path: Path) -> None:
    few = {"steps": 2, "batch_size": 2, "sample_count": 0, "draw_steps": 1, "device": "cpu"}
    student = tmp_path / "student"
    finish(jobs.distill(DistillRequest.model_validate({"run": run, **few}), student))
    asked = SampleRequest(run=student, device="cpu", seed=4)
    _, found = finish(result_rows(asked, 10, ModelStore()))
    shared = found.rows["shared"]
    assert len(shared) == 8
    assert not np.array_equal(shared[0], shared[1]), "of one latent, and not all the same"
    assert len(found.rows["progressive"]) == 2, "noise, and the picture after one step"


def test_rows_are_what_the_tools_draw(asked: SampleRequest) -> None:
    models = ModelStore()
    _, way = finish(reverse_rows(asked, models))
    assert {name: len(row) for name, row in way.rows.items()} == {"x_t": 7, "x0_hat": 7, "eps": 7}
    _, drawn = finish(jobs.sample(asked.model_copy(update={"count": 1}), models))
    assert np.array_equal(way.rows["x_t"][-1], drawn.pictures[0])
    events, found = finish(result_rows(asked, 10, models))
    assert {len(row) for row in found.rows.values()} <= {7, 8}
    events, rows = finish(step_rows(asked, (2, 5), models))
    assert sum(isinstance(event, DrawingResult) for event in events) == 2
    _, five = finish(jobs.sample(asked.model_copy(update={"steps": 5, "count": 8}), models))
    assert np.array_equal(rows.rows["5"], five.pictures)
    assert all(seconds > 0 for seconds in rows.seconds.values())
