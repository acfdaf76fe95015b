"""NVlabs' EDM and StyleGAN, refused: pickles that contain source code, which is never run."""

from __future__ import annotations

from ddpm_studio.interop.formats.format import UnsupportedFormat
from ddpm_studio.interop.formats.source import Source

_PERSISTENCE = b"torch_utils.persistence"


class NVlabs(UnsupportedFormat):
    """A pickle of NVlabs, such as ``edm-cifar10-32x32-cond-vp.pkl``."""

    description = "a pickle of NVlabs' EDM or StyleGAN"
    reason = "reading it would run the source code in it, and its networks are none of those here"

    def recognises(self, source: Source) -> bool:
        """See :class:`ModelFormat`."""
        return source.head.startswith(b"\x80") and _PERSISTENCE in source.head
