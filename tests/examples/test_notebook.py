"""Example notebook: it runs from top to bottom in a fresh kernel, and is stored without output."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ddpm_studio.paths import examples_dir

NOTEBOOK = examples_dir() / "first_steps.ipynb"
# The settings that make it slow are at its top.
QUICK = {"STEPS": "2", "COUNT": "2"}


@pytest.mark.slow
def test_the_notebook_runs(tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(NOTEBOOK, 4)
    (settings,) = (cell for cell in notebook.cells if cell.id == "settings")
    for name, value in QUICK.items():
        settings.source, changed = re.subn(
            rf"^{name} = \d+$", f"{name} = {value}", settings.source, flags=re.MULTILINE
        )
        assert changed == 1
    nbclient.NotebookClient(
        notebook, timeout=270, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    shown = {cell.id: kinds(cell) for cell in notebook.cells if cell.cell_type == "code"}
    for name in ("forward", "loss", "sample", "interpolate", "bits", "neighbours"):
        assert "image/png" in shown[name], name
    assert "image/gif" in shown["reverse"]
    assert (tmp_path / "runs" / "notebook" / "run.json").is_file()


def kinds(cell: object) -> set[str]:
    """Return the media types of a cell's outputs."""
    outputs = getattr(cell, "outputs", [])
    return {kind for output in outputs for kind in output.get("data", {})}


def test_it_is_kept_without_output() -> None:
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(NOTEBOOK, 4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) >= 8
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
