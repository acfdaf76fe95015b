"""Report part on nearest training pictures, to detect memorisation [DDPM Fig. 15]."""

from __future__ import annotations

from collections.abc import Generator

from ddpm_studio.catalogue.report_parts import REPORT_PARTS
from ddpm_studio.errors import StudioError
from ddpm_studio.export.report.blocks import (
    Block,
    Note,
    ReportFigure,
    ReportTable,
    Row,
    Section,
    Tiles,
)
from ddpm_studio.export.report.prose import prose
from ddpm_studio.jobs.events import Event, NeighboursFound
from ddpm_studio.jobs.job_combinators import run_sequentially
from ddpm_studio.jobs.measuring.neighbours import find_neighbours
from ddpm_studio.jobs.reporting.subject import PartPlan, Subject
from ddpm_studio.requests import NeighboursRequest

_PART = "neighbours"
_FOLDER = "samples"
# Number of compared values that take about as long as one evaluation of a small network.
_VALUES = 40_000


def neighbours(subject: Subject) -> PartPlan:
    """Plan the part on nearest training pictures of some of the report's samples."""
    sample_count = subject.choose(5, 2)
    values = 0 if subject.dataset is None else subject.dataset.images.size
    drawing = subject.samples_cost() if subject.request.only else 0
    cost = sample_count * values // _VALUES + drawing
    return PartPlan(cost, lambda: _neighbours(subject, sample_count))


def _neighbours(subject: Subject, sample_count: int) -> Generator[Event, None, Section]:
    entry = REPORT_PARTS[_PART]
    if subject.dataset is None:
        raise StudioError("There are no training pictures to look through.", subject.no_data)
    request = NeighboursRequest(run=subject.request.run, count=max(1, subject.columns(9) - 2))
    sampling = subject.sampling()
    drawn = yield from subject.samples()
    numbers = range(min(sample_count, sampling.count))
    jobs = [find_neighbours(request, drawn.pictures[number]) for number in numbers]
    results = yield from run_sequentially([(1, job) for job in jobs])
    rows = [
        Row(result.pictures, "", drawn.pictures[number : number + 1])
        for number, result in zip(numbers, results, strict=True)
    ]
    tiles = Tiles(rows, "Samples and their nearest neighbours", leading="sample")
    commands = [subject.command("sample", sampling, out=_FOLDER)]
    commands += [
        subject.command("neighbours", request, f"{_FOLDER}/{number:05}.png") for number in numbers
    ]
    caption = prose(
        "Samples, and next to each the nearest training pictures, nearest first, by the "
        "RMSE of their pixels on 0–255. The table lists the distance to the nearest, and the "
        "distance of that one to its own nearest training picture: a far smaller distance "
        "indicates a copy, one about as large or larger a new picture."
    )
    table = ReportTable(
        ("sample", "nearest", "RMSE", "nearest to its own nearest"),
        [_row(number, result) for number, result in zip(numbers, results, strict=True)],
    )
    blocks: list[Block] = [tiles, table]
    if subject.sources:
        blocks.append(Note("The neighbours are of the pictures that the model was trained on."))
    return Section(
        entry.name, entry.title, entry.paper, "", [ReportFigure(blocks, caption, commands)]
    )


def _row(number: int, found: NeighboursFound) -> tuple[str, str, str, str]:
    distance = found.among_themselves
    return (
        f"{number:,}",
        found.names[0] or f"Picture {found.numbers[0]:,}",
        f"{found.distances[0]:.2f}",
        "–" if distance is None else f"{distance:.2f}",
    )
