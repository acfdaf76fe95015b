"""Run summary: the main properties of a run."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path

from ddpm_studio.catalogue.origins import missing
from ddpm_studio.engine.tables import NETWORKS
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.sampling_defaults import default_guidance
from ddpm_studio.runs import Checkpoint, RunFolder
from ddpm_studio.runs.classes import known_classes, needs_class
from ddpm_studio.runs.weights import parameters


@dataclass(frozen=True)
class RunSummary:
    """Summary of a run as it was last saved, for ``info``; fields are None if unknown.

    ``network`` is the kind of network, ``parameters`` None for an unknown kind. ``classes`` are
    those of the pictures, ``known_classes`` those that the network can draw; ``needs_class``: it
    can't draw without a class; ``guidable``: it supports guidance; ``guidance``: scale by which
    the classes are drawn by default, in turn. ``plugins`` are the plug-ins' entries that the run
    needs, by kind and name, with their origins; ``missing`` those of them that are not installed.
    For a few-step student, ``teacher`` is the run that it was made from, ``sampler`` and
    ``sampler_steps`` are its defaults. ``clip_x0``: whether x̂₀ is clipped by default;
    ``variance``: that of ancestral steps by default, None if no other can be chosen; ``are_bands``:
    the channels are bands, of which none is alpha. ``title`` and ``license`` are those of a model
    that was packed for sharing, which has averaged weights only.
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
    variance: str | None = "fixed_large"
    are_bands: bool = False
    title: str | None = None
    license: str | None = None

    @property
    def image_size(self) -> int:
        """Longer side of the pictures in pixels."""
        return max(self.height, self.width)

    def to_json(self) -> dict[str, object]:
        """Return the fields as values that JSON supports."""
        return {**asdict(self), "path": str(self.path), "image_size": self.image_size}


def describe_run(run: Path) -> RunSummary:
    """Return the summary of a run folder.

    Raises:
        StudioError: if it is no run folder, or damaged.
    """
    folder = RunFolder.open(run)
    info = folder.info
    basics, student = info.network_basics(), info.student
    known = info.network_kind in NETWORKS
    checkpoints, data = folder.checkpoints(), info.newest_data
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
        preset=info.preset,
        last_loss=_loss(checkpoints[-1]) if checkpoints else None,
        checkpoints=tuple(checkpoint.step for checkpoint in checkpoints),
        sources=data.sources if data else (),
        pictures=data.count if data else None,
        classes=data.class_names if data else (),
        known_classes=known_classes(info),
        needs_class=needs_class(info),
        guidable=info.has_learnt_null_label,
        guidance=default_guidance(info, checkpoints[-1].step if checkpoints else 0)
        if info.drawing
        else None,
        created=info.created,
        plugins=info.plugins,
        missing=missing(info.plugins),
        teacher=student.teacher if student else None,
        sampler=student.sampler if student else None,
        sampler_steps=student.steps if student else None,
        clip_x0=info.process.clip_x0,
        variance=info.fixed_variance,
        are_bands=info.picture_shape.are_bands,
        title=info.published.title if info.published else None,
        license=info.published.license if info.published else None,
    )


def steps_text(step: int, steps: int | None) -> str:
    """Return the step, with the planned number of steps unless it is larger than that."""
    return f"{step:,}" if steps is None or steps < step else f"{step:,} of {steps:,}"


def _loss(checkpoint: Checkpoint) -> float | None:
    """Return the loss at a checkpoint; metrics of a killed training may be of later steps."""
    try:
        loss = checkpoint.state().get("loss")
    except StudioError:
        return None  # Damaged; resuming skips it.
    return loss if isinstance(loss, float) and math.isfinite(loss) else None
