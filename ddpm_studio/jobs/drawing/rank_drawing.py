"""Data-parallel drawing: batches shared by processes, each on a device of its own.

Picture k of a seed is the same whoever draws it, and the batches are those of one process: so are
the pictures, bit for bit where each has as many threads.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Generator, Iterator, Sequence
from typing import Any, cast

import numpy as np
import torch

from ddpm_studio.engine import PictureNoise
from ddpm_studio.engine.generators import finish
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.drawing import asked_precision, batch_limit, draw, picture_shape
from ddpm_studio.jobs.drawing.models import Model, ModelStore
from ddpm_studio.jobs.events import Event, Pictures, Progress
from ddpm_studio.jobs.machine.ranks.gathering import started
from ddpm_studio.jobs.machine.ranks.place import named_devices
from ddpm_studio.jobs.machine.ranks.team import Team
from ddpm_studio.jobs.machine.threads import cores_each, threads
from ddpm_studio.requests import SampleRequest
from ddpm_studio.requests.devices import device_list

WORK = "draw"
_ASKED = "drawing"
# A rank is so many of its batches ahead at most: what is drawn waits in memory.
_AHEAD = 4


def first_device(devices: str | None) -> None:
    """Let this process compute on the first of some devices.

    Raises:
        StudioError: if they are no devices, or one is not there.
    """
    if devices is None:
        return
    try:
        listed = device_list(devices)
    except ValueError as error:
        raise StudioError(f"{str(error)[:1].upper()}{str(error)[1:]}.", "Name them so.") from error
    if listed is not None and (first := named_devices(listed)[0]).type == "cuda":
        torch.cuda.set_device(first)


def batches_of(model: Model, request: SampleRequest) -> list[range]:
    """Return which pictures are drawn at once, by their numbers."""
    # A trajectory to look at walks all pictures in step; else they go in batches.
    size = request.count if request.frames else batch_limit(picture_shape(model), model.device)
    return [
        range(start, min(start + size, request.count)) for start in range(0, request.count, size)
    ]


def classes_of(numbers: range, classes: Sequence[int] | None) -> Sequence[int] | None:
    """Return the classes of a batch; None: it is drawn without."""
    return None if classes is None else classes[numbers.start : numbers.stop]


def draw_batch(
    model: Model,
    request: SampleRequest,
    classes: Sequence[int] | None,
    numbers: range,
    walks: int = 1,
) -> Generator[Event, None, Pictures]:
    """Draw one batch; ``walks`` are those that are to come, with it."""
    noise = PictureNoise(request.seed, numbers, model.device)
    return draw(
        model,
        request,
        noise.draw(picture_shape(model)),
        model.process.schedule.T,
        noise,
        frames=request.frames,
        text="Sampling",
        walks=walks,
        classes=classes_of(numbers, classes),
    )


class Helpers:
    """The other ranks of a drawing, as rank 0 sees them.

    Args:
        team: the ranks.
        model: what they draw with.
        request: the sampler and its settings.
        classes: of each picture; None: without.
    """

    def __init__(
        self, team: Team, model: Model, request: SampleRequest, classes: Sequence[int] | None
    ) -> None:
        self._team = team
        # What auto means is found out here, once.
        exact = request.model_copy(update={"precision": asked_precision(model, request)})
        team.tell("work", WORK)
        team.tell(
            _ASKED,
            {
                "request": exact.model_dump(mode="json", exclude={"run"}),
                "run": str(model.run.resolve()),
                "device": model.device.type,
                "step": model.step,
                "classes": None if classes is None else list(map(int, classes)),
            },
        )

    def draws(self, k: int) -> bool:
        """Whether another rank draws batch k."""
        return k % self._team.place.size != 0

    def drawn(self, k: int) -> Generator[Event, None, Pictures]:
        """Wait for a batch that another rank draws.

        Raises:
            StudioError: if that rank has gone.
        """
        key = _key(k)
        while not self._team.store.check([key]):
            self._team.check()
            time.sleep(0.02)
            yield Progress(0, 1, "Sampling")
        pictures = np.load(io.BytesIO(self._team.store.get(key)), allow_pickle=False)
        self._team.store.delete_key(key)
        return cast(Pictures, pictures)


@contextlib.contextmanager
def helpers(
    devices: str | None, model: Model, request: SampleRequest, classes: Sequence[int] | None
) -> Iterator[Helpers | None]:
    """Give the other ranks, which draw while the body runs; None: there are none."""
    listed = device_list(devices) if devices else None
    chosen = tuple(named_devices(listed)) if listed else ()
    if len(chosen) < 2 or request.frames:
        yield None
        return
    each = cores_each(len(chosen))
    with threads(each if model.device.type == "cpu" else None):
        team = started(chosen, each)
        try:
            yield Helpers(team, model, request, classes)
        finally:
            team.close(well=True)


def draw_as_rank(team: Team) -> None:
    """Draw this rank's batches, and hand them to rank 0."""
    told = cast(dict[str, Any], team.hear(_ASKED))
    asked = {**told["request"], "run": told["run"], "device": told["device"]}
    request = SampleRequest.model_validate({**asked, "checkpoint": told["step"]})
    if team.device.type == "cuda":
        torch.cuda.set_device(team.device)
    model = ModelStore().for_drawing(request.run, request)
    batches = batches_of(model, request)
    size = team.place.size
    for k in range(team.place.rank, len(batches), size):
        while k >= _AHEAD * size and team.store.check([_key(k - _AHEAD * size)]):
            time.sleep(0.02)
        pictures = finish(draw_batch(model, request, told["classes"], batches[k]))
        content = io.BytesIO()
        np.save(content, pictures)
        team.store.set(_key(k), content.getvalue())  # type: ignore[arg-type]


def _key(k: int) -> str:
    return f"drawn/{k}"
