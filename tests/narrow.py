"""Narrow versions of the small presets, for tests that do not depend on the network's width."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def network() -> Iterator[None]:
    """Narrow the presets *tiny* and *patches* to 8 base channels within the context.

    That is a quarter of their width or less: the same layers with few weights.
    """
    from ddpm_studio.engine import UNetConfig
    from ddpm_studio.engine.networks.patch_unet import PatchUNetConfig

    tiny, patches = UNetConfig.tiny, PatchUNetConfig.patches

    def narrower(image_size: int = 32, channels: int = 3) -> UNetConfig:
        return tiny(image_size, channels).with_fields(base_channels=8, norm_groups=8)

    def narrower_patches(image_size: int = 32, channels: int = 3) -> PatchUNetConfig:
        return patches(image_size, channels).with_fields(base_channels=8, norm_groups=8)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(UNetConfig, "tiny", staticmethod(narrower))
        patch.setattr(PatchUNetConfig, "patches", staticmethod(narrower_patches))
        yield
