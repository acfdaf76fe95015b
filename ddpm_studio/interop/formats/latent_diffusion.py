"""CompVis' latent diffusion and Stable Diffusion, recognised by their names and refused."""

from __future__ import annotations

from ddpm_studio.interop.formats.format import UnsupportedFormat
from ddpm_studio.interop.formats.source import Source, find_state_dict

_PARTS = ("model.diffusion_model.", "first_stage_model.", "cond_stage_model.")


class LatentDiffusion(UnsupportedFormat):
    """A latent diffusion checkpoint, such as ``sd-v1-4.ckpt``."""

    description = "a model of latent diffusion, such as Stable Diffusion"
    reason = "it works on the latents of another network, and not on pixels"

    def recognises(self, source: Source) -> bool:
        """See :class:`ModelFormat`."""
        return any(name.startswith(_PARTS) for name in find_state_dict(source))
