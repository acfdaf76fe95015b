"""Work units of bits/dim of a data set: terms of the bound, and the flow of a batch."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence

import torch
from torch import Tensor

from ddpm_studio.data import Dataset
from ddpm_studio.engine import DiffusionProcess, PictureNoise, derive_seed
from ddpm_studio.engine.generators import map_events
from ddpm_studio.engine.likelihood.flow_likelihood import (
    density_bits,
    dequantise,
    flow_log_likelihood,
    noise_dequantised_bits,
)
from ddpm_studio.engine.likelihood.likelihood import BoundSums, Terms, evaluate_terms
from ddpm_studio.engine.pixels import to_model
from ddpm_studio.jobs.drawing.drawing import picture_shape
from ddpm_studio.jobs.drawing.evaluator import batch_limit
from ddpm_studio.jobs.drawing.labelled_network import LabelledNetwork
from ddpm_studio.jobs.drawing.models import Model
from ddpm_studio.jobs.measuring.measuring import class_tensor, classes_by_label
from ddpm_studio.requests import BitsRequest

# Divisor of the batch size for the flow, as gradients require saved activations.
_FLOW_SHARE = 4
_DEQUANTISATION, _PROBE = 1, 2


class BitsWork:
    """Computations of a measurement on a data set, the same in every process.

    Args:
        model: the model to measure.
        process: p_θ with the requested settings.
        request: seed, and settings of the flow.
        dataset: the data set.
        numbers: indices of the pictures to measure.
    """

    def __init__(
        self,
        model: Model,
        process: DiffusionProcess,
        request: BitsRequest,
        dataset: Dataset,
        numbers: Sequence[int],
    ) -> None:
        self.model, self.process, self.request, self.dataset = model, process, request, dataset
        self.numbers = numbers
        self._classes: Mapping[int, int] | None = classes_by_label(model, dataset)
        self.batch = request.batch or batch_limit(picture_shape(model), model.device)
        """Batch size of network evaluations."""

    def load(self, numbers: Sequence[int]) -> Tensor:
        """Return x_0 of pictures by their indices, shape (n, C, H, W)."""
        levels = torch.from_numpy(self.dataset.images[list(numbers)])
        return to_model(levels.to(self.model.device))

    def denoiser(self, numbers: Sequence[int]) -> LabelledNetwork:
        """Return the network with the class labels of pictures by their indices."""
        classes = class_tensor(self.dataset, self._classes, numbers, self.model.device)
        return LabelledNetwork(self.model.network, classes)

    def terms(self, sums: BoundSums, items: range) -> Terms:
        """Evaluate terms of the bound; see :func:`evaluate_terms`."""
        return evaluate_terms(
            self.process, self.denoiser, self.load, sums, items, seed=self.request.seed
        )

    def flow_batches(self, done: int) -> range:
        """Return the starts of the flow's batches after ``done`` pictures."""
        return range(done, len(self.numbers), self._flow_batch)

    def flow_bits(self, start: int) -> Generator[float, None, list[float]]:
        """Compute the bits/dim of a batch of pictures by the probability flow ODE.

        Args:
            start: start of the batch, see :meth:`flow_batches`.

        Yields:
            Progress in pictures.

        Returns:
            The bits/dim of each picture.
        """
        request, process = self.request, self.process
        batch = self.numbers[start : start + self._flow_batch]
        x0, network = self.load(batch), self.denoiser(batch)
        noises = []
        for purpose in (_DEQUANTISATION, _PROBE):
            noise = PictureNoise(derive_seed(request.seed, purpose), batch, "cpu")
            noises.append(noise.draw(x0.shape[1:]).to(x0))
        x_1 = process.q_sample(x0, 0, noises[0])
        uniform = request.dequantise == "uniform"
        initial = (
            dequantise(x0, torch.special.ndtr(noises[0]))
            if uniform
            else x_1 / float(process.schedule.sqrt_alphas_cumprod[0])
        )
        probe = torch.where(noises[1] < 0, -1.0, 1.0)
        job = flow_log_likelihood(process, network, initial, probe)
        log_likelihood = yield from map_events(job, lambda step: step.share * len(batch))
        figures = (
            density_bits(log_likelihood, x0[0].numel())
            if uniform
            else noise_dequantised_bits(process, network, x0, x_1, log_likelihood)
        )
        return [float(figure) for figure in figures.tolist()]

    @property
    def _flow_batch(self) -> int:
        return max(1, self.batch // _FLOW_SHARE)
