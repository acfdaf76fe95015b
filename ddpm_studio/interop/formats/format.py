"""Protocol of model formats: what a layout of other programs is, and how one is refused."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from ddpm_studio.engine.process import DiffusionProcess
from ddpm_studio.engine.schedules.schedule import NoiseSchedule
from ddpm_studio.errors import StudioError
from ddpm_studio.interop.formats.source import Source, Table
from ddpm_studio.interop.model import ForeignModel

Answers = Mapping[str, Any]
"""Fields of :class:`ddpm_studio.requests.ImportRequest` that a file leaves open, and values."""

#: Of a network that predicts ε over the paper's schedule.
PAPERS: Answers = {"schedule": "linear", "timesteps": 1000, "parameterization": "eps"}
# The side at which nearly all of these networks attend first.
_ATTENDS_AT = 16


class ModelFormat(ABC):
    """A layout.

    A file is opened once: :meth:`recognises`, :meth:`questions` and :meth:`read` look at the same
    source, one after the other.
    """

    @abstractmethod
    def recognises(self, source: Source) -> bool:
        """Whether a file or folder is of this layout, by its names alone."""

    @abstractmethod
    def questions(self, source: Source) -> Answers:
        """Return what the file does not say: fields of the request, and what is usual.

        None stands where nothing is usual.

        Raises:
            StudioError: it can't be read, with the reason.
            ValueError: the same, where the reason is a phrase about "it".
        """

    @abstractmethod
    def read(self, source: Source, answers: Answers) -> ForeignModel:
        """Read the model.

        Args:
            source: of this layout.
            answers: to all that :meth:`questions` asks.

        Raises:
            StudioError: it can't be read, with the reason.
            ValueError: the same, where the reason is a phrase about "it".
        """


class Refused(ModelFormat):
    """A layout that is known by name, and that no network here can express."""

    what: ClassVar[str]
    reason: ClassVar[str]
    remedy: ClassVar[str] = "Sample it with its own program."

    def questions(self, source: Source) -> Answers:
        """Refuse.

        Raises:
            StudioError: always.
        """
        raise StudioError(f"{source.path.name} is {self.what}: {self.reason}.", self.remedy)

    def read(self, source: Source, answers: Answers) -> ForeignModel:
        """Refuse as :meth:`questions` does."""
        self.questions(source)
        raise AssertionError


def process_of(answers: Answers, *, learned: bool = False) -> DiffusionProcess:
    """Return the process that answers describe, T = ``timesteps``."""
    schedule = NoiseSchedule.named(answers["schedule"], answers["timesteps"])
    variance = "learned_range" if learned else "fixed_large"
    return DiffusionProcess(schedule, answers["parameterization"], variance)


def usual_side(attends: Collection[bool]) -> int | None:
    """Return the side of the pictures of a network that attends first at 16 pixels.

    Args:
        attends: whether each level does, from the pictures' resolution downwards.
    """
    return next((_ATTENDS_AT << level for level, one in enumerate(attends) if one), None)


def height_width(answers: Answers) -> tuple[int, int]:
    """Return (height, width) of the answered size, which is a side or (width, height)."""
    size = answers["image_size"]
    return (size, size) if isinstance(size, int) else (size[1], size[0])


def shape_of(table: Table, name: str) -> tuple[int, ...]:
    """Return the shape of a weight of two dimensions or more.

    Raises:
        ValueError: if it is not there.
    """
    leaf = table.get(name)
    if leaf is None or len(leaf.shape) < 2 or not all(leaf.shape):
        raise ValueError(f"the weights lack {name}")
    return tuple(leaf.shape)
