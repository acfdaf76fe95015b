"""Toy 2-D diffusion: point distributions in the plane that are learned in seconds.

N points are stored as one picture of two channels and N pixels, shape (1, 2, N, 1), so that every
sampler accepts them. Each distribution has mean 0 and about unit variance along each axis.
"""

from __future__ import annotations

import math
from typing import Literal, cast, get_args

import torch
from torch import Tensor, nn

from ddpm_studio.engine.checks import check_integer, check_name
from ddpm_studio.engine.schedules.schedule import NoiseSchedule

Shape = Literal["eight_gaussians", "moons", "spiral"]

GAUSSIANS, GAUSSIAN_STD = 8, 0.1
# Variance along each axis is 1: that of the means on the ring plus that of each Gaussian.
RING_RADIUS = math.sqrt(2 * (1 - GAUSSIAN_STD**2))
SPIRAL_TURNS, SPIRAL_STD = 2, 0.03
# r = 2√u has E[r²] = 2: a second moment of 1 along each axis.
_SPIRAL_SCALE = 2.0
_TOTAL_ANGLE = 2 * math.pi * SPIRAL_TURNS
# ∫ 2s·(2s cos ωs) ds and its sine over s = √u in 0..1, for a whole number of turns ω/2π.
_SPIRAL_MEAN = (8 / _TOTAL_ANGLE**2, -4 / _TOTAL_ANGLE)
_MOON_MEAN, _MOON_STD, _MOON_NOISE = (0.5, 0.25), (0.867, 0.495), 0.06
_KERNEL_STD = 0.03


def draw_points(shape: Shape, count: int, generator: torch.Generator) -> Tensor:
    """Sample points x_0 of a toy distribution, shape (count, 2)."""
    check_name("distribution", shape, get_args(Shape))
    check_integer("count", count, 1)
    u = torch.rand(count, generator=generator)
    noise = torch.randn(count, 2, generator=generator)
    match shape:
        case "eight_gaussians":
            centres = gaussian_centres()
            component = torch.randint(GAUSSIANS, (count,), generator=generator)
            return centres[component] + GAUSSIAN_STD * noise
        case "spiral":
            return spiral_at(u) + SPIRAL_STD * noise
        case "moons":
            upper = torch.rand(count, generator=generator) < 0.5
            angle = math.pi * u
            x = torch.where(upper, angle.cos(), 1 - angle.cos())
            y = torch.where(upper, angle.sin(), 0.5 - angle.sin())
            points = torch.stack([x, y], 1) + _MOON_NOISE * noise
            return (points - torch.tensor(_MOON_MEAN)) / torch.tensor(_MOON_STD)


def resample(points: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Sample from a kernel density around points drawn by hand, (M, 2) → (count, 2).

    Raises:
        ValueError: if there are no points.
    """
    if len(points) == 0:
        raise ValueError("there are no points to learn from")
    chosen = points[torch.randint(len(points), (count,), generator=generator)]
    return chosen + _KERNEL_STD * torch.randn(count, 2, generator=generator)


def gaussian_centres() -> Tensor:
    """Means of the eight Gaussians, shape (8, 2)."""
    angle = torch.arange(GAUSSIANS) * (2 * math.pi / GAUSSIANS)
    return RING_RADIUS * torch.stack([angle.cos(), angle.sin()], 1)


def spiral_at(u: Tensor) -> Tensor:
    """Points of the spiral's curve at u in 0..1 from its centre outwards, (N,) → (N, 2)."""
    radius = _SPIRAL_SCALE * u.sqrt()
    angle = _TOTAL_ANGLE * u.sqrt()
    points = torch.stack([radius * angle.cos(), radius * angle.sin()], 1)
    return points - torch.tensor(_SPIRAL_MEAN)


def mixture_score(x: Tensor, schedule: NoiseSchedule, index: int) -> Tensor:
    """Score ∇ log q(x_t) of the eight Gaussians, in closed form.

    q(x_t) is again a mixture: means √ᾱ_t μ, variance ᾱ_t σ² + 1 − ᾱ_t.

    Args:
        x: points, shape (N, 2).
        schedule: noise schedule.
        index: t − 1.
    """
    alpha_bar = float(schedule.alphas_cumprod[index])
    variance = alpha_bar * GAUSSIAN_STD**2 + float(schedule.one_minus_alphas_cumprod[index])
    offsets = math.sqrt(alpha_bar) * gaussian_centres()[None] - x[:, None]
    weights = torch.softmax(-offsets.square().sum(2) / (2 * variance), dim=1)
    return (weights[..., None] * offsets).sum(1) / variance


def mixture_log_density(x: Tensor, schedule: NoiseSchedule, index: int) -> Tensor:
    """Log-density log q(x_t) of the eight Gaussians in nats, in closed form.

    Args:
        x: points, shape (N, 2).
        schedule: noise schedule.
        index: t − 1; −1 for the data, x_0.
    """
    alpha_bar, noise = 1.0, 0.0
    if index >= 0:
        alpha_bar = float(schedule.alphas_cumprod[index])
        noise = float(schedule.one_minus_alphas_cumprod[index])
    variance = alpha_bar * GAUSSIAN_STD**2 + noise
    offsets = math.sqrt(alpha_bar) * gaussian_centres()[None] - x[:, None]
    log_densities = -offsets.square().sum(2) / (2 * variance)
    return torch.logsumexp(log_densities, dim=1) - math.log(GAUSSIANS * 2 * math.pi * variance)


def expected_noise(
    x_0: Tensor, x_t: Tensor, others: Tensor, schedule: NoiseSchedule, index: Tensor
) -> Tensor:
    """Stable target E[ε|x_t] over x_0 and other data points, of lower variance than ε.

    Each point is weighted by its likelihood of having become x_t; in the limit of many others, the
    squared error has the same minimum as with ε [stable target field, Xu et al. 2023, eq. 9].

    Args:
        x_0: points, shape (N, 2).
        x_t: their noisy versions, shape (N, 2).
        others: independent data points, shape (M, 2).
        schedule: noise schedule.
        index: t − 1 of each point, shape (N,).
    """
    signal = schedule.sqrt_alphas_cumprod.float()[index, None]
    noise = schedule.sqrt_one_minus_alphas_cumprod.float()[index, None]
    # log N(x_t; √ᾱ x, (1−ᾱ) I) up to terms that do not depend on x, times 1−ᾱ.
    own_logits = (
        signal * (x_t * x_0).sum(1, keepdim=True) - (signal * x_0).square().sum(1)[:, None] / 2
    )
    other_logits = signal * (x_t @ others.T) - signal.square() * others.square().sum(1) / 2
    weights = torch.softmax(torch.cat([own_logits, other_logits], 1) / noise.square(), 1)
    mean = weights[:, :1] * x_0 + weights[:, 1:] @ others
    return (x_t - signal * mean) / noise


def as_picture(points: Tensor) -> Tensor:
    """Convert points, (N, 2), to the single picture, (1, 2, N, 1), that samplers accept."""
    return points.T[None, :, :, None]


def as_points(picture: Tensor) -> Tensor:
    """Convert a picture of points, (1, 2, N, 1), back to points, (N, 2)."""
    return picture[0, :, :, 0].T


class PointNet(nn.Module):
    """MLP that predicts ε̂ for each pixel (point) independently, from its coordinates and t.

    The inputs are the coordinates and their Fourier features, without which so small a network
    would blur fine structure; at each t a feature is attenuated as by the noise,
    E[sin k(x+σz)] = e^{−k²σ²/2} sin kx. The output is a correction to the optimal linear prediction
    for data of unit variance, √(1−ᾱ_t) x_t [similar to the preconditioning of EDM, §5]. The noise
    level ln σ_t enters as low-frequency Fourier features, so that neighbouring t share what is
    learned.

    Args:
        schedule: noise schedule of the forward process.
        width: width of the hidden layers.
    """

    _LEVEL_FREQUENCIES = (0.25, 0.5, 1.0, 2.0)
    _FREQUENCIES = (1.0, 2.0, 4.0, 8.0)

    def __init__(self, schedule: NoiseSchedule, width: int = 128) -> None:
        super().__init__()
        self.level: Tensor
        self.signal: Tensor
        self.noise: Tensor
        self.left: Tensor
        self.register_buffer("signal", schedule.sqrt_alphas_cumprod.float())
        self.register_buffer("noise", schedule.sqrt_one_minus_alphas_cumprod.float())
        frequencies = torch.tensor(self._FREQUENCIES, dtype=torch.float64)
        damping = torch.exp(
            -0.5 * schedule.one_minus_alphas_cumprod[:, None] * frequencies.square()
        )
        self.register_buffer("left", damping.float())
        level = schedule.log_sigmas[:, None] * torch.tensor(
            self._LEVEL_FREQUENCIES, dtype=torch.float64
        )
        self.register_buffer("level", torch.cat([level.sin(), level.cos()], 1).float())
        self.time = nn.Linear(2 * len(self._LEVEL_FREQUENCIES), width)
        self.place = nn.Linear(2 + 4 * len(self._FREQUENCIES), width)
        self.hidden = nn.Sequential(
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, 2),
        )

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Map x_t, shape (B, 2, H, W), and labels 0..T−1, shape (B,), to ε̂ of x_t's shape."""
        time = self.time(self.level[t])
        position = x.movedim(1, 3)
        damping = self.left[t][:, None, None, :, None]
        phase = position[..., None, :] * position.new_tensor(self._FREQUENCIES)[:, None]
        features = torch.cat([damping * phase.sin(), damping * phase.cos()], -1).flatten(3)
        hidden = self.place(torch.cat([position, features], 3)) + time[:, None, None]
        residual = cast(Tensor, self.hidden(hidden)).movedim(3, 1)
        signal, noise = (table[t][:, None, None, None] for table in (self.signal, self.noise))
        return noise * x + signal * residual
