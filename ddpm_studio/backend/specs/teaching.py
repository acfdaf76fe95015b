"""Jobs of the Learn tab's chapters that follow the lecture."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from ddpm_studio.backend.spec import DeviceCall, DeviceSteps, JobSpec, PoolCall
from ddpm_studio.jobs.events import Event, Pictures
from ddpm_studio.jobs.teaching.results import (
    BoundEstimates,
    DiffusedPoints,
    FigureRows,
    ForwardChain,
    GapCurves,
    PosteriorSample,
    PosteriorTables,
    Predictions,
    SamplingStep,
    TrainingStep,
    TwoGaussians,
)
from ddpm_studio.requests import PictureMeasureRequest, SampleRequest

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore


def run_point_diffusion(seed: int) -> JobSpec[DiffusedPoints]:
    """Compute the forward diffusion of points, and their entropy."""

    def work() -> DiffusedPoints:
        from ddpm_studio.jobs.teaching import forward

        return forward.run_point_diffusion(seed)

    return JobSpec("Letting points diffuse", PoolCall(work), slot="learn spreading", listed=False)


def forward_chain(picture: Pictures, count: int, seed: int) -> JobSpec[ForwardChain]:
    """Draw the forward process of a picture (H, W, C) as a Markov chain, step by step."""

    def work() -> ForwardChain:
        from ddpm_studio.jobs.teaching import forward

        return forward.forward_chain(picture, count, seed)

    return JobSpec("Walking the chain", PoolCall(work), slot="learn chain", listed=False)


def posterior_tables() -> JobSpec[PosteriorTables]:
    """Compute the coefficients of the posterior mean μ̃ at each t."""

    def work() -> PosteriorTables:
        from ddpm_studio.jobs.teaching import forward

        return forward.posterior_tables()

    return JobSpec("Computing posteriors", PoolCall(work), slot="learn posteriors", listed=False)


def sample_posterior(picture: Pictures, t: int, seed: int) -> JobSpec[PosteriorSample]:
    """Draw one reverse step from the posterior q(x_{t−1} | x_t, x_0)."""

    def work() -> PosteriorSample:
        from ddpm_studio.jobs.teaching import forward

        return forward.sample_posterior(picture, t, seed)

    return JobSpec("Drawing one step", PoolCall(work), slot="learn posterior", listed=False)


def two_gaussians(
    q_mean: float, q_std: float, p_mean: float, p_std: float, reach: float
) -> JobSpec[TwoGaussians]:
    """Compare two Gaussians: densities and KL divergence."""

    def work() -> TwoGaussians:
        from ddpm_studio.jobs.teaching import gaussians

        return gaussians.two_gaussians(q_mean, q_std, p_mean, p_std, reach)

    return JobSpec("Comparing Gaussians", PoolCall(work), slot="learn gaussians", listed=False)


def gap_curves(std: float, steps: int, variance: str) -> JobSpec[GapCurves]:
    """Compute the variational gap of Gaussian data."""

    def work() -> GapCurves:
        from ddpm_studio.jobs.teaching import gaussians

        return gaussians.gap_curves(std, steps, variance)

    return JobSpec("Computing the gap", PoolCall(work), slot="learn gap", listed=False)


def bound_estimates(
    request: PictureMeasureRequest, picture: Pictures, chains: int, steps: int
) -> JobSpec[BoundEstimates]:
    """Estimate a picture's bound by equations 3 and 5, along chains of at most ``steps`` steps."""

    def work(models: ModelStore) -> Generator[Event, None, BoundEstimates]:
        from ddpm_studio.jobs.teaching import estimating

        return estimating.bound_estimates(request, picture, models, chains=chains, steps=steps)

    return JobSpec("Estimating the bound", DeviceSteps(work), slot="learn estimates")


def predictions(request: PictureMeasureRequest, picture: Pictures, t: int) -> JobSpec[Predictions]:
    """Compare the network's answer at t, as μ_θ, ε̂ and x̂_0, with the true values."""

    def work(models: ModelStore) -> Predictions:
        from ddpm_studio.jobs.teaching import estimating

        return estimating.predictions(request, picture, t, models)

    return JobSpec("Predicting", DeviceCall(work), slot="learn predictions", listed=False)


def training_step(
    request: PictureMeasureRequest, picture: Pictures, seed: int
) -> JobSpec[TrainingStep]:
    """Take one training step, with the intermediate values of Algorithm 1."""

    def work(models: ModelStore) -> TrainingStep:
        from ddpm_studio.jobs.teaching import algorithms

        return algorithms.training_step(request, picture, seed, models)

    return JobSpec("Algorithm 1", DeviceCall(work), slot="learn algorithm 1", listed=False)


def sampling_steps(request: SampleRequest) -> JobSpec[list[SamplingStep]]:
    """Draw a picture by Algorithm 2, with the intermediate values of each step."""

    def work(models: ModelStore) -> Generator[Event, None, list[SamplingStep]]:
        from ddpm_studio.jobs.teaching import algorithms

        return algorithms.sampling_steps(request, models)

    return JobSpec("Algorithm 2", DeviceSteps(work), slot="learn algorithm 2", listed=False)


def reverse_rows(request: SampleRequest) -> JobSpec[FigureRows]:
    """Draw a picture from noise, with intermediate states of the reverse process."""

    def work(models: ModelStore) -> Generator[Event, None, FigureRows]:
        from ddpm_studio.jobs.teaching import drawing

        return drawing.reverse_rows(request, models)

    return JobSpec("Drawing a reverse process", DeviceSteps(work), slot="learn reverse")


def result_rows(request: SampleRequest, t: int) -> JobSpec[FigureRows]:
    """Draw pictures as in Figures 6 to 8 of the paper."""

    def work(models: ModelStore) -> Generator[Event, None, FigureRows]:
        from ddpm_studio.jobs.teaching import drawing

        return drawing.result_rows(request, t, models)

    return JobSpec("Drawing the paper's figures", DeviceSteps(work), slot="learn results")


def step_rows(request: SampleRequest, steps: Sequence[int]) -> JobSpec[FigureRows]:
    """Draw pictures from the same noise with different numbers of steps."""

    def work(models: ModelStore) -> Generator[Event, None, FigureRows]:
        from ddpm_studio.jobs.teaching import drawing

        return drawing.step_rows(request, steps, models)

    return JobSpec("Drawing in fewer steps", DeviceSteps(work), slot="learn steps")
