"""Tables of network kinds and of network presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ddpm_studio.engine.tables.entry import Entry, Table, import_object

_CODE = "ddpm_studio.engine.networks"
_UNET = f"{_CODE}.unet_config:UNetConfig"


@dataclass(frozen=True, eq=False)
class NetworkInfo(Entry):
    """Kind of network, by its name in ``run.json``; its code builds one from a configuration.

    Args:
        config: reference to its configuration class, "package.module:attribute"; see
            :class:`ddpm_studio.engine.networks.network.NetworkConfig`.
    """

    config: str = field(kw_only=True)

    def load_config(self) -> Any:
        """Import and return its configuration class.

        Raises:
            ImportError: if the module can't be imported.
            AttributeError: if it has no such attribute.
        """
        return import_object(self.config)


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


@dataclass(frozen=True)
class TrainingNeeds:
    """Training budget of a network, in pictures seen (steps × batch), until results are visible.

    Args:
        shapes: pictures until some of its samples are recognisable.
        good: pictures from which this network is preferred when choosing one for a given time:
            among several, one with a larger value gives better pictures then. None: it is never
            chosen automatically.
        source: origin of the numbers, which also states what was not measured.
    """

    shapes: int
    good: int | None
    source: str


@dataclass(frozen=True)
class PublishedTraining:
    """Training run reported in a paper.

    Args:
        steps: number of training steps.
        side: side of the pictures in pixels.
        source: citation.
    """

    steps: int
    side: int
    source: str


@dataclass(frozen=True, eq=False)
class PresetInfo(Entry):
    """Network preset; its code returns a configuration for (size, channels).

    The size is that of the pictures: one side of a square, or (height, width).

    Args:
        recipe: default training settings: values of fields of
            :class:`ddpm_studio.requests.TrainRequest` that differ from the paper's.
        needs: training budget until results are visible; None: unknown.
        published: the training of a paper that its recipe reproduces, if any.
    """

    recipe: Mapping[str, object] = field(default_factory=dict, kw_only=True)
    needs: TrainingNeeds | None = field(default=None, kw_only=True)
    published: PublishedTraining | None = field(default=None, kw_only=True)


# [DDPM appendix B]; the paper's warm-up of 5000 steps is meant for its 800,000 steps.
_PAPER = {"warmup_steps": 5000, "flip": True, "augmentation": 0.0}
_CIFAR10 = {"batch_size": 128, "learning_rate": 2e-4, **_PAPER}
_256_PX = {"batch_size": 64, "learning_rate": 2e-5, **_PAPER}
# Found by measurement: tests/benchmarks/results/recipes.md.
_QUICK = {
    "batch_size": 16,
    "optimizer": "muon",
    "learning_rate": 2e-3,
    "learning_rate_schedule": "linear",
    "warmup_steps": 50,
    "schedule": "cosine",
    "parameterization": "x0",
}

# Provisional, until measured with the presets' recipes.
_TINY_NEEDS = TrainingNeeds(
    8_000,
    20_000,
    "Shapes: by eye, most of 16 samples of Fashion-MNIST at 28 px (seed 0, 250 steps of 32). "
    "Good: assumed, a little below the patches, which drew better in a prototype.",
)
_PATCHES_NEEDS = TrainingNeeds(
    7_000,
    21_000,
    "A prototype on Fashion-MNIST at 28 px that predicted x̂₀ under the cosine schedule. Shapes: "
    "what it saw in two minutes on two cores. Good: assumed, three times that.",
)
_SMALL_NEEDS = TrainingNeeds(16_000, 1_000_000, "Assumed: twice the shapes of tiny, and a night.")
_DIT_NEEDS = TrainingNeeds(32_000, None, "Assumed: twice the shapes of small.")
_CIFAR10_NEEDS = TrainingNeeds(
    300_000, 3_000_000, "Assumed: half of the warm-up, and five times that."
)
_256_PX_NEEDS = TrainingNeeds(300_000, 3_200_000, "Assumed: about the warm-up, and ten times that.")
_APPENDIX_B = "DDPM, appendix B"

PRESETS = Table(
    "preset",
    PresetInfo,
    (
        PresetInfo(
            *("tiny", "tiny", "suits a CPU", f"{_UNET}.tiny"), recipe=_QUICK, needs=_TINY_NEEDS
        ),
        PresetInfo(*("small", "small", "a night on a CPU", f"{_UNET}.small"), needs=_SMALL_NEEDS),
        PresetInfo(
            *("ddpm32", "ddpm32", "the paper's for CIFAR-10", f"{_UNET}.ddpm32"),
            recipe=_CIFAR10,
            needs=_CIFAR10_NEEDS,
            published=PublishedTraining(800_000, 32, f"CIFAR-10: {_APPENDIX_B}"),
        ),
        PresetInfo(
            *("ddpm256", "ddpm256", "the paper's for 256 px", f"{_UNET}.ddpm256"),
            recipe=_256_PX,
            needs=_256_PX_NEEDS,
            published=PublishedTraining(500_000, 256, f"CelebA-HQ: {_APPENDIX_B}"),
        ),
        PresetInfo(
            "patches",
            "patches",
            "as large as tiny, at half the resolution",
            f"{_CODE}.patch_unet:PatchUNetConfig.patches",
            recipe=_QUICK,
            needs=_PATCHES_NEEDS,
        ),
        PresetInfo(
            *("dit", "dit", "a small transformer", f"{_CODE}.dit:DiTConfig.small"),
            needs=_DIT_NEEDS,
        ),
    ),
)


def pictures_until_recognisable(preset: str | None) -> int:
    """Return the number of training pictures until a preset's samples are recognisable.

    Without a preset, or for one that is unknown or has no such number, that of the first preset.
    """
    needs = PRESETS[preset].needs if preset is not None and preset in PRESETS else None
    return (needs or _TINY_NEEDS).shapes
