"""A metric: a generator of the share that is done, which returns its figures by name."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import numpy as np

from ddpm_studio.metrics.metric_input import MetricInput


def gap(compared: MetricInput) -> Generator[float, None, Mapping[str, float]]:
    """Return how far the mean features of samples and real pictures are apart."""
    yield 0.0
    apart = np.abs(compared.fake.mean(0) - compared.real.mean(0))
    return {"toy-gap": float(apart.mean())}
