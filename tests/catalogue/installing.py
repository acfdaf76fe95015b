"""Packages as pip would have installed them, in a folder of their own."""

from __future__ import annotations

import shutil
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from ddpm_studio.catalogue import plugins
from ddpm_studio.errors import plugin_modules

TOY = Path(__file__).resolve().parents[1] / "toy_plugin"


def install_toy(site: Path) -> Path:
    """Put the toy package and its metadata into ``site``, and return that."""
    project = tomllib.loads((TOY / "pyproject.toml").read_text())["project"]
    shutil.copytree(TOY / "toy_plugin", site / "toy_plugin")
    declare(site, project["name"], project["version"], project["entry-points"][plugins.GROUP])
    return site


def declare(site: Path, package: str, version: str, points: Mapping[str, str]) -> None:
    """Write the metadata of a package."""
    folder = site / f"{package.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
    )
    lines = [f"{name} = {value}" for name, value in points.items()]
    (folder / "entry_points.txt").write_text("\n".join([f"[{plugins.GROUP}]", *lines, ""]))


@contextmanager
def seen(site: Path, warned: bool = False) -> Iterator[None]:
    """Let this process find what is installed in ``site``, and forget it after.

    Args:
        site: the folder.
        warned: let those listen who are told of what can't be used.
    """
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(site))
        patch.delenv(plugins.VARIABLE, raising=False)
        patch.setattr(plugins, "_loading", plugins._Loading())
        if not warned:
            patch.setattr(plugins, "_listeners", [])
        try:
            yield
        finally:
            for plugin in plugins.loaded():
                for kind, name in plugin.entries:
                    plugins.KINDS[kind].remove(name)
            plugin_modules.clear()
    for module in set(sys.modules) - before:
        if str(site) in str(getattr(sys.modules[module], "__file__", "")):
            del sys.modules[module]
