"""yang-song/score_sde_pytorch checkpoints, recognised by their names and refused."""

from __future__ import annotations

from ddpm_studio.interop.formats.format import UnsupportedFormat
from ddpm_studio.interop.formats.source import Source, find_state_dict

_MODULES = "all_modules."


class ScoreSDE(UnsupportedFormat):
    """A score_sde checkpoint, such as ``checkpoint_8.pth``: optimizer, model, ema and step."""

    description = "a model of score_sde"
    reason = "its networks are numbered modules that only its configuration can tell apart"

    def recognises(self, source: Source) -> bool:
        """See :class:`ModelFormat`."""
        return any(name.startswith(_MODULES) for name in find_state_dict(source))
