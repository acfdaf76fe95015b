"""Adam [Kingma and Ba 2015], with torch's fused kernel."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

# Devices whose fused kernel reads ``found_inf``, the flag to skip the step. Apple's (MPS) does not:
# there the host has to synchronise and read the flag.
_FOUND_INF_DEVICES = ("cpu", "cuda")
_STATE = ("step", "exp_avg", "exp_avg_sq")


class FusedAdam:
    """Wrapper of a fused torch optimiser with Adam's state (Adam, AdamW).

    Args:
        parameters: the parameters by name.
        optimizer: fused optimiser of exactly these parameters, in one group.
    """

    def __init__(
        self, parameters: Mapping[str, nn.Parameter], optimizer: torch.optim.Optimizer
    ) -> None:
        self._parameters = dict(parameters)
        self._optimizer = optimizer
        self._reads_found_inf = next(iter(parameters.values())).device.type in _FOUND_INF_DEVICES

    def step(self, lr: float, finite: Tensor) -> None:
        """See :meth:`~ddpm_studio.engine.optimizers.protocol.Optimizer.step`."""
        self._optimizer.param_groups[0]["lr"] = lr
        if self._reads_found_inf:
            self._optimizer.found_inf = (~finite).float()  # type: ignore[attr-defined]
            self._optimizer.step()
        elif bool(finite):
            self._optimizer.step()

    def tensors(self) -> dict[str, Tensor]:
        """Return moments and step counts, as ``key.parameter``."""
        state = self._optimizer.state
        return {
            f"{key}.{name}": value
            for name, p in self._parameters.items()
            if p in state
            for key, value in state[p].items()
        }

    def load(self, tensors: dict[str, Tensor]) -> None:
        """See :meth:`~ddpm_studio.engine.optimizers.protocol.Optimizer.load`."""
        for name, p in self._parameters.items():
            for key in _STATE:
                # The fused kernel keeps the step count on the device, as a float32.
                like = torch.zeros((), device=p.device) if key == "step" else torch.empty_like(p)
                self._optimizer.state[p][key] = load_into(tensors, f"{key}.{name}", like)


def load_into(tensors: dict[str, Tensor], key: str, like: Tensor) -> Tensor:
    """Copy a tensor of a checkpoint into ``like``, in place, and return it.

    Raises:
        ValueError: if it is missing or has another shape.
    """
    value = tensors.get(key)
    if value is None or value.numel() != like.numel() or (like.ndim and value.shape != like.shape):
        raise ValueError(f"the optimiser state lacks a fitting {key}")
    with torch.no_grad():
        return like.copy_(value.reshape(like.shape))


class Adam(FusedAdam):
    """Adam with β₁ = .9, β₂ = .999 [DDPM appendix B].

    Args:
        network: the network to optimise.
    """

    def __init__(self, network: nn.Module) -> None:
        parameters = dict(network.named_parameters())
        super().__init__(parameters, torch.optim.Adam(parameters.values(), fused=True))
