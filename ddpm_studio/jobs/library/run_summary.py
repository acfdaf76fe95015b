"""Run summary: a run at a glance."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path

from ddpm_studio.catalogue.origins import missing
from ddpm_studio.engine.tables import NETWORKS
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.sampling_defaults import usual_guidance
from ddpm_studio.runs import Checkpoint, RunFolder
from ddpm_studio.runs.classes import known_classes, needs_class
from ddpm_studio.runs.weights import parameters


@dataclass(frozen=True)
class RunSummary:
    """What ``info`` tells of a run as it was last saved; None where it is not known.

    ``network`` is its kind, ``parameters`` None for a kind that is not known here.
    ``classes`` are those of the pictures, ``known_classes`` those that the network can draw;
    ``needs_class``: one of them alone; ``guidable``: also by guidance; ``guidance``: by which they
    are drawn, in turn, where nothing else is asked.
    ``plugins`` are the entries of other packages that it was made with, by kind and name, and
    where they come from; ``missing`` those of them that are not here. Of a few-step student
    ``teacher`` is the run that it was made of, ``sampler`` and ``sampler_steps`` how it draws.
    ``clip_x0``: whether x̂₀ is clipped where nothing else is asked.
    ``title`` and ``license`` are those of a model that was packed to be shared, which has averaged
    weights alone.
    """

    path: Path
    name: str
    step: int
    steps: int | None
    network: str
    parameters: int | None
    height: int
    width: int
    channels: int
    timesteps: int
    schedule: str
    preset: str | None
    last_loss: float | None
    checkpoints: tuple[int, ...]
    sources: tuple[str, ...]
    pictures: int | None
    classes: tuple[str, ...]
    known_classes: tuple[str, ...]
    needs_class: bool
    guidable: bool
    guidance: float | None
    created: str
    plugins: dict[str, str]
    missing: dict[str, str]
    teacher: str | None
    sampler: str | None
    sampler_steps: int | None
    clip_x0: bool = True
    title: str | None = None
    license: str | None = None

    @property
    def image_size(self) -> int:
        """The pictures' longer side in pixels."""
        return max(self.height, self.width)

    def to_json(self) -> dict[str, object]:
        """Return the fields as JSON can hold them."""
        return {**asdict(self), "path": str(self.path), "image_size": self.image_size}


def describe_run(run: Path) -> RunSummary:
    """Read a run folder's figures.

    Raises:
        StudioError: if it is no run folder, or damaged.
    """
    folder = RunFolder.open(run)
    info = folder.info
    basics, student = info.network_basics(), info.student
    known = info.network_kind in NETWORKS
    checkpoints = folder.checkpoints()
    return RunSummary(
        path=folder.path,
        name=folder.path.resolve().name,
        step=checkpoints[-1].step if checkpoints else 0,
        steps=info.request.steps if info.request else None,
        network=info.network_kind,
        parameters=parameters(info.network_config()) if known else None,
        height=basics.height,
        width=basics.width,
        channels=basics.channels,
        timesteps=info.process.timesteps,
        schedule=info.process.schedule,
        preset=info.request.preset if info.request else None,
        last_loss=_loss(checkpoints[-1]) if checkpoints else None,
        checkpoints=tuple(checkpoint.step for checkpoint in checkpoints),
        sources=info.data.sources if info.data else (),
        pictures=info.data.count if info.data else None,
        classes=info.data.class_names if info.data else (),
        known_classes=known_classes(info),
        needs_class=needs_class(info),
        guidable=info.learnt_withheld,
        guidance=usual_guidance(info, checkpoints[-1].step if checkpoints else 0)
        if info.drawing
        else None,
        created=info.created,
        plugins=info.plugins,
        missing=missing(info.plugins),
        teacher=student.teacher if student else None,
        sampler=student.sampler if student else None,
        sampler_steps=student.steps if student else None,
        clip_x0=info.process.clip_x0,
        title=info.published.title if info.published else None,
        license=info.published.license if info.published else None,
    )


def steps_told(step: int, steps: int | None) -> str:
    """Return how far a training is, and of how many steps unless it went further."""
    return f"{step:,}" if steps is None or steps < step else f"{step:,} of {steps:,}"


def _loss(checkpoint: Checkpoint) -> float | None:
    """The loss at a checkpoint: what a killed training wrote down later is not in its weights."""
    try:
        loss = checkpoint.state().get("loss")
    except StudioError:
        return None  # Damaged; training further passes it over.
    return loss if isinstance(loss, float) and math.isfinite(loss) else None
