"""Class metrics of samples by a classifier of the set: confidence and class frequencies."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import numpy as np

from ddpm_studio.metrics.metric_input import MetricInput


def classes(inputs: MetricInput, sure: float = 0.9) -> Generator[float, None, Mapping[str, float]]:
    """Return the metrics ``confident``, ``rarest_class`` and the frequency of each class.

    ``confident`` is the fraction of samples whose most probable class has a probability of at least
    ``sure``; a class's frequency is the fraction of samples whose most probable class it is;
    ``rarest_class`` is the lowest frequency.

    Raises:
        ValueError: if the features are not those of a classifier.
    """
    yield 0.0
    if inputs.probabilities is None:
        raise ValueError("class figures need the features of a classifier of the set")
    probabilities = inputs.probabilities(inputs.fake)
    frequencies = np.bincount(probabilities.argmax(1), minlength=probabilities.shape[1]) / len(
        probabilities
    )
    classes_found = zip(inputs.class_names, frequencies.tolist(), strict=True)
    by_class = {f"class {name}": frequency for name, frequency in classes_found}
    confident = float((probabilities.max(1) >= sure).mean())
    return {"confident": confident, "rarest_class": float(frequencies.min()), **by_class}
