"""Report of a run: its parts are computed by other jobs, and written as one HTML file."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from ddpm_studio import __version__
from ddpm_studio.catalogue.report_parts import REPORT_PARTS, ReportPartInfo
from ddpm_studio.data.preparing import PREPARING
from ddpm_studio.errors import StudioError
from ddpm_studio.export.atomic_writes import atomic_write, check_destination
from ddpm_studio.export.report.blocks import Note, ReportFigure, Section
from ddpm_studio.export.report.page import Page, page_html
from ddpm_studio.jobs.drawing.models import Model, ModelStore
from ddpm_studio.jobs.events import Event, Notice, Progress
from ddpm_studio.jobs.library.run_summary import describe_run, steps_text
from ddpm_studio.jobs.reporting.subject import PartPlan, Subject, prepare_report_pictures
from ddpm_studio.requests import Device, ReportRequest, Weights
from ddpm_studio.runs import RunFolder
from ddpm_studio.runs.weights import parameters

SUFFIX = ".html"
# Minimum cost of a part, as one without network evaluations takes some time too.
_MIN_COST = 50


def report(
    request: ReportRequest,
    sources: Sequence[Path],
    path: Path,
    models: ModelStore,
    *,
    are_prepared: bool = False,
    in_memory: bool = False,
) -> Generator[Event, None, Path]:
    """Write a self-contained HTML file with a run's counterparts of the paper's figures.

    A part that this run, or these pictures, do not support is replaced by the reason.

    Args:
        request: the run, and whether a quick report or a single part is requested.
        sources: pictures to measure and as input; empty: those that the model was trained on.
        path: ends with ``.html``.
        models: store of models.
        are_prepared: as of :func:`prepare_given_pictures`.
        in_memory: whether the sources are temporary files of pictures in memory; no command is
            given that would name them.

    Yields:
        Progress and Notices.

    Returns:
        The path.

    Raises:
        StudioError: if the run can't be read or drawn from, the given pictures can't be used, or
            the file can't be written.
    """
    check_destination(path, {SUFFIX})
    model = models.get(request.run, request.weights, request.device)
    models = _FixedModelStore(model)
    dataset, no_data = yield from prepare_report_pictures(model, sources, are_prepared=are_prepared)
    subject = Subject(request, model, models, sources, dataset, no_data, are_prepared, in_memory)
    parts = [REPORT_PARTS[request.only]] if request.only else list(REPORT_PARTS.values())
    plans: list[tuple[ReportPartInfo, PartPlan]] = [(part, part.load()(subject)) for part in parts]
    progress = _TotalProgress(sum(max(_MIN_COST, plan.cost) for _, plan in plans))
    sections = []
    for part, plan in plans:
        cost = max(_MIN_COST, plan.cost)
        sections.append((yield from _make_part(part, plan, partial(progress.part, cost))))
        yield progress.finish_part(cost)
    page = _page(subject, sections)
    with atomic_write(path) as temporary:
        temporary.write_text(page_html(page), encoding="utf-8")
    return path


class _FixedModelStore(ModelStore):
    """Store that always returns one model, so that all parts have the same weights."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self._model = model

    def get(
        self,
        run: Path,
        weights: Weights,
        device: Device = "auto",
        step: int | None = None,
        ema_length: float | None = None,
    ) -> Model:
        """Return the model, whatever is requested."""
        return self._model


class _TotalProgress:
    """Progress of the whole report, which never decreases."""

    def __init__(self, total: int) -> None:
        self._total, self._finished_cost, self._highest = total, 0, 0

    def part(self, cost: int, progress: Progress) -> Progress:
        """Return the progress of the report when a part has this ``progress``."""
        return self._progress_at(
            self._finished_cost
            + cost * min(progress.done, progress.total) // max(1, progress.total)
        )

    def finish_part(self, cost: int) -> Progress:
        """Count a part as done, and return the progress of the report."""
        self._finished_cost += cost
        return self._progress_at(self._finished_cost)

    def _progress_at(self, done: int) -> Progress:
        self._highest = max(self._highest, done)
        return Progress(self._highest, self._total, "Making the report", "")


def _make_part(
    part: ReportPartInfo, plan: PartPlan, to_total: partial[Progress]
) -> Generator[Event, None, Section]:
    """Make one part; a StudioError becomes a note in its place."""
    work = plan.work()
    notes: list[str] = []
    try:
        while True:
            event = next(work)
            if isinstance(event, Progress):
                # Progress of reading cached pictures is ignored: the part would seem done.
                if event.text not in PREPARING:
                    yield to_total(event)
            elif isinstance(event, Notice):
                notes.append(event.text)
    except StopIteration as stop:
        section: Section = stop.value
    except StudioError as error:
        reason = Note(f"{error.cause} {error.remedy}".strip(), missing=True)
        section = Section(part.name, part.title, part.paper, "", [ReportFigure([reason])])
    finally:
        work.close()
    if notes:
        note_figures = [ReportFigure([Note(text) for text in dict.fromkeys(notes)])]
        section = Section(
            section.key,
            section.title,
            section.paper,
            section.lead,
            [*section.figures, *note_figures],
        )
    return section


def _page(subject: Subject, sections: Sequence[Section]) -> Page:
    summary = describe_run(subject.request.run)
    config = subject.model.network.config
    shape = subject.model.info.picture_shape
    kind = "class-conditional" if subject.classes else "unconditional"
    student = ", a few-step student" if subject.model.info.student else ""
    step = steps_text(subject.model.step, summary.steps)
    return Page(
        title=summary.title or summary.name,
        about=f"A {kind} denoising diffusion model of {shape} pictures{student}: "
        f"{parameters(config):,} parameters, T = {subject.T:,}, step {step}.",
        notes=_notes(subject),
        sections=sections,
        made=f"Made by DDPM Studio {__version__} on {datetime.now():%d %B %Y}. Figures, tables and "
        "equations that are named are those of Ho, Jain and Abbeel, Denoising Diffusion "
        "Probabilistic Models, 2020.",
    )


def _notes(subject: Subject) -> list[str]:
    notes = []
    if subject.request.quick:
        notes.append("A quick report: fewer pictures, sampler steps and timesteps than usual.")
    if subject.request.only:
        notes.append("One part of a report.")
    if subject.dataset is None:
        notes.append(f"No pictures are at hand: {subject.no_data}")
    run, step = subject.request.run, subject.model.step
    if all(checkpoint.step != step for checkpoint in RunFolder.open(run).checkpoints()):
        notes.append("It is being trained: commands that are typed later meet other weights.")
    if subject.uses_run_name:
        notes.append(
            f"Run the commands of a figure in the folder that contains {subject.run_arg}; on "
            "the same device they give the same pictures and numbers."
        )
    else:
        notes.append(
            "Below each figure are the commands that reproduce it; on the same device they "
            "give the same pictures and numbers."
        )
    return notes
