"""Base classes of networks: a serialisable configuration, and the module that predicts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from typing import Any, ClassVar, Self, get_type_hints

import torch
from torch import Tensor, nn

from ddpm_studio.engine.device.memory_format import Precision
from ddpm_studio.engine.sizes import side_text

# Larger values are a mistake or an attack: building the network would exhaust memory or time.
_MAX_SIZES = {"height": 4096, "width": 4096, "channels": 64, "num_classes": 1_000_000}

_CHECKS: dict[object, Callable[[object], bool]] = {
    int: lambda value: type(value) is int,
    bool: lambda value: type(value) is bool,
    float: lambda value: type(value) in (int, float),
    int | None: lambda value: value is None or type(value) is int,
    tuple[int, ...]: lambda value: (
        isinstance(value, tuple) and all(type(item) is int for item in value)
    ),
}


@dataclass(frozen=True)
class NetworkConfig:
    """Base class of network configurations, with the fields that all kinds have.

    A kind of network has a frozen subclass that sets ``kind``, its name in
    :data:`ddpm_studio.engine.tables.NETWORKS`, and adds its own fields, each with a default;
    ``int``, ``float``, ``bool`` and tuples of ``int`` survive JSON.

    Args:
        height: height of the pictures in pixels, a multiple of ``size_multiple``.
        width: width of the pictures in pixels, a multiple of ``size_multiple``.
        channels: channels of the pictures: 1 gray, 3 RGB, 4 with alpha, or any number of bands.
        dropout: probability, 0..1.
        learned_variance: whether a second half of output channels carries the variance
            [IDDPM §3.1].
        num_classes: number of classes, labelled 0..num_classes−1; None for an unconditional
            network.
        augmented: whether it can be conditioned on how a picture was augmented.
    """

    kind: ClassVar[str] = ""

    height: int = 32
    width: int = 32
    channels: int = 3
    dropout: float = field(default=0.0, kw_only=True)
    learned_variance: bool = field(default=False, kw_only=True)
    num_classes: int | None = field(default=None, kw_only=True)
    augmented: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        for name, hint in _hints(type(self)).items():  # type: ignore[arg-type] # a class is hashable
            if hint in _CHECKS and not _CHECKS[hint](getattr(self, name)):
                raise ValueError(f"{name} is of another kind than it must be")
        self.require_at_most(_MAX_SIZES)
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be 0 or more and below 1, not {self.dropout:.6g}")

    def require_at_most(self, limits: Mapping[str, int]) -> None:
        """Check that fields are in 1..limit; None is allowed.

        Raises:
            ValueError: naming the first field that is not.
        """
        for name, limit in limits.items():
            value = getattr(self, name)
            for item in value if isinstance(value, tuple) else (value,):
                if item is not None and not 1 <= item <= limit:
                    raise ValueError(f"{name} must be 1..{limit}, not {item:.6g}")

    def require_multiples(self, reason: str) -> None:
        """Check that both sides of the pictures are multiples of ``size_multiple``.

        Raises:
            ValueError: if not; the message gives the size and the reason.
        """
        if self.height % self.size_multiple or self.width % self.size_multiple:
            raise ValueError(
                f"image size {side_text(self.width, self.height)} is not a multiple of "
                f"{self.size_multiple}, as {reason} need"
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of a picture."""
        return self.channels, self.height, self.width

    @property
    def size_multiple(self) -> int:
        """Divisor of both sides of a picture."""
        return 1

    @property
    def out_channels(self) -> int:
        """Channels of the output: twice the picture's if the variance is learned."""
        return self.channels * (2 if self.learned_variance else 1)

    def to_dict(self) -> dict[str, object]:
        """Return the kind and the fields as a JSON-serialisable dictionary."""
        values = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
        if not self.augmented:
            # Without it, older versions, which don't know the field, can still read the rest.
            del values["augmented"]
        return {"kind": self.kind, **values}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Create a configuration from the result of :meth:`to_dict`.

        Version 0.1.0 wrote ``image_size``, the side of a square, which is accepted too.

        Raises:
            ValueError: if a field is unknown, or a value is invalid.
        """
        known = {field.name for field in fields(cls)}
        given: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items()
        }
        given.pop("kind", None)
        if "image_size" in given and not given.keys() & {"height", "width"}:
            given["height"] = given["width"] = given.pop("image_size")
        if unknown := sorted(given.keys() - known):
            expected = ", ".join(sorted(known))
            raise ValueError(f"unknown network fields: {', '.join(unknown)}; there are {expected}")
        return cls(**given)

    def with_fields(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return replace(self, **changes)


class Network(nn.Module, ABC):
    """Abstract base class of denoising networks, built from a configuration.

    The kinds are listed in :data:`ddpm_studio.engine.tables.NETWORKS`.

    Args:
        config: configuration, kept as ``config``.
    """

    #: Name prefixes of the weights that stay float32 in a bf16 copy: those of the timestep
    #: embedding, where neighbouring timesteps would otherwise coincide.
    in_float32: ClassVar[tuple[str, ...]] = ()

    #: Names of the input and output layers; all others are hidden layers. None: unspecified, in
    #: which case the first and the last are assumed.
    outer_layers: ClassVar[tuple[str, ...] | None] = None

    #: Whether labels may also be class weights, for interpolation between classes.
    mixes_classes: ClassVar[bool] = False

    #: Whether its ``forward`` also takes ``augment_labels``, shape (N, 9), of
    #: :func:`~ddpm_studio.engine.augmentation.draw_augment_labels`, if its configuration is
    #: ``augmented``; None: pictures are not augmented.
    takes_augmentation: ClassVar[bool] = False

    config: NetworkConfig

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        if config.augmented and not self.takes_augmentation:
            raise ValueError(f"the network {config.kind!r} can't be told of augmentation")
        self.config = config

    @property
    def precision(self) -> Precision:
        """Precision of the weights: "bf16" if any of them is, else "float32"."""
        half = any(weight.dtype == torch.bfloat16 for weight in self.parameters())
        return "bf16" if half else "float32"

    @abstractmethod
    def forward(self, x: Tensor, t: Tensor, y: Tensor | None = None) -> Tensor:
        """Predict from noisy pictures.

        Args:
            x: x_t, shape (N, C, H, W).
            t: timestep labels 0..T−1, or floating-point numbers that encode any σ; shape (N,).
            y: class labels, shape (N,); ``num_classes`` (or None) stands for "no label". If
                ``mixes_classes``, also the weight of each class and, last, of "no label":
                floating, shape (N, num_classes + 1), see :func:`embed_labels`.

        Returns:
            Prediction, shape (N, out_channels, H, W), dtype of x.

        Raises:
            ValueError: if x has another shape, or labels are given to an unconditional network.
        """


def require_pictures(config: NetworkConfig, x: Tensor) -> None:
    """Check that x has the network's channels and an allowed size, not necessarily the trained one.

    Raises:
        ValueError: if not; the message gives both shapes.
    """
    multiple = config.size_multiple
    if x.ndim != 4 or x.shape[1] != config.channels or any(n % multiple for n in x.shape[2:]):
        rule = f", both sides multiples of {multiple}" if multiple > 1 else ""
        raise ValueError(
            f"x has shape {tuple(x.shape)}; the network takes (N, {config.channels}, H, W){rule}"
        )


def class_labels(config: NetworkConfig, x: Tensor, y: Tensor | None) -> Tensor | None:
    """Return the class label of each picture, shape (N,); None for an unconditional network.

    Without ``y`` each label is "no label". Class weights are returned as they are.

    Raises:
        ValueError: if labels are given to an unconditional network.
    """
    if config.num_classes is None:
        if y is not None:
            raise ValueError("this network was trained without labels")
        return None
    return torch.full((len(x),), config.num_classes, device=x.device) if y is None else y


def embed_labels(table: nn.Embedding, labels: Tensor) -> Tensor:
    """Return the class embedding of each picture, or an interpolation of several.

    Args:
        table: embedding table: one row per class, and one for "no label".
        labels: integers, shape (N,); or the weight of each row, floating, shape (N, rows).

    Returns:
        Shape (N, D). For a weight of 1 it is the row itself.
    """
    if labels.is_floating_point():
        return labels.to(table.weight.dtype) @ table.weight
    embedded: Tensor = table(labels)
    return embedded


def conditioning_embedding(
    config: NetworkConfig,
    embedding: Tensor,
    x: Tensor,
    label: nn.Embedding | None,
    y: Tensor | None,
    augmentation: nn.Module | None,
    augment_labels: Tensor | None,
) -> Tensor:
    """Conditioning embedding: the sum of those of t, class and augmentation, shape (N, D).

    Args:
        config: configuration of the network.
        embedding: embedding of t, shape (N, D).
        x: x_t, shape (N, C, H, W).
        label: embedding table of the classes; None: the network is unconditional.
        y: class labels, see :meth:`Network.forward`.
        augmentation: maps augment labels, shape (N, 9), to shape (N, D); None: not supported.
        augment_labels: shape (N, 9); None: pictures are not augmented.

    Raises:
        ValueError: if class or augment labels are given to a network that does not support them.
    """
    labels = class_labels(config, x, y)
    if label is not None and labels is not None:
        embedding = embedding + embed_labels(label, labels)
    if augment_labels is None:
        return embedding
    if augmentation is None:
        raise ValueError("this network was not made to be told of augmentation")
    augmented: Tensor = augmentation(augment_labels)
    return embedding + augmented


@cache
def _hints(cls: type[Any]) -> dict[str, object]:
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in fields(cls)}
