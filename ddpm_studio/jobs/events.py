"""Events of jobs: small frozen values, pictures already uint8.

Pictures are ``uint8`` (N, H, W, C) on the CPU; C: 1 gray, 3 RGB, 2 and 4 with alpha, or bands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ddpm_studio.jobs.drawing_events import BatchDrawn as BatchDrawn
from ddpm_studio.jobs.drawing_events import DrawingBegun as DrawingBegun
from ddpm_studio.jobs.frames import FrameImages as FrameImages
from ddpm_studio.progress import Progress as Progress

Pictures = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]
Table = npt.NDArray[np.float64]

BINS = 20
"""In how many equal parts of 1..T the loss is told."""


@dataclass(frozen=True)
class Notice:
    """Something a person should know while the job goes on."""

    text: str


@dataclass(frozen=True)
class PicturesLeftOut(Notice):
    """Some pictures can't be used: what reading them has told already, where that was seen."""


@dataclass(frozen=True)
class Told(Notice):
    """How something was understood, or decided where nothing was asked: no cause for concern."""


@dataclass(frozen=True)
class SavingFailed(Notice):
    """A training can't save itself: it goes on in memory and tries again."""


@dataclass(frozen=True)
class RunStarted:
    """A training run exists on disk and begins at ``step``."""

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
    def finite(self) -> bool:
        """False for a step that was skipped."""
        return math.isfinite(self.loss) and math.isfinite(self.grad_norm)


@dataclass(frozen=True)
class TrainTick:
    """Upkeep figures, about twice a second.

    ``loss_by_t`` is the mean loss in ``BINS`` equal parts of 1..T since the last tick (NaN:
    none seen). ``cpu_load`` is the busy share of all cores, ``device_load`` that of the GPU, in
    0..1; None where it can't be told. ``samples_in`` are the seconds until the next samples are
    drawn, None if none will be, or it is not known; ``threads`` those of the CPU, None on a GPU.
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
    """What the network, as it is at ``step``, makes of pictures that it is not trained on.

    ``loss`` is the training's own, of ``pictures`` at one noise and level each, the same each time;
    ``bits`` is the bound in bits/dim of ``bits_pictures``, estimated from ``timesteps`` of T.
    """

    step: int
    loss: float
    bits: float
    pictures: int
    bits_pictures: int
    timesteps: int


@dataclass(frozen=True)
class CheckpointSaved:
    """A whole checkpoint is on the disk."""

    step: int
    path: Path


@dataclass(frozen=True)
class SampleGrid:
    """Samples during training from the same noise, drawn with raw and with EMA weights.

    ``path`` is the PNG that they are saved in.
    """

    path: Path
    step: int
    raw: Pictures
    ema: Pictures


@dataclass(frozen=True, eq=False)
class Latent:
    """x_t of one picture, float32 of shape (1, C, H, W), and what it takes to go on from it.

    ``t`` is 0..``timesteps``; ``model`` is the fingerprint of the network it belongs to;
    ``origin`` says in words which that was. ``exact``: DDIM without clipping leads back from it
    to the picture that it was found for.
    """

    x_t: npt.NDArray[np.float32]
    t: int
    timesteps: int
    model: str
    origin: str
    exact: bool = False


@dataclass(frozen=True)
class Drawn:
    """Finished pictures, how they were made and, where shared, the latent they came from.

    ``latent`` is it as pictures, for people; ``shared`` as numbers, for a file.
    """

    pictures: Pictures
    recipe: dict[str, object] = field(default_factory=dict)
    latent: Pictures | None = None
    shared: Latent | None = None


@dataclass(frozen=True, eq=False)
class Beside:
    """What one of several drawings tells that go on in step; ``which`` counts from 0."""

    which: int
    event: DrawingBegun | FrameImages | Notice | Drawn


@dataclass(frozen=True, eq=False)
class PicturesRead:
    """Pictures out of files, each uint8 (H, W, C); None for a file that can't be read."""

    pictures: dict[Path, Pictures | None]


@dataclass(frozen=True)
class BitsMeasured:
    """The bound over the pictures measured so far, in bits/dim [DDPM eq. 5, Table 4].

    The tuples have one value for each evaluated t, from 1 up. ``bits`` is L_0, then L_{t−1};
    ``rate`` is what x_T..x_t tell; ``distortion`` is the RMSE of x̂_0 from x_t on 0..255;
    ``x0_mse`` is its square on [−1, 1]. ``middle`` is Σ L_{t−1} over t > 1, estimated if not
    all T were evaluated. Standard errors are over pictures, None for a single one. ``flow`` is
    the exact figure by the probability flow, None if not asked for or not there yet.
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
    """A figure of samples, and ``floor``, the same one of as many real pictures, if there is one.

    ``better``: "lower" or "higher" where one of them is better, else "".
    """

    metric: str
    name: str
    title: str
    value: float
    floor: float | None
    better: str = ""


@dataclass(frozen=True)
class Evaluated:
    """What samples are like, compared with real pictures.

    ``step`` is of the model that drew them, None for pictures out of files. ``reference`` real
    pictures were compared with, ``floor`` others stood in for samples to tell the floors; 0: there
    were too few. ``features`` names the feature space, ``features_told`` what else decides figures
    in it; ``recipe`` is what was asked for and of which pictures.
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
class Decoded:
    """Progressive decoding of one picture [DDPM §4.3, Fig. 5]; one value for each shown t.

    ``t`` falls from T to 1. ``rate`` is what x_T..x_t tell in bits/dim, ``distortion`` the
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
    """The training pictures nearest to a picture, nearest first, mirrored where that is nearer.

    ``numbers`` are their places in the prepared set, ``names`` what they are called where they
    come from, empty where that is not known; ``distances`` are RMSE on 0..255;
    ``among_themselves`` is how far the nearest of them is from its own nearest other, or None
    in a set of one.
    """

    pictures: Pictures
    numbers: tuple[int, ...]
    names: tuple[str, ...]
    distances: tuple[float, ...]
    mirrored: tuple[bool, ...]
    among_themselves: float | None


@dataclass(frozen=True, eq=False)
class ScheduleTables:
    """The forward process of one schedule; index i stands for t = i + 1, shape (T,) each.

    ``signal`` is √ᾱ_t and ``noise`` √(1−ᾱ_t): x_t = signal·x_0 + noise·ε.
    """

    betas: Table
    alphas_cumprod: Table
    signal: Table
    noise: Table
    snr: Table
    prior_bits: float | None = None
    """L_T of the picture that was asked about: what x_T still tells of it, in bits/dim."""


@dataclass(frozen=True, eq=False)
class NoisedPicture:
    """What any x_t of one picture is mixed from: float32 of shape (H, W, C) each.

    ``x_0`` is in [−1, 1], ``eps`` standard normal; ``eps_picture`` is it with ±3 mapped to the
    pixel range.
    """

    x_0: npt.NDArray[np.float32]
    eps: npt.NDArray[np.float32]
    eps_picture: Pictures


@dataclass(frozen=True, eq=False)
class BoundParts:
    """The bound of one picture, in bits/dim [DDPM eq. 5], and what its terms weigh.

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
    """One step for each value of one picture: float32 (H, W, C), the network's range [−1, 1].

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
class PointWalk:
    """Points on their way: ``moments`` of shape (N, 2) each, the first at the start.

    ``shares`` rise from 0 to 1: how much of the way is done, 1 − t/T for a reverse process.
    """

    shares: tuple[float, ...]
    moments: tuple[Points, ...]

    def at(self, share: float) -> int:
        """The last moment that a share of the way has reached."""
        return max(0, int(np.searchsorted(self.shares, share + 1e-9, side="right")) - 1)


@dataclass(frozen=True, eq=False)
class PointLook:
    """The points of q(x_t) and, at places (G, 2), the learned score and the true one if known.

    ``cosine`` is the mean of both scores' cosine similarity at the points, where known.
    """

    points: Points
    learned: Points
    true: Points | None
    cosine: float | None


@dataclass(frozen=True, eq=False)
class PointsLearned:
    """The 2-D playground after some steps: data and samples, float32 of shape (N, 2)."""

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
    | DrawingBegun
    | BatchDrawn
    | Drawn
    | Beside
    | PicturesRead
    | BitsMeasured
    | PointsLearned
)
