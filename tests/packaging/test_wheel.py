"""Wheel, built and installed without the source tree: it starts and is complete."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ddpm_studio import __version__

ROOT = Path(__file__).resolve().parents[2]
# Tests to repeat in the wheel's environment: the import, the window, the examples.
AGAIN = [
    "tests/api/test_import.py",
    "tests/gui/shell/test_main.py",
    "tests/gui/features/start/test_ready_models.py",
    "tests/examples",
]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    words = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (found,) = folder.iterdir()
    return found


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of a virtual environment with the wheel; dependencies come from this environment."""
    home = tmp_path_factory.mktemp("home") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    windows = sys.platform == "win32"
    python = home / ("Scripts/python.exe" if windows else "bin/python")
    found = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    # Only the packages: paths added by their .pth files, such as this source tree, are not used.
    others = [place for place in sys.path if Path(place).name == "site-packages"]
    Path(found.stdout.strip(), "others.pth").write_text("\n".join(others))
    words = ["-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return python


def run(python: Path, *words: str, at: Path) -> str:
    """Run Python in a folder outside the source tree; return its output."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment |= {"PYTEST_QT_API": "pyside6", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [str(python), *words],
        cwd=at,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="git knows which files are ours")
def test_resources_are_inside_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    kept = subprocess.run(
        ["git", "ls-files", "-z", "resources", "ddpm_studio"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = {name for name in kept.stdout.split("\0") if name}
    expected = {
        name.replace("resources/", "ddpm_studio/_resources/", 1)
        if name.startswith("resources/")
        else name
        for name in files
    }
    assert {name for name in names if ".dist-info/" not in name} == expected
    assert "ddpm_studio/_resources/examples/first_steps.ipynb" in names
    assert "ddpm_studio/py.typed" in names


def test_it_is_the_wheel_that_starts(python: Path, tmp_path: Path) -> None:
    code = "import ddpm_studio; from ddpm_studio.paths import resources_dir as r; print(r())"
    resources = Path(run(python, "-c", code, at=tmp_path).strip())
    assert resources.is_relative_to(python.parents[1])
    program = python.with_name("ddpm-studio").with_suffix(python.suffix)
    assert run(program, "--version", at=tmp_path).strip().endswith(__version__)
    assert "ready:fashion-mnist" in run(program, "info", at=tmp_path)
    told = run(program, "data", str(resources / "data" / "emoji" / "emoji-32.zip"), at=tmp_path)
    assert "1,8" in told


def test_the_tests_of_start_and_examples_pass(python: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("results"))
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    slow\n    gpu\n")
    said = run(python, "-m", "pytest", "-q", "-n", "0", *AGAIN, at=tmp_path)
    assert "passed" in said
    assert "skipped" not in said
