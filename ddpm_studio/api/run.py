"""The ``Run`` class: a run folder's information, and every operation of its model."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from ddpm_studio import jobs
from ddpm_studio.api.columns import as_columns
from ddpm_studio.api.measuring import MeasuringMethods
from ddpm_studio.api.options import accepts_options, check_options, options_for
from ddpm_studio.api.pictures import (
    AnyPath,
    Picture,
    as_paths,
    load_labelled_picture,
    to_latent,
    to_mask,
)
from ddpm_studio.api.publishing import PublishingMethods
from ddpm_studio.api.results import Drawing, Encoded, fields_of_event
from ddpm_studio.api.stoppable import run_training
from ddpm_studio.api.store import models
from ddpm_studio.durations import format_count
from ddpm_studio.engine.sizes import side_text
from ddpm_studio.errors import StudioError
from ddpm_studio.export import check_destination
from ddpm_studio.jobs.drawing.default_t import with_default_t
from ddpm_studio.jobs.drawing.picture_classes import with_notice, with_picture_classes
from ddpm_studio.jobs.drawing.picture_files import ignored_options, is_folder, row_length
from ddpm_studio.jobs.events import DrawingResult, Event, FrameImages, Latent
from ddpm_studio.jobs.library.run_summary import steps_text
from ddpm_studio.jobs.request_building import build_request
from ddpm_studio.jobs.training.distilling import resume_student_request
from ddpm_studio.jobs.training.fallback_folder import FallbackFolder
from ddpm_studio.jobs.training.new_run import check_new_run, check_one_length
from ddpm_studio.requests import (
    DistillRequest,
    EncodeRequest,
    GridOptions,
    InpaintRequest,
    InterpolateRequest,
    PathRequest,
    PrepareOptions,
    SampleRequest,
    ShareRequest,
    TrainRequest,
)
from ddpm_studio.runs import RunFolder, RunInfo


def open(folder: AnyPath, *, progress: bool = True) -> Run:
    """Open a run folder.

    Args:
        folder: a folder written by the window, the terminal or :func:`ddpm_studio.train`; or
            ``ready:NAME``, a bundled model.
        progress: show the progress of its jobs in a notebook or a terminal.

    Raises:
        StudioError: if it is no run folder, or damaged.
    """
    return Run(folder, progress=progress)


class Run(MeasuringMethods, PublishingMethods):
    """A run folder and its model.

    Keyword arguments of the methods are the fields of the request models in
    :mod:`ddpm_studio.requests`, and are validated as such: an unknown one raises a TypeError, a
    value out of range a StudioError. Equal requests give equal pictures, here, in the terminal and
    in the window. Loaded weights are cached for later calls of the same thread.

    If a network is class-conditional and no class is named, a picture's own class is used, with a
    message: it is known for a picture of a labelled set (``sample:NAME#17``), one that was drawn by
    class, or one in a folder named after a class. ``class_label=None`` draws without a class.

    Args:
        folder: the run folder, or ``ready:NAME``.
        progress: see :func:`ddpm_studio.open`.

    Raises:
        StudioError: if it is no run folder, or damaged.
    """

    @property
    def info(self) -> RunInfo:
        """The content of ``run.json`` at this moment: network, process, data, settings."""
        return RunFolder.open(self.path).info

    @property
    def settings(self) -> TrainRequest | None:
        """The training request; None for a model that was trained elsewhere."""
        return self.info.request

    @property
    def checkpoints(self) -> tuple[int, ...]:
        """The steps of the kept checkpoints, oldest first: valid values of ``checkpoint=``."""
        return tuple(checkpoint.step for checkpoint in RunFolder.open(self.path).checkpoints())

    def metrics(self) -> dict[str, npt.NDArray[Any]]:
        """Return the training metrics as arrays, with one row for each recorded step.

        Returns:
            ``step``, int64 (S,); the others float64 (S,), such as ``loss``, ``grad_norm``, ``lr``,
            NaN where a row has no value; ``loss_by_t`` (S, 20): the mean loss in equal parts of
            1..T.
        """
        return as_columns(list(RunFolder.open(self.path).metrics()))

    @accepts_options(SampleRequest)
    def sample(self, count: int | None = None, **options: Any) -> Drawing:
        """Draw pictures from noise [DDPM Algorithm 2].

        Args:
            count: number of pictures; None: the request's default.
            options: fields of :class:`ddpm_studio.requests.SampleRequest`; ``class_label`` may be
                a class's name.

        Raises:
            TypeError: for an unknown option.
            StudioError: if the run can't be read or a value is out of range.
        """
        request = self._request(SampleRequest, "sample", options, count=count)
        return self._drawing(jobs.sample(request, models()))

    @accepts_options(SampleRequest, GridOptions)
    def sample_to(self, path: AnyPath, count: int | None = None, **options: Any) -> Path:
        """Draw pictures from noise straight into a file, in constant memory.

        The pictures equal those of :meth:`sample`.

        Args:
            path: ``.npz``: ``arr_0`` of uint8 (N, H, W, C) and, if drawn by class, ``arr_1`` of
                labels, as evaluations expect; ``.zip`` or a folder: one PNG each.
            count: number of pictures; None: the request's default.
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
        unused = ignored_options(file)
        given = check_options("sample_to", options, SampleRequest, GridOptions, leave_out=unused)
        grid = build_request(GridOptions, options_for(GridOptions, given))
        sample_options = options_for(SampleRequest, given)
        request = self._request(SampleRequest, "sample_to", sample_options, count=count)
        self._run_job(jobs.sample_to_file(request, file, models(), grid))
        return file

    @accepts_options(ShareRequest)
    def share(
        self,
        picture: Picture | Latent | None = None,
        *,
        latent: Latent | AnyPath | None = None,
        **options: Any,
    ) -> Drawing:
        """Draw many pictures from one shared latent x_t [DDPM Fig. 7].

        Args:
            picture: a picture to noise to t, or the latent that :meth:`encode` returned. None:
                x_t is drawn from noise.
            latent: x_t itself, or its file; ``t`` is its own unless given.
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
            request = with_default_t(request, options)
        elif "t" not in options:
            request = request.model_copy(update={"t": x_t.t})
        labelled = [] if picture is None else [load_labelled_picture(picture, self.path)]
        request, notice = with_picture_classes(request, labelled)
        source = labelled[0].picture if labelled else None
        return self._drawing(
            with_notice(notice, jobs.share(request, source, models(), x_t), labelled)
        )

    @accepts_options(InterpolateRequest)
    def interpolate(self, *ends: Picture, **options: Any) -> Drawing:
        """Interpolate two pictures, or four corners of a square, in latent space [DDPM Fig. 8].

        Args:
            ends: two pictures, at λ = 0 and 1; or four: top left, top right, bottom left, bottom
                right.
            options: fields of :class:`ddpm_studio.requests.InterpolateRequest`; ``t`` is 500, or
                half of T if that is less.

        Raises:
            TypeError: for an unknown option.
            StudioError: if the run can't be read, a value is out of range, or one is no picture.
        """
        request = self._request(InterpolateRequest, "interpolate", options)
        labelled = [load_labelled_picture(end, self.path) for end in ends]
        request, notice = with_picture_classes(with_default_t(request, options), labelled)
        drawing = jobs.interpolate(request, [entry.picture for entry in labelled], models())
        return self._drawing(with_notice(notice, drawing, labelled), row_length(request))

    @accepts_options(PathRequest)
    def walk(self, pictures: Sequence[Picture], **options: Any) -> Drawing:
        """Interpolate along a path through several pictures in latent space, each to the next.

        Args:
            pictures: the key pictures, two or more.
            options: fields of :class:`ddpm_studio.requests.PathRequest`; ``t`` is 500, or half
                of T if that is less.

        Raises:
            TypeError: for an unknown option.
            StudioError: if the run can't be read, a value is out of range, or one is no picture.
        """
        request = with_default_t(self._request(PathRequest, "walk", options), options)
        labelled = [load_labelled_picture(key, self.path) for key in pictures]
        request, notice = with_picture_classes(request, labelled)
        drawing = jobs.interpolate_path(request, [entry.picture for entry in labelled], models())
        return self._drawing(with_notice(notice, drawing, labelled))

    @accepts_options(InpaintRequest)
    def inpaint(self, picture: Picture, mask: Picture, **options: Any) -> Drawing:
        """Inpaint: fill in the masked part of a picture [RePaint].

        Args:
            picture: the picture to fill in, unchanged where the mask is not set.
            mask: (H, W) of the picture's size, True, or white, where it is to be filled in.
            options: fields of :class:`ddpm_studio.requests.InpaintRequest`.

        Raises:
            TypeError: for an unknown option.
            StudioError: if the run can't be read, a value is out of range, or picture or mask don't
                fit.
        """
        request = self._request(InpaintRequest, "inpaint", options)
        labelled = load_labelled_picture(picture, self.path)
        prepared_mask = to_mask(mask, self.path)
        request, notice = with_picture_classes(request, [labelled])
        return self._drawing(
            with_notice(
                notice, jobs.inpaint(request, labelled.picture, prepared_mask, models()), [labelled]
            )
        )

    @accepts_options(EncodeRequest)
    def encode(self, picture: Picture, **options: Any) -> Encoded:
        """Encode a picture as a latent x_t: by the forward process q, or by DDIM inversion.

        DDIM uses no class unless ``class_label`` names one, not even the picture's own.

        Args:
            picture: the picture.
            options: fields of :class:`ddpm_studio.requests.EncodeRequest`.

        Raises:
            TypeError: for an unknown option.
            StudioError: if the run can't be read, a value is out of range, or it is no picture.
        """
        request = self._request(EncodeRequest, "encode", options)
        loaded = load_labelled_picture(picture, self.path)
        job = with_notice("", jobs.encode_picture(request, loaded.picture, models()), [loaded])
        return Encoded(**fields_of_event(self._run_job(job)))

    @accepts_options(DistillRequest)
    def distill(
        self,
        run: AnyPath,
        data: AnyPath | Sequence[AnyPath] | None = None,
        *,
        resume: bool = False,
        spare: AnyPath | None = None,
        **options: Any,
    ) -> Run:
        """Distil this model into a few-step student by consistency tuning [Geng et al. 2024].

        The student draws in one or two network evaluations. Ctrl-C, or a notebook's interrupt,
        ends it as it ends :func:`ddpm_studio.train`.

        Args:
            run: the student's folder: new, or existing to resume.
            data: pictures, folders, archives, arrays in files; None: the training pictures of
                this model.
            resume: go on with the student; ``steps`` is the new total.
            spare: fallback folder in which the student goes on if its own can't be written to.
            options: fields of :class:`ddpm_studio.requests.DistillRequest`.

        Returns:
            The student.

        Raises:
            TypeError: for an unknown option.
            StudioError: if this model can't have a student, and as :func:`ddpm_studio.train`.
            KeyboardInterrupt: as :func:`ddpm_studio.train`.
        """
        folder, sources = Path(run), as_paths(data)
        fallback = FallbackFolder(None if spare is None else Path(spare))
        check_one_length(options)
        request = self._request(DistillRequest, "distill", options)
        if resume:
            student_request = resume_student_request(folder, options, request)
            job = jobs.train(
                sources,
                folder,
                student_request,
                PrepareOptions(),
                resume=True,
                models=models(),
                spare=fallback,
            )
        else:
            check_new_run(folder)
            job = jobs.distill(request, folder, sources, models=models(), spare=fallback)
        return Run(run_training(job, folder, self.progress), progress=self.progress)

    def __repr__(self) -> str:
        try:
            summary = jobs.describe_run(self.path)
        except StudioError as error:
            return f"<Run {str(self.path)!r}: {error}>"
        steps = steps_text(summary.step, summary.steps)
        loss = "" if summary.last_loss is None else f", loss {summary.last_loss:.4f}"
        network = (
            f"a network of the kind {summary.network}, unknown here"
            if summary.parameters is None
            else f"{summary.parameters:,} parameters"
        )
        return (
            f"<Run {str(self.path)!r}: step {steps}{loss}; "
            f"{side_text(summary.width, summary.height)} px, "
            f"{format_count(summary.channels, 'channel')}, "
            f"T = {summary.timesteps:,}, {network}>"
        )

    def _drawing(
        self, job: Generator[Event, None, DrawingResult], columns: int | None = None
    ) -> Drawing:
        frames: list[FrameImages] = []

        def collect_frame(event: Event) -> None:
            if isinstance(event, FrameImages):
                frames.append(event)

        drawn = self._run_job(job, collect_frame)
        return Drawing(**fields_of_event(drawn), frames=tuple(frames), columns=columns)
