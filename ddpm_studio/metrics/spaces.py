"""Factory of feature spaces by name, with optional projection onto principal components."""

from __future__ import annotations

from collections.abc import Generator

from ddpm_studio.catalogue.measures import FEATURES
from ddpm_studio.metrics.features.projection import projected_space
from ddpm_studio.metrics.features.space import Basis, FeatureSpace
from ddpm_studio.progress import Progress


def feature_space(
    name: str, basis: Basis, components: int | None = None
) -> Generator[Progress, None, FeatureSpace]:
    """Create a feature space of the catalogue for a set of real pictures.

    Args:
        name: a name of :data:`ddpm_studio.catalogue.FEATURES`.
        basis: the real pictures, and further data that the space may need.
        components: number of principal components of the real pictures' features to project onto;
            0: no projection, as also where these features are all equal; None: the features'
            default.

    Yields:
        Progress.

    Raises:
        ValueError: for an unknown name, or if the space can't be built from this basis.
    """
    entry = FEATURES[name]
    if entry.labelled and basis.labels is None:
        raise ValueError(f"the features {name!r} need pictures with classes")
    if entry.weights == "needed" and basis.weights is None:
        raise ValueError(f"the features {name!r} need a file of weights")
    if entry.weights == "none" and basis.weights is not None:
        raise ValueError(f"the features {name!r} take no file of weights")
    space: FeatureSpace = yield from entry.load()(basis)
    count = entry.components if components is None else components
    if not count:
        return space
    projected = yield from projected_space(space, basis, count)
    # With 0 dimensions every distance would be 0, and any samples would seem perfect.
    return projected if projected.components.shape[1] else space
