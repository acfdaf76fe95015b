"""A model of another program, in the words of this one."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ddpm_studio.engine.networks.network import Network, NetworkConfig
from ddpm_studio.engine.networks.registry import outline
from ddpm_studio.engine.process import DiffusionProcess
from ddpm_studio.engine.schedules.schedule import NoiseSchedule


@dataclass(frozen=True)
class ForeignNetwork:
    """A network out of a file.

    Args:
        config: its shape.
        weights: for its ``load_state_dict``, float32 on the CPU; averaged where there are such.
        null_label: whether the row for "no label" of a class-conditional network was in the
            file; if not it is 0, and must not be drawn with.
    """

    config: NetworkConfig
    weights: dict[str, Tensor]
    null_label: bool = True

    def network(self) -> Network:
        """Return the network with its weights, ready to sample."""
        model = outline(self.config)
        model.load_state_dict(self.weights, assign=True)
        return model.eval()


@dataclass(frozen=True, kw_only=True)
class ForeignModel(ForeignNetwork):
    """A network, and the process that it was trained for.

    Args:
        process: schedule, parameterisation, variance and clipping.
        raw: the weights that are no averages, where the file has both.
        trained: how far it was trained, in words such as "step 800,000"; empty: not told.
        notes: what a person should know of how it was read, a sentence each.
    """

    process: DiffusionProcess
    raw: dict[str, Tensor] | None = None
    trained: str = ""
    notes: tuple[str, ...] = ()

    @property
    def schedule(self) -> NoiseSchedule:
        """The noise schedule that the network was trained with."""
        return self.process.schedule
