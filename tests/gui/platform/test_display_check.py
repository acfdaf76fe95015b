"""Start without a display_check, or without a library that Qt needs: one error line says so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ddpm_studio.errors import StudioError
from ddpm_studio.gui.platform import display_check
from ddpm_studio.gui.platform.display_check import check_display, check_xcb_plugin, missing_library

README = Path(__file__).resolve().parents[3] / "README.md"
_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "QT_QPA_PLATFORM")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of Linux")


@linux
@pytest.mark.parametrize("display", ["", ":4242"])
def test_the_program_says_so_and_does_not_abort(display: str) -> None:
    plain = {name: value for name, value in os.environ.items() if name not in _SCREENS}
    if display:
        plain["DISPLAY"] = display
    told = subprocess.run(
        [sys.executable, "-m", "ddpm_studio"],
        capture_output=True,
        text=True,
        env=plain,
        check=False,
    )
    assert told.returncode == 1
    assert told.stdout == ""
    (line,) = told.stderr.splitlines()
    assert re.match(r"error: (There is no screen here|The screen that DISPLAY names)", line)
    assert "train, sample and report" in line


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"QT_QPA_PLATFORM": "xcb"},
        {"QT_QPA_PLATFORM": "wayland"},
        {"QT_QPA_PLATFORM": "wayland-egl;xcb"},
        {"QT_QPA_PLATFORM": "xcb", "WAYLAND_DISPLAY": "wayland-0"},
        {"DISPLAY": ":4242"},
        {"DISPLAY": "localhost:4242.0"},
        {"DISPLAY": "nonsense"},
        {"WAYLAND_DISPLAY": "none-there", "XDG_RUNTIME_DIR": "/nowhere"},
    ],
)
def test_there_is_none(environment: dict[str, str]) -> None:
    with pytest.raises(StudioError, match="screen"):
        check_display(environment, "linux")
    for system in ("darwin", "win32"):
        check_display(environment, system)


@pytest.mark.parametrize("name", ["offscreen", "minimal", "vnc:size=800x600", "eglfs", "linuxfb"])
def test_some_platforms_need_none(name: str) -> None:
    check_display({"QT_QPA_PLATFORM": name}, "linux")
    check_xcb_plugin(Path("/nowhere"), {"QT_QPA_PLATFORM": name, "DISPLAY": ":0"})


def test_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wayland-1").touch()
    here = {"WAYLAND_DISPLAY": "wayland-1", "XDG_RUNTIME_DIR": str(tmp_path)}
    check_display(here, "linux")
    check_display({"WAYLAND_DISPLAY": str(tmp_path / "wayland-1")}, "linux")
    check_display({"WAYLAND_SOCKET": "5"}, "linux")
    # A display of another machine can't be checked quickly, and is believed.
    check_display({"DISPLAY": "far.example:0"}, "linux")
    monkeypatch.setattr(display_check, "_can_connect", lambda *_: True)
    check_display({"DISPLAY": ":0"}, "linux")
    check_display({"DISPLAY": "localhost:10.0"}, "linux")


def test_a_library_that_is_missing_is_named_with_its_package(tmp_path: Path) -> None:
    plugin = tmp_path / "platforms" / "libqxcb.so"
    plugin.parent.mkdir()
    plugin.write_bytes(b"no library at all")
    with pytest.raises(StudioError, match=r"system library that is missing: .*libqxcb"):
        check_xcb_plugin(tmp_path, {"DISPLAY": ":0"})
    check_xcb_plugin(tmp_path, {"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"})
    check_xcb_plugin(tmp_path / "none", {"DISPLAY": ":0"})


@pytest.mark.parametrize(
    ("library", "package"),
    [
        ("libxcb-cursor.so.0", "libxcb-cursor0"),
        ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
        ("libEGL.so.1", "libegl1"),
        ("libGL.so.1", "libgl1"),
        ("libdbus-1.so.3", "libdbus-1-3"),
        ("libfontconfig.so.1", "libfontconfig1"),
        ("libglib-2.0.so.0", "libglib2.0-0"),
        ("libxcb-icccm.so.4", "libxcb-icccm4"),
    ],
)
def test_its_package_is_one_of_those_that_the_readme_lists(library: str, package: str) -> None:
    said = f"{library}: cannot open shared object file: No such file or directory"
    remedy = missing_library(said)
    assert remedy is not None
    assert f"apt-get install {package} " in remedy
    assert f" {package} " in README.read_text(encoding="utf-8")
    assert missing_library("something else went wrong") is None
