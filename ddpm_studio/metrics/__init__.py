"""What pictures are like: features, and metrics of a model's samples in them."""

from ddpm_studio.metrics.neighbours import NearestNeighbours, nearest

__all__ = ["NearestNeighbours", "nearest"]
