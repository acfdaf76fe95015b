"""A run as an object: what it is, and all that its model can be asked."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from ddpm_studio import jobs
from ddpm_studio.api.listening import listen
from ddpm_studio.api.options import checked, of_model, takes
from ddpm_studio.api.pictures import (
    AnyPath,
    Picture,
    Sources,
    on_disk,
    paths_of,
    to_latent,
    to_mask,
)
from ddpm_studio.api.pictures import to_picture as prepared
from ddpm_studio.api.results import Bits, Drawing, Encoded, Evaluation, Neighbours, values_of
from ddpm_studio.api.stoppable import trained
from ddpm_studio.api.store import models
from ddpm_studio.engine.sizes import side_text
from ddpm_studio.errors import StudioError
from ddpm_studio.export import check_destination
from ddpm_studio.jobs.asking import OptionError, ask
from ddpm_studio.jobs.drawing.fitting_t import with_fitting_t
from ddpm_studio.jobs.drawing.picture_files import is_folder, row_length
from ddpm_studio.jobs.events import BINS, Drawn, Event, FrameImages, Latent
from ddpm_studio.jobs.library.describing import steps_told
from ddpm_studio.jobs.training.distilling import further_student
from ddpm_studio.jobs.training.new_run import check_new_run
from ddpm_studio.jobs.training.spare import Spare
from ddpm_studio.requests import (
    BitsRequest,
    DistillRequest,
    EncodeRequest,
    EvaluateRequest,
    GridOptions,
    InpaintRequest,
    InterpolateRequest,
    NeighboursRequest,
    PathRequest,
    PrepareOptions,
    PublishRequest,
    ReportRequest,
    Request,
    SampleRequest,
    ShareRequest,
    TrainRequest,
    Weights,
)
from ddpm_studio.runs import RunFolder, RunInfo, evaluations
from ddpm_studio.runs.ready import named_run

RequestT = TypeVar("RequestT", bound=Request)
ResultT = TypeVar("ResultT")


def open(folder: AnyPath, *, progress: bool = True) -> Run:
    """Open a run folder.

    Args:
        folder: written by the window, the terminal or :func:`ddpm_studio.train`; or
            ``ready:NAME``, a model that ships.
        progress: show how far what is asked of it is, in a notebook or a terminal.

    Raises:
        StudioError: if it is no run folder, or damaged.
    """
    return Run(folder, progress=progress)


class Run:
    """A run folder, and its model.

    Keyword arguments of the methods are the fields of the requests of
    :mod:`ddpm_studio.requests`, and checked as they are: an unknown one is a TypeError, a value
    out of range a StudioError. Equal requests give equal pictures, here, in the terminal and in
    the window. Weights that were loaded are kept for later calls of the same thread.

    Args:
        folder: the run folder, or ``ready:NAME``.
        progress: see :func:`ddpm_studio.open`.

    Raises:
        StudioError: if it is no run folder, or damaged.
    """

    def __init__(self, folder: AnyPath, *, progress: bool = True) -> None:
        self.path = named_run(folder)
        self.progress = progress
        RunFolder.open(self.path)

    @property
    def info(self) -> RunInfo:
        """What ``run.json`` says at this moment: network, process, data, settings."""
        return RunFolder.open(self.path).info

    @property
    def settings(self) -> TrainRequest | None:
        """The settings of its training; None for a model that was trained elsewhere."""
        return self.info.request

    @property
    def checkpoints(self) -> tuple[int, ...]:
        """The steps of the checkpoints that are kept, oldest first: what ``checkpoint=`` takes."""
        return tuple(one.step for one in RunFolder.open(self.path).checkpoints())

    def metrics(self) -> dict[str, npt.NDArray[Any]]:
        """Return what was measured in training, a row for each step that is told of.

        Returns:
            ``step``, int64 (S,); the others float64 (S,), such as ``loss``, ``grad_norm``, ``lr``,
            NaN where a row does not tell it; ``loss_by_t`` (S, 20): the mean loss in equal parts
            of 1..T.
        """
        rows = list(RunFolder.open(self.path).metrics())
        names = {
            name: isinstance(value, list)
            for row in rows
            for name, value in row.items()
            if not isinstance(value, str)
        }
        found: dict[str, npt.NDArray[Any]] = {"step": np.array([r["step"] for r in rows], np.int64)}
        for name, is_list in names.items():
            if name != "step":
                values = [_row(row.get(name)) if is_list else row.get(name) for row in rows]
                found[name] = np.array(values, np.float64)
        return found

    @takes(SampleRequest)
    def sample(self, count: int | None = None, **options: Any) -> Drawing:
        """Draw pictures from noise [DDPM Algorithm 2].

        Args:
            count: how many; None: as the request has it.
            options: fields of :class:`ddpm_studio.requests.SampleRequest`; ``class_label`` may be
                a class's name.

        Raises:
            TypeError: for an unknown option.
            StudioError: if the run can't be read or a value is out of range.
        """
        request = self._request(SampleRequest, "sample", options, count=count)
        return self._drawing(jobs.sample(request, models()))

    @takes(SampleRequest, GridOptions)
    def sample_to(self, path: AnyPath, count: int | None = None, **options: Any) -> Path:
        """Draw pictures from noise into a file, in a memory that does not grow with their number.

        The same pictures as those of :meth:`sample`.

        Args:
            path: ``.npz``: ``arr_0`` of uint8 (N, H, W, C) and, of a class or of all, ``arr_1`` of
                labels, as evaluations expect; ``.zip`` or a folder: one PNG each.
            count: how many; None: as the request has it.
            options: fields of :class:`ddpm_studio.requests.SampleRequest` and
                :class:`ddpm_studio.requests.GridOptions`.

        Returns:
            The path.

        Raises:
            TypeError: for an unknown option.
            StudioError: if the run can't be read, a value is out of range, or the file can't be
                written.
        """
        file = Path(path)
        if not is_folder(file):
            check_destination(file, {".npz", ".zip"})
        given = checked("sample_to", options, SampleRequest, GridOptions)
        grid = ask(GridOptions, of_model(GridOptions, given))
        own = of_model(SampleRequest, given)
        request = self._request(SampleRequest, "sample_to", own, count=count)
        self._listen(jobs.sample_to_file(request, file, models(), grid))
        return file

    @takes(ShareRequest)
    def share(
        self,
        picture: Picture | Latent | None = None,
        *,
        latent: Latent | AnyPath | None = None,
        **options: Any,
    ) -> Drawing:
        """Draw many pictures from one shared latent x_t [DDPM Fig. 7].

        Args:
            picture: noised to t; what :meth:`encode` returned counts as a latent. None: x_t is
                drawn from noise.
            latent: x_t itself, or its file; its own t is taken.
            options: fields of :class:`ddpm_studio.requests.ShareRequest`; ``t`` is 500, or half
                of T if that is less.

        Raises:
            TypeError: for an unknown option.
            StudioError: if the run can't be read, a value is out of range, or the picture or
                latent does not fit.
        """
        if isinstance(picture, Latent):
            picture, latent = None, picture
        if picture is not None and latent is not None:
            raise StudioError("There is a picture and a latent to share.", "Give one of them.")
        request = self._request(ShareRequest, "share", options)
        x_t = to_latent(latent)
        if x_t is None:
            request = with_fitting_t(request, options)
        elif "t" not in options:
            request = request.model_copy(update={"t": x_t.t})
        source = None if picture is None else prepared(picture, self.path)
        return self._drawing(jobs.share(request, source, models(), x_t))

    @takes(InterpolateRequest)
    def interpolate(self, *ends: Picture, **options: Any) -> Drawing:
        """Mix two pictures, or four corners of a square, in latent space [DDPM Fig. 8].

        Args:
            ends: two, at λ = 0 and 1; or top left, top right, bottom left, bottom right.
            options: fields of :class:`ddpm_studio.requests.InterpolateRequest`; ``t`` is 500, or
                half of T if that is less.

        Raises:
            TypeError: for an unknown option.
            StudioError: if the run can't be read, a value is out of range, or a picture is none.
        """
        request = self._request(InterpolateRequest, "interpolate", options)
        request = with_fitting_t(request, options)
        pictures = [prepared(end, self.path) for end in ends]
        drawing = jobs.interpolate(request, pictures, models())
        return self._drawing(drawing, row_length(request))

    @takes(PathRequest)
    def walk(self, pictures: Sequence[Picture], **options: Any) -> Drawing:
        """Walk through several pictures in latent space, from each to the next.

        Args:
            pictures: two or more.
            options: fields of :class:`ddpm_studio.requests.PathRequest`; ``t`` is 500, or half
                of T if that is less.

        Raises:
            TypeError: for an unknown option.
            StudioError: if the run can't be read, a value is out of range, or a picture is none.
        """
        request = with_fitting_t(self._request(PathRequest, "walk", options), options)
        keys = [prepared(key, self.path) for key in pictures]
        return self._drawing(jobs.walk_path(request, keys, models()))

    @takes(InpaintRequest)
    def inpaint(self, picture: Picture, mask: Picture, **options: Any) -> Drawing:
        """Fill in a part of a picture [RePaint].

        Args:
            picture: what stays elsewhere.
            mask: True, or white, where it is to be filled in; (H, W) as the picture's.
            options: fields of :class:`ddpm_studio.requests.InpaintRequest`.

        Raises:
            TypeError: for an unknown option.
            StudioError: if the run can't be read, a value is out of range, or picture or mask do
                not fit.
        """
        request = self._request(InpaintRequest, "inpaint", options)
        source, where = prepared(picture, self.path), to_mask(mask, self.path)
        return self._drawing(jobs.inpaint(request, source, where, models()))

    @takes(EncodeRequest)
    def encode(self, picture: Picture, **options: Any) -> Encoded:
        """Find a latent x_t of a picture: by q, or by DDIM walked upwards.

        Args:
            picture: the picture.
            options: fields of :class:`ddpm_studio.requests.EncodeRequest`.

        Raises:
            TypeError: for an unknown option.
            StudioError: if the run can't be read, a value is out of range, or it is no picture.
        """
        request = self._request(EncodeRequest, "encode", options)
        job = jobs.encode_picture(request, prepared(picture, self.path), models())
        return Encoded(**values_of(self._listen(job)))

    @takes(BitsRequest)
    def bits(self, pictures: Sources | None = None, **options: Any) -> Bits:
        """Measure bits/dim over a set of pictures [DDPM eq. 5, Table 4].

        Figures are kept in the run: the same question is answered at once, and one that was
        interrupted goes on.

        Args:
            pictures: files or folders, an array (N, H, W, C), or several pictures; None: those
                that it was trained on.
            options: fields of :class:`ddpm_studio.requests.BitsRequest`.

        Raises:
            TypeError: for an unknown option.
            StudioError: if run or pictures can't be read, or a value is out of range.
        """
        request = self._request(BitsRequest, "bits", options)
        with on_disk(pictures, self.path) as sources:
            measured = self._listen(jobs.measure_bits(request, sources, models()))
        return Bits(**values_of(measured))

    @takes(EvaluateRequest)
    def evaluate(self, pictures: Sources | None = None, **options: Any) -> Evaluation:
        """Draw samples and compare them with real pictures: Fréchet distance, KID and others.

        The figures are noted in the run; :meth:`evaluations` returns them.

        Args:
            pictures: the real ones: files or folders, an array (N, H, W, C), or several pictures;
                None: those that it was trained on.
            options: fields of :class:`ddpm_studio.requests.EvaluateRequest`.

        Raises:
            TypeError: for an unknown option.
            StudioError: if run or pictures can't be read, or a value is out of range.
        """
        request = self._request(EvaluateRequest, "evaluate", options)
        with on_disk(pictures, self.path) as sources:
            found = self._listen(jobs.evaluate(request, sources, models()))
        return Evaluation(**values_of(found))

    def evaluations(self) -> list[evaluations.Evaluation]:
        """Return what :meth:`evaluate`, the terminal and the window have found, oldest first."""
        return evaluations.read(self.path)

    @takes(DistillRequest)
    def distill(
        self,
        run: AnyPath,
        data: AnyPath | Sequence[AnyPath] | None = None,
        *,
        resume: bool = False,
        spare: AnyPath | None = None,
        **options: Any,
    ) -> Run:
        """Make a few-step student of this model by consistency tuning [Geng et al. 2024].

        It draws in one or two evaluations. Ctrl-C, or a notebook's interrupt, ends it as it ends
        :func:`ddpm_studio.train`.

        Args:
            run: the student's folder, new or, to resume, there already.
            data: pictures, folders, archives, arrays in files; None: those that this model was
                trained on.
            resume: go on with the student; ``steps`` is the new total.
            spare: where the student goes on if its own folder can't be written to.
            options: fields of :class:`ddpm_studio.requests.DistillRequest`.

        Returns:
            The student.

        Raises:
            TypeError: for an unknown option.
            StudioError: if this model can't have a student, and as :func:`ddpm_studio.train`.
            KeyboardInterrupt: as there.
        """
        folder, sources = Path(run), paths_of(data)
        place = Spare(None if spare is None else Path(spare))
        request = self._request(DistillRequest, "distill", options)
        if resume:
            further = further_student(folder, options, request)
            job = jobs.train(
                sources,
                folder,
                further,
                PrepareOptions(),
                resume=True,
                models=models(),
                spare=place,
            )
        else:
            check_new_run(folder)
            job = jobs.distill(request, folder, sources, models=models(), spare=place)
        return Run(trained(job, folder, self.progress), progress=self.progress)

    @takes(PublishRequest)
    def publish(self, folder: AnyPath, pictures: Sources | None = None, **options: Any) -> Path:
        """Pack the newest averaged weights to be shared, with samples and a model card.

        The card's figures are those by which the run was evaluated, measured anew on the weights
        in half precision.

        Args:
            folder: to be made, or empty.
            pictures: those that it was evaluated with, where they are neither those that it was
                trained on nor the embedded set ``sample``.
            options: fields of :class:`ddpm_studio.requests.PublishRequest`; ``title`` and
                ``license`` are needed.

        Returns:
            The folder, which :func:`ddpm_studio.open` opens.

        Raises:
            TypeError: for an unknown option.
            StudioError: if something is missing that the card has to tell, the run can't be read,
                or the folder holds files.
        """
        request = self._request(PublishRequest, "publish", options)
        with on_disk(pictures, self.path) as sources:
            return self._listen(jobs.publish(request, Path(folder), models(), sources)).path

    @takes(ReportRequest)
    def report(self, path: AnyPath, pictures: Sources | None = None, **options: Any) -> Path:
        """Write the paper's figures and tables of this run as one HTML file.

        Args:
            path: ends with ``.html``.
            pictures: to measure and to begin with: files or folders, an array (N, H, W, C), or
                several pictures; None: those that it was trained on.
            options: fields of :class:`ddpm_studio.requests.ReportRequest`.

        Returns:
            The path.

        Raises:
            TypeError: for an unknown option.
            StudioError: if the run can't be read or drawn from, pictures can't be used, or the
                file can't be written.
        """
        request = self._request(ReportRequest, "report", options)
        with on_disk(pictures, self.path) as sources:
            return self._listen(jobs.report(request, sources, Path(path), models()))

    @takes(NeighboursRequest)
    def neighbours(self, picture: Picture, **options: Any) -> Neighbours:
        """Find the training pictures nearest to a picture: is it learnt by heart?

        Args:
            picture: the picture.
            options: fields of :class:`ddpm_studio.requests.NeighboursRequest`.

        Raises:
            TypeError: for an unknown option.
            StudioError: if the run's pictures are gone, or it is no picture.
        """
        request = self._request(NeighboursRequest, "neighbours", options)
        job = jobs.find_neighbours(request, prepared(picture, self.path))
        return Neighbours(**values_of(self._listen(job)))

    def export_diffusers(
        self, folder: AnyPath, weights: Weights = "ema", *, license: str = "unknown"
    ) -> Path:
        """Write the newest model as a folder that ``DDPMPipeline.from_pretrained`` reads.

        Its ``README.md`` is a model card.

        Args:
            folder: new or empty.
            weights: which.
            license: of the model, as the Hugging Face Hub names it.

        Returns:
            The folder.

        Raises:
            StudioError: if the run can't be read, diffusers can't express it, the folder holds
                files already, or there are no such weights.
        """
        if weights not in get_args(Weights):
            raise OptionError("weights", f"must be {' or '.join(map(repr, get_args(Weights)))}")
        return self._listen(jobs.export_diffusers(self.path, Path(folder), weights, license))

    def __repr__(self) -> str:
        try:
            told = jobs.describe_run(self.path)
        except StudioError as error:
            return f"<Run {str(self.path)!r}: {error}>"
        steps = steps_told(told.step, told.steps)
        loss = "" if told.last_loss is None else f", loss {told.last_loss:.4f}"
        network = (
            f"a network of the kind {told.network}, unknown here"
            if told.parameters is None
            else f"{told.parameters:,} parameters"
        )
        return (
            f"<Run {str(self.path)!r}: step {steps}{loss}; "
            f"{side_text(told.width, told.height)} px, {told.channels} channels, "
            f"T = {told.timesteps:,}, {network}>"
        )

    def _request(
        self, model: type[RequestT], method: str, options: dict[str, Any], **own: object
    ) -> RequestT:
        """Make a request of the options, and of those of the method's own that were given."""
        named = {name: value for name, value in own.items() if value is not None}
        given = checked(method, {**options, **named}, model)
        return ask(model, given, run=self.path)

    def _listen(
        self,
        job: Generator[Event, None, ResultT],
        on_event: Callable[[Event], object] | None = None,
    ) -> ResultT:
        return listen(job, self.progress, on_event)

    def _drawing(self, job: Generator[Event, None, Drawn], columns: int | None = None) -> Drawing:
        frames: list[FrameImages] = []

        def keep(event: Event) -> None:
            if isinstance(event, FrameImages):
                frames.append(event)

        drawn = self._listen(job, keep)
        return Drawing(**values_of(drawn), frames=tuple(frames), columns=columns)


def _row(value: object) -> list[Any]:
    """Return the mean losses by t of a row, NaN where it has none."""
    return value if isinstance(value, list) and len(value) == BINS else [None] * BINS
