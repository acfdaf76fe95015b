"""Principal component analysis (PCA) of features, fitted to those of the real pictures."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import numpy as np

from ddpm_studio.durations import format_count
from ddpm_studio.metrics.features.space import (
    Basis,
    Features,
    FeatureSpace,
    Pictures,
    compute_features,
)
from ddpm_studio.metrics.subset import Subset
from ddpm_studio.progress import Progress

# Maximum number of pictures to fit, which is enough for the directions of largest variance.
_MAX_FITTED = 4096


class ProjectedSpace:
    """Feature space projected onto principal components, (f − mean) · components.

    Args:
        space: feature space to project.
        mean: mean of the real pictures' features, shape (D,).
        components: orthonormal columns, shape (D, K).
        explained: fraction of the variance explained by the components.
        fitted: number of pictures they were fitted to.
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
        return (
            f"{format_count(self.components.shape[1], 'principal component')} of {self.space.title}"
        )

    @property
    def details(self) -> Mapping[str, object]:
        """See :class:`~ddpm_studio.metrics.features.space.FeatureSpace`."""
        return {
            **self.space.details,
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
    """Fit principal components to at most 4,096 real pictures, evenly spread over the set.

    Args:
        space: feature space to project.
        basis: the real pictures.
        components: number of components; fewer if the features have a lower rank.

    Yields:
        Progress.
    """
    count = min(len(basis.images), _MAX_FITTED)
    rows = np.arange(count) * len(basis.images) // count
    subset = Subset(basis.images, rows)
    found = yield from compute_features(space, subset, "Finding the principal components")
    mean = found.mean(0)
    directions, explained = principal_components(found - mean, components)
    return ProjectedSpace(space, mean, directions, explained, count)


def principal_components(centred: Features, count: int) -> tuple[Features, float]:
    """Return the principal components and the fraction of the variance that they explain.

    Args:
        centred: features, shape (N, D), each column of mean 0.
        count: maximum number of components.

    Returns:
        Orthonormal columns, shape (D, K), in order of decreasing variance, each with its entry of
        largest magnitude positive; and the fraction of the variance explained, 0..1.
    """
    rows, columns = centred.shape
    wide = columns > rows
    # The smaller of the two products, which have the same non-zero eigenvalues.
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
