"""Training speed of this machine by preset, measured at one size and scaled to others."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ddpm_studio.picture_shape import ImageSize, sides


@dataclass(frozen=True)
class PresetSpeed:
    """Linear model of a preset's step time: ``fixed + each · pictures`` seconds.

    The line goes through the fastest steps at the two largest batches that were tried, the larger
    of which is ``batch``, with pictures of ``image_size``: a side, or (width, height). The network
    takes pictures whose sides are multiples of ``multiple``.
    """

    image_size: ImageSize
    fixed: float
    each: float
    batch: int
    multiple: int

    def seconds(self, pictures: int, batch_size: int) -> float:
        """Return the seconds it takes to train on this many pictures."""
        return pictures / batch_size * (self.fixed + self.each * batch_size)

    def takes(self, image_size: ImageSize) -> bool:
        """Whether the network takes pictures of this size."""
        return not any(side % self.multiple for side in sides(image_size))


@dataclass(frozen=True)
class MachineSpeed:
    """Training speed measured on ``machine`` for pictures of one shape, by preset.

    Presets that do not fit into its memory, or are far too slow for it, are missing.
    """

    machine: str
    device: str
    image_size: ImageSize
    channels: int
    presets: dict[str, PresetSpeed]

    def scaled_to(self, image_size: ImageSize) -> MachineSpeed:
        """Return an estimate for another size, with time per picture proportional to its pixels.

        Measured steps of convolutions scale so; attention, where the picture is smallest, grows
        faster, so that larger pictures may take longer than estimated.
        """
        if image_size == self.image_size:
            return self
        scaled = {}
        for name, speed in self.presets.items():
            factor = math.prod(sides(image_size)) / math.prod(sides(speed.image_size))
            scaled[name] = replace(speed, image_size=image_size, each=factor * speed.each)
        return replace(self, image_size=image_size, presets=scaled)
