"""Pictures after minutes of training: the recipe of 0.1.0, a peer's, and today's.

Each trains for the same minutes of wall clock, one after the other, from nothing, on the same
pictures. 1,000 samples of each in 20 evaluations of the network, by whichever sampler suits it
best, are compared with the set by the Fréchet distance in the feature space that the set has here;
beside it stands that of 1,000 real pictures, the floor.

0.1.0's recipe is what its ``run.json`` says, trained by today's code, which computes the same to
the bit. The peer is ``UNet2DModel`` of diffusers with the channels and levels of 0.1.0's network,
and optimiser, learning rate and averaging of the library's example for unconditional training;
28-px pictures are padded to 32 for it.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import ddpm_studio as ds
from ddpm_studio import data
from ddpm_studio.data import Dataset
from ddpm_studio.engine import UNetConfig
from ddpm_studio.engine.generators import finish
from ddpm_studio.metrics.features.space import Basis, Features, FeatureSpace, features_of
from ddpm_studio.metrics.frechet import frechet_distance
from ddpm_studio.metrics.spaces import feature_space
from ddpm_studio.requests import PrepareOptions
from ddpm_studio.runs import first_format
from tests.benchmarks.figures import Figure, UnavailableError
from tests.benchmarks.peer_training import PeerTraining

Pictures = npt.NDArray[np.uint8]

SAMPLES, EVALUATIONS = 1000, 20
_SAMPLERS: tuple[dict[str, Any], ...] = (
    {"sampler": "ddim", "eta": 0.0},
    {"sampler": "ddim", "eta": 1.0},
    {"sampler": "dpm++2m"},
)
_LEAST_SIDE_MULTIPLE = 8


@dataclass(frozen=True)
class Set:
    """Pictures to learn.

    Args:
        place: below the folder of data sets.
        options: how they are prepared.
        features: the feature space of the distance.
    """

    place: str
    options: dict[str, Any]
    features: str


SETS = {
    "Fashion-MNIST": Set("fashion-mnist", {"image_size": 28}, "classifier"),
    "Emoji": Set("emoji", {"image_size": 32, "channels": "rgba"}, "efficientnet"),
    "CIFAR-10": Set("cifar10-jpeg-train.zip", {"image_size": 32}, "classifier"),
}


def measure(rounds: int) -> list[Figure]:
    """2 minutes on each set, two seeds."""
    return _compare(2, SETS, seeds=2, at_most=0.3)


def ten_minutes(rounds: int) -> list[Figure]:
    """10 minutes on Fashion-MNIST and CIFAR-10, one seed."""
    return _compare(10, ("Fashion-MNIST", "CIFAR-10"), seeds=1, at_most=0.3)


def an_hour(rounds: int) -> list[Figure]:
    """60 minutes on CIFAR-10, one seed."""
    return _compare(60, ("CIFAR-10",), seeds=1, at_most=0.5)


class Judge:
    """The distance of samples to a set.

    Args:
        name: of the set.
        dataset: its pictures.
    """

    def __init__(self, name: str, dataset: Dataset) -> None:
        basis = Basis(dataset.images, dataset.labels, dataset.class_names)
        self.space: FeatureSpace = finish(feature_space(SETS[name].features, basis))
        self._real = self._features(dataset.images)
        self.floor = frechet_distance(self._real[SAMPLES:], self._real[:SAMPLES])

    def distance(self, samples: Pictures) -> float:
        """Return the Fréchet distance of samples to the whole set."""
        return frechet_distance(self._features(samples), self._real)

    def _features(self, pictures: Pictures) -> Features:
        return finish(features_of(self.space, pictures))


def _compare(minutes: float, names: Iterable[str], seeds: int, at_most: float) -> list[Figure]:
    if not importlib.util.find_spec("diffusers"):
        raise UnavailableError("the peer, diffusers, is not installed")
    found = {name: _place(name) for name in names}
    ratios, peers, details = [], [], []
    for name, place in found.items():
        dataset = finish(data.prepare([place], PrepareOptions(**SETS[name].options)))
        judge = Judge(name, dataset)
        for seed in range(seeds):
            old = _trained(name, place, judge, minutes, seed, _first_recipe())
            peer = _peer(dataset, judge, minutes, seed)
            new = _trained(name, place, judge, minutes, seed, {})
            ratios.append(new["distance"] / old["distance"])
            peers.append(new["distance"] / peer["distance"])
            told = {"set": name, "seed": seed, "floor": round(judge.floor, 2)}
            details.append({**told, "old": old, "peer": peer, "new": new})
            print(details[-1], flush=True)
    common = {"minutes": minutes, "samples": SAMPLES, "evaluations": EVALUATIONS}
    title = f"distance after {minutes:g} minutes, median of sets and seeds: new"
    return [
        Figure(
            f"{title} / 0.1.0",
            statistics.median(ratios),
            "×",
            at_most=at_most,
            details={**common, "runs": details},
        ),
        Figure(f"{title} / peer, the worst", max(peers), "×", at_most=1.0),
    ]


def _place(name: str) -> Path:
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    path = Path(os.environ.get("DDPM_STUDIO_TEST_DATA", beside)) / SETS[name].place
    if not path.exists():
        raise UnavailableError(f"{path.name} is not here; set DDPM_STUDIO_TEST_DATA to its folder")
    return path


def _first_recipe() -> dict[str, Any]:
    """What 0.1.0 did where nothing was asked for."""
    preset = first_format.REQUEST["preset"]
    fields = {**first_format.REQUEST, **first_format.PRESETS[preset]}
    return {k: v for k, v in fields.items() if v is not None and k != "steps"}


def _trained(
    name: str, place: Path, judge: Judge, minutes: float, seed: int, recipe: dict[str, Any]
) -> dict[str, Any]:
    """Train by a recipe into a folder for the time being; tell the best sampler's distance."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {**recipe, "minutes": minutes, "seed": seed, "sample_count": 0}
        run = ds.train(
            place, run=Path(folder) / "run", progress=False, **settings, **SETS[name].options
        )
        classes = run.info.network_config().num_classes
        best = _best(judge, _SAMPLERS, lambda sampler: _drawn(run, sampler, classes))
        assert run.settings is not None
        return {**best, "steps": run.settings.steps, "batch_size": run.settings.batch_size}


def _drawn(run: ds.Run, sampler: dict[str, Any], classes: int | None) -> Pictures:
    settings = {**sampler, "steps": EVALUATIONS, "seed": 1}
    if classes is not None:
        # Of all classes in turn; guidance takes two evaluations a step.
        settings["steps"] = EVALUATIONS // 2
    return run.sample(SAMPLES, **settings).pictures


def _peer(dataset: Dataset, judge: Judge, minutes: float, seed: int) -> dict[str, Any]:
    height, width, channels = dataset.images.shape[1:]
    multiple = _LEAST_SIDE_MULTIPLE
    sides = (-(-side // multiple) * multiple for side in (height, width))
    peer = PeerTraining(UNetConfig.tiny((*sides,), channels), dataset.images, seed)
    peer.train(60 * minutes)
    known = [sampler for sampler in _SAMPLERS if not sampler.get("eta")]
    best = _best(judge, known, lambda told: peer.draw(told["sampler"], SAMPLES, EVALUATIONS))
    return {**best, "steps": peer.steps}


def _best(
    judge: Judge, samplers: Iterable[dict[str, Any]], draw: Callable[[dict[str, Any]], Pictures]
) -> dict[str, Any]:
    """The sampler whose samples are nearest, and how near."""
    found = [{**told, "distance": round(judge.distance(draw(told)), 2)} for told in samplers]
    return min(found, key=lambda told: float(told["distance"]))
