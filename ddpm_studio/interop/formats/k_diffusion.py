"""crowsonkb/k-diffusion checkpoints, recognised by their names and refused."""

from __future__ import annotations

from ddpm_studio.interop.formats.format import UnsupportedFormat
from ddpm_studio.interop.formats.source import Source, is_state_dict

_INNER = "inner_model."


class KDiffusion(UnsupportedFormat):
    """A k-diffusion checkpoint: model, model_ema, opt, sched, ema_sched, epoch and step."""

    description = "a model of k-diffusion"
    reason = "its networks are its own, and none of those here"

    def recognises(self, source: Source) -> bool:
        """See :class:`ModelFormat`."""
        tables = [source.items.get(name) for name in ("model_ema", "model")]
        wrapped = any(
            name.startswith(_INNER) for table in tables if is_state_dict(table) for name in table
        )
        return wrapped or {"model", "model_ema", "ema_sched"} <= source.items.keys()
