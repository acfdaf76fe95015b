"""Publishing from Python: a package with a model card, a report, a diffusers folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from ddpm_studio import jobs
from ddpm_studio.api.options import accepts_options
from ddpm_studio.api.pictures import AnyPath, Sources, on_disk
from ddpm_studio.api.run_methods import RunMethods
from ddpm_studio.api.store import models
from ddpm_studio.jobs.request_building import OptionError
from ddpm_studio.requests import PublishRequest, ReportRequest, Weights


class PublishingMethods(RunMethods):
    """The methods of a run that publish, report and export it."""

    @accepts_options(PublishRequest)
    def publish(self, folder: AnyPath, pictures: Sources | None = None, **options: Any) -> Path:
        """Pack the newest averaged (EMA) weights for sharing, with samples and a model card.

        The card's figures are those of the run's evaluations, measured again on the weights in
        half precision.

        Args:
            folder: new or empty.
            pictures: the reference pictures of the evaluations, if they are neither the training
                pictures nor the embedded set ``sample``.
            options: fields of :class:`ddpm_studio.requests.PublishRequest`; ``title`` and
                ``license`` are needed.

        Returns:
            The folder, which :func:`ddpm_studio.open` opens.

        Raises:
            TypeError: for an unknown option.
            StudioError: if information that the card needs is missing, the run can't be read, or
                the folder holds files.
        """
        request = self._request(PublishRequest, "publish", options)
        with on_disk(pictures, self.path) as (paths, are_prepared, _):
            job = jobs.publish(request, Path(folder), models(), paths, are_prepared=are_prepared)
            return self._run_job(job).path

    @accepts_options(ReportRequest)
    def report(self, path: AnyPath, pictures: Sources | None = None, **options: Any) -> Path:
        """Write the paper's figures and tables of this run as one HTML file.

        Args:
            path: ends with ``.html``.
            pictures: pictures to measure and to start drawings from: files or folders, an array
                (N, H, W, C), or several pictures; None: the training pictures.
            options: fields of :class:`ddpm_studio.requests.ReportRequest`.

        Returns:
            The path.

        Raises:
            TypeError: for an unknown option.
            StudioError: if the run can't be read or drawn from, pictures can't be used, or the
                file can't be written.
        """
        request = self._request(ReportRequest, "report", options)
        with on_disk(pictures, self.path) as (paths, are_prepared, in_memory):
            job = jobs.report(
                request,
                paths,
                Path(path),
                models(),
                are_prepared=are_prepared,
                in_memory=in_memory,
            )
            return self._run_job(job)

    def export_diffusers(
        self, folder: AnyPath, weights: Weights = "ema", *, license: str = "unknown"
    ) -> Path:
        """Write the newest model as a folder that ``DDPMPipeline.from_pretrained`` reads.

        Its ``README.md`` is a model card.

        Args:
            folder: new or empty.
            weights: which weights, averaged ("ema") or raw.
            license: the model's licence, as the Hugging Face Hub names it.

        Returns:
            The folder.

        Raises:
            StudioError: if the run can't be read, diffusers can't express it, the folder holds
                files already, the run has no such weights, or ``weights`` is no known kind.
        """
        if weights not in get_args(Weights):
            raise OptionError("weights", f"must be {' or '.join(map(repr, get_args(Weights)))}")
        return self._run_job(jobs.export_diffusers(self.path, Path(folder), weights, license))
