"""Plug-in packages for tests: written to a site directory as pip would install them."""

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
    """Copy the toy package and its metadata into ``site``; return ``site``."""
    project = tomllib.loads((TOY / "pyproject.toml").read_text())["project"]
    shutil.copytree(TOY / "toy_plugin", site / "toy_plugin")
    declare(site, project["name"], project["version"], project["entry-points"][plugins.GROUP])
    return site


def declare(site: Path, package: str, version: str, points: Mapping[str, str]) -> None:
    """Write a package's metadata (``.dist-info``) with its entry points."""
    folder = site / f"{package.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
    )
    lines = [f"{name} = {value}" for name, value in points.items()]
    (folder / "entry_points.txt").write_text("\n".join([f"[{plugins.GROUP}]", *lines, ""]))


@contextmanager
def seen(site: Path, warned: bool = False) -> Iterator[None]:
    """Add the plug-ins installed in ``site`` to this process, within the context only.

    Args:
        site: the site directory.
        warned: whether to keep the listeners that warn of plug-ins that can't be used.
    """
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(site))
        patch.delenv(plugins.ENV_VARIABLE, raising=False)
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
