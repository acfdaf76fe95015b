"""Training batches: shuffling, random flips, augmentation and class dropout."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ddpm_studio.engine.augmentation import AUGMENT_LABELS, augment, draw_augment_labels
from ddpm_studio.engine.guidance import check_labels
from ddpm_studio.engine.noise import derive_seed
from ddpm_studio.engine.pixels import to_model
from ddpm_studio.engine.training_config import TrainingConfig

# The shuffling's own random stream, independent of how many numbers other streams draw.
_SHUFFLE_STREAM = 1


class PictureRows(Protocol):
    """Array-like of pictures, uint8 (N, H, W, C), that can be indexed by an array of rows.

    It may be an array in memory or a reader that loads the requested rows.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, H, W, C)."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: npt.NDArray[np.int64], /) -> npt.NDArray[Any]: ...


class Batches:
    """Data loader of a training: batches of x_0 and classes, each picture once per epoch.

    Args:
        images: pictures, uint8 (N, H, W, C).
        shape: (H, W, C) that the network accepts.
        labels: class of each picture, shape (N,); only for a class-conditional network.
        num_classes: number of classes of the network; None if it is unconditional.
        device: device of the batches.
        layout: memory format of x_0.

    Raises:
        ValueError: if the pictures or labels do not match the network.
    """

    def __init__(
        self,
        images: PictureRows,
        shape: tuple[int, int, int],
        labels: npt.NDArray[np.integer] | None,
        num_classes: int | None,
        device: torch.device,
        layout: torch.memory_format,
    ) -> None:
        if len(images) == 0 or images.shape[1:] != shape:
            raise ValueError(f"pictures have shape {images.shape[1:]}, the network takes {shape}")
        self.images = images
        self.labels = _labels_tensor(labels, len(images), num_classes)
        self._no_class = num_classes or 0
        self._device, self._layout = device, layout
        self._order: tuple[tuple[int, int], npt.NDArray[np.int64]] | None = None

    def rows(self, step: int, config: TrainingConfig) -> npt.NDArray[np.int64]:
        """Row indices of the batch of step 0, 1, …, reshuffled every epoch, shape (N,)."""
        start = config.seen(step)
        positions = np.arange(start, start + config.pictures)
        epochs, offsets = np.divmod(positions, len(self.images))
        rows = np.empty_like(positions)
        for epoch in np.unique(epochs):
            in_epoch = epochs == epoch
            rows[in_epoch] = self._epoch_order(config.seed, int(epoch))[offsets[in_epoch]]
        return rows

    def pictures(
        self,
        rows: npt.NDArray[np.int64],
        local: slice,
        config: TrainingConfig,
        generator: torch.Generator,
    ) -> tuple[Tensor, Tensor | None]:
        """Load x_0 of this rank's rows, randomly flipped and augmented as configured.

        Random numbers are drawn for the whole batch, so that they don't depend on the slice.

        Args:
            rows: row indices of the global batch, as :meth:`rows` returns them.
            local: slice of the batch that belongs to this rank.
            config: its ``flip`` and ``augmentation`` apply.
            generator: random number generator on the device.

        Returns:
            x_0 in [−1, 1], shape (n, C, H, W), and its augment labels, shape (n, 9), or None
            without augmentation.
        """
        x0 = to_model(self._on_device(torch.from_numpy(self.images[rows[local]])))
        if config.flip:
            mirrored = torch.rand(len(rows), generator=generator, device=self._device)[local] < 0.5
            x0 = torch.where(mirrored[:, None, None, None], x0.flip(3), x0)
        labels = None
        if config.augmentation:
            labels = draw_augment_labels(len(rows), config.augmentation, generator)[local]
            x0 = augment(x0, labels)
        return x0.contiguous(memory_format=self._layout), labels

    def noise(self, count: int, generator: torch.Generator) -> Tensor:
        """Sample ε ~ N(0, I) for ``count`` pictures, shape (count, C, H, W)."""
        height, width, channels = self.images.shape[1:]
        shape = (count, channels, height, width)
        noise = torch.empty(shape, device=self._device, memory_format=self._layout)
        return noise.normal_(generator=generator)

    def classes(
        self, rows: npt.NDArray[np.int64], dropout: float, generator: torch.Generator
    ) -> Tensor | None:
        """Classes of these rows, shape (N,), after class dropout for classifier-free guidance.

        A class is replaced by "no label" (``num_classes``) with probability ``dropout``. None
        without labels.
        """
        if self.labels is None:
            return None
        y = self._on_device(self.labels[torch.from_numpy(rows)])
        uniform = torch.rand(len(y), generator=generator, device=self._device)
        return torch.where(uniform < dropout, torch.full_like(y, self._no_class), y)

    def dummy_batch(
        self, count: int, augmented: bool
    ) -> tuple[Tensor, Tensor | None, Tensor | None, Tensor, Tensor]:
        """Return a dummy batch of zeros for a trial pass: x_0, augment labels, classes, t−1, ε."""
        height, width, channels = self.images.shape[1:]
        x0 = torch.zeros(count, channels, height, width, device=self._device)
        x0 = x0.contiguous(memory_format=self._layout)
        zeros = torch.zeros(count, dtype=torch.long, device=self._device)
        classes = None if self.labels is None else zeros
        labels = torch.zeros(count, AUGMENT_LABELS, device=self._device) if augmented else None
        return x0, labels, classes, zeros, x0

    def _on_device(self, tensor: Tensor) -> Tensor:
        if self._device.type == "cuda":
            # A copy from pageable memory would synchronise with the device.
            return tensor.pin_memory().to(self._device, non_blocking=True)
        return tensor.to(self._device)

    def _epoch_order(self, seed: int, epoch: int) -> npt.NDArray[np.int64]:
        if self._order is None or self._order[0] != (seed, epoch):
            generator = torch.Generator().manual_seed(derive_seed(seed, _SHUFFLE_STREAM, epoch))
            order = torch.randperm(len(self.images), generator=generator).numpy()
            self._order = ((seed, epoch), order)
        return self._order[1]


def _labels_tensor(
    labels: npt.NDArray[np.integer] | None, pictures: int, num_classes: int | None
) -> Tensor | None:
    if num_classes is None:
        if labels is not None:
            raise ValueError("labels were given to a network without classes")
        return None
    if labels is None:
        raise ValueError(f"this network needs labels of its {num_classes} classes")
    if labels.shape != (pictures,):
        raise ValueError(f"{pictures} pictures need as many labels, not {labels.shape}")
    tensor = torch.from_numpy(labels.astype(np.int64))
    check_labels(tensor, num_classes)
    return tensor
