"""The shipped examples, importable by their names, and a tiny run to draw with."""

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
    """What the examples write lies in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Import a script, which may import another one that lies beside it."""
    monkeypatch.syspath_prepend(examples_dir())
    for script in examples_dir().glob("*.py"):
        monkeypatch.delitem(sys.modules, script.stem, raising=False)
    return importlib.import_module
