"""Inception-v3 of the Fréchet Inception Distance (FID) [Szegedy 2016, Heusel 2017].

The layers have the names of the weights in circulation. It differs from the paper's network as the
published weights require: average pooling excludes the padding, and the last block uses max instead
of average pooling.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ddpm_studio.metrics.features.resizing import as_rgb, resize_to
from ddpm_studio.metrics.features.space import Basis, Features, Pictures
from ddpm_studio.metrics.features.weights import WeightsFile
from ddpm_studio.progress import Progress

#: Length of a feature vector.
WIDTH = 2048

_SIDE = 299
_CLASSES = 1008
# First digits of the SHA-256 of the weights file commonly used for FID, as torch has them in file
# names.
_PUBLISHED = "6726825d"
_NORM_EPS = 1e-3

# A layer of a block: name, output channels, kernel (height, width), stride.
_Layer = tuple[str, int, tuple[int, int], int]
# A branch: stages in sequence, each a tuple of layers in parallel.
_Path = tuple[tuple[_Layer, ...], ...]
_Pool = Callable[[Tensor], Tensor]

_avg_pool: _Pool = partial(
    functional.avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False
)
_max_pool: _Pool = partial(functional.max_pool2d, kernel_size=3, stride=1, padding=1)
_max_pool_stride_2: _Pool = partial(functional.max_pool2d, kernel_size=3, stride=2)


class _Convolution(nn.Module):
    def __init__(
        self, inputs: int, outputs: int, kernel: tuple[int, int], stride: int, padded: bool
    ) -> None:
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2) if padded else (0, 0)
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=_NORM_EPS)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.bn(self.conv(x)))


class _Block(nn.Module):
    """Inception block: parallel branches and a pooling branch, concatenated.

    A 1×1 convolution follows the pooling if ``pooled``, its number of channels, is not 0.
    """

    def __init__(self, inputs: int, paths: tuple[_Path, ...], pool: _Pool, pooled: int = 0) -> None:
        super().__init__()
        self._paths, self._pool, self._pooled = paths, pool, pooled
        for path in paths:
            channels = inputs
            for layers in path:
                for name, outputs, kernel, stride in layers:
                    layer = _Convolution(channels, outputs, kernel, stride, padded=stride == 1)
                    self.add_module(name, layer)
                channels = sum(layer[1] for layer in layers)
        if pooled:
            self.branch_pool = _Convolution(inputs, pooled, (1, 1), 1, padded=True)

    def forward(self, x: Tensor) -> Tensor:
        outputs = [self._apply_path(path, x) for path in self._paths]
        pooled = self._pool(x)
        outputs.append(self.branch_pool(pooled) if self._pooled else pooled)
        return torch.cat(outputs, 1)

    def _apply_path(self, path: _Path, x: Tensor) -> Tensor:
        for layers in path:
            outputs = [self.get_submodule(name)(x) for name, *_ in layers]
            x = torch.cat(outputs, 1) if len(outputs) > 1 else outputs[0]
        return x


def _single_layer_path(
    name: str, outputs: int, height: int, width: int, stride: int = 1
) -> tuple[_Layer, ...]:
    return ((name, outputs, (height, width), stride),)


def _block_35(inputs: int, pooled: int) -> _Block:
    """Inception block at 35 × 35 px [Szegedy 2016 Fig. 5]."""
    paths = (
        (_single_layer_path("branch1x1", 64, 1, 1),),
        (_single_layer_path("branch5x5_1", 48, 1, 1), _single_layer_path("branch5x5_2", 64, 5, 5)),
        (
            _single_layer_path("branch3x3dbl_1", 64, 1, 1),
            _single_layer_path("branch3x3dbl_2", 96, 3, 3),
            _single_layer_path("branch3x3dbl_3", 96, 3, 3),
        ),
    )
    return _Block(inputs, paths, _avg_pool, pooled)


def _block_17(inputs: int, width: int) -> _Block:
    """Inception block at 17 × 17 px, with factorised 7 × 7 convolutions [Szegedy 2016 Fig. 6]."""
    paths = (
        (_single_layer_path("branch1x1", 192, 1, 1),),
        (
            _single_layer_path("branch7x7_1", width, 1, 1),
            _single_layer_path("branch7x7_2", width, 1, 7),
            _single_layer_path("branch7x7_3", 192, 7, 1),
        ),
        (
            _single_layer_path("branch7x7dbl_1", width, 1, 1),
            _single_layer_path("branch7x7dbl_2", width, 7, 1),
            _single_layer_path("branch7x7dbl_3", width, 1, 7),
            _single_layer_path("branch7x7dbl_4", width, 7, 1),
            _single_layer_path("branch7x7dbl_5", 192, 1, 7),
        ),
    )
    return _Block(inputs, paths, _avg_pool, 192)


def _block_8(inputs: int, pool: _Pool) -> _Block:
    """Inception block at 8 × 8 px, with expanded filter banks [Szegedy 2016 Fig. 7]."""
    paths = (
        (_single_layer_path("branch1x1", 320, 1, 1),),
        (
            _single_layer_path("branch3x3_1", 384, 1, 1),
            (("branch3x3_2a", 384, (1, 3), 1), ("branch3x3_2b", 384, (3, 1), 1)),
        ),
        (
            _single_layer_path("branch3x3dbl_1", 448, 1, 1),
            _single_layer_path("branch3x3dbl_2", 384, 3, 3),
            (("branch3x3dbl_3a", 384, (1, 3), 1), ("branch3x3dbl_3b", 384, (3, 1), 1)),
        ),
    )
    return _Block(inputs, paths, pool, 192)


def _reduction_to_17(inputs: int) -> _Block:
    """Grid-size reduction from 35 × 35 px to 17 × 17 [Szegedy 2016 Fig. 10]."""
    paths = (
        (_single_layer_path("branch3x3", 384, 3, 3, stride=2),),
        (
            _single_layer_path("branch3x3dbl_1", 64, 1, 1),
            _single_layer_path("branch3x3dbl_2", 96, 3, 3),
            _single_layer_path("branch3x3dbl_3", 96, 3, 3, stride=2),
        ),
    )
    return _Block(inputs, paths, _max_pool_stride_2)


def _reduction_to_8(inputs: int) -> _Block:
    """Grid-size reduction from 17 × 17 px to 8 × 8."""
    paths = (
        (
            _single_layer_path("branch3x3_1", 192, 1, 1),
            _single_layer_path("branch3x3_2", 320, 3, 3, stride=2),
        ),
        (
            _single_layer_path("branch7x7x3_1", 192, 1, 1),
            _single_layer_path("branch7x7x3_2", 192, 1, 7),
            _single_layer_path("branch7x7x3_3", 192, 7, 1),
            _single_layer_path("branch7x7x3_4", 192, 3, 3, stride=2),
        ),
    )
    return _Block(inputs, paths, _max_pool_stride_2)


class Inception(nn.Module):
    """Inception-v3 up to the global average pooling, its features."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = _Convolution(3, 32, (3, 3), 2, padded=False)
        self.Conv2d_2a_3x3 = _Convolution(32, 32, (3, 3), 1, padded=False)
        self.Conv2d_2b_3x3 = _Convolution(32, 64, (3, 3), 1, padded=True)
        self.Conv2d_3b_1x1 = _Convolution(64, 80, (1, 1), 1, padded=False)
        self.Conv2d_4a_3x3 = _Convolution(80, 192, (3, 3), 1, padded=False)
        self.Mixed_5b = _block_35(192, 32)
        self.Mixed_5c = _block_35(256, 64)
        self.Mixed_5d = _block_35(288, 64)
        self.Mixed_6a = _reduction_to_17(288)
        self.Mixed_6b = _block_17(768, 128)
        self.Mixed_6c = _block_17(768, 160)
        self.Mixed_6d = _block_17(768, 160)
        self.Mixed_6e = _block_17(768, 192)
        self.Mixed_7a = _reduction_to_8(768)
        self.Mixed_7b = _block_8(1280, _avg_pool)
        self.Mixed_7c = _block_8(2048, _max_pool)

    def forward(self, x: Tensor) -> Tensor:
        """Map pictures, (N, 3, 299, 299) in −1..1, to features, (N, 2048)."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(_max_pool_stride_2(x)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(_max_pool_stride_2(x))))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        features: Tensor = x.mean((2, 3))
        return features


class InceptionSpace:
    """Feature space of the FID's Inception-v3.

    Args:
        weights: its weights.
        size: (H, W) of the pictures.

    Raises:
        ValueError: if the weights belong to another network.
    """

    def __init__(self, weights: WeightsFile, size: tuple[int, int]) -> None:
        head = weights.tensors.get("fc.weight")
        if head is None or head.shape != (_CLASSES, WIDTH):
            raise ValueError(
                f"{weights.name} holds another network than the FID's Inception-v3, which tells "
                f"{_CLASSES} classes apart"
            )
        self._network = weights.build_network(Inception)
        self._weights, self._size = weights, size

    @property
    def title(self) -> str:
        """See :class:`~ddpm_studio.metrics.features.space.FeatureSpace`."""
        suffix = "" if self._weights.sha256.startswith(_PUBLISHED) else " with weights of one's own"
        return f"{WIDTH:,} features of the FID's Inception-v3{suffix}"

    @property
    def details(self) -> Mapping[str, object]:
        """See :class:`~ddpm_studio.metrics.features.space.FeatureSpace`."""
        return self._weights.details(self._size, _SIDE)

    def __call__(self, pictures: Pictures, /) -> Features:
        """See :class:`~ddpm_studio.metrics.features.space.FeatureSpace`."""
        x = resize_to(as_rgb(pictures), _SIDE, _SIDE) / 127.5 - 1
        with torch.no_grad():
            return np.asarray(self._network(x).double().numpy())


def inception_space(basis: Basis) -> Generator[Progress, None, InceptionSpace]:
    """Create the feature space of the weights in ``basis``.

    Raises:
        ValueError: if they belong to another network, or the pictures have more than 4 channels.
    """
    yield from ()
    assert basis.weights is not None
    as_rgb(basis.images[:1], basis.are_bands)
    return InceptionSpace(basis.weights, (basis.images.shape[1], basis.images.shape[2]))
