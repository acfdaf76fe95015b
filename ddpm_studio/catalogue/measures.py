"""Catalogue of feature spaces and metrics for the evaluation of samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ddpm_studio.engine.tables import Entry, Option, Table

_FEATURES = "ddpm_studio.metrics.features"
_METRICS = "ddpm_studio.metrics"


@dataclass(frozen=True, eq=False)
class FeatureInfo(Entry):
    """Description of a feature space.

    Its code is a generator function as those of :mod:`ddpm_studio.metrics.features`: it takes a
    :class:`~ddpm_studio.metrics.features.space.Basis`, yields
    :class:`~ddpm_studio.progress.Progress` and returns a
    :class:`~ddpm_studio.metrics.features.space.FeatureSpace`.

    Args:
        components: default number of principal components of the real pictures' features to
            project features on; 0: no projection.
        labelled: needs the classes of the real pictures.
        weights: whether a file of weights, named by the user, is not used, optional or needed.
    """

    components: int = field(default=0, kw_only=True)
    labelled: bool = field(default=False, kw_only=True)
    weights: Literal["none", "optional", "needed"] = field(default="none", kw_only=True)


@dataclass(frozen=True)
class Figure:
    """A number that a metric returns.

    Args:
        name: short name, for files and JSON.
        title: title to show.
        better: which direction is better, "lower" or "higher"; "": neither.
    """

    name: str
    title: str
    better: Literal["lower", "higher", ""] = ""


@dataclass(frozen=True, eq=False)
class MetricInfo(Entry):
    """Description of a metric.

    Its code is a generator function of a :class:`~ddpm_studio.metrics.metric_input.MetricInput` and
    of its options as keywords. It yields the share that is done, wherever it can be interrupted,
    and returns its figures, a mapping from names to floats.

    Args:
        figures: the figures that it returns, in display order; further ones are shown by name.
        classifier: needs the class probabilities of a classifier of the set.
    """

    figures: tuple[Figure, ...] = field(default=(), kw_only=True)
    classifier: bool = field(default=False, kw_only=True)


FEATURES = Table(
    "feature space",
    FeatureInfo,
    (
        FeatureInfo(
            "classifier",
            "classifier of the set",
            "64 features of a small network that learns the set's classes first",
            f"{_FEATURES}.classifier:classifier_space",
            labelled=True,
            weights="optional",
        ),
        FeatureInfo(
            "pixels",
            "pixels",
            "the pixels themselves, projected on their principal components",
            f"{_FEATURES}.pixels:pixel_space",
            components=64,
        ),
        FeatureInfo(
            "efficientnet",
            "EfficientNet-Lite0",
            "features learned on ImageNet; needs two packages, see the README",
            f"{_FEATURES}.efficientnet:efficientnet_space",
            components=64,
        ),
        FeatureInfo(
            "inception",
            "Inception-v3",
            "the features of FID; needs the file of its weights",
            f"{_FEATURES}.inception:inception_space",
            weights="needed",
        ),
        FeatureInfo(
            "dinov2",
            "DINOv2",
            "the features of FD-DINOv2; needs the file of its weights [Stein et al. 2023]",
            f"{_FEATURES}.dinov2:dinov2_space",
            weights="needed",
        ),
    ),
)

_NEIGHBOURS = "Nearest neighbours that a ball around a picture reaches to."

METRICS = Table(
    "metric",
    MetricInfo,
    (
        MetricInfo(
            "frechet",
            "Fréchet distance",
            "between Gaussians with the means and covariances of the features [Heusel et al. 2017]",
            f"{_METRICS}.frechet:frechet",
            figures=(Figure("frechet", "Fréchet distance", "lower"),),
        ),
        MetricInfo(
            "kid",
            "KID",
            "unbiased squared maximum mean discrepancy, cubic kernel [Bińkowski et al. 2018]",
            f"{_METRICS}.kernel_distance:kernel",
            figures=(Figure("kid", "KID", "lower"), Figure("kid_deviation", "KID, deviation")),
            options=(
                Option(
                    "subsets", "Subsets", "Number of subsets that are averaged.", 100, 1, 10_000
                ),
                Option("subset_size", "Subset size", "Pictures in each.", 1000, 2, 100_000),
            ),
        ),
        MetricInfo(
            "precision_recall",
            "Precision and recall",
            "shares of samples among real pictures, and of real ones among samples "
            "[Kynkäänniemi et al. 2019]",
            f"{_METRICS}.manifold:precision_recall",
            figures=(
                Figure("precision", "Precision", "higher"),
                Figure("recall", "Recall", "higher"),
            ),
            options=(Option("neighbours", "Neighbours", _NEIGHBOURS, 3, 1, 1000),),
        ),
        MetricInfo(
            "density_coverage",
            "Density and coverage",
            "as precision and recall, robust against outliers [Naeem et al. 2020]",
            f"{_METRICS}.manifold:density_coverage",
            figures=(
                Figure("density", "Density", "higher"),
                Figure("coverage", "Coverage", "higher"),
            ),
            options=(Option("neighbours", "Neighbours", _NEIGHBOURS, 5, 1, 1000),),
        ),
        MetricInfo(
            "sliced",
            "Sliced Wasserstein distance",
            "of projections on random lines; thousands of samples suffice for it",
            f"{_METRICS}.sliced:sliced",
            figures=(Figure("sliced", "Sliced Wasserstein distance", "lower"),),
            options=(
                Option("directions", "Directions", "Number of random lines.", 1024, 1, 100_000),
            ),
        ),
        MetricInfo(
            "memorisation",
            "Memorisation",
            "distances from the nearest real picture, by the pixels [Gu et al. 2023]",
            f"{_METRICS}.memorisation:memorisation",
            figures=(
                Figure("copies", "Copies", "lower"),
                Figure("nearest_ratio", "Distance from the nearest, over that between real ones"),
            ),
        ),
        MetricInfo(
            "classes",
            "Classes",
            "how sure the classifier is of samples, and how often it names each class",
            f"{_METRICS}.classes:classes",
            figures=(
                Figure("confident", "Of a class with probability ≥ 0.9", "higher"),
                Figure("rarest_class", "Share of the rarest class", "higher"),
            ),
            classifier=True,
        ),
    ),
)
