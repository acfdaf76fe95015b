"""The small sets that ship with the program."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ddpm_studio.errors import StudioError, plain
from ddpm_studio.paths import resources_dir
from ddpm_studio.requests import PrepareOptions

PREFIX = "sample:"
"""What the name of an embedded set begins with, where pictures are named."""


# What its authors call the labels of Fashion-MNIST.
_GARMENTS = {
    "0": "T-shirt/top",
    "1": "Trouser",
    "2": "Pullover",
    "3": "Dress",
    "4": "Coat",
    "5": "Sandal",
    "6": "Shirt",
    "7": "Sneaker",
    "8": "Bag",
    "9": "Ankle boot",
}


@dataclass(frozen=True)
class SampleSet:
    """A set to begin with: ``notice`` names its makers and licence."""

    name: str
    title: str
    path: Path
    notice: str
    options: PrepareOptions


def sample_sets() -> list[SampleSet]:
    """Return the sets that are there, in the order to offer them."""
    data = resources_dir() / "data"
    sets = [
        SampleSet(
            "fashion-mnist",
            "Fashion-MNIST",
            data / "fashion-mnist",
            "10,000 articles of clothing. © 2017 Zalando SE, MIT licence.",
            PrepareOptions(channels="gray", classes=_GARMENTS),
        ),
        SampleSet(
            "emoji",
            "Emoji",
            data / "emoji" / "emoji-32.zip",
            "Noto Emoji by Google, Apache licence 2.0.",
            PrepareOptions(image_size=32, channels="rgb"),
        ),
    ]
    return [sample for sample in sets if sample.path.exists()]


def sample_set(name: str) -> SampleSet:
    """Return the set of a name.

    Raises:
        StudioError: if there is none; tells which there are.
    """
    sets = sample_sets()
    for sample in sets:
        if sample.name == name:
            return sample
    there = ", ".join(sample.name for sample in sets) or "none"
    raise StudioError(f"There is no sample set {plain(name, 80)!r}.", f"There are: {there}.")


def named_data(given: str | os.PathLike[str]) -> Path:
    """Return the pictures that a path or ``sample:NAME`` names; a path need not be there.

    Raises:
        StudioError: if no set of that name ships.
    """
    text = os.fspath(given)
    named = text.startswith(PREFIX)
    return sample_set(text.removeprefix(PREFIX)).path if named else Path(given)


def data_name(source: Path) -> str | None:
    """Return ``sample:NAME`` of an embedded set, None for other pictures."""
    place = source.resolve()
    names = (sample.name for sample in sample_sets() if sample.path.resolve() == place)
    return next((f"{PREFIX}{name}" for name in names), None)


def title_of(source: Path) -> str:
    """Return what a set is called: the title of one that ships, else the name of its file."""
    shipped = {sample.path: sample.title for sample in sample_sets()}
    return shipped.get(source, source.name)
