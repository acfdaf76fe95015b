"""Sample data sets: the small sets that ship with the program."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ddpm_studio.errors import StudioError, printable
from ddpm_studio.paths import resources_dir
from ddpm_studio.requests import PrepareOptions

PREFIX = "sample:"
"""Prefix of a sample set's name where a path of pictures may also be given."""


# The label names of Fashion-MNIST, as its authors give them.
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
    """A sample data set that ships with the program; ``notice`` is its copyright and licence."""

    name: str
    title: str
    path: Path
    notice: str
    options: PrepareOptions


def sample_sets() -> list[SampleSet]:
    """Return the sample sets that are installed, in the order to offer them."""
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
    """Return the sample set with a name.

    Raises:
        StudioError: if there is none; the message lists those that exist.
    """
    sets = sample_sets()
    for sample in sets:
        if sample.name == name:
            return sample
    names = ", ".join(sample.name for sample in sets) or "none"
    raise StudioError(f"There is no sample set {printable(name, 80)!r}.", f"There are: {names}.")


def resolve_data_path(path: str | os.PathLike[str]) -> Path:
    """Resolve a path or ``sample:NAME`` to the path of the pictures, which need not exist.

    Raises:
        StudioError: if there is no sample set of that name.
    """
    text = os.fspath(path)
    is_sample = text.startswith(PREFIX)
    return sample_set(text.removeprefix(PREFIX)).path if is_sample else Path(path)


def sample_name(source: Path) -> str | None:
    """Return ``sample:NAME`` for the path of a sample set; None for any other path."""
    path = source.resolve()
    names = (sample.name for sample in sample_sets() if sample.path.resolve() == path)
    return next((f"{PREFIX}{name}" for name in names), None)


def title_of(source: Path) -> str:
    """Return the title of a sample set's path; for any other path, its file name.

    A drive has no file name, so its path is returned.
    """
    titles = {sample.path: sample.title for sample in sample_sets()}
    return titles.get(source, source.name or str(source))
