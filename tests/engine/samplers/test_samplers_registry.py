"""All registered samplers through one interface: trajectory, frames, noise and refusals."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, PictureNoise
from ddpm_studio.engine.samplers import SAMPLERS, Frame, grid
from ddpm_studio.engine.samplers.run_sampler import run_sampler
from tests.engine.gaussian import GaussianDenoiser, impulses
from tests.engine.walking import finish

SHORT = NoiseSchedule.named("linear_scaled", 100)
LINEAR = NoiseSchedule.linear()


class Mixer:
    """Float32 network whose output at a pixel depends on its neighbours and on t."""

    def __init__(self, T: int = 100) -> None:
        self.labels: set[int] = set()
        self.T = T

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        assert t.dtype == torch.long
        self.labels.update(t.tolist())
        return torch.sin(2 * x + x.roll(1, -1)) + (t / self.T).reshape(-1, 1, 1, 1) * x


def draw(
    name: str, numbers: list[int], steps: int | None = None, t: int | None = None, seed: int = 3
) -> tuple[Tensor, list[Frame]]:
    noise = PictureNoise(seed, numbers, "cpu")
    x = noise.draw((2, 4, 4))
    return finish(
        run_sampler(SAMPLERS[name], DiffusionProcess(SHORT), Mixer(), x, noise, steps, t=t)
    )


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize(
    ("steps", "t"), [(None, None), (30, None), (7, 61), (1, None), (1, 1), (2, 2), (None, 5)]
)
def test_way(name: str, steps: int | None, t: int | None) -> None:
    out, frames = draw(name, [0, 1], steps, t)
    total = len(frames) - 1
    assert total == (steps or min(SAMPLERS[name].default_steps or 100, t or 100))
    assert [f.index for f in frames] == list(range(total + 1))
    assert {f.total for f in frames} == {total}
    times = [f.t for f in frames]
    assert times[0] == (t or 100)
    assert times[-1] == 0
    assert all(a > b for a, b in itertools.pairwise(times))
    assert torch.equal(frames[-1].x_t, out)
    assert torch.equal(frames[-1].x0_hat, out)
    for f in frames:
        assert f.x_t.shape == f.x0_hat.shape == f.eps.shape == (2, 2, 4, 4)
        assert f.x_t.dtype == torch.float32
        assert f.x_t.isfinite().all()
        assert f.x0_hat.abs().max() <= 1 or f.t == 0


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_picture_depends_on_its_seed_and_number_alone(name: str) -> None:
    steps = 20 if SAMPLERS[name].default_steps is None else None
    among, _ = draw(name, [4, 9, 7], steps)
    alone, _ = draw(name, [9], steps)
    again, _ = draw(name, [4, 9, 7], steps)
    other, _ = draw(name, [9], steps, seed=4)
    assert torch.equal(among, again)
    torch.testing.assert_close(among[1:2], alone, rtol=1e-5, atol=1e-5)
    assert not torch.allclose(alone, other, atol=1e-2)


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_network_sees_only_labels_it_was_trained_with(name: str) -> None:
    model, noise = Mixer(1000), PictureNoise(0, [0], "cpu")
    x = noise.draw((1, 4, 4))
    finish(run_sampler(SAMPLERS[name], DiffusionProcess(LINEAR), model, x, noise, 7, t=700))
    assert max(model.labels) == 699
    # A few-step student's last step is not a small one.
    assert SAMPLERS[name].few_step or min(model.labels) == 0


@pytest.mark.parametrize("name", SAMPLERS)
def test_deterministic_ones_draw_nothing(name: str) -> None:
    class Counting(PictureNoise):
        draws = 0

        def draw(self, shape: object) -> Tensor:
            self.draws += 1
            return torch.zeros(1, 1, 4, 4)

    noise = Counting(0, [0], "cpu")
    process = DiffusionProcess(SHORT)
    finish(run_sampler(SAMPLERS[name], process, Mixer(), torch.ones(1, 1, 4, 4), noise, 10))
    assert (noise.draws == 0) == SAMPLERS[name].deterministic


@pytest.mark.parametrize("name", SAMPLERS)
def test_stops_by_at_a_t(name: str) -> None:
    noise = PictureNoise(0, [0], "cpu")
    x = noise.draw((1, 4, 4))
    walk = run_sampler(
        SAMPLERS[name], DiffusionProcess(SHORT), Mixer(), x, noise, 7, t=90, through=38
    )
    times = [f.t for f in finish(walk)[1]]
    assert 38 in times
    assert len(times) in (8, 9)
    assert times == sorted(times, reverse=True)


def test_eta_reaches_ddim() -> None:
    process = DiffusionProcess(LINEAR, variance="fixed_small", clip_x0=False)
    model = GaussianDenoiser(0.25)
    a, _ = finish(run_sampler(SAMPLERS["ddim"], process, model, *impulses(30), 30, eta=1.0))
    b, _ = finish(run_sampler(SAMPLERS["ddpm"], process, model, *impulses(30), 30))
    torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("ddim", {"eta": -0.1}, "eta must be 0..1"),
        ("ddim", {"eta": float("nan")}, "eta must be 0..1"),
        ("ddpm", {"eta": 0.5}, "has no eta"),
        ("ddpm", {"steps": 0}, "steps must be 1..100"),
        ("heun", {"steps": 101}, "steps must be 1..100"),
        ("dpm++2m", {"steps": 9, "t": 8}, "steps must be 1..8"),
        ("ode", {"steps": 101}, "steps must be 1..100"),
        ("ode", {"t": 0}, "t must be 1..100"),
        ("pc", {"t": 101}, "t must be 1..100"),
        ("ddpm", {"t": 50, "through": 51}, "go through must be 0..50"),
    ],
)
def test_refusals(name: str, options: dict[str, float], message: str) -> None:
    noise = PictureNoise(0, [0], "cpu")
    x = torch.ones(1, 1, 4, 4)
    with pytest.raises(ValueError, match=message):
        run_sampler(SAMPLERS[name], DiffusionProcess(SHORT), Mixer(), x, noise, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("keep", [grid.uniform, grid.karras, grid.log_snr])
@pytest.mark.parametrize("schedule", [LINEAR, SHORT, NoiseSchedule.cosine(1000)])
def test_grids_keep_as_many_as_asked(keep: object, schedule: NoiseSchedule) -> None:
    assert callable(keep)
    for t in (1, 2, 3, 40, schedule.T):
        for steps in {1, min(2, t), min(3, t), min(18, t), max(1, t - 1), t}:
            kept = keep(schedule, steps, t).tolist()
            assert len(kept) == steps
            assert kept == sorted(set(kept))
            assert kept[-1] == t - 1
            assert kept[0] == 0 or steps == 1


def test_grids_have_their_spacing() -> None:
    """Karras and log-SNR grids over the linear schedule's σ range, EDM's .0100005 .. 157.407."""
    sigmas = LINEAR.sigmas
    assert float(sigmas[0]) == pytest.approx(0.0100005, rel=1e-6)
    assert float(sigmas[-1]) == pytest.approx(157.407, rel=3e-6)
    ramp = torch.linspace(0, 1, 18, dtype=torch.float64)
    edm = (157.407 ** (1 / 7) + (1 - ramp) * (0.0100005 ** (1 / 7) - 157.407 ** (1 / 7))) ** 7
    kept = sigmas[grid.karras(LINEAR, 18)]
    # As near as the trained levels allow: within half a step of theirs.
    torch.testing.assert_close(kept[6:], edm[6:], rtol=0.02, atol=0)
    torch.testing.assert_close(kept, edm, rtol=0.02, atol=0.004)
    gaps = sigmas[grid.log_snr(LINEAR, 18)].log().diff()
    assert float(gaps[4:].std() / gaps.mean()) < 0.05
