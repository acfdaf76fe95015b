"""A kind of network: its configuration, the module, and a preset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from ddpm_studio.engine import Network, NetworkConfig


@dataclass(frozen=True)
class ToyConfig(NetworkConfig):
    """Shape of the network.

    Args:
        hidden: width of the layer between.
    """

    kind: ClassVar[str] = "toy-net"

    hidden: int = 8


class ToyNet(Network):
    """Two layers over each pixel, that heed neither t nor a class."""

    config: ToyConfig

    def __init__(self, config: ToyConfig) -> None:
        super().__init__(config)
        self.layers = nn.Sequential(
            nn.Conv2d(config.channels, config.hidden, 1),
            nn.SiLU(),
            nn.Conv2d(config.hidden, config.out_channels, 1),
        )

    def forward(self, x: Tensor, t: Tensor, y: Tensor | None = None) -> Tensor:
        """See :meth:`ddpm_studio.engine.Network.forward`."""
        computed_in = next(self.parameters()).dtype
        out: Tensor = self.layers(x.to(computed_in))
        return out.to(x.dtype)


def small(size: int | tuple[int, int], channels: int) -> ToyConfig:
    """Return a network for pictures of a side, or of (height, width)."""
    height, width = (size, size) if isinstance(size, int) else size
    return ToyConfig(height, width, channels)
