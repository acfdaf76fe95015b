"""Training within a time budget: settings are chosen, reported, and recorded."""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence
from functools import partial
from pathlib import Path

from ddpm_studio import data
from ddpm_studio.engine.sizes import side_text
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.events import Event, InfoNotice, Notice
from ddpm_studio.jobs.machine import device as devices
from ddpm_studio.jobs.machine.ranks.rank_plan import RankPlan
from ddpm_studio.jobs.machine.speed_benchmark import measure_speed
from ddpm_studio.jobs.machine.threads import threads
from ddpm_studio.jobs.training.budget import Budget, choose
from ddpm_studio.jobs.training.fallback_folder import FallbackFolder
from ddpm_studio.jobs.training.training import TrainResult, train
from ddpm_studio.picture_shape import sides
from ddpm_studio.rank_flag import requested_devices
from ddpm_studio.requests import PrepareOptions, TrainRequest


def train_within_budget(
    budget: Budget,
    sources: Sequence[Path],
    run: Path,
    request: TrainRequest,
    options: PrepareOptions,
    given: Collection[str],
    *,
    models: ModelStore | None = None,
    spare: FallbackFolder | None = None,
) -> Generator[Event, None, TrainResult]:
    """Choose network, batch size, length and, unless given, picture size for a budget; then train.

    Args:
        budget: the time budget; for "paper", steps are set instead of minutes.
        sources: files and folders of the pictures.
        run: the run folder, new.
        request: the settings; fields in ``given`` are kept.
        options: how pictures are prepared; fields in ``given`` are kept.
        given: names of the fields that were given by the person.
        models: as for :func:`train`.
        spare: as for :func:`train`.

    Yields:
        The choice, as an InfoNotice, and the events of :func:`train`.

    Raises:
        StudioError: as :func:`train`, and for "paper" with a network that no paper trained.
    """
    ranks = RankPlan.of(requested_devices(request.devices), request.device)
    dataset = yield from data.prepare(sources, options)
    # As it will be trained; of several devices, the first.
    with devices.current(ranks.device), threads(ranks.threads(request.threads)):
        speed = yield from measure_speed(
            dataset.image_size, dataset.channels, ranks.device, request.precision
        )
    plan_for = partial(
        choose,
        budget,
        preset=request.preset if "preset" in given else None,
        batch_size=request.batch_size if "batch_size" in given else None,
        pictures=len(dataset),
    )
    try:
        plan = plan_for(speed)
    except ValueError as error:
        raise StudioError(f"{error}.", "Choose another network, or a time.") from error
    if plan.smaller is not None and options.image_size is None:
        options = options.model_copy(update={"image_size": plan.smaller})
        plan = plan_for(speed.scaled_to(plan.smaller))
    elif plan.smaller is not None:
        size = side_text(*sides(plan.smaller))
        yield Notice(f"Too large to be recognised by then: at {size} px they would be.")
    yield InfoNotice(f"Chosen for {budget}: {plan}.")
    given_settings = {name: value for name, value in request.model_dump().items() if name in given}
    chosen = TrainRequest.model_validate({**plan.settings, **given_settings})
    return (yield from train(sources, run, chosen, options, models=models, spare=spare))
