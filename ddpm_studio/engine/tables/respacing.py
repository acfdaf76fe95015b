"""Parser of OpenAI's timestep-respacing notation, independent of T [IDDPM code]."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BY_STRIDE = re.compile(r"ddim([0-9]{1,9})")
_BY_SECTION = re.compile(r"\s*[0-9]{1,9}\s*(,\s*[0-9]{1,9}\s*)*")


@dataclass(frozen=True)
class Respacing:
    """Timestep respacing.

    Args:
        counts: timesteps to keep in each section of 0..T−1; by stride, the total number.
        by_stride: keep timesteps at one integer stride from 0.
    """

    counts: tuple[int, ...]
    by_stride: bool = False

    @property
    def steps(self) -> int:
        """Number of timesteps that are kept."""
        return sum(self.counts)

    @classmethod
    def parse(cls, text: str) -> Respacing:
        """Parse "10,15,20" or "ddim50".

        Raises:
            ValueError: for any other text, or if no timestep would be kept.
        """
        if by_stride := _BY_STRIDE.fullmatch(text):
            return cls((int(by_stride[1]),), True)
        if not _BY_SECTION.fullmatch(text):
            raise ValueError(
                'timesteps to keep are counts by section such as "10,15,20", or "ddim50"; '
                f"not {text!r}"
            )
        counts = tuple(int(count) for count in text.split(","))
        if not any(counts):
            raise ValueError(f"{text!r} keeps no timestep")
        return cls(counts)
