"""Series of drawings: in sequence, as rows of Fig. 7 and Fig. 9 of DDPM, or interleaved."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence

from ddpm_studio.jobs.drawing.interpolation import interpolate
from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.drawing.sampling import sample
from ddpm_studio.jobs.drawing.sharing import share
from ddpm_studio.jobs.events import (
    Beside,
    DrawingBegun,
    Drawn,
    Event,
    FrameImages,
    Notice,
    Pictures,
    Progress,
)
from ddpm_studio.jobs.job_combinators import in_turn
from ddpm_studio.requests import InterpolateRequest, SampleRequest, ShareRequest

Row = Generator[Event, None, Drawn]

# Total of the progress of several drawings together.
_PARTS = 1000


def share_series(
    requests: Sequence[ShareRequest], picture: Pictures | None, models: ModelStore
) -> Generator[Event, None, list[Drawn]]:
    """Share at several t; yields the events of each :func:`share`, then its Drawn.

    Raises:
        StudioError: as :func:`share`.
    """
    rows = [(request.t, share(request, picture, models)) for request in requests]
    return (yield from _rows(rows))


def interpolate_series(
    requests: Sequence[InterpolateRequest], ends: Sequence[Pictures], models: ModelStore
) -> Generator[Event, None, list[Drawn]]:
    """Interpolate at several t; yields the events of each :func:`interpolate`, then its Drawn.

    Raises:
        StudioError: as :func:`interpolate`.
    """
    rows = [(request.t, interpolate(request, ends, models)) for request in requests]
    return (yield from _rows(rows))


def sample_beside(
    requests: Sequence[SampleRequest], models: ModelStore
) -> Generator[Event, None, list[Drawn]]:
    """Sample for several requests interleaved, one step of each in turn.

    Yields Progress of all together, and a Beside for each event of each :func:`sample` and finally
    for its Drawn.

    Raises:
        StudioError: as :func:`sample`.
    """
    finished: dict[int, Drawn] = {}
    shares = [0.0] * len(requests)
    with contextlib.ExitStack() as stack:
        walks = [stack.enter_context(contextlib.closing(sample(r, models))) for r in requests]
        while len(finished) < len(walks):
            for which in [k for k in range(len(walks)) if k not in finished]:
                try:
                    event = next(walks[which])
                except StopIteration as stop:
                    finished[which] = stop.value
                    yield Beside(which, finished[which])
                    continue
                if isinstance(event, Progress):
                    shares[which] = event.done / max(1, event.total)
                    done = round(_PARTS * sum(shares) / len(shares))
                    yield Progress(done, _PARTS, event.text, "")
                elif isinstance(event, DrawingBegun | FrameImages | Notice | Drawn):
                    yield Beside(which, event)
    return [finished[which] for which in range(len(walks))]


def _rows(rows: Sequence[tuple[int, Row]]) -> Generator[Event, None, list[Drawn]]:
    """Run each row; its share of the progress is its t, to which its length is proportional."""
    return in_turn([(t, _told(row)) for t, row in rows])


def _told(row: Row) -> Row:
    drawn = yield from row
    yield drawn
    return drawn
