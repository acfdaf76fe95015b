"""lucidrains/denoising-diffusion-pytorch checkpoints, recognised by their names and refused."""

from __future__ import annotations

import re

from ddpm_studio.interop.formats.format import UnsupportedFormat
from ddpm_studio.interop.formats.source import Source, is_state_dict

_BLOCK = re.compile(r"(?:^|\.)(?:downs\.0\.[0-3]|mid_block1)\.")


class Lucidrains(UnsupportedFormat):
    """A checkpoint of denoising-diffusion-pytorch, such as ``model-10.pt``."""

    description = "a model of denoising-diffusion-pytorch (lucidrains)"
    reason = (
        "its network has linear attention and norms of its own, which change with its version, and "
        "the file does not say how it is made"
    )

    def recognises(self, source: Source) -> bool:
        """See :class:`ModelFormat`."""
        tables = [source.tree, *source.items.values()]
        return any(
            any(_BLOCK.search(name) for name in table) for table in tables if is_state_dict(table)
        )
