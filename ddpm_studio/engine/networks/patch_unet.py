"""The paper's U-Net on patches of pixels, as in "simple diffusion" [Hoogeboom et al. 2023]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ddpm_studio.engine.networks.unet import paper_plan
from ddpm_studio.engine.networks.unet_body import UNetBody
from ddpm_studio.engine.networks.unet_config import (
    UNetConfig,
    attending,
    first_at_most,
    height_width,
    level_sides,
)


@dataclass(frozen=True)
class PatchUNetConfig(UNetConfig):
    """Configuration of the network: that of the paper's U-Net, applied to patches.

    Args:
        patch: side of a patch in pixels. ``attention_resolutions`` and the levels count patches.
    """

    kind: ClassVar[str] = "patch-unet"

    patch: int = 2

    def __post_init__(self) -> None:
        self.require_at_most({"patch": 64})
        super().__post_init__()

    @property
    def size_multiple(self) -> int:
        """Divisor of both sides of a picture: patch · 2^(levels − 1)."""
        return int(self.patch * 2 ** (len(self.channel_mult) - 1))

    @property
    def attends(self) -> tuple[bool, ...]:
        """Whether there is attention at each level."""
        rows, columns = self.height // self.patch, self.width // self.patch
        sides = level_sides(rows, columns, len(self.channel_mult))
        return attending(sides, self.attention_resolutions)

    @classmethod
    def patches(
        cls, size: int | tuple[int, int] = 32, channels: int = 3, patch: int = 2
    ) -> PatchUNetConfig:
        """Return the configuration of a network with 2.8 million parameters, on patches.

        Args:
            size: side of the pictures, or (height, width), in pixels.
            channels: channels of the pictures.
            patch: side of a patch in pixels.
        """
        height, width = height_width(size)
        mult = (1, 2)
        resolution = first_at_most(8, level_sides(height // patch, width // patch, len(mult)))
        return cls(
            *(height, width, channels, 64, mult, 1, (resolution,)),
            dropout=0.0,
            patch=patch,
        )


class PatchUNet(UNetBody):
    """U-Net on pixel-unshuffled pictures, so that most of the work is at low resolution."""

    config: PatchUNetConfig

    def __init__(self, config: PatchUNetConfig) -> None:
        super().__init__(config, paper_plan(config, config.patch))
