"""Sample quality after minutes of training: 0.1.0's recipe, a peer's, and today's.

Each trains for the same minutes of wall clock, one after the other, from scratch, on the same
pictures. 1,000 samples of each in 20 evaluations of the network, by the sampler that suits it
best, are compared with the set by the Fréchet distance in the set's usual feature space, and so
are 1,000 real pictures, as the floor.

0.1.0's recipe is that in its ``run.json``, trained by today's code, which computes the same bit
for bit. The peer is ``UNet2DModel`` of diffusers with the channels and levels of 0.1.0's network,
and the optimiser, learning rate and averaging of the library's example for unconditional
training; it gets 28-px pictures padded to 32.

Where a classifier of the set provides the features, its confidence in the first 500 samples is
also reported, along with that in as many pictures that it has not been trained on.

All are trained before the first is judged, for only the trainings need the machine to themselves.
Trained models are kept in the temporary folder until they are judged, the figures in
``results/recipes.json``: neither is computed again on the same machine for an unchanged recipe,
so that a benchmark of hours can be interrupted.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
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
from ddpm_studio.jobs.drawing.sampling_defaults import default_guidance
from ddpm_studio.metrics.classes import classes
from ddpm_studio.metrics.features.classifier import ClassifierSpace
from ddpm_studio.metrics.features.space import Basis, Features, FeatureSpace, compute_features
from ddpm_studio.metrics.frechet import frechet_distance
from ddpm_studio.metrics.metric_input import MetricInput
from ddpm_studio.metrics.spaces import feature_space
from ddpm_studio.requests import PrepareOptions, TrainRequest
from ddpm_studio.runs import legacy_format
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
_TEMPORARY = Path(tempfile.gettempdir()) / "ddpm-studio-benchmarks"
_TRAINED = "trained.json"
_RESULTS = Path(__file__).parent / "results" / "recipes.json"


@dataclass(frozen=True)
class Set:
    """A dataset to train on.

    Args:
        place: the path below the folder of data sets.
        options: the options of preparation.
        features: the feature space for the distance.
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
    """Train for 2 minutes on each set, with two seeds."""
    return _compare(2, SETS, seeds=2, at_most=0.3)


def ten_minutes(rounds: int) -> list[Figure]:
    """Train for 10 minutes on Fashion-MNIST and CIFAR-10, with one seed."""
    return _compare(10, ("Fashion-MNIST", "CIFAR-10"), seeds=1, at_most=0.3)


def an_hour(rounds: int) -> list[Figure]:
    """Train for 60 minutes on CIFAR-10, with one seed."""
    return _compare(60, ("CIFAR-10",), seeds=1, at_most=0.5)


class Judge:
    """Judges samples by their distance to a set, and by the set's classifier.

    Args:
        name: the name of the set.
        dataset: the pictures of the set.
    """

    def __init__(self, name: str, dataset: Dataset) -> None:
        # The trained classifier is cached for later runs of the benchmark.
        basis = Basis(dataset.images, dataset.labels, dataset.class_names, cache=_TEMPORARY)
        self.space: FeatureSpace = finish(feature_space(SETS[name].features, basis))
        self._real = self._features(dataset.images)
        # Shuffled, as sets are often ordered by class.
        mixed = np.random.default_rng(0).permutation(self._real)
        self.floor = frechet_distance(mixed[SAMPLES:], mixed[:SAMPLES])

    def distance(self, samples: Pictures) -> float:
        """Return the Fréchet distance of samples to the whole set."""
        return frechet_distance(self._features(samples), self._real)

    def classes(self, pictures: Pictures) -> dict[str, float]:
        """Return the shares of pictures with a confident class, and of the rarest class."""
        if not isinstance(self.space, ClassifierSpace):
            return {}
        judged = pictures[:_JUDGED]
        features = self._features(judged)
        names, probabilities = self.space.class_names, self.space.probabilities
        compared = MetricInput(
            features, features, judged, judged, class_names=names, probabilities=probabilities
        )
        told = finish(classes(compared))
        return {key: round(told[key], 3) for key in ("confident", "rarest_class")}

    def _features(self, pictures: Pictures) -> Features:
        return finish(compute_features(self.space, pictures))


def _compare(minutes: float, names: Iterable[str], seeds: int, at_most: float) -> list[Figure]:
    if not importlib.util.find_spec("diffusers"):
        raise UnavailableError("the peer, diffusers, is not installed")
    found = [_Comparison(name, _place(name), minutes) for name in names]
    for comparison in found:
        for seed in range(seeds):
            comparison.train(seed)
    ratios, peers, details = [], [], []
    for comparison in found:
        name = comparison.name
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
    """Comparison of the recipes on one set for some minutes; datasets and judge are made lazily."""

    def __init__(self, name: str, place: Path, minutes: float) -> None:
        self.name, self._place, self._minutes = name, place, minutes

    def train(self, seed: int) -> None:
        """Train by each recipe with a seed, unless that has been done before."""
        for recipe in RECIPES:
            key = self._key(recipe, seed)
            if _figures(key) is None and _trained(key) is None:
                self._train(recipe, key)

    def runs(self, seed: int) -> dict[str, dict[str, Any]]:
        """Return the figures of each recipe with a seed: the stored ones, or judge it now."""
        keys = {recipe: self._key(recipe, seed) for recipe in RECIPES}
        return {recipe: _figures(key) or self._judge_run(key) for recipe, key in keys.items()}

    def _key(self, recipe: str, seed: int) -> dict[str, Any]:
        told = {"set": self.name, "minutes": self._minutes, "seed": seed, "recipe": recipe}
        return {**told, "settings": _settings(recipe), "machine": _machine()}

    def _train(self, recipe: str, key: dict[str, Any]) -> None:
        folder = _folder(key)
        shutil.rmtree(folder, ignore_errors=True)  # one that was interrupted
        folder.mkdir(parents=True)
        began = datetime.now(UTC).isoformat(timespec="seconds")
        if recipe == "peer":
            peer = _peer(self._dataset, key["seed"])
            peer.train(60 * self._minutes)
            peer.save(folder / "peer.pt")
            told: dict[str, Any] = {"steps": peer.steps}
        else:
            told = _train(self._place, folder / "run", key, SETS[self.name].options)
        (folder / _TRAINED).write_text(json.dumps({**told, "date": began}), encoding="utf-8")
        print(f"{self.name}, {recipe}, seed {key['seed']}: trained, {told}", flush=True)

    def _judge_run(self, key: dict[str, Any]) -> dict[str, Any]:
        """Judge a trained model; store its figures and delete the model."""
        told = _trained(key)
        assert told is not None, "all are trained before one is judged"
        if key["recipe"] == "peer":
            peer = _peer(self._dataset, key["seed"])
            peer.load(_folder(key) / "peer.pt")
            known = [sampler for sampler in _SAMPLERS if not sampler.get("eta")]
            best = _best(
                self._judge, known, lambda told: peer.draw(told["sampler"], SAMPLES, EVALUATIONS)
            )
        else:
            run = ds.open(_folder(key) / "run")
            classes = run.info.network_config().num_classes
            best = _best(self._judge, _SAMPLERS, lambda sampler: _drawn(run, sampler, classes))
        result = {**best, **told, "floor": round(self._judge.floor, 2)}
        if (unseen := self._unseen()) is not None:
            result["unseen_pictures"] = self._judge.classes(unseen)
        _keep({**key, **result})
        shutil.rmtree(_folder(key))
        return result

    @cached_property
    def _dataset(self) -> Dataset:
        return _prepared(self._place, SETS[self.name])

    @cached_property
    def _judge(self) -> Judge:
        return Judge(self.name, self._dataset)

    def _unseen(self) -> Pictures | None:
        if self.name != "Fashion-MNIST":
            return None
        held_out = paths.resources_dir() / "data/fashion-mnist"
        return _prepared(held_out, SETS[self.name]).images


def _prepared(place: Path, of: Set) -> Dataset:
    return finish(data.prepare([place], PrepareOptions(**of.options)))


def _kept() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(_RESULTS.read_text()) if _RESULTS.exists() else []
    return found


def _figures(key: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the stored figures of a training, or None if it has not been judged."""
    for kept in _kept():
        if key.items() <= kept.items():
            return {k: v for k, v in kept.items() if k not in key}
    return None


def _folder(key: Mapping[str, Any]) -> Path:
    """Return the folder in which a training is kept until it is judged."""
    told = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
    return _TEMPORARY / f"{key['set']}-{key['recipe']}-{told}"


def _trained(key: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the record of a finished training that is yet to be judged, or None."""
    path = _folder(key) / _TRAINED
    if not path.exists():
        return None
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return told


def _keep(result: Mapping[str, Any]) -> None:
    told = [*_kept(), result]
    _RESULTS.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _machine() -> str:
    """Return processor name and instruction set, for one name stands for several generations."""
    told = machine()
    return f"{told['machine']}, {told['instructions']}"


def _settings(recipe: str) -> dict[str, Any]:
    """Return the settings of a recipe that may change from one version to the next."""
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
    """Return the default settings of 0.1.0."""
    preset = legacy_format.REQUEST["preset"]
    fields = {**legacy_format.REQUEST, **legacy_format.PRESETS[preset]}
    return {k: v for k, v in fields.items() if v is not None and k != "steps"}


def _train(
    place: Path, folder: Path, key: dict[str, Any], options: dict[str, Any]
) -> dict[str, Any]:
    """Train by one of our recipes into a folder; return steps and batch size."""
    recipe = key["settings"] if key["recipe"] == "old" else {}
    settings = {**recipe, "minutes": key["minutes"], "seed": key["seed"], "sample_count": 0}
    run = ds.train(place, run=folder, progress=False, **settings, **options)
    assert run.settings is not None
    return {"steps": run.settings.steps, "batch_size": run.settings.batch_size}


def _drawn(run: ds.Run, sampler: dict[str, Any], classes: int | None) -> Pictures:
    settings = {**sampler, "steps": EVALUATIONS, "seed": 1}
    if classes is not None and default_guidance(run.info, run.checkpoints[-1]) != 1:
        # Guidance needs two evaluations a step.
        settings["steps"] = EVALUATIONS // 2
    return run.sample(SAMPLES, **settings).pictures


def _peer(dataset: Dataset, seed: int) -> PeerTraining:
    height, width, channels = dataset.images.shape[1:]
    multiple = _LEAST_SIDE_MULTIPLE
    sides = (-(-side // multiple) * multiple for side in (height, width))
    return PeerTraining(UNetConfig.tiny((*sides,), channels), dataset.images, seed)


def _best(
    judge: Judge, samplers: Iterable[dict[str, Any]], draw: Callable[[dict[str, Any]], Pictures]
) -> dict[str, Any]:
    """Return the sampler with the nearest samples, their distance, and their class figures."""
    found = []
    for told in samplers:
        drawn = draw(told)
        found.append({**told, "distance": round(judge.distance(drawn), 2), **judge.classes(drawn)})
    return min(found, key=lambda told: float(told["distance"]))
