"""Evaluation from Python: bits/dim, distances to real pictures, nearest training pictures."""

from __future__ import annotations

from typing import Any

from ddpm_studio import jobs
from ddpm_studio.api.options import accepts_options
from ddpm_studio.api.pictures import Picture, Sources, load_labelled_picture, on_disk
from ddpm_studio.api.results import Bits, Evaluation, Neighbours, fields_of_event
from ddpm_studio.api.run_methods import RunMethods
from ddpm_studio.api.store import models
from ddpm_studio.jobs.drawing.picture_classes import with_notice
from ddpm_studio.requests import BitsRequest, EvaluateRequest, NeighboursRequest
from ddpm_studio.runs import evaluations


class MeasuringMethods(RunMethods):
    """The methods of a run that measure its model."""

    @accepts_options(BitsRequest)
    def bits(self, pictures: Sources | None = None, **options: Any) -> Bits:
        """Measure bits/dim over a set of pictures [DDPM eq. 5, Table 4].

        Results are stored in the run: an equal request is answered at once, and an interrupted
        measurement goes on.

        Args:
            pictures: files or folders, an array (N, H, W, C), or several pictures; None: the
                training pictures.
            options: fields of :class:`ddpm_studio.requests.BitsRequest`.

        Raises:
            TypeError: for an unknown option.
            StudioError: if run or pictures can't be read, or a value is out of range.
        """
        request = self._request(BitsRequest, "bits", options)
        with on_disk(pictures, self.path) as (paths, are_prepared, _):
            measured = self._run_job(
                jobs.measure_bits(request, paths, models(), are_prepared=are_prepared)
            )
        return Bits(**fields_of_event(measured))

    @accepts_options(EvaluateRequest)
    def evaluate(self, pictures: Sources | None = None, **options: Any) -> Evaluation:
        """Draw samples and compare them with real pictures: Fréchet distance, KID and others.

        The figures are recorded in the run; :meth:`evaluations` returns them.

        Args:
            pictures: the real ones: files or folders, an array (N, H, W, C), or several pictures;
                None: the training pictures.
            options: fields of :class:`ddpm_studio.requests.EvaluateRequest`.

        Raises:
            TypeError: for an unknown option.
            StudioError: if run or pictures can't be read, or a value is out of range.
        """
        request = self._request(EvaluateRequest, "evaluate", options)
        with on_disk(pictures, self.path) as (paths, are_prepared, _):
            result = self._run_job(
                jobs.evaluate(request, paths, models(), are_prepared=are_prepared)
            )
        return Evaluation(**fields_of_event(result))

    def evaluations(self) -> list[evaluations.RecordedEvaluation]:
        """Return the evaluations that Python, terminal and window recorded, oldest first."""
        return evaluations.read(self.path)

    @accepts_options(NeighboursRequest)
    def neighbours(self, picture: Picture, **options: Any) -> Neighbours:
        """Find a picture's nearest neighbours among the training pictures: is it memorised?

        Args:
            picture: the picture.
            options: fields of :class:`ddpm_studio.requests.NeighboursRequest`.

        Raises:
            TypeError: for an unknown option.
            StudioError: if the run's pictures are gone, or ``picture`` is no picture.
        """
        request = self._request(NeighboursRequest, "neighbours", options)
        loaded = load_labelled_picture(picture, self.path)
        job = with_notice("", jobs.find_neighbours(request, loaded.picture), [loaded])
        return Neighbours(**fields_of_event(self._run_job(job)))
