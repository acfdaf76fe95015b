"""``run.json``: metadata of a run, enough to build its network and to resume its training."""

from __future__ import annotations

import math
import platform
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, field_validator

from ddpm_studio import __version__
from ddpm_studio.catalogue.data_formats import DATA_FORMATS
from ddpm_studio.catalogue.origins import from_file, missing, unknown_remedy
from ddpm_studio.catalogue.plugins import KINDS
from ddpm_studio.engine import NoiseSchedule
from ddpm_studio.engine.consistency.pairs import ConsistencyConfig
from ddpm_studio.engine.networks.network import Network, NetworkConfig
from ddpm_studio.engine.networks.presets import preset_like
from ddpm_studio.engine.networks.registry import build, common_fields, config_from, kind_of
from ddpm_studio.engine.process import DiffusionProcess
from ddpm_studio.engine.tables import NETWORKS, PRESETS, VARIANCES, UnknownNameError
from ddpm_studio.errors import StudioError, printable
from ddpm_studio.picture_shape import PictureShape, parse_ranges
from ddpm_studio.requests import (
    Parameterization,
    PrepareOptions,
    Sampler,
    Schedule,
    TrainRequest,
    Variance,
)
from ddpm_studio.runs.legacy_format import fill_in_defaults

# Settings whose product is the number of pictures in a training step.
_BATCH_FIELDS = ("batch_size", "accumulation")
_NEEDED_FOR_PROCESS = ("schedule", "parameterization", "variance")
#: Kinds of catalogue entries needed to evaluate a network; other kinds are needed to train only.
NEEDED_TO_DRAW = (*_NEEDED_FOR_PROCESS, "network")
# Not presets, as the network is stored in full; nor data formats, as the data may be cached.
NEEDED_TO_TRAIN = tuple(kind for kind in KINDS if kind not in (PRESETS.kind, DATA_FORMATS.kind))


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataInfo(_Part):
    """The data of a training: sources, fingerprint, number of pictures, and preparation.

    ``ranges`` are the values of each dtype that became black and white, as of
    :attr:`ddpm_studio.data.Dataset.ranges`; None if there are none, or in runs of 0.2.0.
    """

    sources: tuple[str, ...]
    fingerprint: str
    count: int = Field(ge=1)
    class_names: tuple[str, ...] = ()
    options: PrepareOptions
    ranges: str | None = Field(None, max_length=1000, exclude_if=lambda ranges: ranges is None)

    @field_validator("ranges")
    @classmethod
    def _check_ranges(cls, text: str | None) -> str | None:
        if text is not None:
            parse_ranges(text)
        return text


class ProcessInfo(_Part):
    """The forward process, and the network's parameterisation and variance.

    ``clip_x0`` is False for an imported model that by default samples without clipping x̂_0.
    """

    # In this order, because "betas" is in no table but must not count as an unknown name.
    schedule: Annotated[Literal["betas"] | Schedule, Field(union_mode="left_to_right")]
    timesteps: int = Field(ge=2, le=10000)
    betas: tuple[float, ...] | None = Field(None, max_length=10000)
    parameterization: Parameterization = "eps"
    variance: Variance = "fixed_large"
    zero_terminal_snr: bool = False
    clip_x0: bool = Field(True, exclude_if=lambda clip: clip)

    def noise_schedule(self) -> NoiseSchedule:
        """Return the noise schedule, in float64, even if the parameterisation is unknown here.

        Raises:
            ValueError: if the schedule is unknown here, or the betas are missing or impossible.
        """
        if self.schedule != "betas":
            schedule = NoiseSchedule.named(self.schedule, self.timesteps)
            return schedule.with_zero_terminal_snr() if self.zero_terminal_snr else schedule
        if self.betas is None or len(self.betas) != self.timesteps:
            raise ValueError(f"schedule 'betas' needs {self.timesteps} of them")
        return NoiseSchedule.from_betas(self.betas, self.zero_terminal_snr)

    def build(self) -> DiffusionProcess:
        """Return the diffusion process.

        Raises:
            ValueError: as :meth:`noise_schedule`, or if the parameterisation is incompatible with
                zero terminal SNR.
        """
        return DiffusionProcess(
            self.noise_schedule(), self.parameterization, self.variance, self.clip_x0
        )


class SettingsChange(_Part):
    """Changed settings of a resumed run: the step, and the old and new value of each setting.

    ``pictures`` is the old and new number of pictures if it went on with other ones, else None.
    """

    step: int = Field(ge=0)
    time: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    settings: dict[str, tuple[int | float | str | None, int | float | str | None]]
    pictures: tuple[int, int] | None = Field(None, exclude_if=lambda counts: counts is None)


class StudentInfo(_Part):
    """Distillation of a few-step student: its teacher, its tuning, and its sampling defaults.

    ``teacher`` is the teacher's run folder at that time, ``teacher_id`` identifies the run wherever
    it is now, ``teacher_step`` is the step of its weights. ``sampler`` and ``steps`` are defaults
    for sampling. The others are the fields of
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
        """Return a copy whose stages are equal parts of the total number of steps."""
        return self.model_copy(update={"stage_steps": max(1, steps // self.stages)})

    def tuning(self) -> ConsistencyConfig:
        """Return the engine's configuration of consistency tuning."""
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


class BaseInfo(_Part):
    """Base model of a fine-tuning: the step of its weights, and the content of its ``run.json``.

    The content is stored as it was, so that the training of the base can be reproduced from the
    fine-tuned run alone; :meth:`RunInfo.read` parses it.
    """

    step: int = Field(ge=0)
    run: dict[str, Any]


class SamplingDefaults(_Part):
    """Sampling defaults of a class-conditional run: its classes in turn, at this guidance.

    ``guidance`` is None if it depends on how many pictures the network has seen, see
    :func:`~ddpm_studio.jobs.drawing.sampling_defaults.default_guidance`.
    """

    guidance: float | None = Field(1.0, ge=0, le=100)


class Published(_Part):
    """Metadata of a published model, which has averaged (EMA) weights only.

    ``credits`` gives owner and licence of its training pictures; ``sample`` names the embedded set
    that suits the model, which tools use where the training pictures are not available.
    """

    title: str
    license: str
    credits: str | None = None
    sample: str | None = None


class RunInfo(_Part):
    """The content of ``run.json``.

    ``network`` holds the network's kind and that kind's fields; without a kind, as in 0.1.0, it is
    the paper's U-Net. ``request`` and ``data`` are None for a model that was trained elsewhere;
    ``origin`` gives where, and ``imported`` how its files were read: their layout, and settings
    that they don't contain. ``data`` describes the pictures that it was begun with, which identify
    it, ``resumed_data`` those that it last went on with, if others. ``null_label`` is False if the
    weights have no null label (prediction without a class). ``start_from`` is the run whose weights
    were fine-tuned, and ``base`` describes it; earlier versions recorded no ``base``. ``student``
    is set for a few-step student; earlier versions report that such a run may come from a newer
    one. ``published`` is set for a model packed for sharing. ``drawing`` is set for a run trained
    with classes by a version that draws all classes by default. ``plugins`` are the plug-in entries
    that it was made with, such as {"schedule toy": "toy-plugin 1.0"}. ``changes`` lists the
    settings and pictures changed when it was resumed, oldest first; ``request`` has the latest
    values.
    """

    format_version: Literal[1, 2] = 2
    created: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    network: dict[str, Any]
    process: ProcessInfo
    request: TrainRequest | None = None
    data: DataInfo | None = None
    resumed_data: DataInfo | None = Field(None, exclude_if=lambda data: data is None)
    origin: str = ""
    imported: dict[str, int | float | str | bool | list[int] | None] = Field(
        default_factory=dict, exclude_if=lambda content: not content
    )
    null_label: bool = Field(True, exclude_if=lambda value: value)
    start_from: str | None = None
    base: BaseInfo | None = Field(None, exclude_if=lambda base: base is None)
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
    def read(cls, content: dict[str, Any]) -> RunInfo:
        """Parse the content of a ``run.json``, also of version 0.1.0, or with unknown entries.

        Names of catalogue entries that are unknown here are added to ``plugins``.

        Raises:
            ValueError: if it is no ``run.json``; a ValidationError if a field is wrong.
        """
        info, plugins = from_file(cls, fill_in_defaults(content), content.get("plugins"))
        if info.network_kind not in NETWORKS:
            plugins.setdefault(f"{NETWORKS.kind} {info.network_kind}", "")
        return info.model_copy(update={"plugins": plugins})

    @property
    def newest_data(self) -> DataInfo | None:
        """The data set that it was trained on last; None if it was trained elsewhere."""
        return self.resumed_data or self.data

    @property
    def has_learnt_null_label(self) -> bool:
        """Whether the network has learnt to predict without a class (the null label)."""
        request = self.request
        trained = request is not None and request.class_conditional and self.start_from is None
        return self.null_label and not (trained and request and request.label_dropout == 0)

    @property
    def fixed_variance(self) -> str | None:
        """The default variance of ancestral steps; None if no other can be chosen in its place.

        That is so if the network has learned it, and for a few-step student, which has no such
        steps.
        """
        variance = self.process.variance
        learned = variance in VARIANCES and VARIANCES[variance].learned
        return None if learned or self.student is not None else variance

    @property
    def plans(self) -> tuple[int, ...]:
        """The planned total numbers of steps: the first, then one for each change on resuming."""
        totals = [change.settings["steps"] for change in self.changes if "steps" in change.settings]
        previous = [old for old, _ in totals if isinstance(old, int)]
        return (*previous, self.request.steps) if self.request is not None else ()

    def pictures_seen_at(self, step: int) -> int:
        """Return how many pictures were trained on up to a step, at the batch sizes of the time."""
        if self.request is None:
            return 0
        seen = 0
        sizes: dict[str, int] = {name: getattr(self.request, name) for name in _BATCH_FIELDS}
        for change in reversed(self.changes):
            change_step = min(change.step, step)
            seen += (step - change_step) * math.prod(sizes.values())
            step = change_step
            previous = {name: change.settings[name][0] for name in sizes if name in change.settings}
            sizes |= {name: old for name, old in previous.items() if isinstance(old, int)}
        return seen + step * math.prod(sizes.values())

    @property
    def network_kind(self) -> str:
        """The name of the kind of network, even if it is unknown here."""
        return kind_of(self.network)

    def network_basics(self) -> NetworkConfig:
        """Return the fields common to all networks: picture shape, classes, learned variance.

        They are available even if the kind of network is unknown here.

        Raises:
            ValueError: if a field is impossible.
        """
        return common_fields(self.network)

    @property
    def picture_shape(self) -> PictureShape:
        """The shape of the pictures, with whether their channels are bands if that is known."""
        basics = self.network_basics()
        are_bands = self.data is not None and self.data.options.channels == "bands"
        return PictureShape(basics.height, basics.width, basics.channels, are_bands)

    def network_config(self) -> NetworkConfig:
        """Return the network's configuration.

        Raises:
            StudioError: if its kind is unknown here.
            ValueError: if it is impossible.
        """
        try:
            return config_from(self.network)
        except UnknownNameError as error:
            raise StudioError(
                f"The network of this run is of the kind {printable(self.network_kind)}, unknown "
                "here.",
                f"{unknown_remedy()}; there are {', '.join(error.names)}.",
            ) from error

    def is_made_by(self, preset: str) -> bool:
        """Whether a preset makes this network, whatever its classes, dropout and augmentation."""
        if preset not in PRESETS or self.network_kind not in NETWORKS:
            return False
        config = self.network_config()
        try:
            return preset_like(preset, config, config.shape) == config
        except ValueError:
            return False

    @property
    def preset(self) -> str | None:
        """The preset that made the network; None if it was trained elsewhere, or its base was.

        A fine-tuning has its base's network, whatever preset its request names.
        """
        if self.request is None:
            return None
        name = self.request.preset
        has_own_network = self.start_from is None
        # A preset that is unknown here can't be compared.
        return name if has_own_network or name not in PRESETS or self.is_made_by(name) else None

    def training_settings(self) -> dict[str, Any]:
        """Return the settings of the training by field of its request; empty if it was elsewhere.

        The preset, None if there is none, and the schedule are those of the network, which a
        fine-tuning has from its base.
        """
        if self.request is None:
            return {}
        return {**dict(self.request), "preset": self.preset, "schedule": self.process.schedule}

    def build_network(self) -> Network:
        """Build the network with newly initialised weights.

        Raises:
            StudioError: if its kind is unknown here.
        """
        return build(self.network_config())

    def check(self) -> None:
        """Check that network and process are possible; unknown entries are not checked.

        Raises:
            ValueError: if one is impossible.
        """
        if self.network_kind in NETWORKS:
            self.network_config()
        self.network_basics()
        if not missing(self.plugins, _NEEDED_FOR_PROCESS):
            self.process.build()
