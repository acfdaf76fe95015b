"""Results of the computations for Learn, as dataclasses of plain arrays without torch."""

from __future__ import annotations

from dataclasses import dataclass, field

from ddpm_studio.jobs.events import Pictures, Points, Table

#: Numbers of steps, strided from the paper's schedule, for which the variational gap is shown.
#: With more, the last step's variance, chosen for discrete pixel levels, would widen it again.
GAP_STEPS = (2, 5, 10, 20, 50, 100, 200)


@dataclass(frozen=True, eq=False)
class DiffusedPoints:
    """Diffusing points of the plane, and the entropy of their distribution.

    ``moments`` are the points at t = 0 … T of one Markov chain, (N, 2) each; ``entropy`` is that of
    q(x_t) at t = 0 … T, in bits; ``gaussian_entropy`` that of N(0, I).
    """

    moments: tuple[Points, ...]
    entropy: Table
    gaussian_entropy: float


@dataclass(frozen=True, eq=False)
class ForwardChain:
    """States of one picture's Markov chain x_0, x_1, …, x_T at the times ``t``, rising from 0.

    ``distance`` is the root mean square of x_t − √ᾱ_t x_0, and ``expected`` is √(1−ᾱ_t), at each of
    these times.
    """

    t: tuple[int, ...]
    pictures: Pictures
    distance: Table
    expected: Table


@dataclass(frozen=True, eq=False)
class PosteriorSample:
    """Posterior q(x_{t−1}|x_t, x_0) of one picture at t, as pictures uint8 (H, W, C).

    ``weights`` are the coefficients of x_0 and of x_t in μ̃_t, ``std`` is √β̃_t.
    """

    t: int
    x_0: Pictures
    x_t: Pictures
    mean: Pictures
    drawn: Pictures
    weights: tuple[float, float]
    std: float


@dataclass(frozen=True, eq=False)
class PosteriorTables:
    """Posterior coefficients of μ̃_t and standard deviations at t = 1 … T, shape (T,) each."""

    of_x0: Table
    of_x_t: Table
    std: Table
    step_std: Table


@dataclass(frozen=True, eq=False)
class TwoGaussians:
    """Densities of two Gaussians over x, shape (K,) each, and their KL divergences in bits.

    ``part`` is q·log₂(q/p), whose area is KL(q‖p).
    """

    x: Table
    q: Table
    p: Table
    part: Table
    kl_qp: float
    kl_pq: float


@dataclass(frozen=True, eq=False)
class GapCurves:
    """Variational gap for data N(0, s²), in bits.

    At ``x``: the ``bound`` and −log p_θ(x_0) (``exact``). Over ``steps``: the mean gap over the
    data for each variance of the reverse step: ``large`` is β_t, ``small`` β̃_t.
    """

    x: Table
    bound: Table
    exact: Table
    gap: float
    steps: Table
    large: Table
    small: Table


@dataclass(frozen=True, eq=False)
class BoundEstimates:
    """Estimates of one picture's bound, in bits/dim, shape (N,) each, over a chain of ``steps``.

    By log-ratios along a chain [DDPM eq. 3, 22] and by KL divergences [eq. 5]; and both with a
    single t in place of the sum. ``t`` are the kept timesteps; ``ratio_std`` and ``divergence_std``
    are the standard deviations of a term at each.
    """

    by_ratios: Table
    by_divergences: Table
    one_ratio: Table
    one_divergence: Table
    t: Table
    ratio_std: Table
    divergence_std: Table


@dataclass(frozen=True, eq=False)
class Predictions:
    """Targets that can be predicted at t, and the network's predictions, as pictures by name.

    Pictures are (H, W, C). Names are "mu", "eps" and "x0"; ``rmse`` is the error of each in the
    network's range. ``factors`` are curves over t = 1 … T of the factor by which an error of ε̂
    counts in μ_θ and x̂_0.
    """

    t: int
    x_t: Pictures
    true: dict[str, Pictures]
    prediction: dict[str, Pictures]
    rmse: dict[str, float]
    factors: dict[str, Table]


@dataclass(frozen=True, eq=False)
class TrainingStep:
    """All values of one step of Algorithm 1, on a copy of the network.

    Pictures are (H, W, C). ``loss`` is the mean of (ε − ε_θ)² before the step and ``after`` that
    after it at the same x_t, ``gradient`` the norm of the gradient, ``rate`` the learning rate.
    """

    x_0: Pictures
    t: int
    eps: Pictures
    signal: float
    noise: float
    x_t: Pictures
    prediction: Pictures
    error: Pictures
    loss: float
    gradient: float
    rate: float
    after: float
    values: dict[str, float]


@dataclass(frozen=True, eq=False)
class SamplingStep:
    """All values of one iteration of Algorithm 2; pictures are (H, W, C).

    ``values`` are those in the middle of the pictures x_t, ε_θ, z and x_{t−1}, and so is ``sigma``;
    ``before`` is the t of the resulting picture.
    """

    t: int
    before: int
    x_t: Pictures
    prediction: Pictures
    z: Pictures
    x_before: Pictures
    alpha: float
    share: float
    sigma: float
    values: dict[str, float]


@dataclass(frozen=True, eq=False)
class FigureRows:
    """Rows of pictures of equal length, (N, H, W, C) each, by the key of the row.

    Args:
        rows: the pictures.
        t: t of the columns, if they are states of a reverse process.
        seconds: time in seconds that drawing each row took, if it was measured.
    """

    rows: dict[str, Pictures]
    t: tuple[int, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
