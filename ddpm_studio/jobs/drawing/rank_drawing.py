"""Data-parallel drawing: batches shared by ranks, each on its own device.

Picture k of a seed does not depend on the rank that draws it, and the batches are those of a
single process: so the pictures are the same, bit for bit if each has as many threads.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Generator, Iterator, Sequence
from typing import Any, cast

import numpy as np

from ddpm_studio.engine import PictureNoise
from ddpm_studio.engine.generators import finish
from ddpm_studio.jobs.drawing.drawing import draw, picture_shape, resolve_precision
from ddpm_studio.jobs.drawing.evaluator import batch_limit
from ddpm_studio.jobs.drawing.models import Model, ModelStore
from ddpm_studio.jobs.events import Event, Pictures, Progress
from ddpm_studio.jobs.machine.ranks.pieces import belongs_to_other_rank, make_pieces, receive_piece
from ddpm_studio.jobs.machine.ranks.rank_plan import RankPlan
from ddpm_studio.jobs.machine.ranks.team import Team
from ddpm_studio.jobs.machine.threads import threads
from ddpm_studio.requests import SampleRequest

DRAW = "draw"
"""Name of this work, which rank 0 sends to the other ranks."""

_REQUEST, _DRAWN = "drawing", "drawn"


def batches_of(model: Model, request: SampleRequest) -> list[range]:
    """Return the batches of a drawing, as ranges of picture numbers."""
    # Frames show all pictures in step; without frames they are drawn in batches.
    size = request.count if request.frames else batch_limit(picture_shape(model), model.device)
    return [
        range(start, min(start + size, request.count)) for start in range(0, request.count, size)
    ]


def classes_of(numbers: range, classes: Sequence[int] | None) -> Sequence[int] | None:
    """Return the classes of a batch; None if drawn without classes."""
    return None if classes is None else classes[numbers.start : numbers.stop]


def draw_batch(
    model: Model,
    request: SampleRequest,
    classes: Sequence[int] | None,
    numbers: range,
    runs_left: int = 1,
    batch_frames: int = 0,
) -> Generator[Event, None, Pictures]:
    """Draw one batch, shape (N, H, W, C); ``runs_left`` is the number to come, including this one.

    ``batch_frames`` is the number of its frames to yield, if the request has none.
    """
    noise = PictureNoise(request.seed, numbers, model.device)
    return draw(
        model,
        request,
        noise.draw(picture_shape(model)),
        model.process.schedule.T,
        noise,
        frames=request.frames or batch_frames,
        text="Sampling",
        runs_left=runs_left,
        classes=classes_of(numbers, classes),
    )


class DrawingRanks:
    """The other ranks of a drawing, as rank 0 uses them.

    Args:
        team: the ranks.
        model: the model that they draw with.
        request: the sampler and its settings.
        classes: class of each picture; None: without classes.
    """

    def __init__(
        self, team: Team, model: Model, request: SampleRequest, classes: Sequence[int] | None
    ) -> None:
        self._team = team
        # ``auto`` is resolved here, once for all ranks.
        resolved = request.model_copy(update={"precision": resolve_precision(model, request)})
        team.send(
            _REQUEST,
            {
                "request": resolved.model_dump(mode="json", exclude={"run"}),
                "run": str(model.run.resolve()),
                "device": model.device.type,
                "step": model.step,
                "classes": None if classes is None else list(map(int, classes)),
            },
        )

    def has_batch(self, k: int) -> bool:
        """Whether another rank draws batch k."""
        return belongs_to_other_rank(self._team, k)

    def drawn_batch(self, k: int) -> Generator[Event, None, Pictures]:
        """Wait for a batch drawn by another rank, and return its pictures.

        Raises:
            StudioError: if that rank has gone.
        """
        content = yield from receive_piece(self._team, _DRAWN, k, Progress(0, 1, "Sampling"))
        return cast(Pictures, np.load(io.BytesIO(content), allow_pickle=False))


@contextlib.contextmanager
def drawing_ranks(
    ranks: RankPlan, model: Model, request: SampleRequest, classes: Sequence[int] | None
) -> Iterator[DrawingRanks | None]:
    """Yield the other ranks, which draw while the body runs; None if there are none."""
    if ranks.size == 1 or request.frames:
        yield None
        return
    thread_count = ranks.threads(None)
    with threads(thread_count), ranks.start_or_join(DRAW, thread_count) as team:
        yield DrawingRanks(team, model, request, classes) if team else None


def draw_as_rank(team: Team) -> None:
    """Draw this rank's batches, and send them to rank 0."""
    message = cast(dict[str, Any], team.receive(_REQUEST))
    fields = {**message["request"], "run": message["run"], "device": message["device"]}
    request = SampleRequest.model_validate({**fields, "checkpoint": message["step"]})
    model = ModelStore().for_drawing(request.run, request)
    batches = batches_of(model, request)

    def drawn_batch(k: int) -> bytes:
        content = io.BytesIO()
        np.save(content, finish(draw_batch(model, request, message["classes"], batches[k])))
        return content.getvalue()

    make_pieces(team, _DRAWN, len(batches), drawn_batch)
