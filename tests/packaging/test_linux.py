"""Menu entry on Linux: installed into an empty home, started, and removed again."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from ddpm_studio import __version__

ROOT = Path(__file__).resolve().parents[2]
LINUX = ROOT / "packaging" / "linux"
ID = "io.github.ddpm_studio.DDPMStudio"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the menu of Linux desktops")


def needs(tool: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")


def installer(
    data: Path, *arguments: str, script: Path = LINUX / "install.sh", **more: str
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_DATA_HOME": str(data), **more}
    return subprocess.run(
        [str(script), *arguments],
        cwd=data.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def program(folder: Path, proof: Path) -> Path:
    """Write a stand-in for ddpm-studio that records its arguments in ``proof``; return its path."""
    folder.mkdir(parents=True)
    path = folder / "ddpm-studio"
    lines = (
        "#!/bin/sh",
        f"""printf '%s\\n' "$0" "$@" > '{proof}.new'""",
        f"mv '{proof}.new' '{proof}'",
    )
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o755)
    return path


def files(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


INSTALLED = {
    f"applications/{ID}.desktop",
    f"metainfo/{ID}.metainfo.xml",
    f"icons/hicolor/scalable/apps/{ID}.svg",
    f"icons/hicolor/256x256/apps/{ID}.png",
}
# Index file that update-desktop-database, if installed, leaves behind.
INDEX = {"applications/mimeinfo.cache"}


def test_install_twice_then_uninstall_twice(tmp_path: Path) -> None:
    data = tmp_path / "share"
    studio = program(tmp_path / "bin", tmp_path / "proof")
    first = installer(data, str(studio))
    assert first.returncode == 0, first.stderr
    assert files(data) - INDEX == INSTALLED
    before = (data / f"applications/{ID}.desktop").read_bytes()

    assert installer(data, str(studio)).returncode == 0
    assert files(data) - INDEX == INSTALLED
    assert (data / f"applications/{ID}.desktop").read_bytes() == before

    other = data / "applications" / "other.desktop"
    other.write_text("[Desktop Entry]\nType=Application\nName=Other\nExec=true\n")
    assert installer(data, "--uninstall").returncode == 0
    assert files(data) - INDEX == {"applications/other.desktop"}
    assert installer(data, "--uninstall").returncode == 0


def test_relative_path_is_made_absolute(tmp_path: Path) -> None:
    program(tmp_path / "bin", tmp_path / "proof")
    data = tmp_path / "share"
    assert installer(data, "bin/ddpm-studio").returncode == 0
    entry = (data / f"applications/{ID}.desktop").read_text()
    assert f'Exec="{tmp_path}/bin/ddpm-studio" %F\n' in entry
    assert f"TryExec={tmp_path}/bin/ddpm-studio\n" in entry


def test_relative_data_home_counts_as_unset(tmp_path: Path) -> None:
    home = tmp_path / "home"
    studio = program(tmp_path / "bin", tmp_path / "proof")
    result = installer(tmp_path / "unused", str(studio), XDG_DATA_HOME="relative", HOME=str(home))
    assert result.returncode == 0, result.stderr
    assert files(home / ".local" / "share") - INDEX == INSTALLED
    assert not (tmp_path / "relative").exists()


def test_finds_the_virtual_environment_beside_it(tmp_path: Path) -> None:
    copy = tmp_path / "a copy"
    shutil.copytree(LINUX, copy / "packaging" / "linux")
    (copy / "resources" / "icons").mkdir(parents=True)
    for name in ("app.svg", "app-256.png"):
        shutil.copy(ROOT / "resources" / "icons" / name, copy / "resources" / "icons")
    studio = program(copy / ".venv" / "bin", tmp_path / "proof")
    data = tmp_path / "share"
    result = installer(data, script=copy / "packaging" / "linux" / "install.sh")
    assert result.returncode == 0, result.stderr
    assert f'Exec="{studio}" %F\n' in (data / f"applications/{ID}.desktop").read_text()


@pytest.mark.parametrize("arguments", [("--no-such-option",), ("one", "two")])
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = installer(tmp_path / "share", *arguments)
    assert result.returncode == 2
    assert "Usage" in result.stderr
    assert not (tmp_path / "share").exists()


def test_program_that_is_not_there(tmp_path: Path) -> None:
    result = installer(tmp_path / "share", str(tmp_path / "nothing"))
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert not (tmp_path / "share").exists()


@pytest.mark.parametrize("folder", ["50%", "two\nlines"])
def test_path_that_no_menu_can_start_is_refused(tmp_path: Path, folder: str) -> None:
    studio = program(tmp_path / folder, tmp_path / "proof")
    result = installer(tmp_path / "share", str(studio))
    assert result.returncode == 1
    assert "menus can't start" in result.stderr
    assert not (tmp_path / "share").exists()


@needs("gio")
@pytest.mark.parametrize("folder", ["plain", "with space", "a$b`c\"d\\e&f'g=h"])
def test_desktop_starts_it_from_any_folder(tmp_path: Path, folder: str) -> None:
    proof = tmp_path / "proof"
    studio = program(tmp_path / folder, proof)
    data = tmp_path / "share"
    result = installer(data, str(studio))
    assert result.returncode == 0, result.stderr
    picture = tmp_path / "two words.png"
    picture.touch()
    entry = data / "applications" / f"{ID}.desktop"
    # GLib parses the entry as a desktop would, and so verifies the quoting.
    subprocess.run(["gio", "launch", str(entry), str(picture)], check=True, timeout=60)
    deadline = time.monotonic() + 30
    while not proof.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert proof.read_text().splitlines() == [str(studio), str(picture)]


@needs("desktop-file-validate")
def test_desktop_entry_is_valid(tmp_path: Path) -> None:
    studio = program(tmp_path / "with space", tmp_path / "proof")
    assert installer(tmp_path / "share", str(studio)).returncode == 0
    for entry in (
        LINUX / f"{ID}.desktop",
        tmp_path / "share" / "applications" / f"{ID}.desktop",
    ):
        result = subprocess.run(
            ["desktop-file-validate", str(entry)], capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stdout + result.stderr
        assert result.stdout == ""


@needs("appstreamcli")
def test_metainfo_is_valid() -> None:
    result = subprocess.run(
        ["appstreamcli", "validate", "--no-net", str(LINUX / f"{ID}.metainfo.xml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_one_name_and_one_version_everywhere() -> None:
    component = ET.parse(LINUX / f"{ID}.metainfo.xml").getroot()
    assert component.findtext("id") == ID
    assert component.findtext("launchable") == f"{ID}.desktop"
    assert re.search(
        rf"^Icon={re.escape(ID)}$", (LINUX / f"{ID}.desktop").read_text(), re.MULTILINE
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    newest = component.find("releases/release")
    assert newest is not None
    assert newest.get("version") == project["version"] == __version__
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d[^\]]*)\] - (\S+)$", changelog, re.MULTILINE)
    assert released[0] == (newest.get("version"), newest.get("date"))
    assert component.findtext("project_license") == project["license"]


def test_window_carries_the_name_of_the_entry() -> None:
    pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError)
    from ddpm_studio.gui.shell.app import APP_ID

    assert APP_ID == ID
