"""Training losses: L_simple, L_vlb, L_hybrid, and min-SNR weighting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Protocol, cast
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_like, check_positive
from ddpm_studio.engine.levels import IndexCoefficients, SigmaCoefficients, check_range, extract
from ddpm_studio.engine.likelihood.bound import reverse_bits
from ddpm_studio.engine.parameterizations.named import names_where
from ddpm_studio.engine.process import Denoiser, DiffusionProcess
from ddpm_studio.engine.tables import LOSSES, TIMESTEP_SAMPLING
from ddpm_studio.engine.tables.losses import GAMMA

# Weight of L_vlb in L_hybrid [IDDPM §3.1].
_VLB_SHARE = 0.001

# Kept alive as long as its process: a CUDA graph of the step reads the table's copy on the device.
_min_snr_tables: WeakKeyDictionary[DiffusionProcess, dict[float, Tensor]] = WeakKeyDictionary()


def check_loss(process: DiffusionProcess, loss: str, timestep_sampling: str = "uniform") -> None:
    """Check that a loss trains the whole network and is compatible with the sampling of t.

    Raises:
        ValueError: if not; the message gives the reason.
    """
    _check_timestep_sampling(process, loss, timestep_sampling)
    info = LOSSES[loss]
    if process.learned and not info.learned:
        fitting = " or ".join(repr(name) for name, entry in LOSSES.items() if entry.learned)
        raise ValueError(f"the loss {loss!r} teaches a learned variance nothing; use {fitting}")
    if not process.learned and not info.fixed:
        raise ValueError(
            f"the loss {loss!r} needs a learned variance; {process.variance!r} is fixed"
        )
    if info.needs_signal and process.schedule.zero_terminal_snr:
        raise ValueError(
            f"the loss {loss!r} weighs each t by its signal, of which zero terminal SNR leaves "
            "none at T: where sampling begins nothing would be learnt"
        )


def _check_timestep_sampling(process: DiffusionProcess, loss: str, sampling: str) -> None:
    if not TIMESTEP_SAMPLING[sampling].continuous:
        return
    if not process.form.continuous:
        fitting = names_where(lambda form: form.continuous)
        raise ValueError(
            f"the choice of t {sampling!r} draws σ between the timesteps, where a network of the "
            f"parameterization {process.parameterization!r} has no label; "
            f"use {' or '.join(map(repr, fitting))}"
        )
    if LOSSES[loss].stepwise:
        raise ValueError(
            f"the choice of t {sampling!r} draws σ between the timesteps, and the loss {loss!r} is "
            "of the step from one to the next"
        )


class LossFunction(Protocol):
    """Signature of a loss function; with the option ``gamma`` it takes that as a keyword too."""

    def __call__(
        self, process: DiffusionProcess, model: Denoiser, x0: Tensor, level: Tensor, noise: Tensor
    ) -> Tensor:
        """Return the loss of each picture, shape (N,); see :func:`l_simple`."""
        ...


@dataclass(frozen=True)
class TrainingLoss:
    """Loss function by name, a callable with the signature of :func:`l_simple`.

    Args:
        loss: a name of :data:`ddpm_studio.engine.tables.LOSSES`.
        gamma: cap γ on the signal-to-noise ratio, for a loss that has one.

    Raises:
        ValueError: for an unknown name, or a γ that is not above 0.
    """

    loss: str = "simple"
    gamma: float = GAMMA.default

    def __post_init__(self) -> None:
        LOSSES[self.loss]  # Raises for an unknown name.
        check_positive("γ", self.gamma)

    @cached_property
    def _function(self) -> LossFunction:
        info = LOSSES[self.loss]
        function = info.load()
        configured = partial(function, gamma=self.gamma) if info.accepts(GAMMA.name) else function
        return cast(LossFunction, configured)

    def __call__(
        self,
        process: DiffusionProcess,
        model: Denoiser,
        x0: Tensor,
        level: Tensor,
        noise: Tensor,
    ) -> Tensor:
        """Return the loss of each picture, shape (N,)."""
        return self._function(process, model, x0, level, noise)


def l_simple(
    process: DiffusionProcess, model: Denoiser, x0: Tensor, level: Tensor, noise: Tensor
) -> Tensor:
    """L_simple: mean squared error of the prediction, per picture [DDPM eq. 14].

    x_t and the error are computed in the precision of ``x0``: in half precision √(1−ᾱ) would vanish
    for the first timesteps.

    Args:
        process: forward process q and parameterisation.
        model: the network.
        x0: pictures in [−1, 1], shape (N, C, H, W), float32; or other data of shape (N, …).
        level: t − 1, int64, or σ, floating, where the parameterisation is continuous; shape (N,).
        noise: ε ~ N(0, I), shape of x0.

    Returns:
        Loss of each picture, shape (N,).

    Raises:
        ValueError: if a shape does not match or the level is out of range.
    """
    x_t = _noised(process, x0, level, noise)
    prediction, _ = process.split(_output(process, model, x_t, level), x_t)
    return _squared_error(process, prediction, x0, x_t, level, noise)


def l_min_snr(
    process: DiffusionProcess,
    model: Denoiser,
    x0: Tensor,
    level: Tensor,
    noise: Tensor,
    gamma: float = GAMMA.default,
) -> Tensor:
    """L_simple with min-SNR-γ weighting, so that easy timesteps don't dominate [Hang et al. 2023].

    Arguments and result as in :func:`l_simple`; ``gamma`` caps the signal-to-noise ratio.
    """
    weights = min_snr_weights(process, level, x0, gamma)
    return l_simple(process, model, x0, level, noise) * weights


def l_vlb(
    process: DiffusionProcess, model: Denoiser, x0: Tensor, level: Tensor, noise: Tensor
) -> Tensor:
    """Variational-bound loss T·L_{t−1} in bits/dim; its mean over t is the bound less L_T.

    [DDPM eq. 5]. Arguments and result as in :func:`l_simple`, but the level is an index, since
    L_{t−1} belongs to a discrete step.
    """
    x_t = _noised(process, x0, level, noise)
    return _scaled_bound(process, _output(process, model, x_t, level), x0, x_t, level)


def l_hybrid(
    process: DiffusionProcess, model: Denoiser, x0: Tensor, level: Tensor, noise: Tensor
) -> Tensor:
    """Hybrid loss L_simple + .001·L_vlb [IDDPM eq. 16]; L_simple alone for a fixed variance.

    Arguments and result as in :func:`l_simple`.
    """
    x_t = _noised(process, x0, level, noise)
    prediction, v = process.split(_output(process, model, x_t, level), x_t)
    simple = _squared_error(process, prediction, x0, x_t, level, noise)
    if v is None:
        return simple
    # Stop-gradient on μ, which is trained by L_simple alone: the bound's gradient is far noisier.
    detached = torch.cat([prediction.detach(), v], dim=1)
    return simple + _VLB_SHARE * _scaled_bound(process, detached, x0, x_t, level)


def _noised(process: DiffusionProcess, x0: Tensor, level: Tensor, noise: Tensor) -> Tensor:
    check_like("the noise", noise, "x_0", x0)
    return process.q_sample(x0, level, noise)


def _output(process: DiffusionProcess, model: Denoiser, x_t: Tensor, level: Tensor) -> Tensor:
    return process.predict(model, x_t, level).to(x_t.dtype)


def _squared_error(
    process: DiffusionProcess,
    prediction: Tensor,
    x0: Tensor,
    x_t: Tensor,
    level: Tensor,
    noise: Tensor,
) -> Tensor:
    error = prediction - process.target(x0, x_t, level, noise)
    return error.square().flatten(1).mean(1)


def min_snr_weights(
    process: DiffusionProcess, level: Tensor, like: Tensor, gamma: float = GAMMA.default
) -> Tensor:
    """Min-SNR-γ weight of each picture's squared error: min(SNR, γ) on x̂_0's [Hang et al. 2023].

    The prediction's error is that of x̂_0 times a factor that depends on the level alone, so the
    same objective has a different weight in each parameterisation.

    Returns:
        Shape (N,).

    Raises:
        ValueError: if γ is not above 0, or the level is out of range.
    """
    check_positive("γ", gamma)
    check_range(process.schedule, level)
    if level.is_floating_point():
        coefficients = SigmaCoefficients.of(level, like)
        return (coefficients.snr.clamp(max=gamma) / process.form.weight(coefficients)).reshape(-1)
    tables = _min_snr_tables.setdefault(process, {})
    if gamma not in tables:
        tables[gamma] = _min_snr_table(process, gamma)
    return torch.as_tensor(extract(tables[gamma], level, like)).reshape(-1)


def _min_snr_table(process: DiffusionProcess, gamma: float) -> Tensor:
    s = process.schedule
    coefficients = IndexCoefficients(s, torch.arange(s.T), s.snr)
    return s.snr.clamp(max=gamma) / process.form.weight(coefficients)


def _scaled_bound(
    process: DiffusionProcess, output: Tensor, x0: Tensor, x_t: Tensor, index: Tensor
) -> Tensor:
    # Clipping x̂_0 would zero its gradient; only sampling and measuring clip.
    unclipped = replace(process, clip_x0=False)
    return process.schedule.T * reverse_bits(unclipped, output, x0, x_t, index)
