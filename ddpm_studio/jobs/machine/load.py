"""Utilisation of processors and GPU, as far as the machine reports it."""

from __future__ import annotations

import psutil
import torch


class LoadMeter:
    """Meter of CPU and GPU utilisation since the last reading.

    Args:
        device: the device that trains.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._has_gpu = device.type == "cuda"
        # psutil measures between two calls: the first one has no interval to report.
        psutil.cpu_percent()

    def cpu(self) -> float:
        """Return the share of all CPU cores that was busy, 0..1."""
        return float(psutil.cpu_percent()) / 100

    def device(self) -> float | None:
        """Return the share of time in which the GPU was busy, 0..1; None where it is unknown."""
        if not self._has_gpu:
            return None
        try:
            return float(torch.cuda.utilization(self._device)) / 100
        except Exception:
            # Without NVIDIA's management library each driver fails in its own way, and a
            # figure that is only shown must not end a training. It is not asked again.
            self._has_gpu = False
            return None
