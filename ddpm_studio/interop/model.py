"""Imported models: network, weights and diffusion process in this program's terms."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ddpm_studio.engine.networks.network import Network, NetworkConfig
from ddpm_studio.engine.networks.registry import build_on_meta
from ddpm_studio.engine.process import DiffusionProcess
from ddpm_studio.engine.schedules.schedule import NoiseSchedule


@dataclass(frozen=True)
class ForeignNetwork:
    """A network imported from a file.

    Args:
        config: the configuration of the network.
        weights: its state dict, float32 on the CPU; the EMA weights where the file has them.
        null_label: whether the file has the embedding of "no label" of a class-conditional network;
            if not, that row is 0 and must not be used for sampling.
    """

    config: NetworkConfig
    weights: dict[str, Tensor]
    null_label: bool = True

    def network(self) -> Network:
        """Return the network with its weights, ready to sample."""
        model = build_on_meta(self.config)
        model.load_state_dict(self.weights, assign=True)
        return model.eval()


@dataclass(frozen=True, kw_only=True)
class ForeignModel(ForeignNetwork):
    """An imported network with the diffusion process that it was trained for.

    Args:
        process: schedule, parameterisation, variance and clipping.
        raw: the weights without EMA, where the file has both.
        training_progress: training progress in words, such as "step 800,000"; empty if unknown.
        notes: remarks for the user on how the model was read, a sentence each.
    """

    process: DiffusionProcess
    raw: dict[str, Tensor] | None = None
    training_progress: str = ""
    notes: tuple[str, ...] = ()

    @property
    def schedule(self) -> NoiseSchedule:
        """The noise schedule that the network was trained with."""
        return self.process.schedule
