"""Series of drawings: in sequence, as rows of Fig. 7 and Fig. 9 of DDPM, or interleaved."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence

from ddpm_studio.jobs.drawing.interpolation import interpolate
from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.drawing.sampling import sample
from ddpm_studio.jobs.drawing.sharing import share
from ddpm_studio.jobs.events import (
    DrawingResult,
    DrawingStarted,
    Event,
    FrameImages,
    InterleavedEvent,
    Notice,
    Pictures,
    Progress,
)
from ddpm_studio.jobs.job_combinators import run_sequentially
from ddpm_studio.requests import InterpolateRequest, SampleRequest, ShareRequest

Row = Generator[Event, None, DrawingResult]

# Total of the progress of several drawings together.
_PROGRESS_TOTAL = 1000


def share_series(
    requests: Sequence[ShareRequest], picture: Pictures | None, models: ModelStore
) -> Generator[Event, None, list[DrawingResult]]:
    """Share at several t; yields the events of each :func:`share`, then its result.

    Raises:
        StudioError: as :func:`share`.
    """
    rows = [(request.t, share(request, picture, models)) for request in requests]
    return (yield from _run_rows(rows))


def interpolate_series(
    requests: Sequence[InterpolateRequest], ends: Sequence[Pictures], models: ModelStore
) -> Generator[Event, None, list[DrawingResult]]:
    """Interpolate at several t; yields the events of each :func:`interpolate`, then its result.

    Raises:
        StudioError: as :func:`interpolate`.
    """
    rows = [(request.t, interpolate(request, ends, models)) for request in requests]
    return (yield from _run_rows(rows))


def sample_interleaved(
    requests: Sequence[SampleRequest], models: ModelStore
) -> Generator[Event, None, list[DrawingResult]]:
    """Sample for several requests interleaved, one step of each in turn.

    Yields Progress of all together, and an InterleavedEvent for each event of each :func:`sample`
    and finally for its DrawingResult.

    Raises:
        StudioError: as :func:`sample`.
    """
    finished: dict[int, DrawingResult] = {}
    shares = [0.0] * len(requests)
    with contextlib.ExitStack() as stack:
        samplings = [stack.enter_context(contextlib.closing(sample(r, models))) for r in requests]
        while len(finished) < len(samplings):
            for index in [k for k in range(len(samplings)) if k not in finished]:
                try:
                    event = next(samplings[index])
                except StopIteration as stop:
                    finished[index] = stop.value
                    yield InterleavedEvent(index, finished[index])
                    continue
                if isinstance(event, Progress):
                    shares[index] = event.done / max(1, event.total)
                    done = round(_PROGRESS_TOTAL * sum(shares) / len(shares))
                    yield Progress(done, _PROGRESS_TOTAL, event.text, "")
                elif isinstance(event, DrawingStarted | FrameImages | Notice | DrawingResult):
                    yield InterleavedEvent(index, event)
    return [finished[index] for index in range(len(samplings))]


def _run_rows(rows: Sequence[tuple[int, Row]]) -> Generator[Event, None, list[DrawingResult]]:
    """Run each row; its share of the progress is its t, to which its length is proportional."""
    return run_sequentially([(t, _yield_result(row)) for t, row in rows])


def _yield_result(row: Row) -> Row:
    result = yield from row
    yield result
    return result
