"""The frames of one reverse process, kept to be scrubbed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ddpm_studio.jobs.events import FrameImages, Pictures

VIEWS = ("x_t", "x0_hat", "eps")


@dataclass
class Trajectory:
    """Frames in the order of the process: the first is noise, the last the picture."""

    recipe: dict[str, object] = field(default_factory=dict)
    frames: list[FrameImages] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.frames)

    def view(self, name: str, index: int) -> Pictures:
        """Pictures (N, H, W, C) of one view at one frame."""
        pictures: Pictures = getattr(self.frames[index], name)
        return pictures

    def strip(self, name: str, picture: int, count: int) -> tuple[Pictures, list[int]]:
        """One picture's way in at most ``count`` frames (DDPM Fig. 6), and their indices."""
        indices = np.linspace(0, len(self) - 1, min(count, len(self))).round().astype(int)
        return np.stack([self.view(name, i)[picture] for i in indices]), indices.tolist()

    @property
    def memory_bytes(self) -> int:
        """What the frames take."""
        return sum(f.x_t.nbytes + f.x0_hat.nbytes + f.eps.nbytes for f in self.frames)
