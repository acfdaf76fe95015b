"""A toy model, trained, evaluated and packed once, and where it lies as if it shipped."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests import ready_models


@pytest.fixture(scope="session")
def toy_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ready_models.class_pictures(tmp_path_factory.mktemp("toy") / "shades")


@pytest.fixture(scope="session")
def toy_run(tmp_path_factory: pytest.TempPathFactory, toy_pictures: Path) -> Path:
    """A run that is read, never written, by the tests."""
    return ready_models.evaluated_run(tmp_path_factory.mktemp("runs") / "toy", toy_pictures)


@pytest.fixture(scope="session")
def toy_packed(tmp_path_factory: pytest.TempPathFactory, toy_run: Path) -> Path:
    """Its packed model, of which tests make copies."""
    return ready_models.packed(toy_run, tmp_path_factory.mktemp("packed") / "toy")


@pytest.fixture
def ready(toy_packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ready model, ``ready:toy``."""
    monkeypatch.setenv("DDPM_STUDIO_MODELS", str(tmp_path / "models"))
    return Path(shutil.copytree(toy_packed, tmp_path / "models" / "toy"))
