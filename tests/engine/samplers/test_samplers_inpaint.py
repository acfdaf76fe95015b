"""Inpainting (RePaint): known pixels are kept, generated pixels are consistent with them."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, PictureNoise
from ddpm_studio.engine.samplers import ancestral, inpaint
from ddpm_studio.engine.samplers.inpaint import jump_schedule
from tests.engine.gaussian import TwoHills, alphas_cumprod
from tests.engine.walking import finish

LINEAR = NoiseSchedule.linear()


class TwinDenoiser:
    """Optimal predictor of ε for pictures of one colour, whose value is from N(0, variance)."""

    def __init__(self, variance: float) -> None:
        self.variance, self.table = variance, torch.from_numpy(alphas_cumprod())

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        a = self.table[t].reshape(-1, 1, 1, 1).to(x.dtype)
        pixels = x[0].numel()
        mean = x.mean((1, 2, 3), keepdim=True)
        x0 = a.sqrt() * self.variance * pixels * mean / (a * self.variance * pixels + 1 - a)
        return (x - a.sqrt() * x0) / (1 - a).sqrt()


def start(count: int, *shape: int) -> tuple[Tensor, PictureNoise]:
    noise = PictureNoise(0, range(count), "cpu")
    return noise.draw(shape), noise


def test_known_pixels_are_kept_exactly() -> None:
    x, noise = start(2, 3, 6, 6)
    known = torch.rand(2, 3, 6, 6, generator=torch.Generator().manual_seed(1)) * 2 - 1
    mask = (torch.arange(36).reshape(1, 1, 6, 6) % 3 > 0).float()
    process = DiffusionProcess(LINEAR.strided(30))
    out, _ = finish(inpaint(process, TwoHills(), x, noise, known, mask, 5, 3))
    keep = mask.bool().expand_as(known)
    assert torch.equal(out[keep], known[keep])
    assert not torch.isclose(out[~keep], known[~keep], atol=1e-3).any()
    hidden = torch.where(keep, known, torch.nan)
    x, noise = start(2, 3, 6, 6)
    again, _ = finish(inpaint(process, TwoHills(), x, noise, hidden, mask, 5, 3))
    assert torch.equal(out, again)


def test_nothing_known_is_ancestral_sampling() -> None:
    class EveryOther(PictureNoise):
        """Skips the draws that the known part uses."""

        def draw(self, shape: object) -> Tensor:
            drawn = super().draw(shape)  # type: ignore[arg-type]
            super().draw(shape)  # type: ignore[arg-type]
            return drawn

    process = DiffusionProcess(LINEAR.strided(30))
    x = torch.ones(1, 1, 4, 4)
    nothing = torch.zeros(1, 1, 4, 4)
    noise = PictureNoise(5, [0], "cpu")
    a, _ = finish(inpaint(process, TwoHills(), x, noise, x, nothing, resamplings=1))
    b, _ = finish(ancestral(process, TwoHills(), x, EveryOther(5, [0], "cpu")))
    assert torch.equal(a, b)


def test_resampling_makes_both_parts_agree() -> None:
    """Resampling brings the unknown half far closer to the known one, which it truly equals."""
    count = 64
    x, noise = start(count, 1, 2, 2)
    known = 0.5 * torch.randn(count, 1, 1, 1, generator=torch.Generator().manual_seed(3))
    known = known.expand(count, 1, 2, 2)
    mask = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    process = DiffusionProcess(LINEAR.strided(60), variance="fixed_small", clip_x0=False)
    errors = []
    for resamplings in (1, 8):
        walk = inpaint(process, TwinDenoiser(0.25), x, noise, known, mask, 4, resamplings)
        out, _ = finish(walk)
        errors.append(float((out - known)[:, :, 1].square().mean().sqrt()))
    assert errors[1] < 0.5 * errors[0]
    assert errors[1] < 0.12


def test_a_picture_does_not_depend_on_its_batch() -> None:
    process = DiffusionProcess(LINEAR.strided(20))
    mask = torch.eye(4)
    results = []
    for numbers in ([3, 1, 2], [1]):
        noise = PictureNoise(9, numbers, "cpu")
        x = noise.draw((1, 4, 4))
        out, _ = finish(inpaint(process, TwoHills(), x, noise, torch.zeros_like(x), mask, 4, 2))
        results.append(out)
    torch.testing.assert_close(results[0][1:2], results[1], rtol=1e-5, atol=1e-6)


def test_frames() -> None:
    x, noise = start(1, 1, 4, 4)
    schedule = LINEAR.strided(12)
    walk = inpaint(
        DiffusionProcess(schedule), TwoHills(), x, noise, torch.zeros_like(x), torch.eye(4), 4, 3
    )
    out, frames = finish(walk)
    assert [f.index for f in frames] == list(range(len(frames)))
    assert {f.total for f in frames} == {len(frames) - 1}
    assert frames[0].t == 1000
    assert frames[-1].t == 0
    assert torch.equal(frames[-1].x_t, out)
    assert {f.t for f in frames} == {*(schedule.timesteps + 1).tolist(), 0}


def test_path() -> None:
    assert jump_schedule(5, 10, 10) == [5, 4, 3, 2, 1, 0]
    assert jump_schedule(4, 2, 2) == [4, 3, 2, 1, 2, 3, 2, 1, 0]
    assert jump_schedule(4, 1, 2) == [4, 3, 4, 3, 2, 3, 2, 1, 2, 1, 0]
    path = jump_schedule(250, 10, 10)
    assert {abs(a - b) for a, b in itertools.pairwise(path)} == {1}
    down = sum(b < a for a, b in itertools.pairwise(path))
    assert down == 250 + 24 * 9 * 10
    assert path[-1] == 0
    # 231 is the highest t from which ten steps up still end below or at 250.
    turns = [b for a, b, c in zip(path, path[1:], path[2:], strict=False) if a > b < c]
    assert sorted(set(turns)) == list(range(1, 232, 10))
    assert {turns.count(t) for t in turns} == {9}


@pytest.mark.parametrize(
    ("T", "jump", "resamplings"), [(1, 1, 3), (5, 1, 3), (12, 4, 2), (7, 10, 5)]
)
def test_the_finished_picture_is_never_noised_again(T: int, jump: int, resamplings: int) -> None:
    """t = 0 is reached once: resampling only while t > 1 [RePaint Algorithm 1]."""
    assert jump_schedule(T, jump, resamplings).count(0) == 1


def test_jumps_of_one_are_algorithm_1() -> None:
    """For t = T … 1 and u = 1 … U: one step down, and up again if u < U and t > 1."""
    T, U, path = 6, 3, [6]
    for t in range(T, 0, -1):
        for u in range(1, U + 1):
            if u == 1 or t > 1:
                path.append(t - 1)
            if u < U and t > 1:
                path.append(t)
    assert jump_schedule(T, 1, U) == path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"known": torch.zeros(1, 1, 5, 4)}, "not"),
        ({"mask": torch.full((4, 4), 0.5)}, "0 and 1 alone"),
        ({"mask": torch.full((4, 4), float("nan"))}, "0 and 1 alone"),
        ({"mask": torch.ones(3, 3)}, "mask has shape"),
        ({"jump": 0}, "must be 1 or more"),
        ({"resamplings": 0}, "must be 1 or more"),
    ],
)
def test_refusals(changes: dict[str, object], message: str) -> None:
    x, noise = start(1, 1, 4, 4)
    options = {"known": torch.zeros(1, 1, 4, 4), "mask": torch.ones(4, 4), **changes}
    walk = inpaint(DiffusionProcess(LINEAR), TwoHills(), x, noise, **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=message):
        next(walk)


@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_known_pixels_have_the_noise_of_their_t_going_down_and_up(scale: float) -> None:
    class Scaled(PictureNoise):
        def draw(self, shape: object) -> Tensor:
            return scale * super().draw(shape)  # type: ignore[arg-type]

    seen: list[tuple[int, Tensor]] = []

    def model(x: Tensor, t: Tensor) -> Tensor:
        seen.append((int(t[0]), x))
        return TwoHills()(x, t)

    x, known = torch.zeros(1, 1, 64, 64), torch.full((1, 1, 64, 64), 0.7)
    process, noise = DiffusionProcess(LINEAR.strided(12)), Scaled(0, [0], "cpu")
    finish(inpaint(process, model, x, noise, known, torch.ones(64, 64), 4, 3))
    for label, x_t in seen[1:]:
        bar = float(alphas_cumprod()[label])
        spread = scale * (1 - bar)
        assert float(x_t.mean()) == pytest.approx(bar**0.5 * 0.7, abs=1e-6 + 5 * spread**0.5 / 64)
        assert float(x_t.var()) == pytest.approx(spread, rel=0.11, abs=1e-12)
