"""Classifier-free guidance (CFG) for class-conditional sampling [Ho & Salimans 2022]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_like, check_number, check_shape
from ddpm_studio.engine.networks.network import NetworkConfig


class ConditionalDenoiser(Protocol):
    """Class-conditional network, which also takes labels or class weights.

    Labels have shape (N,), class weights shape (N, num_classes + 1), see
    :func:`interpolation_weights`.
    """

    def __call__(self, x: Tensor, t: Tensor, y: Tensor, /) -> Tensor:
        """Predict from x_t at the timestep labels t for the classes y."""
        ...


class GuidedDenoiser:
    """Classifier-free guidance: a :class:`~ddpm_studio.engine.process.Denoiser` for given classes.

    The prediction is p(no label) + scale·(p(class) − p(no label)): 0 ignores the class, 1 is
    the plain conditional network (one evaluation, else two), larger scales follow the class more
    strongly. It holds in every parameterisation, each being linear in ε at a fixed x_t. A learned
    variance is that of the class at every scale; at 0 that takes a second evaluation.

    Strong guidance makes pictures too bright or too dark; ``rescale`` brings the standard deviation
    of each picture's prediction back to that of the conditional one [Lin et al. 2023, §3.4].

    Args:
        network: trained with labels and class dropout.
        config: configuration of the network.
        classes: class of each picture of a batch, shape (N,), int64.
        scale: guidance scale, 0 or more.
        rescale: strength of the rescaling, 0..1; 0.7 is its authors' choice. Without effect at
            scales 0 and 1.

    Raises:
        ValueError: if the network is unconditional, or a class, the scale or the rescaling is out
            of range.
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
        """Predict from x_t, shape (N, C, H, W), at the timestep labels t, shape (N,)."""
        if len(x) != len(self.classes):
            raise ValueError(f"{len(x)} pictures came for {len(self.classes)} classes")
        classes = self.classes.to(x.device)
        return guided_prediction(self.network, self.config, x, t, classes, self.scale, self.rescale)


def guided_prediction(
    network: ConditionalDenoiser,
    config: NetworkConfig,
    x: Tensor,
    t: Tensor,
    classes: Tensor,
    scale: float,
    rescale: float = 0.0,
) -> Tensor:
    """Classifier-free guidance of :class:`GuidedDenoiser`, unchecked; classes are on the device.

    For a network that can mix classes they may be weights, as :func:`interpolation_weights`
    returns.
    """
    if scale == 1:
        return network(x, t, classes)
    no_class = _unconditional(classes, config.num_classes or 0)
    channels = x.shape[1]
    if scale == 0:
        unconditional = network(x, t, no_class)
        if unconditional.shape[1] == channels:
            return unconditional
        conditional = network(x, t, classes)
        return torch.cat([unconditional[:, :channels], conditional[:, channels:]], dim=1)
    outputs = network(torch.cat([x, x]), torch.cat([t, t]), torch.cat([classes, no_class]))
    conditional, unconditional = outputs.chunk(2)
    prediction, base = conditional[:, :channels], unconditional[:, :channels]
    guided = base + scale * (prediction - base)
    if rescale:
        guided = rescale_guidance(guided, prediction, rescale)
    return torch.cat([guided, conditional[:, channels:]], dim=1)


def rescale_guidance(guided: Tensor, prediction: Tensor, share: float) -> Tensor:
    """Guidance rescale: restore the standard deviation of the prediction [Lin et al. 2023, §3.4].

    Args:
        guided: guided predictions, shape (N, C, H, W).
        prediction: conditional predictions without guidance, shape of ``guided``.
        share: strength, 0 (no rescaling) to 1 (each picture's standard deviation is that of
            ``prediction``). A constant prediction, as of a network that is not yet trained, stays
            unchanged.
    """
    check_like("the guided prediction", guided, "that of the class", prediction)
    check_number("the share", share, 0, 1)
    std, target_std = (x.flatten(1).std(1)[:, None, None, None] for x in (guided, prediction))
    ratio = torch.where(std > 0, target_std / std, 1.0)
    return guided * (share * ratio + (1 - share))


def interpolation_weights(classes: Sequence[int | None], parts: Tensor, num_classes: int) -> Tensor:
    """Return class weights that interpolate class embeddings between pictures.

    A class-conditional network takes its class through an embedding c; between pictures of the
    classes a and b it gets (1 − λ)·c(a) + λ·c(b), the embeddings interpolated like the latents.
    Each end is conditioned on its own class, and the pictures between change steadily. Mixing the
    predictions instead, (1 − λ)·ε(x_t, a) + λ·ε(x_t, b), which leads to the geometric mean of both
    conditional densities, takes one evaluation per class, and makes a few-step student superimpose
    both pictures; mixing the embeddings always takes one.

    Args:
        classes: class of each of the K mixed pictures; None: no class.
        parts: weight of each picture in each mix, shape (N, K); each row sums to 1.
        num_classes: number of classes of the network.

    Returns:
        float32 (N, num_classes + 1), the last column being "no label".

    Raises:
        ValueError: if the number of weights differs from that of classes, or a class is unknown.
    """
    check_shape("the parts", parts, ("N", "K"))
    if parts.shape[1] != len(classes):
        raise ValueError(f"{parts.shape[1]} parts came for {len(classes)} classes")
    labels = torch.tensor([num_classes if label is None else label for label in classes])
    known = torch.tensor([label for label in classes if label is not None], dtype=torch.int64)
    check_labels(known, num_classes)
    rows = torch.nn.functional.one_hot(labels, num_classes + 1).to(parts.device, torch.float32)
    return parts.float() @ rows


def nearest_class(weights: Tensor) -> Tensor:
    """Return the class of largest weight, shape (N,), for a network that can't mix classes."""
    return weights.argmax(1)


def _unconditional(classes: Tensor, num_classes: int) -> Tensor:
    """Return "no label" in the form of ``classes``: labels, (N,), or (N, num_classes + 1)."""
    if not classes.is_floating_point():
        return torch.full_like(classes, num_classes)
    weights = torch.zeros_like(classes)
    weights[:, num_classes] = 1
    return weights


def check_labels(labels: Tensor, num_classes: int) -> None:
    """Check that labels are integers in 0..num_classes−1.

    Raises:
        ValueError: if not; the message gives the first wrong label, or the dtype.
    """
    if labels.is_floating_point() or labels.dtype == torch.bool:
        raise ValueError(f"classes must be whole numbers, not {labels.dtype}")
    invalid = labels[(labels < 0) | (labels >= num_classes)]
    if len(invalid):
        raise ValueError(f"class {int(invalid[0])} is not one of 0..{num_classes - 1}")
