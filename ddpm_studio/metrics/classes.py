"""Class figures: how sure a classifier of the set is of samples, and which classes it names."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import numpy as np

from ddpm_studio.metrics.compared import Compared


def classes(compared: Compared, sure: float = 0.9) -> Generator[float, None, Mapping[str, float]]:
    """Return the metrics ``confident``, ``rarest_class`` and the share of each class.

    ``confident`` is the share of samples whose most probable class has a probability of at least
    ``sure``; a class's share is that of the samples it is the most probable of.
    """
    yield 0.0
    if compared.probabilities is None:
        raise ValueError("class figures need the features of a classifier of the set")
    found = compared.probabilities(compared.fake)
    shares = np.bincount(found.argmax(1), minlength=found.shape[1]) / len(found)
    pairs = zip(compared.class_names, shares.tolist(), strict=True)
    named = {f"class {name}": share for name, share in pairs}
    confident = float((found.max(1) >= sure).mean())
    return {"confident": confident, "rarest_class": float(shares.min()), **named}
