"""Toy ready models: runs of a few steps, packed like those that are shipped, and their fixtures."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.engine.generators import finish
from ddpm_studio.jobs import ModelStore, evaluate, publish, train
from ddpm_studio.requests import EvaluateRequest, PrepareOptions, PublishRequest, TrainRequest
from tests import narrow
from tests.recipe import PAPER

TRAINED = TrainRequest(
    **PAPER,
    steps=4,
    batch_size=4,
    timesteps=20,
    sample_count=0,
    seed=5,
    device="cpu",
    precision="float32",
    dropout=0.1,
    class_conditional=True,
)
EVALUATED = {"count": 4, "steps": 2, "device": "cpu", "features": "pixels"}


def class_pictures(folder: Path) -> Path:
    """Write six gray 16-px pictures in two classes; return the folder."""
    for name, level in (("dark", 20), ("bright", 210)):
        (folder / name).mkdir(parents=True)
        for k in range(3):
            picture = np.full((16, 16), level + 5 * k, np.uint8)
            picture[k : k + 4] += 9
            Image.fromarray(picture).save(folder / name / f"{k}.png")
    return folder


def evaluated_run(folder: Path, pictures: Path, request: TrainRequest = TRAINED) -> Path:
    """Train a run on pictures and evaluate it against them; return its folder."""
    with narrow.network():
        finish(train([pictures], folder, request, PrepareOptions()))
        asked = EvaluateRequest.model_validate({"run": folder, **EVALUATED})
        finish(evaluate(asked, [], ModelStore()))
    return folder


def packed(
    run: Path,
    folder: Path,
    *,
    title: str = "Toy",
    sample: str | None = None,
    sources: Sequence[Path] = (),
) -> Path:
    """Pack a run as a ready model; return the model's folder."""
    request = PublishRequest(
        run=run, title=title, license="mit", credits="Made by hand.", sample=sample, count=4
    )
    finish(publish(request, folder, ModelStore(), sources))
    return folder


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return modification time (ns) and bytes of all files in a folder, to detect any change."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="session")
def toy_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return class_pictures(tmp_path_factory.mktemp("toy") / "shades")


@pytest.fixture(scope="session")
def toy_run(tmp_path_factory: pytest.TempPathFactory, toy_pictures: Path) -> Path:
    """A trained and evaluated run, which tests must not modify."""
    return evaluated_run(tmp_path_factory.mktemp("runs") / "toy", toy_pictures)


@pytest.fixture(scope="session")
def toy_packed(tmp_path_factory: pytest.TempPathFactory, toy_run: Path) -> Path:
    """The ready model packed from ``toy_run``, which tests copy."""
    return packed(toy_run, tmp_path_factory.mktemp("packed") / "toy")


@pytest.fixture
def ready(toy_packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the packed model, installed as ``ready:toy``."""
    monkeypatch.setenv("DDPM_STUDIO_MODELS", str(tmp_path / "models"))
    return Path(shutil.copytree(toy_packed, tmp_path / "models" / "toy"))
