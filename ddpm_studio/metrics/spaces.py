"""Feature spaces by name, projected as asked for."""

from __future__ import annotations

from collections.abc import Generator

from ddpm_studio.catalogue.measures import FEATURES
from ddpm_studio.metrics.features.projection import projected_space
from ddpm_studio.metrics.features.space import Basis, FeatureSpace
from ddpm_studio.progress import Progress


def feature_space(
    name: str, basis: Basis, components: int | None = None
) -> Generator[Progress, None, FeatureSpace]:
    """Make a feature space of the catalogue for a set of real pictures.

    Args:
        name: of :data:`ddpm_studio.catalogue.FEATURES`.
        basis: the real pictures, and what the space may need besides.
        components: project on so many principal components of the real pictures' features;
            0: not at all, as where these are all the same; None: as suits these features.

    Yields:
        Progress.

    Raises:
        ValueError: if there is no such space, or it can't be made of this basis.
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
    # In no dimension there is no distance: anything would be as good as the pictures themselves.
    return projected if projected.components.shape[1] else space
