"""How OpenAI's respacing is written, before T is known [IDDPM code]."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BY_STRIDE = re.compile(r"ddim([0-9]{1,9})")
_BY_SECTION = re.compile(r"\s*[0-9]{1,9}\s*(,\s*[0-9]{1,9}\s*)*")


@dataclass(frozen=True)
class Respacing:
    """Which timesteps to keep.

    Args:
        counts: how many of each section of 0..T−1; of one by stride the number in all.
        by_stride: with one whole stride from 0.
    """

    counts: tuple[int, ...]
    by_stride: bool = False

    @property
    def steps(self) -> int:
        """How many timesteps are kept."""
        return sum(self.counts)

    @classmethod
    def parse(cls, text: str) -> Respacing:
        """Read "10,15,20" or "ddim50".

        Raises:
            ValueError: for any other text, and where nothing would be kept.
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
