"""API reference: it is built from the docstrings, without dangling references."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "packaging" / "api_reference.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    pytest.importorskip("pdoc")
    spec = importlib.util.spec_from_file_location("api_reference", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_references_that_lead_nowhere_are_told(script: ModuleType) -> None:
    texts = {
        "a": "See :func:`ddpm_studio.jobs.train` and :attr:`ddpm_studio.engine.Frame.x0_hat`.",
        "b": "See :class:`~ddpm_studio.engine.NoiseSchedul` and :func:`open`.",
        "c": ":meth:`ddpm_studio.engine.DiffusionProcess.predict`, :mod:`ddpm_studio.engines`",
    }
    assert script.stale_references(iter(texts.items())) == [
        "b: ddpm_studio.engine.NoiseSchedul",
        "c: ddpm_studio.engines",
    ]


@pytest.mark.slow
def test_it_is_built_without_a_warning(script: ModuleType, tmp_path: Path) -> None:
    assert script.build(tmp_path) == []
    page = (tmp_path / "ddpm_studio" / "api" / "run.html").read_text("utf-8")
    assert "Draw pictures from noise" in page
    assert (tmp_path / "ddpm_studio" / "engine" / "process.html").is_file()
    assert not (tmp_path / "ddpm_studio" / "gui.html").exists()
