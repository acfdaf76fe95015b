"""The batches of a training: order of the pictures, flips, augmentation, withheld classes."""

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

# A stream of random numbers of its own, so that no other shifts it.
_ORDER = 1


class PictureRows(Protocol):
    """uint8 (N, H, W, C): an array, or what reads the rows that it is asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, H, W, C)."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: npt.NDArray[np.int64], /) -> npt.NDArray[Any]: ...


class Batches:
    """Draws x_0 and its class; each picture comes once an epoch.

    Args:
        images: uint8 (N, H, W, C), an array or what reads its rows.
        shape: (H, W, C) that the network takes.
        labels: class of each picture, shape (N,), for a class-conditional network alone.
        num_classes: of the network; None: it takes no classes.
        device: where batches go.
        layout: of x_0 in memory.

    Raises:
        ValueError: if the pictures or labels do not fit the network.
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
        self.labels = _checked_labels(labels, len(images), num_classes)
        self._no_class = num_classes or 0
        self._device, self._layout = device, layout
        self._order: tuple[tuple[int, int], npt.NDArray[np.int64]] | None = None

    def rows(self, step: int, config: TrainingConfig) -> npt.NDArray[np.int64]:
        """Rows of the batch of step 0, 1, …, in an order drawn anew each epoch, shape (N,)."""
        start = config.seen(step)
        positions = np.arange(start, start + config.pictures)
        epochs, places = np.divmod(positions, len(self.images))
        rows = np.empty_like(positions)
        for epoch in np.unique(epochs):
            chosen = epochs == epoch
            rows[chosen] = self._epoch_order(config.seed, int(epoch))[places[chosen]]
        return rows

    def pictures(
        self,
        rows: npt.NDArray[np.int64],
        own: slice,
        config: TrainingConfig,
        generator: torch.Generator,
    ) -> tuple[Tensor, Tensor | None]:
        """Pictures of the ``own`` rows, at random mirrored and augmented as the settings have it.

        Returns:
            x_0 in [−1, 1], shape (n, C, H, W), and its augment labels, shape (n, 9); None: it is
            not augmented.
        """
        x0 = to_model(self._on_device(torch.from_numpy(self.images[rows[own]])))
        if config.flip:
            mirrored = torch.rand(len(rows), generator=generator, device=self._device)[own] < 0.5
            x0 = torch.where(mirrored[:, None, None, None], x0.flip(3), x0)
        labels = None
        if config.augmentation:
            labels = draw_augment_labels(len(rows), config.augmentation, generator)[own]
            x0 = augment(x0, labels)
        return x0.contiguous(memory_format=self._layout), labels

    def noise(self, count: int, generator: torch.Generator) -> Tensor:
        """ε of so many pictures, shape (N, C, H, W)."""
        height, width, channels = self.images.shape[1:]
        shape = (count, channels, height, width)
        noise = torch.empty(shape, device=self._device, memory_format=self._layout)
        return noise.normal_(generator=generator)

    def classes(
        self, rows: npt.NDArray[np.int64], dropout: float, generator: torch.Generator
    ) -> Tensor | None:
        """The classes of these rows, a share withheld, shape (N,); None without labels."""
        if self.labels is None:
            return None
        y = self._on_device(self.labels[torch.from_numpy(rows)])
        withheld = torch.rand(len(y), generator=generator, device=self._device)
        return torch.where(withheld < dropout, torch.full_like(y, self._no_class), y)

    def blank(
        self, count: int, augmented: bool
    ) -> tuple[Tensor, Tensor | None, Tensor | None, Tensor, Tensor]:
        """Return x_0, its augment labels, classes, t − 1 and ε, all zeros: something to try."""
        height, width, channels = self.images.shape[1:]
        x0 = torch.zeros(count, channels, height, width, device=self._device)
        x0 = x0.contiguous(memory_format=self._layout)
        zeros = torch.zeros(count, dtype=torch.long, device=self._device)
        classes = None if self.labels is None else zeros
        labels = torch.zeros(count, AUGMENT_LABELS, device=self._device) if augmented else None
        return x0, labels, classes, zeros, x0

    def _on_device(self, tensor: Tensor) -> Tensor:
        if self._device.type == "cuda":
            # From pageable memory the copy would wait for the device.
            return tensor.pin_memory().to(self._device, non_blocking=True)
        return tensor.to(self._device)

    def _epoch_order(self, seed: int, epoch: int) -> npt.NDArray[np.int64]:
        if self._order is None or self._order[0] != (seed, epoch):
            generator = torch.Generator().manual_seed(derive_seed(seed, _ORDER, epoch))
            order = torch.randperm(len(self.images), generator=generator).numpy()
            self._order = ((seed, epoch), order)
        return self._order[1]


def _checked_labels(
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
    checked = torch.from_numpy(labels.astype(np.int64))
    check_labels(checked, num_classes)
    return checked
