"""Any features, projected on the principal components of those of the real pictures."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import numpy as np

from ddpm_studio.metrics.features.space import (
    Basis,
    Features,
    FeatureSpace,
    Pictures,
    features_of,
)
from ddpm_studio.metrics.subset import Subset
from ddpm_studio.progress import Progress

# So many pictures tell the directions of the largest variance well enough.
_MOST_FITTED = 4096


class ProjectedSpace:
    """(f − mean) · components: the variance that is left is all that a distance sees.

    Args:
        space: what is projected.
        mean: shape (D,).
        components: orthonormal, shape (D, K).
        explained: share of the variance that the components hold.
        fitted: how many pictures they were found from.
    """

    def __init__(
        self,
        space: FeatureSpace,
        mean: Features,
        components: Features,
        explained: float,
        fitted: int,
    ) -> None:
        self.space, self.mean, self.components = space, mean, components
        self.explained, self.fitted = explained, fitted

    @property
    def title(self) -> str:
        """See :class:`~ddpm_studio.metrics.features.space.FeatureSpace`."""
        return f"{self.components.shape[1]} principal components of {self.space.title}"

    @property
    def told(self) -> Mapping[str, object]:
        """See :class:`~ddpm_studio.metrics.features.space.FeatureSpace`."""
        return {
            **self.space.told,
            "components": self.components.shape[1],
            "components_fitted_to": self.fitted,
            "variance_explained": self.explained,
        }

    def __call__(self, pictures: Pictures, /) -> Features:
        """See :class:`~ddpm_studio.metrics.features.space.FeatureSpace`."""
        return np.asarray((self.space(pictures) - self.mean) @ self.components)


def projected_space(
    space: FeatureSpace, basis: Basis, components: int
) -> Generator[Progress, None, ProjectedSpace]:
    """Fit the components to the real pictures, 4,096 of them spread over the set at most.

    Args:
        space: what to project.
        basis: the real pictures.
        components: how many; fewer if the pictures have no more.
    """
    count = min(len(basis.images), _MOST_FITTED)
    rows = np.arange(count) * len(basis.images) // count
    spread = Subset(basis.images, rows)
    found = yield from features_of(space, spread, "Finding the principal components")
    mean = found.mean(0)
    directions, explained = principal_components(found - mean, components)
    return ProjectedSpace(space, mean, directions, explained, count)


def principal_components(centred: Features, count: int) -> tuple[Features, float]:
    """Return the directions of the largest variance and the share of it that they hold.

    Args:
        centred: shape (N, D), each column of mean 0.
        count: how many at most.

    Returns:
        Orthonormal columns, shape (D, K), largest variance first, each with its largest entry
        positive; the share of the variance in 0..1.
    """
    rows, columns = centred.shape
    wide = columns > rows
    # Of the two products that have the same eigenvalues the smaller one.
    product = centred @ centred.T if wide else centred.T @ centred
    values, vectors = np.linalg.eigh(product)
    total = float(np.trace(product))
    order = np.argsort(values)[::-1][:count]
    order = order[values[order] > max(values[-1], 0.0) * 1e-12]
    if len(order) == 0:
        return np.zeros((columns, 0)), 1.0
    found = vectors[:, order]
    if wide:
        found = centred.T @ found / np.sqrt(values[order])
    largest = np.abs(found).argmax(0)
    found = found * np.sign(found[largest, np.arange(found.shape[1])])
    return found, float(values[order].sum()) / total
