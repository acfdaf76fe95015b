"""Zero terminal SNR: its schedule, training and sampling with it, and refused combinations."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, PictureNoise, TrainingLoss
from ddpm_studio.engine.continuous import ContinuousDenoiser
from ddpm_studio.engine.likelihood.bound import prior_bits
from ddpm_studio.engine.samplers import SAMPLERS, ancestral, ddim_inversion, edm_churn, grid, unipc
from ddpm_studio.engine.samplers.run_sampler import run_sampler
from ddpm_studio.engine.tables import PARAMETERIZATIONS
from tests.engine.gaussian import TwoHills, alphas_cumprod, impulses
from tests.engine.parameterizations.published import BestFlow
from tests.engine.walking import finish

LINEAR = NoiseSchedule.linear()
ZERO = LINEAR.with_zero_terminal_snr()
# Samplers that need σ or ln ᾱ at T.
NEED_SIGNAL = {"sde", "ode", "langevin", "consistency"}
# Of the rest, those that come close to the data's variance in 40 steps.
CLOSE = {"dpm++2m", "dpm++2m-sde", "dpm++3m", "dpm++3m-sde", "unipc"}


class GaussianPredictor:
    """Optimal predictor E[·|x_t] for data N(0, ¼), with the ᾱ of :data:`ZERO`."""

    def __init__(self, parameterization: str = "v") -> None:
        self.parameterization = parameterization

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        a = ZERO.alphas_cumprod[t].reshape(-1, 1, 1, 1).to(x.dtype)
        total = a / 4 + 1 - a
        match self.parameterization:
            case "v":
                return a.sqrt() * (1 - a).sqrt() * 0.75 / total * x
            case "mu":
                x0 = a.sqrt() / 4 / total * x
                return DiffusionProcess(ZERO, "mu").q_posterior_mean(x0, x, t)
            case _:
                return a.sqrt() / 4 / total * x


def hills(parameterization: str) -> TwoHills:
    model = TwoHills(parameterization)
    model.table = ZERO.alphas_cumprod
    return model


def test_tables() -> None:
    root = np.sqrt(alphas_cumprod())
    root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    np.testing.assert_allclose(ZERO.sqrt_alphas_cumprod.numpy(), root, rtol=1e-9, atol=1e-300)
    assert ZERO.zero_terminal_snr
    assert float(ZERO.betas[0]) == float(LINEAR.betas[0])
    assert float(ZERO.betas[-1]) == 1
    assert float(ZERO.alphas_cumprod[-1]) == float(ZERO.snr[-1]) == 0
    assert float(ZERO.sqrt_one_minus_alphas_cumprod[-1]) == 1
    assert float(ZERO.sigmas[-1]) == math.inf == -ZERO.lambdas[-1]
    # μ̃_T is √ᾱ_{T−1} x_0, and β̃_T the variance of the noise in x_{T−1}.
    assert float(ZERO.posterior_mean_coef_x_t[-1]) == 0
    assert float(ZERO.posterior_mean_coef_x0[-1]) == pytest.approx(root[-2], rel=1e-9)
    assert float(ZERO.posterior_variance[-1]) == pytest.approx(1 - root[-2] ** 2, rel=1e-9)
    again = ZERO.with_zero_terminal_snr()
    torch.testing.assert_close(again.betas, ZERO.betas, rtol=1e-9, atol=0)


def test_nothing_of_the_picture_is_left() -> None:
    process = DiffusionProcess(ZERO, "v")
    noise = torch.randn(2, 3, 4, 4)
    assert torch.equal(process.q_sample(torch.ones(2, 3, 4, 4), 999, noise), noise)
    assert prior_bits(process, torch.ones(2, 3, 4, 4)).tolist() == [0, 0]


def test_parts_of_it() -> None:
    assert ZERO.strided(10).zero_terminal_snr
    assert ZERO.strided(1).betas.tolist() == [1]
    below = ZERO.strided(10, t=999)
    assert not below.zero_terminal_snr
    assert bool(below.sigmas.isfinite().all())
    DiffusionProcess(below, "eps")


@pytest.mark.parametrize("keep", [grid.karras, grid.log_snr])
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 18, 999, 1000])
def test_grids_keep_t_on_top_of_the_rest(keep: object, steps: int) -> None:
    assert callable(keep)
    kept = keep(ZERO, steps).tolist()
    assert len(set(kept)) == steps
    assert kept == sorted(kept)
    assert kept[-1] == 999
    if steps > 3:
        assert kept[:-1] == keep(ZERO, steps - 1, 999).tolist()


@pytest.mark.parametrize("parameterization", ["v", "x0", "flow"])
@pytest.mark.parametrize("name", sorted(set(SAMPLERS) - NEED_SIGNAL))
@pytest.mark.parametrize("steps", [1, 2, 40])
def test_samplers(name: str, parameterization: str, steps: int) -> None:
    """For data N(0, ¼), one step gives the mean of the data and 40 steps its variance."""
    process = DiffusionProcess(ZERO, parameterization, "fixed_small", clip_x0=False)
    noise = PictureNoise(0, range(4), "cpu")
    x = noise.draw((1, 32, 32))
    model = BestFlow(0.25) if parameterization == "flow" else GaussianPredictor(parameterization)
    out, frames = finish(run_sampler(SAMPLERS[name], process, model, x, noise, steps))
    assert frames[0].t == 1000
    for frame in frames:
        for part in (frame.x_t, frame.x0_hat, frame.eps):
            assert bool(part.isfinite().all())
    if steps == 1:
        assert float(out.abs().max()) == 0
    if steps == 40:
        assert float(out.var()) == pytest.approx(0.25, rel=0.1 if name in CLOSE else 0.35)


def test_mean_prediction() -> None:
    process = DiffusionProcess(ZERO, "mu", "fixed_small", clip_x0=False)
    out, _ = finish(ancestral(process, GaussianPredictor("mu"), *impulses(1000)))
    expected, _ = finish(
        ancestral(replace(process, parameterization="v"), GaussianPredictor("v"), *impulses(1000))
    )
    torch.testing.assert_close(out, expected, rtol=1e-7, atol=1e-12)
    assert float(out.square().sum()) == pytest.approx(0.25, rel=0.03)


def test_multistep_methods_begin_anew_after_the_first_step() -> None:
    """The step from T is DDIM's; from T − 1 on, the steps are those of the schedule without T."""
    kept = grid.log_snr(ZERO, 30)
    process = DiffusionProcess(ZERO, "v", clip_x0=False)
    model = GaussianPredictor()
    x, noise = impulses(0)
    names = ("dpm++2m", "dpm++3m", "unipc", "heun", "euler", "ddim")
    for name in names:
        _, frames = finish(run_sampler(SAMPLERS[name], process, model, x, noise, kept))
        # x̂_0 is 0 at T, where x_T has no signal and the data's mean is the best prediction.
        bar = float(ZERO.alphas_cumprod[int(kept[-2])])
        assert float(frames[1].x_t.squeeze()) == pytest.approx(math.sqrt(1 - bar), rel=1e-12)
        if name == "unipc":
            below = replace(process, schedule=ZERO.keep(kept[:-1]))
            _, rest = finish(unipc(below, model, frames[1].x_t, noise))
            for a, b in zip(frames[1:], rest, strict=True):
                torch.testing.assert_close(a.x_t, b.x_t, rtol=1e-12, atol=0)


def test_churn_does_not_reach_t() -> None:
    process = DiffusionProcess(ZERO, "v")
    noise = PictureNoise(0, [0], "cpu")
    kept = grid.karras(ZERO, 20).tolist()
    walk = edm_churn(process, hills("v"), noise.draw((1, 4, 4)), noise, kept, s_tmax=math.inf)
    assert bool(finish(walk)[0].isfinite().all())


@pytest.mark.parametrize("parameterization", ["v", "x0", "mu", "flow"])
@pytest.mark.parametrize("loss", ["simple", "min_snr", "vlb"])
def test_losses_and_their_gradients(loss: str, parameterization: str) -> None:
    process = DiffusionProcess(ZERO, parameterization)
    weight = torch.tensor(0.3, requires_grad=True)

    def model(x: Tensor, t: Tensor) -> Tensor:
        return weight * x

    x0 = torch.rand(4, 1, 4, 4) * 2 - 1
    index = torch.tensor([0, 500, 998, 999])
    each = TrainingLoss(loss)(process, model, x0, index, torch.randn(4, 1, 4, 4))
    each.sum().backward()
    assert bool(each.isfinite().all())
    assert weight.grad is not None
    assert bool(weight.grad.isfinite())


@pytest.mark.parametrize("name", PARAMETERIZATIONS)
def test_what_begins_from_noise_alone_is_what_tells_x0_there(name: str) -> None:
    """Predictions of ε (x_T for any x_0) and of EDM (which is given ln σ = ∞) are refused."""
    form = PARAMETERIZATIONS[name].load()()
    if name in ("eps", "edm"):
        with pytest.raises(ValueError, match=f"predicts '{name}' .* 'x0', 'mu', 'v' or 'flow'"):
            DiffusionProcess(ZERO, name)
        with pytest.raises(ValueError, match=f"predicts '{type(form).__name__}' says nothing"):
            DiffusionProcess(ZERO, form)
        return
    x0, noise = torch.rand(2, 3, 4, 4) * 2 - 1, torch.randn(2, 3, 4, 4)
    for given in (name, form):
        process = DiffusionProcess(ZERO, given)
        x_t = process.q_sample(x0, 999, noise)
        target = process.target(x0, x_t, 999, noise)
        torch.testing.assert_close(process.reverse(target, x_t, 999).x0_hat, x0)


@pytest.mark.parametrize("name", sorted(NEED_SIGNAL))
def test_samplers_that_need_some_signal_are_refused(name: str) -> None:
    noise = PictureNoise(0, [0], "cpu")
    x, process = noise.draw((1, 4, 4)), DiffusionProcess(ZERO, "v")
    with pytest.raises(ValueError, match="zero terminal SNR"):
        finish(run_sampler(SAMPLERS[name], process, hills("v"), x, noise, 9))
    # Started below T, there is signal.
    out, _ = finish(run_sampler(SAMPLERS[name], process, hills("v"), x, noise, 9, t=900))
    assert bool(out.isfinite().all())


def test_what_else_is_refused() -> None:
    process = DiffusionProcess(ZERO, "v")
    with pytest.raises(ValueError, match="inversion begins where some signal is left"):
        next(ddim_inversion(process, hills("v"), torch.zeros(1, 1, 4, 4)))
    with pytest.raises(ValueError, match="probability flow begins where some signal"):
        ContinuousDenoiser(process, hills("v"))
    with pytest.raises(ValueError, match="stride it afterwards"):
        LINEAR.strided(10).with_zero_terminal_snr()
    with pytest.raises(ValueError, match="T of 2 or more"):
        NoiseSchedule.from_betas([0.1]).with_zero_terminal_snr()
    with pytest.raises(ValueError, match=r"β_T is 1, not 0\.2"):
        NoiseSchedule.from_betas([0.1, 0.2], zero_terminal_snr=True)
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        NoiseSchedule.from_betas([1.0, 1.0], zero_terminal_snr=True)
    assert NoiseSchedule.from_betas([0.1, 1.0], zero_terminal_snr=True).zero_terminal_snr
