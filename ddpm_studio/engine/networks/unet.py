"""The U-Net of DDPM, appendix B, with optional class labels."""

from __future__ import annotations

from ddpm_studio.engine.networks.unet_blocks import BlockStyle
from ddpm_studio.engine.networks.unet_body import UNetBody, UNetPlan
from ddpm_studio.engine.networks.unet_config import UNetConfig

__all__ = ["UNet", "UNetConfig"]


class UNet(UNetBody):
    """U-Net ε_θ(x_t, t) of the paper [DDPM appendix B]."""

    config: UNetConfig

    def __init__(self, config: UNetConfig) -> None:
        super().__init__(config, paper_plan(config))


def paper_plan(config: UNetConfig, patch: int = 1) -> UNetPlan:
    """Return the paper's U-Net plan for a configuration, on patches of ``patch``² pixels."""
    base = config.base_channels
    return UNetPlan(
        style=BlockStyle(4 * base, config.norm_groups, config.dropout),
        stem=base,
        widths=tuple(base * mult for mult in config.channel_mult),
        attends=config.attends,
        blocks_per_level=config.blocks_per_level,
        embedding=base,
        patch=patch,
    )
