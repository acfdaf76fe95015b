"""Held-out pictures of a training: the split, and loss and bits/dim measured on them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ddpm_studio.data import Dataset
from ddpm_studio.engine import PictureNoise, Trainer, derive_seed
from ddpm_studio.engine.batches import PictureRows
from ddpm_studio.engine.likelihood.likelihood import BoundSums, measure_bound
from ddpm_studio.engine.pixels import to_model
from ddpm_studio.engine.timesteps import timestep_sampler
from ddpm_studio.errors import Failure, is_device_lost
from ddpm_studio.jobs.drawing.evaluator import batch_limit
from ddpm_studio.jobs.drawing.labelled_network import LabelledNetwork
from ddpm_studio.jobs.events import Event, HeldOutMeasured, Notice, Progress
from ddpm_studio.jobs.job_clock import job_time
from ddpm_studio.metrics.held_out import MAX_HELD_OUT, content_hashes, held_out
from ddpm_studio.requests import TrainRequest

# Enough for meaningful changes of the figures, even where training is slow.
_LOSS_PICTURES, _BITS_PICTURES, _TIMESTEPS = 256, 16, 10
_SEED = 6
_LEVELS, _NOISE = 1, 2
# Share of the time that measuring may take; and seconds before the first measurement.
_SHARE, _FIRST_SECONDS = 0.03, 20.0


@dataclass(frozen=True, eq=False)
class HeldOutSplit:
    """Row indices of a data set, split into trained and held-out ones.

    Args:
        trained: rows to train on, ascending, shape (N,).
        held: held-out rows, in the order of their hashes, shape (M,).
        hashes: content hashes of the held-out pictures, shape (M,).
    """

    trained: npt.NDArray[np.int64]
    held: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.uint64]


def split_held_out(
    dataset: Dataset, share: float
) -> Generator[Progress, None, HeldOutSplit | None]:
    """Split a data set by the content of its pictures; return None if nothing is held out."""
    if share == 0:
        return None
    hashes = yield from content_hashes(dataset.images)
    mask = held_out(hashes, share, MAX_HELD_OUT)
    rows = np.flatnonzero(mask)
    if len(rows) == 0:
        return None
    rows = rows[np.argsort(hashes[rows], kind="stable")]
    return HeldOutSplit(np.flatnonzero(~mask), rows, hashes[rows])


class HeldOutEvaluator:
    """Measures loss and bits/dim of the network on held-out pictures, from time to time.

    Noise level and noise of a picture are derived from the run's seed and the picture's content:
    only the network changes from one measurement to the next.

    Args:
        trainer: the trainer of the network.
        images: all pictures.
        labels: class labels of all pictures if the network is class-conditional, else None.
        split: the split.
        request: the settings.
    """

    def __init__(
        self,
        trainer: Trainer,
        images: PictureRows,
        labels: npt.NDArray[np.integer] | None,
        split: HeldOutSplit,
        request: TrainRequest,
    ) -> None:
        self._trainer, self._images, self._labels = trainer, images, labels
        self._rows = split.held[:_LOSS_PICTURES]
        self._numbers = [int(value) for value in split.hashes[:_LOSS_PICTURES]]
        self._steps = request.steps
        self._seed = derive_seed(request.seed, _SEED)
        T = trainer.process.schedule.T
        self._timesteps = min(_TIMESTEPS, T)
        # As at the start of a training: an adaptive choice of t does not affect the measurement.
        sampler = timestep_sampler(request.timestep_sampling, T, "cpu")
        draws = [
            sampler.draw(1, torch.Generator().manual_seed(derive_seed(self._seed, _LEVELS, number)))
            for number in self._numbers
        ]
        self._levels = torch.cat([level for level, _ in draws])
        weights = [weight for _, weight in draws if weight is not None]
        self._weights = torch.cat(weights) if weights else None
        self._next = job_time() + _FIRST_SECONDS
        self._failure_reported = False

    def after_step(self, step: int) -> Generator[Event, None, HeldOutMeasured | None]:
        """Measure if it is time after this step, always after the last one; else return None.

        Yields:
            The training's own progress while measuring, then the measurement; a Notice, once, if
            it fails, which does not end the training.
        """
        if step != self._steps and job_time() < self._next:
            return None
        try:
            measured = yield from self._measure()
        except Exception as error:
            if is_device_lost(error):
                raise
            failure = Failure.of(error)
        else:
            self._failure_reported = False
            yield measured
            return measured
        if not self._failure_reported:
            self._failure_reported = True
            text = f"Held-out pictures can't be measured at step {step}: {failure.cause}"
            yield Notice(f"{text} Training goes on.")
        return None

    def _measure(self) -> Generator[Event, None, HeldOutMeasured]:
        start_time = job_time()
        network = self._trainer.model
        training = network.training
        network.eval()
        try:
            loss = yield from self._loss()
            bits, pictures = yield from self._bits()
        finally:
            network.train(training)
            now = job_time()
            self._next = now + (now - start_time) / _SHARE
        step, count = self._trainer.step_number, len(self._rows)
        return HeldOutMeasured(step, loss, bits, count, pictures, self._timesteps)

    def _loss(self) -> Generator[Event, None, float]:
        trainer, total = self._trainer, 0.0
        size = self._batch()
        for start in range(0, len(self._rows), size):
            part = range(start, min(start + size, len(self._rows)))
            x0 = self._pictures(part)
            numbers = [self._numbers[k] for k in part]
            noise = PictureNoise(derive_seed(self._seed, _NOISE), numbers, "cpu")
            levels = self._levels[part.start : part.stop].to(x0.device)
            eps = noise.draw(x0.shape[1:]).to(x0)
            with torch.no_grad():
                losses = trainer.loss(trainer.process, self._network(part), x0, levels, eps)
            losses = losses.double().cpu()
            if self._weights is not None:
                losses = losses * self._weights[part.start : part.stop]
            total += float(losses.sum())
            yield self._progress()
        return total / len(self._rows)

    def _bits(self) -> Generator[Event, None, tuple[float, int]]:
        numbers = self._numbers[:_BITS_PICTURES]
        indices = {number: index for index, number in enumerate(numbers)}

        def indices_of(requested: Sequence[int]) -> list[int]:
            return [indices[number] for number in requested]

        process = self._trainer.process
        T = process.schedule.T
        sums = BoundSums(T, self._timesteps if 3 <= self._timesteps < T else None, numbers)
        job = measure_bound(
            process,
            lambda requested: self._network(indices_of(requested)),
            lambda requested: self._pictures(indices_of(requested)),
            sums,
            seed=self._seed,
            batch=self._batch(),
        )
        for _ in job:
            yield self._progress()
        return sums.bound().total, len(numbers)

    def _batch(self) -> int:
        return batch_limit(self._trainer.model.config.shape, self._trainer.device)

    def _pictures(self, indices: Sequence[int]) -> Tensor:
        """Return x_0 of some held-out pictures, by their indices in the split."""
        levels = torch.from_numpy(self._images[self._rows[list(indices)]])
        return to_model(levels.to(self._trainer.device))

    def _network(self, indices: Sequence[int]) -> LabelledNetwork:
        classes = None
        if self._labels is not None:
            labels = self._labels[self._rows[list(indices)]]
            classes = torch.from_numpy(labels).to(self._trainer.device)
        return LabelledNetwork(self._trainer.model, classes)

    def _progress(self) -> Progress:
        return Progress(self._trainer.step_number, self._steps, "Measuring held-out pictures")
