"""Validation of the engine's arguments: wrong ones raise ValueError that names right ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ddpm_studio.engine import (
    EDM,
    BoundSums,
    DiffusionProcess,
    GuidedDenoiser,
    NoiseSchedule,
    PictureNoise,
    TrainingLoss,
    UNetConfig,
    bound_terms,
    ddim,
    density_bits,
    dequantise,
    encode,
    finish,
    flow_log_likelihood,
    heun,
    measure_bound,
    mix,
    mix_corners,
    noise_dequantised_bits,
    prior_bits,
    probability_flow,
    progressive_decoding,
    to_model,
    to_uint8,
)
from ddpm_studio.engine.likelihood.runge_kutta import dormand_prince
from ddpm_studio.engine.losses import check_loss, min_snr_weights
from ddpm_studio.engine.samplers import annealed_langevin, predictor_corrector

LINEAR = NoiseSchedule.linear(100)
EPS = DiffusionProcess(LINEAR)
X = torch.zeros(2, 1, 4, 4)
INDEX = torch.tensor([0, 99])
NOISE = PictureNoise(0, range(2), "cpu")
BY_CLASS = UNetConfig.tiny(8, 1).with_fields(num_classes=3)
LATENT = torch.zeros(1, 4, 4)


def model(x: Tensor, t: Tensor) -> Tensor:
    return x


def loss(x0: Tensor, index: Any, noise: Tensor, name: str = "simple") -> Tensor:
    return TrainingLoss(name)(EPS, model, x0, index, noise)


def decoded(x0: Tensor, t: list[int]) -> None:
    next(iter(progressive_decoding(EPS, model, x0, t, 0)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: TrainingLoss("VLB"), "no loss 'VLB'; there are simple, min_snr, vlb, hybrid"),
        (lambda: TrainingLoss("kl"), "no loss 'kl'; there are simple"),
        (lambda: TrainingLoss("min-snr"), "no loss 'min-snr'; there are simple"),
        (lambda: mix(LATENT, LATENT, torch.ones(1), "lerp"), "there are linear, spherical"),  # type: ignore[arg-type]
        (lambda: mix_corners(torch.zeros(4, 1, 4, 4), torch.ones(1), ""), "there are linear"),  # type: ignore[arg-type]
        (lambda: mix(LATENT, torch.zeros(1, 4, 5), torch.ones(1)), "shape of the one at λ = 0"),
        (lambda: mix(X, X, torch.ones(1)), r"a latent must have shape \(C, H, W\)"),
        (lambda: mix(LATENT, LATENT, torch.tensor(0.5)), r"λ must have shape \(K,\)"),
        (lambda: mix_corners(LATENT, torch.ones(1)), r"corners must have shape \(4, C, H, W\)"),
        (lambda: finish(ddim(EPS, model, X, NOISE, 2.0)), "eta must be 0..1, not 2.0"),
        (lambda: finish(ddim(EPS, model, X, NOISE, float("nan"))), "eta must be 0..1"),
        (lambda: EPS.q_sample(X, INDEX, X[:, :, :2]), "noise must have the shape of x_0"),
        (lambda: EPS.q_sample(X, INDEX[:1], X), r"level must have shape \(2,\), not \(1,\)"),
        (lambda: EPS.q_sample(X, INDEX.int(), X), "int64 index or a floating σ, not torch.int32"),
        (lambda: EPS.q_sample(X, -INDEX, X), r"index t − 1 must be 0\.\.99, not -99\.\.0"),
        (lambda: EPS.q_sample(X, INDEX + 1, X), r"index t − 1 must be 0\.\.99, not 1\.\.100"),
        (lambda: EPS.q_sample(X, -1, X), r"index t − 1 must be 0\.\.99, not -1"),
        (lambda: EPS.q_sample(X, 100, X), r"index t − 1 must be 0\.\.99, not 100"),
        (lambda: EPS.q_step(X, -1, X), r"index t − 1 must be 0\.\.99, not -1"),
        (lambda: EPS.q_step(X, 100, X), r"index t − 1 must be 0\.\.99, not 100"),
        (lambda: EPS.q_sample(X, True, X), "level must be an int or a tensor, not bool"),
        (lambda: EPS.q_sample(X, torch.zeros(2), X), r"σ must be above 0 and finite"),
        (lambda: EPS.q_sample(X.long(), 1, X), "x_0 must be floating, not torch.int64"),
        (lambda: EPS.q_sample(torch.zeros(3), 1, torch.zeros(3)), r"\(N, C, H, W\) or \(N, …\)"),
        (lambda: EPS.target(X, X[:1], 3, X), "x_t must have the shape of x_0"),
        (lambda: EPS.reverse(X[:1], X, 3), "prediction must have the shape of x_t"),
        (lambda: EPS.reverse(X, X, torch.ones(2)), "the step from t to t − 1 needs an index"),
        (lambda: EPS.p_mean_variance(model, X, 100), r"0\.\.99"),
        (lambda: EPS.q_posterior_mean(X[:1], X, 3), "x_0 must have the shape of x_t"),
        (lambda: loss(X, INDEX, X[:1]), "noise must have the shape of x_0"),
        (lambda: loss(X, INDEX, X[:1], "vlb"), "noise must have the shape of x_0"),
        (lambda: loss(X, INDEX[0], X), r"level must have shape \(2,\), not \(\)"),
        (lambda: loss(X[:, 0, 0, 0], INDEX, X), "shape"),
        (lambda: min_snr_weights(EPS, INDEX, X, -1.0), "γ must be above 0"),
        (lambda: bound_terms(EPS, model, X, 100, X), r"0\.\.99"),
        (lambda: prior_bits(EPS, torch.zeros(3)), "x_0 must have shape"),
        (lambda: encode(EPS, X, 101, X), r"t must be 0\.\.100"),
        (lambda: encode(EPS, X, 2.0, X), r"t must be 0\.\.100"),  # type: ignore[arg-type]
        (lambda: finish(heun(EPS, model, X[0], NOISE)), r"x_t must have shape \(N, C, H, W\)"),
        (lambda: finish(ddim(EPS, model, X[:1], NOISE)), "1 pictures need as many streams"),
        (
            lambda: finish(predictor_corrector(EPS, model, X, NOISE, -1)),
            "corrections must be 0 or more",
        ),
        (lambda: finish(predictor_corrector(EPS, model, X, NOISE, 1, 0.0)), "must be above 0"),
        (lambda: finish(annealed_langevin(EPS, model, X, NOISE, 0)), "repeats must be 1 or more"),
        (
            lambda: finish(annealed_langevin(EPS, model, X, NOISE, 5, -1.0)),
            "step size must be above 0",
        ),
        (
            lambda: finish(probability_flow(EPS, model, X, NOISE, [100])),
            r"moment's index .* 0\.\.99",
        ),
        (lambda: finish(probability_flow(EPS, model, X, NOISE, None, 0.0)), "tolerance must be"),
        (lambda: finish(flow_log_likelihood(EPS, model, X, X[:1])), "probe must have the shape"),
        (lambda: dequantise(X, X[:1]), "u must have the shape of x_0"),
        (lambda: density_bits(torch.zeros(2), 0), "dimensions must be 1 or more"),
        (lambda: noise_dequantised_bits(EPS, model, X, X[:1], torch.zeros(2)), "shape of x_0"),
        (lambda: noise_dequantised_bits(EPS, model, X, X, torch.zeros(1)), r"shape \(2,\)"),
        (lambda: decoded(X, [1]), r"x_0 must have shape \(1, C, H, W\)"),
        (lambda: decoded(X[:1], [0]), r"t must be 1\.\.100"),
        (lambda: list(dormand_prince(lambda s, x: x, X, [0.0, 1.0], 1e-3)), "stops must fall"),
        (lambda: list(dormand_prince(lambda s, x: x, X, [1.0, 0.0], 0.0)), "must be above 0"),
        (lambda: BoundSums(100, 2, [0]), r"steps must be 3\.\.100"),
        (
            lambda: finish(
                measure_bound(
                    EPS, lambda _: model, lambda _: X, BoundSums(9, 3, [0]), seed=0, batch=1
                )
            ),
            "sums are of T = 9, the process of 100",
        ),
        (
            lambda: finish(
                measure_bound(
                    EPS, lambda _: model, lambda _: X, BoundSums(100, 3, [0]), seed=0, batch=1
                )
            ),
            r"pictures must have shape \(1, C, H, W\)",
        ),
        (lambda: PictureNoise(0, [], "cpu"), "at least one picture"),
        (lambda: to_model(torch.zeros(1, 4, 4, 1)), "pictures must be uint8"),
        (lambda: to_model(torch.zeros(4, 4, 1, dtype=torch.uint8)), r"\(N, H, W, C\)"),
        (lambda: to_uint8(LATENT), r"x must have shape \(N, C, H, W\)"),
        (lambda: to_uint8(X, 0.0), "scale must be above 0"),
        (
            lambda: GuidedDenoiser(model, BY_CLASS, torch.zeros(2)),  # type: ignore[arg-type]
            "classes must be whole numbers",
        ),
        (lambda: check_loss(EPS, "simple", "log_normal"), "no label; use 'edm' or 'flow'"),
        (
            lambda: check_loss(DiffusionProcess(LINEAR, "edm"), "vlb", "log_normal"),
            "the step from one to the next",
        ),
        (lambda: check_loss(EPS, "simple", "often"), "no choice of t 'often'; there are uniform"),
    ],
)
def test_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_a_loss_by_signal_needs_some_at_every_t() -> None:
    """min-SNR is refused at zero terminal SNR: its weight at T, where sampling begins, is 0."""
    zero = NoiseSchedule.linear(10).with_zero_terminal_snr()
    process = DiffusionProcess(zero, "v")
    check_loss(process, "simple")
    with pytest.raises(ValueError, match="zero terminal SNR leaves none at T"):
        check_loss(process, "min_snr")


def test_what_goes_together_is_not_refused() -> None:
    for name in ("edm", "flow"):
        process = DiffusionProcess(LINEAR, name)
        for choice in ("uniform", "loss_second_moment", "log_normal", "logit_normal"):
            check_loss(process, "simple", choice)
            check_loss(process, "min_snr", choice)
        check_loss(process, "vlb")
    check_loss(DiffusionProcess(LINEAR, EDM(1.0)), "simple", "log_normal")


@pytest.mark.parametrize("shape", [(6,), (3, 2), (1, 2, 3, 1)])
@pytest.mark.parametrize("name", ["simple", "min_snr", "vlb"])
@pytest.mark.parametrize("parameterization", ["eps", "edm"])
def test_the_loss_of_data_of_any_shape_is_each_ones_own(
    parameterization: str, name: str, shape: tuple[int, ...]
) -> None:
    """Losses of points and volumes are those of pictures of as many values, one per sample."""
    process = DiffusionProcess(LINEAR, parameterization)
    generator = torch.Generator().manual_seed(0)
    x0, noise = (torch.randn(5, 6, generator=generator, dtype=torch.float64) for _ in range(2))
    x0, index = x0.clamp(-0.9, 0.9), torch.tensor([0, 3, 50, 98, 99])

    def losses(*size: int) -> Tensor:
        def network(x: Tensor, t: Tensor) -> Tensor:
            return torch.tanh(x)

        data, eps = x0.reshape(5, *size), noise.reshape(5, *size)
        return TrainingLoss(name)(process, network, data, index, eps)

    np.testing.assert_allclose(losses(*shape), losses(6, 1, 1), rtol=1e-12)
