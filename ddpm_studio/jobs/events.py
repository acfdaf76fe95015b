"""Events that jobs yield: frozen dataclasses, with pictures as uint8.

Pictures are ``uint8`` (N, H, W, C) on the CPU; C: 1 gray, 3 RGB, 2 and 4 with alpha, or bands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ddpm_studio.jobs.drawing_events import BatchDrawn as BatchDrawn
from ddpm_studio.jobs.drawing_events import DrawingStarted as DrawingStarted
from ddpm_studio.jobs.frames import FrameImages as FrameImages
from ddpm_studio.progress import Progress as Progress

Pictures = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]
Table = npt.NDArray[np.float64]

BINS = 20
"""Number of equal parts of 1..T for which the mean loss is reported."""


@dataclass(frozen=True)
class Notice:
    """Message for the person that does not end the job, such as a warning."""

    text: str


@dataclass(frozen=True)
class PicturesLeftOut(Notice):
    """Warning that some pictures can't be used; redundant where reading them was shown."""


@dataclass(frozen=True)
class InfoNotice(Notice):
    """Information on how a request was understood or a default chosen; no warning."""


@dataclass(frozen=True)
class SavingFailed(Notice):
    """Warning that a training can't save itself; it continues in memory and tries again."""


@dataclass(frozen=True)
class RunStarted:
    """A training run exists on disk and starts or resumes at ``step``."""

    run: Path
    step: int
    total: int
    parameters: int
    device: str
    precision: str


@dataclass(frozen=True)
class TrainStep:
    """One optimiser step: loss and gradient norm as measured, learning rate as used."""

    step: int
    loss: float
    grad_norm: float
    lr: float

    @property
    def is_finite(self) -> bool:
        """Whether loss and gradient norm are finite; if not, the step was skipped."""
        return math.isfinite(self.loss) and math.isfinite(self.grad_norm)


@dataclass(frozen=True)
class TrainTick:
    """Throughput and load of a training, about twice a second.

    ``loss_by_t`` is the mean loss in ``BINS`` equal parts of 1..T since the last tick (NaN:
    no samples). ``cpu_load`` is the utilisation of all cores, ``device_load`` that of the GPU, in
    0..1; None where it is unknown. ``samples_in`` is the time in seconds until the next samples are
    drawn, None if none will be or it is unknown; ``threads`` counts CPU threads, None on a GPU.
    """

    step: int
    total: int
    images_per_second: float
    seconds_left: float
    memory_bytes: int
    loss_by_t: tuple[float, ...]
    cpu_load: float | None = None
    device_load: float | None = None
    samples_in: float | None = None
    threads: int | None = None


@dataclass(frozen=True)
class HeldOutMeasured:
    """Held-out loss and bits/dim at ``step``, on pictures that are not trained on.

    ``loss`` is the training loss of ``pictures``, at one fixed noise and noise level each; ``bits``
    is the variational bound in bits/dim of ``bits_pictures``, estimated from ``timesteps`` of T.
    """

    step: int
    loss: float
    bits: float
    pictures: int
    bits_pictures: int
    timesteps: int


@dataclass(frozen=True)
class CheckpointSaved:
    """A complete checkpoint is on the disk."""

    step: int
    path: Path


@dataclass(frozen=True)
class SampleGrid:
    """Samples of a training, from the same noise with raw and with EMA weights, and their PNG."""

    path: Path
    step: int
    raw: Pictures
    ema: Pictures


@dataclass(frozen=True, eq=False)
class Latent:
    """Latent x_t of one picture, float32 (1, C, H, W), with what continuing from it requires.

    ``t`` is 0..``timesteps``; ``model`` is the fingerprint of the network it belongs to and
    ``origin`` describes that in words. ``exact``: it was found by DDIM inversion, by the class
    ``class_label`` (None: without one), so that DDIM leads back from it to its picture if it is
    drawn by that class, without clipping and guidance.
    """

    x_t: npt.NDArray[np.float32]
    t: int
    timesteps: int
    model: str
    origin: str
    exact: bool = False
    class_label: int | None = None


@dataclass(frozen=True)
class DrawingResult:
    """Finished pictures with their recipe and, if they share one, the latent they started from.

    ``latent`` is the latent as pictures, for display; ``shared`` as numbers, for a file.
    """

    pictures: Pictures
    recipe: dict[str, object] = field(default_factory=dict)
    latent: Pictures | None = None
    shared: Latent | None = None


@dataclass(frozen=True, eq=False)
class InterleavedEvent:
    """Event of one of several drawings that advance in step; ``which`` counts from 0."""

    which: int
    event: DrawingStarted | FrameImages | Notice | DrawingResult


@dataclass(frozen=True, eq=False)
class PicturesRead:
    """Pictures read from files, each uint8 (H, W, C); None for a file that can't be read."""

    pictures: dict[Path, Pictures | None]


@dataclass(frozen=True)
class BitsMeasured:
    """The variational bound over the pictures measured so far, in bits/dim [DDPM eq. 5, Table 4].

    The tuples have one value for each evaluated t, from 1 up. ``bits`` is L_0, then L_{t−1};
    ``rate`` is the information in x_T..x_t; ``distortion`` is the RMSE of x̂_0 from x_t on 0..255;
    ``x0_mse`` is its square on [−1, 1]. ``middle`` is Σ L_{t−1} over t > 1, estimated if not
    all T were evaluated. Standard errors are over pictures, None for a single one. ``flow`` is
    the exact likelihood by the probability flow ODE, None if not requested or not yet computed.
    """

    pictures: int
    asked: int
    T: int
    total: float
    standard_error: float | None
    prior: float
    middle: float
    decoder: float
    t: tuple[int, ...]
    bits: tuple[float, ...]
    rate: tuple[float, ...]
    distortion: tuple[float, ...]
    x0_mse: tuple[float, ...]
    eps_mse: tuple[float, ...]
    flow: float | None = None
    flow_standard_error: float | None = None
    recipe: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class MeasuredFigure:
    """A metric of samples, with ``floor``, its value for as many real pictures, if there is one.

    ``better``: "lower" or "higher" if one of them is better, else "".
    """

    metric: str
    name: str
    title: str
    value: float
    floor: float | None
    better: str = ""


@dataclass(frozen=True)
class EvaluationResult:
    """Evaluation: metrics of samples compared with real pictures.

    ``step`` is that of the model that drew them, None for pictures from files. ``reference`` is
    the number of real pictures compared with, ``floor`` that of others used in place of samples
    for the floors; 0 if there were too few. ``features`` names the feature space,
    ``features_told`` holds its other settings that affect metrics; ``recipe`` is the request and
    identifies the pictures.
    """

    step: int | None
    samples: int
    reference: int
    floor: int
    features: str
    figures: tuple[MeasuredFigure, ...]
    features_told: dict[str, object] = field(default_factory=dict)
    recipe: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class DecodingResult:
    """Progressive decoding of one picture [DDPM §4.3, Fig. 5]; one value for each shown t.

    ``t`` falls from T to 1. ``rate`` is the information in x_T..x_t in bits/dim, ``distortion`` the
    RMSE of x̂_0 on 0..255; ``total`` is the whole bound of this picture.
    """

    t: tuple[int, ...]
    rate: tuple[float, ...]
    distortion: tuple[float, ...]
    x_t: Pictures
    x0_hat: Pictures
    total: float
    recipe: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class NeighboursFound:
    """Nearest training pictures to a picture, nearest first, mirrored where that is nearer.

    ``numbers`` are their indices in the prepared data set, ``names`` their names in the source,
    empty where unknown; ``distances`` are RMSE on 0..255; ``among_themselves`` is the distance of
    the nearest picture from its own nearest neighbour, or None in a set of one.
    """

    pictures: Pictures
    numbers: tuple[int, ...]
    names: tuple[str, ...]
    distances: tuple[float, ...]
    mirrored: tuple[bool, ...]
    among_themselves: float | None


@dataclass(frozen=True, eq=False)
class ScheduleTables:
    """Tables of a noise schedule; index i stands for t = i + 1, shape (T,) each.

    ``signal`` is √ᾱ_t and ``noise`` √(1−ᾱ_t): x_t = signal·x_0 + noise·ε.
    """

    betas: Table
    alphas_cumprod: Table
    signal: Table
    noise: Table
    snr: Table
    prior_bits: float | None = None
    """L_T of the given picture, the information about it left in x_T, in bits/dim."""


@dataclass(frozen=True, eq=False)
class NoisedPicture:
    """Picture and noise from which any of its x_t is mixed, each float32 (H, W, C).

    ``x_0`` is in [−1, 1], ``eps`` standard normal; ``eps_picture`` shows the noise, with ±3 mapped
    to the pixel range.
    """

    x_0: npt.NDArray[np.float32]
    eps: npt.NDArray[np.float32]
    eps_picture: Pictures


@dataclass(frozen=True, eq=False)
class BoundParts:
    """Terms of the variational bound of one picture, in bits/dim [DDPM eq. 5], and their weights.

    ``bits`` is L_0 at t = 1, then L_{t−1}, at the evaluated ``t``, shape (S,) each;
    ``middle`` is Σ_{t>1} L_{t−1} over all t. ``weights`` are those of ‖ε − ε_θ‖² in L_{t−1}
    [eq. 12] at every t from 1 up, shape (T,).
    """

    t: Table
    bits: Table
    prior: float
    middle: float
    decoder: float
    weights: Table


@dataclass(frozen=True, eq=False)
class StepGaussians:
    """Gaussians of one reverse step for values in [−1, 1], one per value: float32 (H, W, C).

    q(x_{t−1}|x_t, x_0) = N(``q_mean``, ``q_std``²) and p_θ(x_{t−1}|x_t) = N(``p_mean``,
    ``p_std``²); ``bits`` is their KL divergence. At t = 1 q is a point, its ``q_std`` 0, and
    ``bits`` is −log p_θ(x_0|x_1). ``picture`` is x_t.
    """

    t: int
    q_mean: npt.NDArray[np.float32]
    q_std: float
    p_mean: npt.NDArray[np.float32]
    p_std: npt.NDArray[np.float32]
    bits: npt.NDArray[np.float32]
    picture: Pictures


@dataclass(frozen=True, eq=False)
class PointTrajectory:
    """Trajectory of points: ``states`` are its states, of shape (N, 2), from the start on.

    ``shares`` rise from 0 to 1: the completed share, 1 − t/T for a reverse process.
    """

    shares: tuple[float, ...]
    states: tuple[Points, ...]

    def index_at(self, share: float) -> int:
        """Return the index of the last state reached at a completed share."""
        return max(0, int(np.searchsorted(self.shares, share + 1e-9, side="right")) - 1)


@dataclass(frozen=True, eq=False)
class PointScores:
    """Points of q(x_t), and at positions (G, 2) the learned score and, where known, the true one.

    ``cosine`` is the mean of both scores' cosine similarity at the points, where known.
    """

    points: Points
    learned: Points
    true: Points | None
    cosine: float | None


@dataclass(frozen=True, eq=False)
class PointTrainingState:
    """State of the 2-D playground's training: data and samples, float32 of shape (N, 2)."""

    step: int
    loss: float
    data: Points
    samples: Points


Event = (
    Progress
    | Notice
    | RunStarted
    | TrainStep
    | TrainTick
    | HeldOutMeasured
    | CheckpointSaved
    | SampleGrid
    | FrameImages
    | DrawingStarted
    | BatchDrawn
    | DrawingResult
    | InterleavedEvent
    | PicturesRead
    | BitsMeasured
    | PointTrainingState
)
