"""Fine-tuning on other pictures: which weights of a trained network are kept, which are new.

Convolutional networks and transformers with sinusoidal positions don't depend on the size of
pictures, so all their weights are kept for another size. Layers that read and write pixels are
adapted to the number of channels, the table of class embeddings to the classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ddpm_studio.data import Dataset
from ddpm_studio.durations import format_count
from ddpm_studio.engine import Network, NetworkConfig
from ddpm_studio.engine.networks.presets import preset_like
from ddpm_studio.engine.sizes import side_text
from ddpm_studio.errors import StudioError, printable
from ddpm_studio.jobs.training.dataset_checks import check_shape
from ddpm_studio.picture_shape import MAX_COLOUR_CHANNELS, PictureShape
from ddpm_studio.requests import TrainRequest
from ddpm_studio.runs import RunFolder, RunInfo
from ddpm_studio.runs.classes import known_classes

# The table of class embeddings, and the bias of the layer whose output they are added to.
_TABLE, _TIME = "label.weight", "time2.bias"
_MAX_NAMED = 6


def adapted_config(base: RunInfo, request: TrainRequest, dataset: Dataset) -> NetworkConfig:
    """Return the configuration of another run's network, adapted to a data set.

    Args:
        base: the other run.
        request: the settings, which say whether classes are learned.
        dataset: the data set to train on.

    Raises:
        StudioError: if the network can't be adapted to its shape, as an imported one can't.
    """
    config = config_for_shape(base, dataset.shape)
    if config is None:
        check_shape(base, dataset)
        raise AssertionError("a network takes its own shape")
    classes = len(dataset.class_names) if request.class_conditional else None
    return config.with_fields(num_classes=classes)


def student_config(teacher: RunInfo, request: TrainRequest, dataset: Dataset) -> NetworkConfig:
    """Return the configuration of a few-step student's network: the teacher's.

    Its dropout is the request's, if that sets one.

    Raises:
        StudioError: if the pictures have another shape or other classes.
    """
    check_shape(teacher, dataset)
    config = teacher.network_config()
    return config if request.dropout is None else config.with_fields(dropout=request.dropout)


def config_for_shape(base: RunInfo, shape: PictureShape) -> NetworkConfig | None:
    """Return the configuration of a run's network for a picture shape; None if it can't adapt.

    It can if it was made from a preset, which defines how its levels depend on the size, and if
    the number of channels stays, or both are gray or colour pictures.
    """
    config = base.network_config()
    if shape == base.picture_shape:
        return config
    are_colours = max(config.channels, shape.channels) <= MAX_COLOUR_CHANNELS
    return (
        _preset_config(base, config, shape)
        if are_colours or config.channels == shape.channels
        else None
    )


def load_start_weights(
    run: Path, network: Network, classes: tuple[str, ...] | None, *, are_bands: bool
) -> None:
    """Load another run's averaged weights into a network that is to be fine-tuned.

    Args:
        run: the other run.
        network: network made by :func:`adapted_config` or :func:`student_config`.
        classes: names of its classes, in order; None for a student's, which are its teacher's
            whatever they are called.
        are_bands: whether the channels of its pictures are bands.

    Raises:
        StudioError: if the weights do not fit.
    """
    folder = RunFolder.open(run)
    tensors = folder.newest().load("ema", folder.info.network_config())
    names = known_classes(folder.info) if classes is None else classes
    adaptation = Adaptation(folder.info, run, network.config, names, are_bands)
    try:
        network.load_state_dict(adaptation.weights(tensors, network))
    except RuntimeError as error:
        raise StudioError(
            f"The weights of {run} do not fit this network.",
            "Fine-tune with the network, picture size and classes of that run.",
            str(error),
        ) from error


def _preset_config(
    base: RunInfo, config: NetworkConfig, shape: PictureShape
) -> NetworkConfig | None:
    """Return the configuration that a network's preset makes for another shape; None without."""
    name = base.preset
    if name is None or not base.is_made_by(name):
        return None
    try:
        return preset_like(name, config, (shape.channels, shape.height, shape.width))
    except ValueError:
        return None


@dataclass(frozen=True, eq=False)
class Adaptation:
    """Adaptation of another run's weights to the network of a new run.

    Args:
        base: the other run.
        run: folder of the other run.
        config: configuration of the new network.
        classes: names of the data set's classes, in order, learned or not.
        are_bands: whether the channels of the data set are bands, of which none is alpha.
    """

    base: RunInfo
    run: Path
    config: NetworkConfig
    classes: tuple[str, ...]
    are_bands: bool = False

    def __str__(self) -> str:
        """Describe in a sentence what is kept and what is new."""
        old, new = self.base.network_config(), self.config
        new_parts = []
        if (old.height, old.width) != (new.height, new.width):
            new_parts.append(f"pictures of {side_text(new.width, new.height)} px")
        if old.channels != new.channels:
            new_parts.append(f"the layers of pixels, for {format_count(new.channels, 'channel')}")
        if new.augmented and not old.augmented:
            new_parts.append("the embedding of augmentation")
        known = set(known_classes(self.base))
        trained_classes = self.classes if new.num_classes is not None else ()
        added = [printable(name, 40) for name in trained_classes if name not in known]
        if added:
            more = len(added) - _MAX_NAMED
            rest = f" and {more:,} more" if more > 0 else ""
            new_parts.append(f"the classes {', '.join(added[:_MAX_NAMED])}{rest}")
        if not new_parts:
            return f"Begins with all weights of {self.title}."
        return f"Begins with the weights of {self.title}; new: {', '.join(new_parts)}."

    @property
    def title(self) -> str:
        """Title of the other run."""
        return self.base.published.title if self.base.published else self.run.name

    def weights(self, tensors: Mapping[str, Tensor], network: Network) -> dict[str, Tensor]:
        """Return the initial weights of the new network.

        A class of the same name keeps its embedding; any other starts as "no class", so that it is
        drawn like pictures of all classes. A network without classes has only "no class".

        Args:
            tensors: weights of the other run.
            network: the new network, whose own weights are used where the other run has none.
        """
        result = {key: tensor.clone() for key, tensor in network.state_dict().items()}
        outer = network.outer_layers or ()
        for key, new in result.items():
            old = tensors.get(key)
            if key == _TABLE:
                result[key] = self._adapt_label_table(old, new)
            elif old is not None and old.shape == new.shape:
                result[key] = old
            elif old is not None and key.partition(".")[0] in outer:
                result[key] = self._adapt_pixel_layer(old, new, key.partition(".")[0] == outer[0])
        if _TABLE in tensors and _TABLE not in result:
            result[_TIME] = result[_TIME] + self._null_embedding(tensors[_TABLE])
        return result

    def _adapt_label_table(self, old: Tensor | None, new: Tensor) -> Tensor:
        if old is None:
            # Added to the embedding of t, so that it has no effect at first.
            return torch.zeros_like(new)
        known = dict(zip(known_classes(self.base), old, strict=False))
        null = self._null_embedding(old)
        return torch.stack([*(known.get(name, null) for name in self.classes), null])

    def _null_embedding(self, table: Tensor) -> Tensor:
        """Return the embedding of "no class"; if it was never trained, the mean of all classes."""
        return table[-1] if self.base.has_learnt_null_label else table[:-1].mean(0)

    def _adapt_pixel_layer(self, old: Tensor, new: Tensor, reads: bool) -> Tensor:
        """Return weights of a layer that reads or writes pixels for other channels."""
        config, before = self.config, self.base.picture_shape
        after = PictureShape(config.height, config.width, config.channels, self.are_bands)
        axis = 1 if reads else 0
        # Values of a channel: the pixels of a patch. A layer that writes has the means of all
        # channels first, then their variances.
        halves = 2 if config.learned_variance and not reads else 1
        arrays = [tensor.movedim(axis, 0) for tensor in (old, new.clone())]
        source, target = (
            tensor.reshape(halves, shape.channels, -1, *tensor.shape[1:])
            for tensor, shape in zip(arrays, (before, after), strict=True)
        )
        colours = [shape.channels - shape.has_alpha for shape in (before, after)]
        weights = source[:, : colours[0]]
        if colours[0] != colours[1]:
            weights = weights.sum(1, keepdim=True) if reads else weights.mean(1, keepdim=True)
            weights = weights / colours[1] if reads else weights
        target[:, : colours[1]] = weights.expand(-1, colours[1], *weights.shape[2:])
        if before.has_alpha and after.has_alpha:
            target[:, -1] = source[:, -1]
        flat: Tensor = target.flatten(0, 2)
        return flat.movedim(0, axis).contiguous()
