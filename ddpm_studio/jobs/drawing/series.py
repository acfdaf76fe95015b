"""Several drawings one after the other, as the rows of Fig. 7 and Fig. 9 of DDPM."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from ddpm_studio.jobs.drawing.interpolation import interpolate
from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.drawing.sharing import share
from ddpm_studio.jobs.events import Drawn, Event, Pictures
from ddpm_studio.jobs.relay import in_turn
from ddpm_studio.requests import InterpolateRequest, ShareRequest

Row = Generator[Event, None, Drawn]


def share_series(
    requests: Sequence[ShareRequest], picture: Pictures | None, models: ModelStore
) -> Generator[Event, None, list[Drawn]]:
    """Share at several t; yields what each :func:`share` yields, then its Drawn.

    Raises:
        StudioError: as :func:`share`.
    """
    rows = [(request.t, share(request, picture, models)) for request in requests]
    return (yield from _rows(rows))


def interpolate_series(
    requests: Sequence[InterpolateRequest], ends: Sequence[Pictures], models: ModelStore
) -> Generator[Event, None, list[Drawn]]:
    """Interpolate at several t; yields what each :func:`interpolate` yields, then its Drawn.

    Raises:
        StudioError: as :func:`interpolate`.
    """
    rows = [(request.t, interpolate(request, ends, models)) for request in requests]
    return (yield from _rows(rows))


def _rows(rows: Sequence[tuple[int, Row]]) -> Generator[Event, None, list[Drawn]]:
    """Run each row; its part of the whole is its t, for so long is its way."""
    return in_turn([(t, _told(row)) for t, row in rows])


def _told(row: Row) -> Row:
    drawn = yield from row
    yield drawn
    return drawn
