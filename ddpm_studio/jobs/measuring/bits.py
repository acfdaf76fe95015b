"""Bits/dim of a data set by the bound, and by the probability flow [DDPM eq. 5; SDE §4.3]."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ddpm_studio.data import Dataset
from ddpm_studio.durations import format_count
from ddpm_studio.engine.generators import map_events
from ddpm_studio.engine.likelihood.likelihood import Bound, BoundSums, measure_bound, standard_error
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.models import Model, ModelStore
from ddpm_studio.jobs.drawing.sampling_defaults import with_default_clipping
from ddpm_studio.jobs.events import BitsMeasured, Event, Notice, Progress
from ddpm_studio.jobs.library.training_pictures import (
    prepare_evaluation_pictures,
    prepare_given_pictures,
)
from ddpm_studio.jobs.machine.ranks.rank_plan import RankPlan
from ddpm_studio.jobs.measuring.bits_work import BitsWork
from ddpm_studio.jobs.measuring.measuring import measured_process, measurement_error, notify_rejects
from ddpm_studio.jobs.measuring.rank_bits import distributed_bits
from ddpm_studio.requests import BitsRequest
from ddpm_studio.runs.measurement import Measurement

_SECONDS_BETWEEN_SAVES = 5.0
_SECONDS_BETWEEN_RESULTS = 0.5
_PROGRESS_PER_PICTURE = 1000
# These do not affect the figures, so a measurement started with other values is resumed.
_IRRELEVANT_FIELDS = {"run", "device", "batch", "flow"}


def measure_bits(
    request: BitsRequest,
    sources: Sequence[Path],
    models: ModelStore,
    devices: str | None = None,
    *,
    are_prepared: bool = False,
) -> Generator[Event, None, BitsMeasured]:
    """Measure bits/dim of a data set under a run's newest model.

    Partial results are stored in the run's folder ``bits``: closing the generator loses nothing,
    and the same request is resumed where it stopped, or answered at once.

    Args:
        request: number of pictures and timesteps, seed, weights; and whether to use the flow too.
        sources: files and folders of the pictures; empty: those that the model was trained on.
        models: store of models.
        devices: devices of ranks that share the work, as in ``TrainRequest.devices``, or
            ``LAUNCHED_BY_TORCHRUN``; the figures do not depend on them.
        are_prepared: as of :func:`prepare_given_pictures`.

    Yields:
        Progress; BitsMeasured about twice a second once a picture is complete.

    Raises:
        StudioError: if run or pictures can't be read or don't match, a setting is out of
            range, or the network's output is not finite.
    """
    ranks = RankPlan.of(devices, request.device)
    model = models.get(request.run, request.weights, ranks.device_for(request.device))
    request = with_default_clipping(model, request)
    process = measured_process(model, request)
    if request.flow and process.schedule.zero_terminal_snr:
        raise StudioError(
            "The flow can't be followed to T: by this model's schedule x_T is noise alone.",
            "Measure without the flow.",
        )
    if sources:
        dataset = yield from prepare_given_pictures(model.info, sources, are_prepared=are_prepared)
    else:
        dataset = yield from prepare_evaluation_pictures(
            model.info, "Name the pictures to measure."
        )
    yield from notify_rejects(dataset)
    count = min(request.count, len(dataset))
    if count < request.count:
        yield Notice(f"All of the set is measured: {format_count(count, 'picture')}.")
    numbers = dataset.evenly_spaced(count)
    recipe = _recipe(model, request, dataset, count)
    partial_results = _PartialResults(Measurement(model.run, recipe))
    sums = BoundSums(process.schedule.T, request.timesteps, numbers)
    flow: list[float] = partial_results.restore(sums)
    make_result = partial(_bits_measured, requested=count, recipe=recipe)
    work = BitsWork(model, process, request, dataset, numbers)
    if sums.done == sums.items and not (request.flow and len(flow) < count):
        ranks = RankPlan.single(ranks.device)
    try:
        with distributed_bits(ranks, work, sums, len(flow)) as distributed:
            last_result_time = 0.0
            job = measure_bound(
                process,
                work.denoiser,
                work.load,
                sums,
                seed=request.seed,
                batch=work.batch,
                share=distributed.terms if distributed else None,
            )
            for _ in job:
                yield Progress(sums.done, sums.items, "Measuring bits/dim", "evaluations")
                if sums.finished and time.monotonic() > last_result_time + _SECONDS_BETWEEN_RESULTS:
                    yield make_result(sums.bound())
                    last_result_time = time.monotonic()
                yield from partial_results.save_if_due(sums, flow)
            for k, start in enumerate(work.flow_batches(len(flow)) if request.flow else ()):
                bits = distributed.flow_bits(k, start) if distributed else work.flow_bits(start)
                flow += yield from _flow_progress(bits, len(flow), count)
                yield make_result(sums.bound(), flow)
                yield from partial_results.save_if_due(sums, flow)
    except ValueError as error:
        raise measurement_error(error) from error
    finally:
        partial_results.save(sums, flow)
    result: BitsMeasured = make_result(sums.bound(), flow if len(flow) == count else [])
    partial_results.finish(sums, flow, result)
    return result


class _PartialResults:
    """File of a measurement's partial results, written from time to time."""

    def __init__(self, file: Measurement) -> None:
        self._file = file
        self._saved: tuple[int, int] = (0, 0)
        self._next_save = time.monotonic() + _SECONDS_BETWEEN_SAVES
        self._failure_reported = False

    def restore(self, sums: BoundSums) -> list[float]:
        """Restore the sums from the file; return the flow's bits/dim of the first pictures."""
        content = self._file.read()
        try:
            sums.restore(content["bound"])
            flow = [float(value) for value in content["flow"]]
        except (KeyError, TypeError, ValueError):
            return []
        self._saved = sums.done, len(flow)
        return flow

    def save_if_due(self, sums: BoundSums, flow: list[float]) -> Generator[Event, None, None]:
        if time.monotonic() < self._next_save:
            return
        try:
            self._write(sums, flow)
        except OSError as error:
            if not self._failure_reported:
                yield Notice(f"The figures can't be kept in the run: {error.strerror or error}.")
            self._failure_reported = True
        self._next_save = time.monotonic() + _SECONDS_BETWEEN_SAVES

    def save(self, sums: BoundSums, flow: list[float]) -> None:
        """Write if anything is new; write errors are ignored, as they were reported before."""
        if self._saved != (sums.done, len(flow)):
            with suppress(OSError):
                self._write(sums, flow)

    def finish(self, sums: BoundSums, flow: list[float], result: BitsMeasured) -> None:
        """Write the result together with the sums."""
        with suppress(OSError):
            self._write(sums, flow, result)

    def _write(
        self, sums: BoundSums, flow: list[float], result: BitsMeasured | None = None
    ) -> None:
        content: dict[str, Any] = {"bound": sums.state(), "flow": flow}
        if result is not None:
            content["result"] = asdict(result)
        self._file.write(content)
        self._saved = sums.done, len(flow)


def _flow_progress(
    bits: Generator[float, None, list[float]], done: int, count: int
) -> Generator[Event, None, list[float]]:
    """Report the flow's progress on a batch, after ``done`` of ``count`` pictures."""

    def progress(share: float) -> Event:
        units = int(_PROGRESS_PER_PICTURE * (done + share))
        return Progress(units, _PROGRESS_PER_PICTURE * count, "Following the flow", "")

    return map_events(bits, progress)


def _bits_measured(
    bound: Bound, flow: Sequence[float] = (), *, requested: int, recipe: dict[str, object]
) -> BitsMeasured:
    return BitsMeasured(
        pictures=len(bound.totals),
        asked=requested,
        T=bound.T,
        total=bound.total,
        standard_error=_number(bound.standard_error),
        prior=bound.prior,
        middle=bound.middle,
        decoder=bound.decoder,
        t=tuple(bound.t.tolist()),
        bits=tuple(bound.bits.tolist()),
        rate=tuple(bound.rate.tolist()),
        distortion=tuple(bound.distortion.tolist()),
        x0_mse=tuple(bound.x0_mse.tolist()),
        eps_mse=tuple(bound.eps_mse.tolist()),
        flow=math.fsum(flow) / len(flow) if flow else None,
        flow_standard_error=_number(standard_error(np.array(flow))) if flow else None,
        recipe=recipe,
    )


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _recipe(model: Model, request: BitsRequest, dataset: Dataset, count: int) -> dict[str, object]:
    """Return everything that the figures depend on."""
    fields = request.model_dump(mode="json", exclude=_IRRELEVANT_FIELDS)
    return {
        "kind": "bits",
        "run_created": model.info.created,
        "checkpoint": model.step,
        "model": model.fingerprint,
        "data": dataset.fingerprint,
        "request": {**fields, "count": count},
    }
