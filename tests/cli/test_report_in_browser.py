"""Report in a browser, if one is installed: it needs no network and causes no console errors."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Terminal

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"),
    *("--enable-logging=stderr", "--host-resolver-rules=MAP * ~NOTFOUND"),
]


@pytest.mark.slow
def test_it_opens_alone_and_nothing_complains(
    terminal: Terminal, trained: Path, tmp_path: Path
) -> None:
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        pytest.skip("there is no browser here")
    own = shutil.copytree(trained, tmp_path / "own")
    words = ["--quick", "--steps", 4, "--count", 2, "--timesteps", 6, "--device", "cpu"]
    assert terminal("report", own, "-o", tmp_path / "report.html", *words).code == 0
    for name, width in (("narrow", 500), ("wide", 1280)):
        picture = tmp_path / f"{name}.png"
        asked = [f"--screenshot={picture}", f"--window-size={width},2000"]
        shown = subprocess.run(
            [browser, *_FLAGS, *asked, (tmp_path / "report.html").as_uri()],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        assert "CONSOLE" not in shown.stderr
        assert picture.stat().st_size > 20_000
