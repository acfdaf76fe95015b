"""Class-conditional sampling with classifier-free guidance [Ho & Salimans 2022]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_like, check_number, check_shape
from ddpm_studio.engine.networks.network import NetworkConfig


class ConditionalDenoiser(Protocol):
    """A network that also takes class labels of shape (N,), or shares of classes."""

    def __call__(self, x: Tensor, t: Tensor, y: Tensor, /) -> Tensor:
        """Predict from x_t at the labels t for the classes y."""
        ...


class Guided:
    """A :class:`~ddpm_studio.engine.process.Denoiser` that draws given classes.

    The prediction is p(no label) + scale·(p(class) − p(no label)): 0 ignores the class, 1 is
    the plain conditional network (one evaluation, else two), more follows it harder. It holds
    in every parameterisation, each being linear in ε at a fixed x_t. A learned variance is
    that of the class at every scale; at 0 that takes a second evaluation.

    Much guidance makes pictures too bright or too dark; ``rescale`` brings the standard deviation
    of each picture's prediction back to that of the class's alone [Lin et al. 2023, §3.4].

    Args:
        network: trained with labels and with some of them dropped.
        config: of the network.
        classes: one for each picture of a batch, shape (N,), int64.
        scale: strength, not below 0.
        rescale: how far, 0..1; 0.7 is its authors' choice. Of no effect where one evaluation
            is enough.

    Raises:
        ValueError: if the network knows no classes, or a class, the scale or the rescaling is
            out of range.
    """

    def __init__(
        self,
        network: ConditionalDenoiser,
        config: NetworkConfig,
        classes: Tensor,
        scale: float = 1.0,
        rescale: float = 0.0,
    ) -> None:
        if config.num_classes is None:
            raise ValueError("this network was trained without labels: it cannot be guided")
        check_number("guidance", scale, 0)
        check_number("guidance rescaling", rescale, 0, 1)
        check_shape("classes", classes, ("N",))
        check_labels(classes, config.num_classes)
        self.network, self.config = network, config
        self.classes, self.scale, self.rescale = classes, scale, rescale

    def __call__(self, x: Tensor, t: Tensor, /) -> Tensor:
        """Predict for x_t, shape (N, C, H, W), at the labels t, shape (N,)."""
        if len(x) != len(self.classes):
            raise ValueError(f"{len(x)} pictures came for {len(self.classes)} classes")
        classes = self.classes.to(x.device)
        return guided(self.network, self.config, x, t, classes, self.scale, self.rescale)


def guided(
    network: ConditionalDenoiser,
    config: NetworkConfig,
    x: Tensor,
    t: Tensor,
    classes: Tensor,
    scale: float,
    rescale: float = 0.0,
) -> Tensor:
    """Predict as :class:`Guided` does, for classes on the device; nothing is checked.

    Classes may be shares, as :func:`class_shares` makes them, for a network that mixes classes.
    """
    if scale == 1:
        return network(x, t, classes)
    nothing = _no_label(classes, config.num_classes or 0)
    channels = x.shape[1]
    if scale == 0:
        without = network(x, t, nothing)
        if without.shape[1] == channels:
            return without
        with_class = network(x, t, classes)
        return torch.cat([without[:, :channels], with_class[:, channels:]], dim=1)
    both = network(torch.cat([x, x]), torch.cat([t, t]), torch.cat([classes, nothing]))
    with_class, without = both.chunk(2)
    prediction, base = with_class[:, :channels], without[:, :channels]
    mixed = base + scale * (prediction - base)
    if rescale:
        mixed = rescaled(mixed, prediction, rescale)
    return torch.cat([mixed, with_class[:, channels:]], dim=1)


def rescaled(guided: Tensor, prediction: Tensor, share: float) -> Tensor:
    """Bring the spread of guided predictions back to that without guidance [Lin et al. 2023, §3.4].

    Args:
        guided: predictions, shape (N, C, H, W).
        prediction: those for the class alone, shape of ``guided``.
        share: how far, 0 (not at all) to 1 (each picture's standard deviation is that of
            ``prediction``). What has no spread, as of a network that has learnt nothing yet,
            stays as it is.
    """
    check_like("the guided prediction", guided, "that of the class", prediction)
    check_number("the share", share, 0, 1)
    spread, wanted = (x.flatten(1).std(1)[:, None, None, None] for x in (guided, prediction))
    ratio = torch.where(spread > 0, wanted / spread, 1.0)
    return guided * (share * ratio + (1 - share))


def class_shares(classes: Sequence[int | None], parts: Tensor, num_classes: int) -> Tensor:
    """Return the share of each class in pictures that are mixed of several.

    A class-conditional network takes its class through an embedding c, and between pictures of
    the classes a and b it is asked with (1 − λ)·c(a) + λ·c(b), the embedding interpolated as the
    latents are. Each end is conditioned on its own class, and what lies between changes steadily.
    Mixing the predictions instead, (1 − λ)·ε(x_t, a) + λ·ε(x_t, b), which leads to the geometric
    mean of both conditional densities, takes an evaluation for each class, and a few-step student
    draws both pictures over one another by it; by the embedding it takes one, whatever is mixed.

    Args:
        classes: of each picture that is mixed, shape (K,); None: without a class.
        parts: how much of each is in each mix, shape (N, K); each row adds up to 1.
        num_classes: of the network.

    Returns:
        float32 (N, num_classes + 1), the last column being "no label".

    Raises:
        ValueError: for another number of parts, or a class that there is not.
    """
    check_shape("the parts", parts, ("N", "K"))
    if parts.shape[1] != len(classes):
        raise ValueError(f"{parts.shape[1]} parts came for {len(classes)} classes")
    labels = torch.tensor([num_classes if one is None else one for one in classes])
    known = torch.tensor([one for one in classes if one is not None], dtype=torch.int64)
    check_labels(known, num_classes)
    rows = torch.nn.functional.one_hot(labels, num_classes + 1).to(parts.device, torch.float32)
    return parts.float() @ rows


def nearest_class(shares: Tensor) -> Tensor:
    """Return the label with the largest share, shape (N,), for a network that mixes no classes."""
    return shares.argmax(1)


def _no_label(classes: Tensor, num_classes: int) -> Tensor:
    """Return what stands for "no label" in the form that the classes have."""
    if not classes.is_floating_point():
        return torch.full_like(classes, num_classes)
    nothing = torch.zeros_like(classes)
    nothing[:, num_classes] = 1
    return nothing


def check_labels(labels: Tensor, num_classes: int) -> None:
    """Refuse labels outside 0..num_classes−1.

    Raises:
        ValueError: naming the first that does not fit, or their type.
    """
    if labels.is_floating_point() or labels.dtype == torch.bool:
        raise ValueError(f"classes must be whole numbers, not {labels.dtype}")
    wrong = labels[(labels < 0) | (labels >= num_classes)]
    if len(wrong):
        raise ValueError(f"class {int(wrong[0])} is not one of 0..{num_classes - 1}")
