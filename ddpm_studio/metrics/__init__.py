"""What pictures are like: measures of a model's samples."""

from ddpm_studio.metrics.neighbours import Neighbours, nearest

__all__ = ["Neighbours", "nearest"]
