"""Fine-tuning on other pictures: which weights of a trained network are kept, which are new.

A convolutional network is of no size, and a transformer with positions of sines neither: all its
weights are kept for pictures of another size. Layers that read and write pixels follow the
channels, the table of classes the classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ddpm_studio.data import Dataset
from ddpm_studio.engine import Network, NetworkConfig
from ddpm_studio.engine.networks.presets import preset
from ddpm_studio.engine.sizes import side_text
from ddpm_studio.engine.tables import PRESETS
from ddpm_studio.errors import StudioError, plain
from ddpm_studio.jobs.training.dataset_checks import check_shape
from ddpm_studio.picture_shape import MOST_COLOURS, PictureShape
from ddpm_studio.requests import TrainRequest
from ddpm_studio.runs import RunFolder, RunInfo
from ddpm_studio.runs.classes import known_classes

# The table of classes, and the bias of what its rows are added to.
_TABLE, _TIME = "label.weight", "time2.bias"
_MOST_NAMED = 6


def adapted_config(base: RunInfo, request: TrainRequest, dataset: Dataset) -> NetworkConfig:
    """Return the configuration of another run's network for other pictures.

    Args:
        base: that run.
        request: whether classes are learnt.
        dataset: the pictures.

    Raises:
        StudioError: if the network can't follow their shape, as an imported one can't.
    """
    config = for_shape(base, dataset.shape)
    if config is None:
        check_shape(base, dataset)
        raise AssertionError("a network takes its own shape")
    classes = len(dataset.class_names) if request.class_conditional else None
    return config.with_(num_classes=classes)


def student_config(teacher: RunInfo, request: TrainRequest, dataset: Dataset) -> NetworkConfig:
    """Return the configuration of a few-step student's network: its teacher's, as it is.

    Raises:
        StudioError: if the pictures are of another shape, or have other classes.
    """
    check_shape(teacher, dataset)
    config = teacher.network_config()
    return config if request.dropout is None else config.with_(dropout=request.dropout)


def for_shape(base: RunInfo, shape: PictureShape) -> NetworkConfig | None:
    """Return the configuration of a run's network for pictures of a shape; None: it can't follow.

    It follows if it is of a preset, which says how its levels go with the size, and if the channels
    stay, or both are colours.
    """
    config = base.network_config()
    if shape == _shape_of(config):
        return config
    colours = max(config.channels, shape.channels) <= MOST_COLOURS
    return _of_preset(base, config, shape) if colours or config.channels == shape.channels else None


def start_weights(run: Path, network: Network, classes: tuple[str, ...]) -> None:
    """Load another run's averaged weights into a network that is to be fine-tuned.

    Args:
        run: the other run.
        network: of :func:`adapted_config`.
        classes: what its classes are called, in order.

    Raises:
        StudioError: if they do not fit.
    """
    folder = RunFolder.open(run)
    tensors = folder.newest().load("ema", folder.info.network_config())
    adaptation = Adaptation(folder.info, run, network.config, classes)
    try:
        network.load_state_dict(adaptation.weights(tensors, network))
    except RuntimeError as error:
        raise StudioError(
            f"The weights of {run} do not fit this network.",
            "Fine-tune with the network, picture size and classes of that run.",
            str(error),
        ) from error


def _shape_of(config: NetworkConfig) -> PictureShape:
    return PictureShape(config.height, config.width, config.channels)


def _of_preset(base: RunInfo, config: NetworkConfig, shape: PictureShape) -> NetworkConfig | None:
    """Return what the preset that a network is of makes for another shape; None: it is of none."""
    if base.request is None or base.request.preset not in PRESETS:
        return None
    name = base.request.preset
    others = {
        "num_classes": config.num_classes,
        "dropout": config.dropout,
        "learned_variance": config.learned_variance,
        "augmented": config.augmented,
    }
    try:
        if preset(name, config.shape).with_(**others) != config:
            return None
        return preset(name, (shape.channels, shape.height, shape.width)).with_(**others)
    except ValueError:
        return None


@dataclass(frozen=True, eq=False)
class Adaptation:
    """What becomes of another run's weights in the network of a new one.

    Args:
        base: the other run.
        run: its folder.
        config: the new network.
        classes: what the classes of the pictures are called, in order, learnt or not.
    """

    base: RunInfo
    run: Path
    config: NetworkConfig
    classes: tuple[str, ...]

    def __str__(self) -> str:
        """What is kept and what is new, in a sentence."""
        old, new = self.base.network_config(), self.config
        words = []
        if (old.height, old.width) != (new.height, new.width):
            words.append(f"pictures of {side_text(new.width, new.height)} px")
        if old.channels != new.channels:
            words.append(f"the layers of pixels, for {new.channels} channels")
        if new.augmented and not old.augmented:
            words.append("the embedding of augmentation")
        known = set(known_classes(self.base))
        learnt = self.classes if new.num_classes is not None else ()
        added = [plain(one, 40) for one in learnt if one not in known]
        if added:
            more = len(added) - _MOST_NAMED
            rest = f" and {more:,} more" if more > 0 else ""
            words.append(f"the classes {', '.join(added[:_MOST_NAMED])}{rest}")
        if not words:
            return f"Begins with all weights of {self.title}."
        return f"Begins with the weights of {self.title}; new: {', '.join(words)}."

    @property
    def title(self) -> str:
        """What the other run is called."""
        return self.base.published.title if self.base.published else self.run.name

    def weights(self, tensors: Mapping[str, Tensor], network: Network) -> dict[str, Tensor]:
        """Return the weights to begin with.

        A class of the same name keeps its embedding; any other begins as "no class", so that it is
        drawn as pictures of all classes are. Without classes "no class" is all there is.

        Args:
            tensors: those of the other run.
            network: the new one, whose own are taken for what there is nothing of.
        """
        made = {key: tensor.clone() for key, tensor in network.state_dict().items()}
        outer = network.outer_layers or ()
        for key, new in made.items():
            old = tensors.get(key)
            if key == _TABLE:
                made[key] = self._table(old, new)
            elif old is not None and old.shape == new.shape:
                made[key] = old
            elif old is not None and key.partition(".")[0] in outer:
                made[key] = self._pixels(old, new, key.partition(".")[0] == outer[0])
        if _TABLE in tensors and _TABLE not in made:
            made[_TIME] = made[_TIME] + self._nothing(tensors[_TABLE])
        return made

    def _table(self, old: Tensor | None, new: Tensor) -> Tensor:
        if old is None:
            # Added to the embedding of t, it changes nothing at first.
            return torch.zeros_like(new)
        known, nothing = dict(zip(known_classes(self.base), old, strict=False)), self._nothing(old)
        return torch.stack([*(known.get(name, nothing) for name in self.classes), nothing])

    def _nothing(self, table: Tensor) -> Tensor:
        """Return the embedding of "no class"; where it was never learnt, the mean of all."""
        return table[-1] if self.base.learnt_withheld else table[:-1].mean(0)

    def _pixels(self, old: Tensor, new: Tensor, reads: bool) -> Tensor:
        """Return weights of a layer that reads pixels, or writes them, for other channels."""
        before, after = _shape_of(self.base.network_config()), _shape_of(self.config)
        axis = 1 if reads else 0
        # What a channel has: the pixels of a patch; of what is written, the variance comes after.
        halves = 2 if self.config.learned_variance and not reads else 1
        first = [tensor.movedim(axis, 0) for tensor in (old, new.clone())]
        a, made = (
            tensor.reshape(halves, shape.channels, -1, *tensor.shape[1:])
            for tensor, shape in zip(first, (before, after), strict=True)
        )
        colours = [shape.channels - shape.has_alpha for shape in (before, after)]
        shown = a[:, : colours[0]]
        if colours[0] != colours[1]:
            shown = shown.sum(1, keepdim=True) if reads else shown.mean(1, keepdim=True)
            shown = shown / colours[1] if reads else shown
        made[:, : colours[1]] = shown.expand(-1, colours[1], *shown.shape[2:])
        if before.has_alpha and after.has_alpha:
            made[:, -1] = a[:, -1]
        flat: Tensor = made.flatten(0, 2)
        return flat.movedim(0, axis).contiguous()
