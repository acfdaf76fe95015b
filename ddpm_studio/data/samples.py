"""The small sets that ship with the program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ddpm_studio.paths import resources_dir
from ddpm_studio.requests import PrepareOptions


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
            PrepareOptions(channels="gray"),
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


def title_of(source: Path) -> str:
    """Return what a set is called: the title of one that ships, else the name of its file."""
    shipped = {sample.path: sample.title for sample in sample_sets()}
    return shipped.get(source, source.name)
