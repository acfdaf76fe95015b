"""Pictures after minutes of training: the recipe of 0.1.0, a peer's, and today's.

Each trains for the same minutes of wall clock, one after the other, from nothing, on the same
pictures. 1,000 samples of each in 20 evaluations of the network, by whichever sampler suits it
best, are compared with the set by the Fréchet distance in the feature space that the set has here;
beside it stands that of 1,000 real pictures, the floor.

0.1.0's recipe is what its ``run.json`` says, trained by today's code, which computes the same to
the bit. The peer is ``UNet2DModel`` of diffusers with the channels and levels of 0.1.0's network,
and optimiser, learning rate and averaging of the library's example for unconditional training;
28-px pictures are padded to 32 for it.

Where samples have classes by a classifier of the set, the first 500 are also told by how sure it is
of them, beside as many pictures that it has not learnt from.

Each run that has ended is kept in ``results/recipes.json`` and not run again on the same machine as
long as its recipe is the same, so that what takes hours can be broken off.
"""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import ddpm_studio as ds
from ddpm_studio import data, paths
from ddpm_studio.data import Dataset
from ddpm_studio.engine import UNetConfig
from ddpm_studio.engine.generators import finish
from ddpm_studio.jobs.drawing.sampling_defaults import usual_guidance
from ddpm_studio.metrics.classes import classes
from ddpm_studio.metrics.compared import Compared
from ddpm_studio.metrics.features.classifier import ClassifierSpace
from ddpm_studio.metrics.features.space import Basis, Features, FeatureSpace, features_of
from ddpm_studio.metrics.frechet import frechet_distance
from ddpm_studio.metrics.spaces import feature_space
from ddpm_studio.requests import PrepareOptions, TrainRequest
from ddpm_studio.runs import first_format
from tests.benchmarks.figures import Figure, UnavailableError
from tests.benchmarks.machine import machine
from tests.benchmarks.peer_training import PeerTraining

Pictures = npt.NDArray[np.uint8]

SAMPLES, EVALUATIONS = 1000, 20
RECIPES = ("old", "peer", "new")
_SAMPLERS: tuple[dict[str, Any], ...] = (
    {"sampler": "ddim", "eta": 0.0},
    {"sampler": "ddim", "eta": 1.0},
    {"sampler": "dpm++2m"},
)
_LEAST_SIDE_MULTIPLE = 8
_JUDGED = 500
_RESULTS = Path(__file__).parent / "results" / "recipes.json"


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
        # What its classifier has learnt is kept, for the runs that follow another day.
        kept = Path(tempfile.gettempdir()) / "ddpm-studio-benchmarks"
        basis = Basis(dataset.images, dataset.labels, dataset.class_names, cache=kept)
        self.space: FeatureSpace = finish(feature_space(SETS[name].features, basis))
        self._real = self._features(dataset.images)
        self.floor = frechet_distance(self._real[SAMPLES:], self._real[:SAMPLES])

    def distance(self, samples: Pictures) -> float:
        """Return the Fréchet distance of samples to the whole set."""
        return frechet_distance(self._features(samples), self._real)

    def classes(self, pictures: Pictures) -> dict[str, float]:
        """Tell the shares of pictures that are surely of a class, and of the rarest class."""
        if not isinstance(self.space, ClassifierSpace):
            return {}
        judged = pictures[:_JUDGED]
        features = self._features(judged)
        names, probabilities = self.space.class_names, self.space.probabilities
        compared = Compared(
            features, features, judged, judged, class_names=names, probabilities=probabilities
        )
        told = finish(classes(compared))
        return {key: round(told[key], 3) for key in ("confident", "rarest_class")}

    def _features(self, pictures: Pictures) -> Features:
        return finish(features_of(self.space, pictures))


def _compare(minutes: float, names: Iterable[str], seeds: int, at_most: float) -> list[Figure]:
    if not importlib.util.find_spec("diffusers"):
        raise UnavailableError("the peer, diffusers, is not installed")
    found = {name: _place(name) for name in names}
    ratios, peers, details = [], [], []
    for name, place in found.items():
        comparison = _Comparison(name, place, minutes)
        for seed in range(seeds):
            told = comparison.runs(seed)
            old, peer, new = (float(told[recipe]["distance"]) for recipe in RECIPES)
            ratios.append(new / old)
            peers.append(new / peer)
            details.append({"set": name, "seed": seed, **told})
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


class _Comparison:
    """The recipes on one set, each for so many minutes; what is needed is made when it is."""

    def __init__(self, name: str, place: Path, minutes: float) -> None:
        self._name, self._place, self._minutes = name, place, minutes

    def runs(self, seed: int) -> dict[str, dict[str, Any]]:
        """Return what came of each recipe with a seed: kept, or trained now."""
        return {recipe: self._run(recipe, seed) for recipe in RECIPES}

    def _run(self, recipe: str, seed: int) -> dict[str, Any]:
        told = {"set": self._name, "minutes": self._minutes, "seed": seed, "recipe": recipe}
        settings = _settings(recipe)
        key = {**told, "settings": settings, "machine": machine()["machine"]}
        for kept in _kept():
            if key.items() <= kept.items():
                return {k: v for k, v in kept.items() if k not in key}
        if recipe == "peer":
            result = _peer(self._dataset, self._judge, self._minutes, seed)
        else:
            of = (self._name, self._place, self._judge)
            result = _trained(*of, self._minutes, seed, settings if recipe == "old" else {})
        result["floor"] = round(self._judge.floor, 2)
        if (unseen := self._unseen()) is not None:
            result["unseen_pictures"] = self._judge.classes(unseen)
        result["date"] = datetime.now(UTC).isoformat(timespec="seconds")
        _keep({**key, **result})
        return result

    @cached_property
    def _dataset(self) -> Dataset:
        return _prepared(self._place, SETS[self._name])

    @cached_property
    def _judge(self) -> Judge:
        return Judge(self._name, self._dataset)

    def _unseen(self) -> Pictures | None:
        if self._name != "Fashion-MNIST":
            return None
        held_out = paths.resources_dir() / "data/fashion-mnist"
        return _prepared(held_out, SETS[self._name]).images


def _prepared(place: Path, of: Set) -> Dataset:
    return finish(data.prepare([place], PrepareOptions(**of.options)))


def _kept() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(_RESULTS.read_text()) if _RESULTS.exists() else []
    return found


def _keep(result: Mapping[str, Any]) -> None:
    told = [*_kept(), result]
    _RESULTS.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _settings(recipe: str) -> dict[str, Any]:
    """What a recipe is, as far as it may change from one version to the next."""
    if recipe == "peer":
        return {}
    return _first_recipe() if recipe == "old" else TrainRequest().model_dump(mode="json")


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
    if classes is not None and usual_guidance(run.info, run.checkpoints[-1]) != 1:
        # Guidance takes two evaluations a step.
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
    """The sampler whose samples are nearest, how near, and what a classifier sees in them."""
    found = []
    for told in samplers:
        drawn = draw(told)
        found.append({**told, "distance": round(judge.distance(drawn), 2), **judge.classes(drawn)})
    return min(found, key=lambda told: float(told["distance"]))
