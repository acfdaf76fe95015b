"""Subject of a report: the model, the available pictures, and their names in commands."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ddpm_studio.catalogue.fields import option_name
from ddpm_studio.data import Dataset
from ddpm_studio.data.samples import sample_name
from ddpm_studio.errors import StudioError
from ddpm_studio.export.report.blocks import Section
from ddpm_studio.jobs.command_lines import changed_options
from ddpm_studio.jobs.drawing.models import Model, ModelStore
from ddpm_studio.jobs.drawing.picture_classes import LabelledPicture, with_picture_classes
from ddpm_studio.jobs.drawing.picture_files import label_at
from ddpm_studio.jobs.drawing.sampling import sample
from ddpm_studio.jobs.drawing.sampling_defaults import with_default_class
from ddpm_studio.jobs.events import DrawingResult, Event, Pictures
from ddpm_studio.jobs.library.numbered import picture_name
from ddpm_studio.jobs.library.training_pictures import (
    prepare_evaluation_pictures,
    prepare_given_pictures,
)
from ddpm_studio.requests import (
    DrawRequest,
    InterpolateRequest,
    ReportRequest,
    Request,
    SampleRequest,
    ShareRequest,
)
from ddpm_studio.runs.classes import known_classes
from ddpm_studio.runs.ready import is_ready, ready_name

DrawT = TypeVar("DrawT", bound=DrawRequest)
FromPicturesT = TypeVar("FromPicturesT", ShareRequest, InterpolateRequest)

# Maximum width of a row in displayed pixels; most classes with a column, and with own samples.
_MAX_ROW_WIDTH = 780
_MAX_COLUMNS = 12
_MAX_CLASSES = 100
_INPUT_COUNT = 6


@dataclass(frozen=True)
class PartPlan:
    """Plan of a report's part.

    Args:
        cost: approximate number of network evaluations.
        work: computes the part; yields the events of the jobs that it runs.
    """

    cost: int
    work: Callable[[], Generator[Event, None, Section]]


@dataclass(frozen=True, eq=False)
class InputPictures:
    """Input pictures of a report, uint8 (N, H, W, C).

    Args:
        pictures: the pictures.
        classes: class name of each, None if unknown.
        args: name of each in commands; empty: they have none.
        sampling: the request that draws them, into files of these names, if none are available.
    """

    pictures: Pictures
    classes: Sequence[str | None]
    args: Sequence[str]
    sampling: SampleRequest | None = None

    def labelled(self, number: int) -> LabelledPicture:
        """Return a picture with its class, as the terminal reads it by its name."""
        return LabelledPicture(self.pictures[number], self.classes[number])


@dataclass(eq=False)
class Subject:
    """The model that a report is about, with everything that its parts share.

    Args:
        request: request of the report.
        model: the model, loaded once for all parts.
        models: store of models.
        sources: the pictures that were given; empty: those that the model was trained on.
        dataset: these pictures, None if none are available.
        no_data: the reason if none are.
        are_prepared: as of :func:`prepare_given_pictures`.
        in_memory: whether the sources are temporary files, which commands can't name.
    """

    request: ReportRequest
    model: Model
    models: ModelStore
    sources: Sequence[Path]
    dataset: Dataset | None
    no_data: str = ""
    are_prepared: bool = False
    in_memory: bool = False
    _samples: DrawingResult | None = field(default=None, init=False)
    _inputs: InputPictures | None = field(default=None, init=False)

    @property
    def T(self) -> int:  # noqa: N802
        """Number of timesteps."""
        return self.model.process.schedule.T

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that can be drawn."""
        return known_classes(self.model.info)

    @property
    def steps(self) -> int | None:
        """Steps of a drawing from T; None for the sampler's default: all T, or a student's own."""
        if self.request.steps is None and self.model.info.student is not None:
            return None
        steps = self.request.steps or self.choose(250, 50)
        return None if steps >= self.T else steps

    @property
    def evaluations(self) -> int:
        """Network evaluations for drawing one picture from T."""
        student = self.model.info.student
        return self.steps or (student.steps if student else self.T)

    def choose(self, full: int, quick: int) -> int:
        """Return ``full``, or ``quick`` in a quick report."""
        return quick if self.request.quick else full

    def columns(self, maximum: int) -> int:
        """Return the number of pictures in a row, at most ``maximum``, by their displayed width."""
        from ddpm_studio.export.report.pictures import shown_width

        return max(2, min(maximum, _MAX_ROW_WIDTH // shown_width(self.model.network.config.width)))

    def drawing(self, kind: type[DrawT], **fields: Any) -> DrawT:
        """Return a request to draw with the settings that all parts of the report share."""
        values: dict[str, Any] = {
            "run": self.request.run,
            "seed": self.request.seed,
            "weights": self.request.weights,
            "device": self.request.device,
            "steps": self.steps,
            **fields,
        }
        return kind(**values)

    def drawing_from_noise(self, **fields: Any) -> SampleRequest:
        """Return a request for samples: :meth:`drawing`, of a class if the model needs one."""
        request = self.drawing(SampleRequest, **fields)
        return request if request.all_classes else with_default_class(self.model, request)

    def drawing_by_class(
        self, request: FromPicturesT, pictures: Sequence[LabelledPicture]
    ) -> tuple[FromPicturesT, FromPicturesT]:
        """Return a request as its command asks, and as the terminal then draws it: by class.

        Args:
            request: a request without a class.
            pictures: its input pictures.
        """
        by_class, notice = with_picture_classes(request, pictures)
        if notice:
            return request, by_class
        asked = with_default_class(self.model, request)
        return asked, asked

    def sampling(self) -> SampleRequest:
        """Return the request of the report's samples, equally many of each class if possible."""
        columns = self.columns(10)
        rows = self.choose(6, 2)
        if not self.classes or len(self.classes) > _MAX_CLASSES:
            return self.drawing_from_noise(count=columns * rows)
        has_columns = len(self.classes) <= _MAX_COLUMNS
        per_class = self.choose(columns, 3) if has_columns else 1
        return self.drawing_from_noise(count=per_class * len(self.classes), all_classes=True)

    def samples(self) -> Generator[Event, None, DrawingResult]:
        """Draw the report's samples, once."""
        if self._samples is None:
            self._samples = yield from sample(self.sampling(), self.models)
        return self._samples

    def samples_cost(self) -> int:
        """Return the number of network evaluations for the samples."""
        return self.sampling().count * self.evaluations

    def input_pictures(self) -> Generator[Event, None, InputPictures]:
        """Return six input pictures, evenly chosen from the available ones, else drawn."""
        if self._inputs is None:
            choose = self._draw_inputs if self.dataset is None else self._select_inputs
            self._inputs = yield from choose()
        return self._inputs

    def input_cost(self) -> int:
        """Return the number of network evaluations for the input pictures."""
        return 0 if self.dataset is not None else _INPUT_COUNT * self.evaluations

    def _select_inputs(self) -> Generator[Event, None, InputPictures]:
        named = yield from self._named_datasets()
        owners = [k * len(named) // _INPUT_COUNT for k in range(_INPUT_COUNT)]
        pictures: list[Pictures] = []
        classes: list[str | None] = []
        args: list[str] = []
        for index, (name, dataset) in enumerate(named):
            numbers = _evenly_spaced(owners.count(index), len(dataset))
            pictures.append(dataset.images[numbers])
            classes += [dataset.class_of(number) for number in numbers]
            args += [picture_name(name, number) for number in numbers if name]
        return InputPictures(np.concatenate(pictures), classes, args)

    def _named_datasets(self) -> Generator[Event, None, list[tuple[str, Dataset]]]:
        """Return up to six data sets to choose inputs from, with their names in commands, if any.

        Commands number the pictures of one source, so that several are read one by one.
        """
        assert self.dataset is not None
        if self.in_memory:
            return [("", self.dataset)]
        if len(self.sources) <= 1:
            return [(self.data_args[0] if self.sources else self.run_arg, self.dataset)]
        named: list[tuple[str, Dataset]] = []
        for number in _evenly_spaced(min(_INPUT_COUNT, len(self.sources)), len(self.sources)):
            # A source may be none without the others, such as a file of labels.
            with contextlib.suppress(StudioError):
                job = prepare_given_pictures(self.model.info, [self.sources[number]])
                named.append((self.data_args[number], (yield from job)))
        return named or [("", self.dataset)]

    def _draw_inputs(self) -> Generator[Event, None, InputPictures]:
        request = self.drawing_from_noise(count=_INPUT_COUNT)
        drawn = yield from sample(request, self.models)
        labels = [label_at(drawn.recipe, number) for number in range(_INPUT_COUNT)]
        classes = [None if label is None else self.classes[label] for label in labels]
        args = [f"{number:05}.png" for number in range(_INPUT_COUNT)]
        return InputPictures(drawn.pictures, classes, args, request)

    @property
    def uses_run_name(self) -> bool:
        """Whether commands name the run by its folder's name instead of an absolute path."""
        run = self.request.run
        absolute = run.is_absolute() and all(source.is_absolute() for source in self.sources)
        return absolute and not is_ready(run)

    @property
    def run_arg(self) -> str:
        """Name of the run in commands: as given, but not an absolute path of this machine."""
        run = self.request.run
        if is_ready(run):
            return ready_name(run)
        return run.resolve().name if self.uses_run_name else str(run)

    @property
    def folder(self) -> Path:
        """Working directory of the commands: the run's parent folder, or the current one."""
        return self.request.run.resolve().parent if self.uses_run_name else Path()

    @property
    def data_args(self) -> list[str]:
        """Names of the given files and folders in commands; empty if pictures are the run's own."""
        return [sample_name(source) or str(source) for source in self.sources]

    def command(
        self, name: str, request: Request, *args: object, out: str = "", also: Sequence[str] = ()
    ) -> str:
        """Return the command line that repeats a request.

        Args:
            name: name of the command.
            request: the request, with the run.
            args: further arguments after the run, such as paths or numbers.
            out: the file or folder to write; empty for none.
            also: options that belong to no request.
        """
        defaults = type(request).model_validate({"run": self.request.run})
        options = [*changed_options(request, defaults, ("run", "t")), *also]
        if "t" in type(request).model_fields:
            options = [option_name("t"), str(getattr(request, "t", "")), *options]
        if out:
            options += ["--out", out]
        return shlex.join(["ddpm-studio", name, self.run_arg, *map(str, args), *options])

    def data_commands(
        self, name: str, request: Request, *, out: str = "", also: Sequence[str] = ()
    ) -> list[str]:
        """Return :meth:`command` with the given pictures; empty if these are in memory."""
        if self.in_memory:
            return []
        return [self.command(name, request, *self.data_args, out=out, also=also)]

    def part_commands(self, part: str) -> list[str]:
        """Return the command line that makes one part of this report again, if there is one."""
        request = self.request.model_copy(update={"only": part})
        return self.data_commands("report", request, out=f"{part}.html")

    def input_commands(
        self,
        name: str,
        requests: Sequence[tuple[Request, str]],
        inputs: InputPictures,
        numbers: Sequence[tuple[int, ...]],
    ) -> list[str]:
        """Return the command lines that repeat requests of a figure; empty if inputs have no name.

        Input pictures that the model draws are drawn first, into a folder of each figure's own, as
        a folder is not written twice.

        Args:
            name: name of the command.
            requests: the requests, and the file that each writes.
            inputs: the input pictures.
            numbers: the numbers of each request's input pictures.
        """
        if not inputs.args:
            return []
        commands, args = [], inputs.args
        if inputs.sampling is not None:
            folder = f"{Path(requests[0][1]).stem}-inputs"
            commands.append(self.command("sample", inputs.sampling, out=folder))
            args = [f"{folder}/{arg}" for arg in args]
        for (request, out), of_request in zip(requests, numbers, strict=True):
            commands.append(self.command(name, request, *(args[k] for k in of_request), out=out))
        return commands


def _evenly_spaced(count: int, total: int) -> list[int]:
    """Return ``count`` of the numbers below ``total``, in the middles of equal parts."""
    return [(2 * k + 1) * total // (2 * count) for k in range(count)]


def prepare_report_pictures(
    model: Model, sources: Sequence[Path], *, are_prepared: bool
) -> Generator[Event, None, tuple[Dataset | None, str]]:
    """Prepare the pictures of a report; return None and the reason if there are none."""
    try:
        if sources:
            job = prepare_given_pictures(model.info, sources, are_prepared=are_prepared)
            return (yield from job), ""
        return (yield from prepare_evaluation_pictures(model.info, "Name pictures like them.")), ""
    except StudioError as error:
        if sources:
            raise
        return None, f"{error.cause} {error.remedy}".strip()
