"""All presets of networks."""

from __future__ import annotations

from dataclasses import dataclass, field

from ddpm_studio.engine.tables.entry import Entry, Table

_UNET = "ddpm_studio.engine.networks.unet_config:UNetConfig"


@dataclass(frozen=True, eq=False)
class PresetInfo(Entry):
    """A network of a certain size; its code makes a configuration of (image size, channels).

    Args:
        warmup_steps: linear rise of the learning rate, unless another is asked for.
    """

    warmup_steps: int = field(default=500, kw_only=True)


PRESETS = Table(
    "preset",
    PresetInfo,
    (
        PresetInfo("tiny", "tiny", "suits a CPU", f"{_UNET}.tiny", warmup_steps=50),
        PresetInfo("small", "small", "a night on a CPU", f"{_UNET}.small"),
        # The paper's 5000 suit its 800,000 steps; smaller networks are trained for shorter.
        PresetInfo(
            "ddpm32", "ddpm32", "the paper's for CIFAR-10", f"{_UNET}.ddpm32", warmup_steps=5000
        ),
        PresetInfo(
            "ddpm256", "ddpm256", "the paper's for 256 px", f"{_UNET}.ddpm256", warmup_steps=5000
        ),
    ),
)
