"""Bits/dim on several ranks: batches shared by processes, each on its own device.

The noise of a picture is derived from its index and the timestep, the batches are those of a
single process, and rank 0 adds up their terms in the same order: so the figures are the same,
bit for bit if each has as many threads.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np

from ddpm_studio.engine.generators import finish
from ddpm_studio.engine.likelihood.likelihood import BoundSums, Terms
from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.machine.ranks.pictures import prepare_locally
from ddpm_studio.jobs.machine.ranks.pieces import belongs_to_other_rank, make_pieces, receive_piece
from ddpm_studio.jobs.machine.ranks.rank_plan import RankPlan
from ddpm_studio.jobs.machine.ranks.team import Team
from ddpm_studio.jobs.machine.threads import threads
from ddpm_studio.jobs.measuring.bits_work import BitsWork
from ddpm_studio.jobs.measuring.measuring import measured_process, measurement_error
from ddpm_studio.requests import BitsRequest, PrepareOptions

MEASURE = "measure"
"""Name of this work, which rank 0 sends to the other ranks."""

_REQUEST, _TERMS, _FLOW = "measuring", "terms", "flow"


class DistributedBits:
    """Work of a measurement as rank 0 uses it: its own batches and those of other ranks.

    Args:
        team: the ranks.
        work: computes rank 0's own batches.
        sums: sums of the bound, which say where evaluation starts.
        flow_done: number of pictures whose flow is known already.
    """

    def __init__(self, team: Team, work: BitsWork, sums: BoundSums, flow_done: int) -> None:
        self._team, self._work, self._sums = team, work, sums
        dataset = work.dataset
        team.send(
            _REQUEST,
            {
                "request": work.request.model_dump(mode="json", exclude={"run"}),
                "run": str(work.model.run),
                "device": work.model.device.type,
                "step": work.model.step,
                "sources": [str(source.resolve()) for source in dataset.source],
                "options": dataset.options.model_dump_json(),
                "fingerprint": dataset.fingerprint,
                "numbers": list(work.numbers),
                "batch": work.batch,
                "done": sums.done,
                "followed": flow_done,
            },
        )

    def terms(self, k: int, items: range) -> Generator[None, None, Terms]:
        """Return the terms of batch k; yields while another rank evaluates them."""
        if not belongs_to_other_rank(self._team, k):
            return self._work.terms(self._sums, items)
        content = yield from receive_piece(self._team, _TERMS, k, None)
        values = np.frombuffer(content, "<f8").reshape(4, len(items))
        return values[:3], [float(prior) for prior in values[3]]

    def flow_bits(self, k: int, start: int) -> Generator[float, None, list[float]]:
        """Return the bits/dim of batch k; see :meth:`BitsWork.flow_bits`."""
        if not belongs_to_other_rank(self._team, k):
            return (yield from self._work.flow_bits(start))
        content = yield from receive_piece(self._team, _FLOW, k, 0.0)
        return [float(figure) for figure in np.frombuffer(content, "<f8")]


@contextlib.contextmanager
def distributed_bits(
    ranks: RankPlan, work: BitsWork, sums: BoundSums, flow_done: int
) -> Iterator[DistributedBits | None]:
    """Yield the shared work while the body runs; None for a single rank (context manager).

    Args:
        ranks: the plan of ranks.
        work: computes rank 0's own batches.
        sums: sums of the bound, which say where evaluation starts.
        flow_done: number of pictures whose flow is known already.

    Raises:
        StudioError: if a rank can't be started, or has gone.
    """
    thread_count = ranks.threads(None)
    with threads(thread_count), ranks.start_or_join(MEASURE, thread_count) as team:
        yield DistributedBits(team, work, sums, flow_done) if team else None


def measure_as_rank(team: Team) -> None:
    """Compute this rank's batches, and send them to rank 0.

    Raises:
        StudioError: if the pictures on this machine are different ones, or the network's output is
            not finite.
    """
    message = cast(dict[str, Any], team.receive(_REQUEST))
    fields = {**message["request"], "run": message["run"], "device": message["device"]}
    request = BitsRequest.model_validate({**fields, "batch": message["batch"]})
    model = ModelStore().get(request.run, request.weights, request.device, message["step"])
    options = PrepareOptions.model_validate_json(message["options"])
    dataset = prepare_locally(
        message["fingerprint"], [Path(source) for source in message["sources"]], options
    )
    process = measured_process(model, request)
    work = BitsWork(model, process, request, dataset, message["numbers"])
    sums = BoundSums(process.schedule.T, request.timesteps, message["numbers"])
    starts = range(message["done"], sums.items, work.batch)
    flows = work.flow_batches(message["followed"]) if request.flow else range(0)

    def terms(k: int) -> bytes:
        values, priors = work.terms(sums, sums.batch(starts[k], work.batch))
        return np.concatenate([values, [priors]]).astype("<f8").tobytes()

    def flow(k: int) -> bytes:
        return np.array(finish(work.flow_bits(flows[k])), "<f8").tobytes()

    try:
        make_pieces(team, _TERMS, len(starts), terms)
        make_pieces(team, _FLOW, len(flows), flow)
    except ValueError as error:
        raise measurement_error(error) from error
