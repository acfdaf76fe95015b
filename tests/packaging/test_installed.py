"""Package as installed from a wheel, without the source tree: ready models open and draw."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ddpm_studio.paths import models_dir
from ddpm_studio.runs import RunFolder
from ddpm_studio.runs.ready import ready_runs
from tests import ready_models
from tests.first_picture import SCRIPT
from tests.ready_models import toy_packed, toy_pictures, toy_run

__all__ = ["toy_packed", "toy_pictures", "toy_run"]

ROOT = Path(__file__).resolve().parents[2]
_MOST_EACH, _MOST = 6_500_000, 24_000_000


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, toy_packed: Path) -> Path:
    """A site-packages folder as ``pip install`` of the wheel makes it, plus a toy ready model."""
    site = tmp_path_factory.mktemp("site-packages")
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    targets = wheel["targets"]["wheel"]
    unwanted = shutil.ignore_patterns("__pycache__", "models", "screenshots")
    for package in targets["packages"]:
        shutil.copytree(ROOT / package, site / package, ignore=unwanted)
    for source, place in targets["force-include"].items():
        shutil.copytree(ROOT / source, site / place, ignore=unwanted)
    shutil.copytree(toy_packed, site / "ddpm_studio" / "_resources" / "models" / "toy")
    return site


def run(site: Path, folder: Path, *words: str) -> str:
    """Run Python with only the installed package on its path; return stdout."""
    own = {f"DDPM_STUDIO_{name}": str(folder / name) for name in ("CONFIG", "RUNS", "CACHE")}
    environment = {**os.environ, **own, "PYTHONPATH": str(site)}
    environment.pop("DDPM_STUDIO_MODELS", None)
    ended = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_a_ready_model_draws_in_the_terminal_and_in_python(installed: Path, tmp_path: Path) -> None:
    toy = installed / "ddpm_studio" / "_resources" / "models" / "toy"
    before = ready_models.contents(toy)
    told = json.loads(run(installed, tmp_path, "-m", "ddpm_studio", "info", "ready:toy", "--json"))
    assert told["path"] == str(toy)
    fast = ("--device", "cpu", "--steps", "2", "--count", "2")
    words = ("-m", "ddpm_studio", "sample", "ready:toy", "--out", "drawn.png", *fast)
    run(installed, tmp_path, *words)
    assert (tmp_path / "drawn.png").is_file()
    drawing = "ds.open('ready:toy').sample(2, steps=2, device='cpu')"
    script = f"import ddpm_studio as ds; print({drawing}.pictures.shape, ds.__file__)"
    assert run(installed, tmp_path, "-c", script).split() == [
        *("(2,", "16,", "16,", "1)"),
        str(installed / "ddpm_studio" / "__init__.py"),
    ]
    assert ready_models.contents(toy) == before


def test_the_window_shows_a_picture_of_it_after_one_click(installed: Path, tmp_path: Path) -> None:
    told = json.loads(run(installed, tmp_path, "-c", SCRIPT).splitlines()[-1])
    toy = installed / "ddpm_studio" / "_resources" / "models" / "toy"
    assert told["run"] == str(toy)
    assert told["clicks"] == 1
    assert told["package"] == str(installed / "ddpm_studio" / "__init__.py")


def test_models_that_ship_are_small_and_have_all_they_need() -> None:
    """Holds without shipped models as well; their required parts are tested on a toy model."""
    sizes = {
        run: sum(file.stat().st_size for file in run.rglob("*") if file.is_file())
        for run in ready_runs()
    }
    assert sum(sizes.values()) <= _MOST
    for model, size in sizes.items():
        assert size <= _MOST_EACH, model.name
        assert RunFolder.open(model).info.published is not None
        assert (model / "README.md").is_file()
        assert (model / "samples.png").is_file()
        assert list((model / "samples/gallery").glob("*.png"))
        told = [path.read_bytes() for path in model.rglob("*") if path.suffix in (".json", ".md")]
        assert not [text for text in told if b"/home/" in text or b"/work/" in text]
    assert models_dir().parent.name in ("resources", "_resources") or not sizes
