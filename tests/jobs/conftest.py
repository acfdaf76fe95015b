"""Fixtures of the jobs' tests: tiny pictures, and a run of a few real training steps on them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.engine.generators import finish as run_to_end
from ddpm_studio.jobs import train
from ddpm_studio.requests import PrepareOptions, TrainRequest
from tests import narrow
from tests.recipe import PAPER
from tests.two_classes import class_folder as class_folder

REQUEST = TrainRequest(
    **PAPER, steps=4, batch_size=4, timesteps=20, sample_count=2, seed=5, device="cpu", dropout=0.1
)


def finish(job: Generator[Any, None, Any]) -> tuple[list[Any], Any]:
    """Run a job to its end; return its events and its result."""
    events: list[Any] = []
    result = run_to_end(job, events.append)
    return events, result


@pytest.fixture(autouse=True, scope="module")
def _narrow_network(narrow_network: None) -> None:
    """Train and draw with the narrow versions of the small presets."""


@pytest.fixture(autouse=True)
def _own_folders(own_folders: None) -> None:
    """Give each test folders of its own."""


def run_read_by(run: Path, folder: Path, **options: object) -> Path:
    """Return a copy of a run whose training pictures were read with these options too."""
    copy = Path(shutil.copytree(run, folder))
    file = copy / "run.json"
    content = json.loads(file.read_text())
    content["data"]["options"] |= options
    file.write_text(json.dumps(content))
    return copy


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten 16-px RGB pictures, each of a bright bar at another place on a dark background."""
    folder = tmp_path_factory.mktemp("bars")
    for k in range(10):
        picture = np.full((16, 16, 3), 30 + 5 * k, np.uint8)
        picture[:, k : k + 4] = (220, 200 - 10 * k, 90)
        Image.fromarray(picture).save(folder / f"{k}.png")
    return folder


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Path:
    """A run on the bars, which tests must not modify."""
    folder = tmp_path_factory.mktemp("runs") / "bars"
    with narrow.network():
        finish(train([pictures], folder, REQUEST, PrepareOptions()))
    return folder
