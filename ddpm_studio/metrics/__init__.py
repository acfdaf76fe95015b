"""Sample-quality metrics: feature spaces, Fréchet distance, KID, precision and recall, …"""

from ddpm_studio.metrics.neighbours import NearestNeighbours, nearest

__all__ = ["NearestNeighbours", "nearest"]
