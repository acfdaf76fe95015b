"""Base classes of model formats of other programs, supported and refused, with helpers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from ddpm_studio.engine.process import DiffusionProcess
from ddpm_studio.engine.schedules.schedule import NoiseSchedule
from ddpm_studio.errors import StudioError
from ddpm_studio.interop.formats.source import Source, StateDict
from ddpm_studio.interop.model import ForeignModel

Answers = Mapping[str, Any]
"""Values for fields of :class:`ddpm_studio.requests.ImportRequest` that a file leaves open."""

#: The settings of a network that predicts ε with the paper's schedule.
PAPER_SETTINGS: Answers = {"schedule": "linear", "timesteps": 1000, "parameterization": "eps"}
# Resolution of the first level with attention in nearly all of these networks, in pixels.
_ATTENTION_SIDE = 16


class ModelFormat(ABC):
    """Abstract base class of a model format.

    A file is opened once: :meth:`recognises` (unless the user names the format),
    :meth:`questions` and :meth:`read` are called in this order with the same source.
    """

    @abstractmethod
    def recognises(self, source: Source) -> bool:
        """Whether a file or folder is of this format, judging by the names in it alone."""

    @abstractmethod
    def questions(self, source: Source) -> Answers:
        """Return the fields of the request that the file leaves open, with their usual values.

        The value is None where there is no usual one.

        Raises:
            StudioError: the file can't be read; the message is the reason.
            ValueError: the same, with the reason as a phrase about "it".
        """

    @abstractmethod
    def read(self, source: Source, answers: Answers) -> ForeignModel:
        """Read the model.

        Args:
            source: a source of this format.
            answers: values for all fields of :meth:`questions`.

        Raises:
            StudioError: the model can't be read; the message is the reason.
            ValueError: the same, with the reason as a phrase about "it".
        """


class UnsupportedFormat(ModelFormat):
    """Base class of formats that are recognised but not supported, as no network here fits."""

    description: ClassVar[str]
    reason: ClassVar[str]
    remedy: ClassVar[str] = "Sample it with its own program."

    def questions(self, source: Source) -> Answers:
        """Refuse the model.

        Raises:
            StudioError: always; the message has ``description``, ``reason`` and ``remedy``.
        """
        raise StudioError(f"{source.path.name} is {self.description}: {self.reason}.", self.remedy)

    def read(self, source: Source, answers: Answers) -> ForeignModel:
        """Refuse the model, as :meth:`questions` does."""
        self.questions(source)
        raise AssertionError


def process_of(answers: Answers, *, learned: bool = False) -> DiffusionProcess:
    """Return the diffusion process that the answers describe, T = ``timesteps``.

    The variance is fixed_large, or learned_range if ``learned``.
    """
    schedule = NoiseSchedule.named(answers["schedule"], answers["timesteps"])
    variance = "learned_range" if learned else "fixed_large"
    return DiffusionProcess(schedule, answers["parameterization"], variance)


def default_side(attends: Collection[bool]) -> int | None:
    """Return the pictures' side, assuming attention starts at 16 pixels; None without attention.

    Args:
        attends: whether each level has attention, from the pictures' resolution downwards.
    """
    return next(
        (_ATTENTION_SIDE << level for level, attention in enumerate(attends) if attention), None
    )


def height_width(answers: Answers) -> tuple[int, int]:
    """Return (height, width) of the answered size, which is a side or (width, height)."""
    size = answers["image_size"]
    return (size, size) if isinstance(size, int) else (size[1], size[0])


def shape_of(table: StateDict, name: str) -> tuple[int, ...]:
    """Return the shape of a weight of two dimensions or more.

    Raises:
        ValueError: if there is none of this name.
    """
    leaf = table.get(name)
    if leaf is None or len(leaf.shape) < 2 or not all(leaf.shape):
        raise ValueError(f"the weights lack {name}")
    return tuple(leaf.shape)
