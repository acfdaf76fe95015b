from __future__ import annotations

import gc
import json
import shutil
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import ModelStore, inpaint, interpolate, load_picture, sample, share
from ddpm_studio.jobs.drawing.evaluator import Evaluator
from ddpm_studio.jobs.events import FrameImages, Pictures, Progress
from ddpm_studio.jobs.teaching.algorithms import sampling_steps
from ddpm_studio.requests import InpaintRequest, InterpolateRequest, SampleRequest, ShareRequest
from tests.jobs.conftest import finish

T = 20


@pytest.fixture(scope="module")
def models() -> ModelStore:
    return ModelStore()


def test_the_same_seed_draws_the_same_pictures(run: Path, models: ModelStore) -> None:
    def draw(seed: int, count: int = 3) -> Pictures:
        request = SampleRequest(run=run, count=count, seed=seed, steps=10)
        pictures: Pictures = finish(sample(request, models))[1].pictures
        return pictures

    assert np.array_equal(draw(1), draw(1))
    assert not np.array_equal(draw(1), draw(2))
    alone = draw(1, count=1).astype(int)
    assert np.abs(alone[0] - draw(1)[0]).max() <= 1, "picture k does not depend on the count"


def test_frames_go_from_noise_to_the_picture(run: Path, models: ModelStore) -> None:
    request = SampleRequest(run=run, count=2, frames=6)
    events, drawn = finish(sample(request, models))
    frames = [event for event in events if isinstance(event, FrameImages)]
    assert len(frames) == 6
    assert [frames[0].t, frames[-1].t] == [T, 0]
    assert np.array_equal(frames[-1].x_t, drawn.pictures)
    noise = frames[0].x_t.astype(float) / 127.5 - 1
    assert 0.5 < noise.std() < 1, "a clipped standard normal"
    done = [event.done for event in events if isinstance(event, Progress)]
    assert done == sorted(done)


def test_what_has_drawn_is_gone_at_once(run: Path, models: ModelStore) -> None:
    """Reference counting frees an evaluator: garbage collection ignores the GPU memory it holds."""
    model = models.get(run, "ema")
    gc.disable()
    try:
        evaluator = Evaluator(model.network, model.device, evaluations=1000)
        evaluator(torch.zeros(1, 3, 16, 16, device=model.device), torch.tensor([1]))
        gone = weakref.ref(evaluator)
        del evaluator
        assert gone() is None
    finally:
        gc.enable()


def test_share_at_0_returns_the_picture_itself(
    run: Path, pictures: Path, models: ModelStore
) -> None:
    picture = load_picture(pictures / "3.png", run)
    drawn = finish(share(ShareRequest(run=run, t=0, count=3), picture, models))[1]
    assert np.array_equal(drawn.pictures, np.stack([picture] * 3))


def test_the_spread_of_shared_samples_grows_with_t(
    run: Path, pictures: Path, models: ModelStore
) -> None:
    picture = load_picture(pictures / "3.png", run)
    spreads = []
    for t in (0, 5, 12, T):
        drawn = finish(share(ShareRequest(run=run, t=t, count=8), picture, models))[1]
        spreads.append(drawn.pictures.astype(float).std(axis=0).mean())
    assert spreads == sorted(spreads)
    assert spreads[-1] > 2 * spreads[1] > 0


def test_a_latent_from_noise_stops_at_t(run: Path, models: ModelStore) -> None:
    drawn = finish(share(ShareRequest(run=run, t=7, count=2, steps=6), None, models))[1]
    assert drawn.latent is not None
    assert drawn.latent.shape == (1, 16, 16, 3)


def test_interpolation_returns_the_decoded_ends(
    run: Path, pictures: Path, models: ModelStore
) -> None:
    a, b = (load_picture(pictures / f"{k}.png", run) for k in (1, 8))

    def ends(a: Pictures, b: Pictures, count: int) -> Pictures:
        request = InterpolateRequest(run=run, t=10, steps_lambda=count)
        pictures: Pictures = finish(interpolate(request, (a, b), models))[1].pictures
        return pictures

    row = ends(a, b, 5).astype(int)
    assert np.abs(row[0] - ends(a, a, 2)[0]).max() <= 1
    assert np.abs(row[-1] - ends(a, b, 2)[-1]).max() <= 1
    at_zero = finish(interpolate(InterpolateRequest(run=run, t=0, steps_lambda=3), (a, b), models))[
        1
    ].pictures
    assert np.array_equal(at_zero[0], a)
    assert np.array_equal(at_zero[2], b)
    assert np.abs(at_zero[1] - (a.astype(float) + b) / 2).max() <= 0.5, "a blend of pixels"


def test_a_fixed_variance_is_the_models_unless_one_is_named(
    run: Path, pictures: Path, tmp_path: Path, models: ModelStore
) -> None:
    shutil.copytree(run, small := tmp_path / "small")
    told = json.loads((small / "run.json").read_text())
    told["process"]["variance"] = "fixed_small"
    (small / "run.json").write_text(json.dumps(told))
    a, b = (load_picture(pictures / f"{k}.png", run) for k in (1, 8))
    mask = np.zeros((16, 16), bool)
    mask[4:] = True

    def drawn(**named: Any) -> list[Pictures]:
        common = {"run": small, "steps": 5, **named}
        jobs = [
            sample(SampleRequest(**common, count=2), models),
            share(ShareRequest(**common, t=10, count=2), a, models),
            interpolate(InterpolateRequest(**common, t=10, steps_lambda=2), (a, b), models),
            inpaint(InpaintRequest(**common, count=2), a, mask, models),
        ]
        return [finish(job)[1].pictures for job in jobs]

    unnamed, asked, others = (
        drawn(),
        drawn(variance="fixed_small"),
        # As in the recipe of a drawing that was made before.
        drawn(variance="fixed_large"),
    )
    for own, same, other in zip(unnamed, asked, others, strict=True):
        assert np.array_equal(own, same)
        assert not np.array_equal(own, other)
    usual = finish(sample(SampleRequest(run=run, steps=5, count=2), models))[1].pictures
    assert np.array_equal(others[0], usual)
    steps = {"run": small, "device": "cpu", "steps": 5}
    by_line = finish(sampling_steps(SampleRequest(**steps), models))[1]
    assert [step.sigma for step in by_line] == [
        step.sigma
        for step in finish(sampling_steps(SampleRequest(**steps, variance="fixed_small"), models))[
            1
        ]
    ]


@pytest.mark.parametrize(
    ("request_", "match"),
    [
        ({"t": 21}, "0 to 20"),
        ({"t": 10, "sampler": "ddim"}, "same picture"),
        ({"t": 10, "sampler": "heun"}, "same picture"),
        ({"t": 10, "steps": 21}, "more than the 20"),
        ({"t": 10, "class_label": 0}, "without classes"),
        ({"t": 10, "guidance": 2.0}, "without classes"),
    ],
)
def test_what_makes_no_sense_is_refused(
    run: Path, models: ModelStore, request_: dict[str, object], match: str
) -> None:
    request = ShareRequest.model_validate({"run": run, **request_})
    with pytest.raises(StudioError, match=match):
        finish(share(request, None, models))


def test_a_truncated_checkpoint_is_named(run: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(run, broken)
    ema = broken / "checkpoints/step-00000004/ema.safetensors"
    ema.write_bytes(ema.read_bytes()[:1000])
    with pytest.raises(StudioError, match=r"ema\.safetensors is not what was written"):
        finish(sample(SampleRequest(run=broken, count=1), ModelStore()))


def test_sampling_goes_in_pieces_that_fit_the_memory(
    run: Path, models: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = SampleRequest(run=run, count=8, steps=3, precision="float32")
    expected = finish(sample(request, models))[1].pictures.astype(int)
    conv2d, largest = torch.nn.functional.conv2d, []

    def small(x: torch.Tensor, *rest: Any, **named: Any) -> torch.Tensor:
        if len(x) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        largest.append(len(x))
        return conv2d(x, *rest, **named)

    monkeypatch.setattr(torch.nn.functional, "conv2d", small)
    drawn = finish(sample(request, models))[1].pictures
    assert max(largest) == 2
    assert np.abs(drawn - expected).max() <= 1
