"""Muon: momentum orthogonalised by Newton–Schulz iterations [Jordan et al. 2024].

:class:`torch.optim.Muon` is not used: it accepts 2-D parameters only, has no flag on the device to
skip a step, and computes in bf16 everywhere, which takes ten times as long on a CPU without bf16
instructions. Here matrices of equal shape are orthogonalised in one batch.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ddpm_studio.engine.networks.network import Network
from ddpm_studio.engine.optimizers.adam import FusedAdam, load_into

_MOMENTUM = 0.95
# Quintic with the steepest slope at 0 that keeps singular values near 1 within .7 and 1.2.
_A, _B, _C = 3.4445, -4.7750, 2.0315
_ITERATIONS = 5
# Aspect ratio (columns/rows) above which iterating on the Gram matrix is faster: 1.2 times at 3,
# 3 times at 9 (two cores, AVX2).
_GRAM_ASPECT_RATIO = 2
_TINY = 1e-7
# RMS of an AdamW update: scaling Muon's to it lets both share one learning rate
# [Liu et al. 2025, eq. 4].
_ADAMW_RMS = 0.2


class Muon:
    """Muon optimiser for the weights of hidden layers, with AdamW for all other parameters.

    The others are embeddings, norms, biases, and the input and output layers, which read and write
    pictures. A convolution's weight is treated as a matrix of (outputs, inputs · kernel).

    Args:
        network: the network to optimise.
        weight_decay: λ of θ ← θ − lr·λ·θ, for all parameters.
    """

    def __init__(self, network: nn.Module, weight_decay: float) -> None:
        names = hidden_matrices(network)
        parameters = dict(network.named_parameters())
        self._matrices = {name: parameters[name] for name in names}
        self._momentum = {name: torch.zeros_like(p) for name, p in self._matrices.items()}
        self._weight_decay = weight_decay
        self._stacks: dict[tuple[int, int], list[str]] = {}
        for name, p in self._matrices.items():
            rows, columns = _flatten(p).shape
            self._stacks.setdefault((rows, columns), []).append(name)
        others = {name: p for name, p in parameters.items() if name not in self._matrices}
        adamw = torch.optim.AdamW(others.values(), weight_decay=weight_decay, fused=True)
        self._adamw = FusedAdam(others, adamw)

    @torch.no_grad()
    def step(self, lr: float, finite: Tensor) -> None:
        """See :meth:`~ddpm_studio.engine.optimizers.protocol.Optimizer.step`."""
        self._adamw.step(lr, finite)
        finite_scale = finite.float()
        decay = 1 - lr * self._weight_decay * finite_scale
        for (rows, columns), names in self._stacks.items():
            moments = [self._momentum[name] for name in names]
            # If not finite, the momentum stands in for the gradient, which leaves it unchanged.
            gradients = [
                torch.where(finite, _gradient(self._matrices[name]), moment)
                for name, moment in zip(names, moments, strict=True)
            ]
            torch._foreach_lerp_(moments, gradients, 1 - _MOMENTUM)
            nesterov = torch._foreach_lerp(gradients, moments, _MOMENTUM)  # Nesterov
            steps = newton_schulz(torch.stack([_flatten(matrix) for matrix in nesterov]))
            steps = steps * (finite_scale * (-lr * _ADAMW_RMS * math.sqrt(max(rows, columns))))
            for name, step in zip(names, steps, strict=True):
                weight = self._matrices[name]
                weight.mul_(decay).add_(_unflatten(step, weight))

    def tensors(self) -> dict[str, Tensor]:
        """Return the momentum of hidden matrices, and AdamW's state of the rest."""
        momentum = {f"momentum.{name}": value for name, value in self._momentum.items()}
        return momentum | self._adamw.tensors()

    def load(self, tensors: dict[str, Tensor]) -> None:
        """See :meth:`~ddpm_studio.engine.optimizers.protocol.Optimizer.load`."""
        for name, momentum in self._momentum.items():
            load_into(tensors, f"momentum.{name}", momentum)
        self._adamw.load(tensors)


def newton_schulz(matrices: Tensor) -> Tensor:
    """Newton–Schulz orthogonalisation: move singular values near 1, keeping the singular vectors.

    Five iterations X ← aX + bXXᵀX + c(XXᵀ)²X from X/‖X‖_F, which bring singular values above a few
    hundredths between .68 and 1.14 [Jordan et al. 2024].

    Args:
        matrices: shape (…, m, n).

    Returns:
        Matrices of the same shape and dtype. On a GPU computed in bf16, which suffices.
    """
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / torch.linalg.matrix_norm(x, keepdim=True).clamp(min=_TINY)
    x = x.bfloat16() if x.device.type == "cuda" else x
    rows, columns = x.shape[-2:]
    # Rounding errors of the Gram matrix grow with each iteration: tolerable in float32, not in
    # bf16.
    by_gram = columns > _GRAM_ASPECT_RATIO * rows and x.dtype != torch.bfloat16
    stack = x.reshape(-1, rows, columns)
    x = (_iterate_on_gram(stack) if by_gram else _iterate(stack)).view_as(x)
    orthogonal: Tensor = (x.mT if tall else x).to(matrices.dtype)
    return orthogonal


def _iterate(x: Tensor) -> Tensor:
    """Newton–Schulz iterations on X itself, shape (stack, m, n)."""
    for _ in range(_ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=_B, alpha=_C), x, beta=_A)
    return x


def _iterate_on_gram(x: Tensor) -> Tensor:
    """Newton–Schulz iterations on the Gram matrix G = XXᵀ, small for a wide X (stack, m, n).

    Each iteration multiplies X by Q = a + bG + cG² from the left, hence G becomes QGQ; X itself is
    multiplied once, by the product of all Q.
    """
    gram = x @ x.mT
    product = None
    for iteration in range(_ITERATIONS):
        q = torch.baddbmm(gram, gram, gram, beta=_B, alpha=_C)
        q.diagonal(dim1=-2, dim2=-1).add_(_A)
        product = q if product is None else q @ product
        if iteration < _ITERATIONS - 1:
            gram = q @ gram @ q
    assert product is not None
    return product @ x


def hidden_matrices(network: nn.Module) -> list[str]:
    """Return the names of the weight matrices of hidden layers.

    All linear and convolutional layers are hidden, except the network's ``outer_layers``. Where
    these are unspecified: except the first convolution (or the first linear layer if there is
    none) and the last layer of either kind.
    """
    layers = {
        name: layer
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Linear | nn.modules.conv._ConvNd)
    }
    outer = network.outer_layers if isinstance(network, Network) else None
    if outer is None:
        convolutions = [name for name, layer in layers.items() if not isinstance(layer, nn.Linear)]
        outer = (*[*convolutions, *layers][:1], *[*layers][-1:])
    return [f"{name}.weight" for name in layers if name not in outer]


def _gradient(parameter: nn.Parameter) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


def _flatten(weight: Tensor) -> Tensor:
    """Flatten a weight to (outputs, kernel · inputs), the order of channels-last memory."""
    return weight.movedim(1, -1).flatten(1)


def _unflatten(matrix: Tensor, weight: Tensor) -> Tensor:
    """Reshape a matrix to the shape of a weight: the inverse of :func:`_flatten`."""
    outputs, inputs, *kernel = weight.shape
    return matrix.reshape(outputs, *kernel, inputs).movedim(-1, 1)
