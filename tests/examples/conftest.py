"""Fixtures of the examples' tests: a function that imports an example, and a tiny run."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from ddpm_studio.paths import examples_dir
from tests.jobs.conftest import pictures, run

__all__ = ["pictures", "run"]

Load = Callable[[str], ModuleType]


@pytest.fixture(autouse=True)
def _elsewhere(own_folders: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test in a temporary folder, because the examples write to the current one."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Return a function that imports a script, which may import others of the same folder."""
    monkeypatch.syspath_prepend(examples_dir())
    for script in examples_dir().glob("*.py"):
        monkeypatch.delitem(sys.modules, script.stem, raising=False)
    return importlib.import_module
