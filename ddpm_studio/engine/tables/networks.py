"""All kinds of networks, and their presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ddpm_studio.engine.tables.entry import Entry, Table, imported

_CODE = "ddpm_studio.engine.networks"
_UNET = f"{_CODE}.unet_config:UNetConfig"


@dataclass(frozen=True, eq=False)
class NetworkInfo(Entry):
    """A kind of network, by the name that ``run.json`` has; its code makes one of a configuration.

    Args:
        config: where the class of its configuration is, "package.module:attribute"; see
            :class:`ddpm_studio.engine.networks.network.NetworkConfig`.
    """

    config: str = field(kw_only=True)

    def load_config(self) -> Any:
        """Import the class of its configuration and return it.

        Raises:
            ImportError: the module can't be imported.
            AttributeError: there is no such attribute in it.
        """
        return imported(self.config)


NETWORKS = Table(
    "network",
    NetworkInfo,
    (
        NetworkInfo("unet", "U-Net", "the paper's", f"{_CODE}.unet:UNet", config=_UNET),
        NetworkInfo(
            "patch-unet",
            "U-Net on patches",
            "the paper's on squares of pixels, most of its work at low resolution",
            f"{_CODE}.patch_unet:PatchUNet",
            config=f"{_CODE}.patch_unet:PatchUNetConfig",
        ),
        NetworkInfo(
            "openai-unet",
            "OpenAI's U-Net",
            "that of improved- and guided-diffusion",
            f"{_CODE}.openai_unet:OpenAIUNet",
            config=f"{_CODE}.openai_unet:OpenAIUNetConfig",
        ),
        NetworkInfo(
            "diffusers-unet",
            "diffusers' U-Net",
            "UNet2DModel of the library diffusers",
            f"{_CODE}.diffusers_unet:DiffusersUNet",
            config=f"{_CODE}.diffusers_unet:DiffusersUNetConfig",
        ),
        NetworkInfo(
            "dit",
            "DiT",
            "a transformer over patches",
            f"{_CODE}.dit:DiT",
            config=f"{_CODE}.dit:DiTConfig",
        ),
    ),
)


@dataclass(frozen=True, eq=False)
class PresetInfo(Entry):
    """A network of a certain size; its code makes a configuration of (size, channels).

    The size is that of the pictures: one side of a square, or (height, width).

    Args:
        recipe: how it is trained unless something else is asked for: values of fields of
            :class:`ddpm_studio.requests.TrainRequest`, where they are others than the paper's.
    """

    recipe: Mapping[str, object] = field(default_factory=dict, kw_only=True)


# [DDPM appendix B]; the paper's 5000 steps of warm-up suit its 800,000 in all.
_CIFAR10 = {"batch_size": 128, "learning_rate": 2e-4, "warmup_steps": 5000}
_256_PX = {"batch_size": 64, "learning_rate": 2e-5, "warmup_steps": 5000}
_QUICK = {"warmup_steps": 50}

PRESETS = Table(
    "preset",
    PresetInfo,
    (
        PresetInfo("tiny", "tiny", "suits a CPU", f"{_UNET}.tiny", recipe=_QUICK),
        PresetInfo("small", "small", "a night on a CPU", f"{_UNET}.small"),
        PresetInfo(
            *("ddpm32", "ddpm32", "the paper's for CIFAR-10", f"{_UNET}.ddpm32"), recipe=_CIFAR10
        ),
        PresetInfo(
            *("ddpm256", "ddpm256", "the paper's for 256 px", f"{_UNET}.ddpm256"), recipe=_256_PX
        ),
        PresetInfo(
            "patches",
            "patches",
            "as large as tiny, at half the resolution",
            f"{_CODE}.patch_unet:PatchUNetConfig.patches",
            recipe=_QUICK,
        ),
        PresetInfo("dit", "dit", "a small transformer", f"{_CODE}.dit:DiTConfig.small"),
    ),
)
