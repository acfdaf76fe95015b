"""``run.json``: what a run is, enough to build its network and to go on with it."""

from __future__ import annotations

import math
import platform
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field

from ddpm_studio import __version__
from ddpm_studio.catalogue.data_formats import DATA_FORMATS
from ddpm_studio.catalogue.origins import from_file, missing, unknown_remedy
from ddpm_studio.catalogue.plugins import KINDS
from ddpm_studio.engine import NoiseSchedule
from ddpm_studio.engine.consistency.pairs import ConsistencyConfig
from ddpm_studio.engine.networks.network import Network, NetworkConfig
from ddpm_studio.engine.networks.registry import (
    build,
    common_fields,
    config_from,
    kind_of,
)
from ddpm_studio.engine.process import DiffusionProcess
from ddpm_studio.engine.tables import NETWORKS, PRESETS, UnknownNameError
from ddpm_studio.errors import StudioError, plain
from ddpm_studio.requests import (
    Parameterization,
    PrepareOptions,
    Sampler,
    Schedule,
    TrainRequest,
    Variance,
)
from ddpm_studio.runs.first_format import spelt_out

# Settings whose product is the pictures of a step.
_OF_A_STEP = ("batch_size", "accumulation")
_NEEDED_FOR_PROCESS = ("schedule", "parameterization", "variance")
#: Kinds of the catalogue without which a network can't be evaluated; the others train it.
NEEDED_TO_DRAW = (*_NEEDED_FOR_PROCESS, "network")
# Its network is written down, whatever the preset has become; its pictures may have been kept.
NEEDED_TO_TRAIN = tuple(kind for kind in KINDS if kind not in (PRESETS.kind, DATA_FORMATS.kind))


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataInfo(_Part):
    """Where the pictures came from and how they were prepared."""

    sources: tuple[str, ...]
    fingerprint: str
    count: int = Field(ge=1)
    class_names: tuple[str, ...] = ()
    options: PrepareOptions


class ProcessInfo(_Part):
    """The forward process and what the network predicts.

    ``clip_x0`` is False of an imported model that draws without clipping unless asked otherwise.
    """

    # In this order: no table has "betas", which is no unknown name.
    schedule: Annotated[Literal["betas"] | Schedule, Field(union_mode="left_to_right")]
    timesteps: int = Field(ge=2, le=10000)
    betas: tuple[float, ...] | None = Field(None, max_length=10000)
    parameterization: Parameterization = "eps"
    variance: Variance = "fixed_large"
    zero_terminal_snr: bool = False
    clip_x0: bool = Field(True, exclude_if=lambda clip: clip)

    def noise_schedule(self) -> NoiseSchedule:
        """Return the forward process's schedule, in float64; what is predicted need not be known.

        Raises:
            ValueError: if it is not known here, or the betas are missing or impossible.
        """
        if self.schedule != "betas":
            schedule = NoiseSchedule.named(self.schedule, self.timesteps)
            return schedule.with_zero_terminal_snr() if self.zero_terminal_snr else schedule
        if self.betas is None or len(self.betas) != self.timesteps:
            raise ValueError(f"schedule 'betas' needs {self.timesteps} of them")
        return NoiseSchedule.from_betas(self.betas, self.zero_terminal_snr)

    def build(self) -> DiffusionProcess:
        """Return the process.

        Raises:
            ValueError: as :meth:`noise_schedule`, or if what is predicted does not go with zero
                terminal SNR.
        """
        return DiffusionProcess(
            self.noise_schedule(), self.parameterization, self.variance, self.clip_x0
        )


class SettingsChange(_Part):
    """Settings with which a run went on after a step: what each was before, and since."""

    step: int = Field(ge=0)
    time: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    settings: dict[str, tuple[int | float | str | None, int | float | str | None]]


class StudentInfo(_Part):
    """Of which model a few-step student was tuned, how, and how it draws unless asked otherwise.

    ``teacher`` is the run at that time, ``teacher_id`` tells it wherever it lies, ``teacher_step``
    is that of its weights. The others are those of
    :class:`~ddpm_studio.engine.consistency.pairs.ConsistencyConfig`; ``stage_steps`` is None
    until the number of steps is known.
    """

    teacher: str
    teacher_id: str
    teacher_step: int = Field(ge=0)
    sampler: Sampler = "consistency"
    steps: int = Field(2, ge=1)
    stage_steps: int | None = Field(None, ge=1)
    stages: int = Field(8, ge=1)
    q: float = Field(2.0, ge=1)
    k: float = Field(8.0, ge=0)
    b: float = Field(1.0, ge=0)
    c: float = Field(0.00054, gt=0)
    p_mean: float = -1.1
    p_std: float = Field(2.0, gt=0)

    def planned(self, steps: int) -> StudentInfo:
        """Return the same with stages that are even parts of so many steps."""
        return self.model_copy(update={"stage_steps": max(1, steps // self.stages)})

    def tuning(self) -> ConsistencyConfig:
        """Return what decides each step, as the engine has it."""
        return ConsistencyConfig(
            stage_steps=self.stage_steps or 1,
            stages=self.stages,
            q=self.q,
            k=self.k,
            b=self.b,
            c=self.c,
            p_mean=self.p_mean,
            p_std=self.p_std,
        )


class SamplingDefaults(_Part):
    """Sampling defaults of a class-conditional run: its classes in turn, at this guidance.

    ``guidance`` is None where it follows from how many pictures the network has seen, see
    :func:`~ddpm_studio.jobs.drawing.sampling_defaults.usual_guidance`.
    """

    guidance: float | None = Field(1.0, ge=0, le=100)


class Published(_Part):
    """What a model that was packed to be shared says of itself; it has averaged weights alone.

    ``credits`` says whose the pictures are that it learnt; ``sample`` names the embedded set that
    goes with it, which tools are shown with where those pictures are not.
    """

    title: str
    license: str
    credits: str | None = None
    sample: str | None = None


class RunInfo(_Part):
    """The content of ``run.json``.

    ``network`` names its kind and the fields of that; one without a kind is 0.1.0's, the paper's
    U-Net. ``request`` and ``data`` are None for a model that was trained elsewhere; ``origin`` says
    where, and ``imported`` how its files were read: their layout, and what they do not say
    themselves. ``null_label`` is False where the weights say nothing of pictures whose class is
    not told. ``start_from`` is the run whose weights were fine-tuned. ``student`` is there if it
    is a few-step student; earlier versions say that such a run may come from a newer one.
    ``published`` is there if it was packed to be shared. ``drawing`` is there if it was trained
    with classes by a version that draws them where nothing else is asked. ``plugins`` are the
    entries of other packages that it was made with, such as {"schedule toy": "toy-plugin 1.0"}.
    ``changes`` tells, oldest first, with which other settings it went on; ``request`` has the last.
    """

    format_version: Literal[1, 2] = 2
    created: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    network: dict[str, Any]
    process: ProcessInfo
    request: TrainRequest | None = None
    data: DataInfo | None = None
    origin: str = ""
    imported: dict[str, int | float | str | bool | list[int] | None] = Field(
        default_factory=dict, exclude_if=lambda told: not told
    )
    null_label: bool = Field(True, exclude_if=lambda there: there)
    start_from: str | None = None
    student: StudentInfo | None = Field(None, exclude_if=lambda student: student is None)
    published: Published | None = Field(None, exclude_if=lambda published: published is None)
    drawing: SamplingDefaults | None = Field(None, exclude_if=lambda drawing: drawing is None)
    plugins: dict[str, str] = Field(default_factory=dict)
    changes: tuple[SettingsChange, ...] = ()
    versions: dict[str, str] = Field(
        default_factory=lambda: {
            "ddpm-studio": __version__,
            "torch": str(torch.__version__),
            "python": platform.python_version(),
        }
    )

    @classmethod
    def read(cls, told: dict[str, Any]) -> RunInfo:
        """Return what a file says, also one of version 0.1.0, or that names what is unknown here.

        Such names are in ``plugins``, as if the file had them there.

        Raises:
            ValueError: if it is none; a ValidationError where a field is wrong.
        """
        info, plugins = from_file(cls, spelt_out(told), told.get("plugins"))
        if info.network_kind not in NETWORKS:
            plugins.setdefault(f"{NETWORKS.kind} {info.network_kind}", "")
        return info.model_copy(update={"plugins": plugins})

    @property
    def learnt_withheld(self) -> bool:
        """Whether the network has learnt from pictures whose class was withheld."""
        request = self.request
        trained = request is not None and request.class_conditional and self.start_from is None
        return self.null_label and not (trained and request and request.label_dropout == 0)

    @property
    def plans(self) -> tuple[int, ...]:
        """How many steps in all were planned, each time that it went on to others."""
        told = [change.settings["steps"] for change in self.changes if "steps" in change.settings]
        before = [old for old, _ in told if isinstance(old, int)]
        return (*before, self.request.steps) if self.request is not None else ()

    def pictures_by(self, step: int) -> int:
        """Return how many pictures were trained on by a step, as the settings were until then."""
        if self.request is None:
            return 0
        seen = 0
        sizes: dict[str, int] = {name: getattr(self.request, name) for name in _OF_A_STEP}
        for change in reversed(self.changes):
            begun = min(change.step, step)
            seen += (step - begun) * math.prod(sizes.values())
            step = begun
            before = {name: change.settings[name][0] for name in sizes if name in change.settings}
            sizes |= {name: old for name, old in before.items() if isinstance(old, int)}
        return seen + step * math.prod(sizes.values())

    @property
    def network_kind(self) -> str:
        """The kind of network, also one that is not known here."""
        return kind_of(self.network)

    def network_basics(self) -> NetworkConfig:
        """Return what all kinds of networks have: the pictures' shape, classes, the variance.

        It is there for a kind that is not known here, too.

        Raises:
            ValueError: if a field is impossible.
        """
        return common_fields(self.network)

    def network_config(self) -> NetworkConfig:
        """Return the network's configuration.

        Raises:
            StudioError: if its kind is not known here.
            ValueError: if it is impossible.
        """
        try:
            return config_from(self.network)
        except UnknownNameError as error:
            raise StudioError(
                f"The network of this run is of the kind {plain(self.network_kind)}, unknown here.",
                f"{unknown_remedy()}; there are {', '.join(error.names)}.",
            ) from error

    def build_network(self) -> Network:
        """Return the network with fresh weights.

        Raises:
            StudioError: if its kind is not known here.
        """
        return build(self.network_config())

    def check(self) -> None:
        """Refuse an impossible network or process; what is not known here is none.

        Raises:
            ValueError: if one is impossible.
        """
        if self.network_kind in NETWORKS:
            self.network_config()
        self.network_basics()
        if not missing(self.plugins, _NEEDED_FOR_PROCESS):
            self.process.build()
