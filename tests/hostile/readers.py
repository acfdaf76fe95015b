"""Readers of each kind of file: a command of the terminal, or a task of the window."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ddpm_studio import cli
from ddpm_studio.errors import Failure
from tests.hostile import seeds


@dataclass(frozen=True)
class Told:
    """Output that a user sees: the exit code and the lines on both streams."""

    code: int
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)


class Readers:
    """Reads files in a folder of its own, as the program does for a user.

    Args:
        root: an empty folder for caches, settings, a valid run and outputs.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("CACHE", "RUNS", "CONFIG"):
            os.environ[f"DDPM_STUDIO_{name}"] = str(root / name.lower())
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        self.run = seeds.make_run(root / "honest")
        self._by_name: dict[str, Callable[[Path], Told]] = {
            "data": self._data,
            "cache": self._cache,
            "picture": lambda path: self._command(
                "encode", self.run, path, "--t", "5", "--out", self.out("l.safetensors")
            ),
            "mask": lambda path: self._command(
                *("inpaint", self.run, self.honest_picture, "--mask", path, "--count", "1"),
                *("--steps", "1", "--resamplings", "1", "--out", self.out("o.png")),
            ),
            "info": lambda path: self._command("info", path),
            "sample": lambda path: self._command(
                "sample", path, "--count", "1", "--steps", "1", "--out", self.out("o.png")
            ),
            "open run": self._open_run,
            "resume": lambda path: self._command("train", "--run", path, "--resume"),
            "latent": lambda path: self._command(
                *("share", self.run, "--latent", path, "--count", "1", "--steps", "1"),
                *("--out", self.out("o.png")),
            ),
            "diffusers": lambda path: self._command(
                "import", path, "--run", self.fresh_folder("imported")
            ),
            "model": lambda path: self._command(
                "import", path, "--run", self.fresh_folder("imported")
            ),
            "recipe": self._recipe,
            "drop": self._drop,
            "preview": self._preview,
            "gallery": self._gallery,
            "settings": self._settings,
        }
        self.honest_picture = root / "honest.png"
        self.honest_picture.write_bytes(seeds.picture())

    @property
    def names(self) -> list[str]:
        """Return the names of the readers."""
        return list(self._by_name)

    def read(self, name: str, path: Path) -> Told:
        """Read a file or folder; return what a user would see, errors included."""
        return self._by_name[name](path)

    def out(self, name: str) -> Path:
        """Return the path of an output file."""
        return self.root / name

    def fresh_folder(self, name: str) -> Path:
        """Return the path of a folder, removing any that is there."""
        shutil.rmtree(self.root / name, ignore_errors=True)
        return self.root / name

    def _command(self, *words: object) -> Told:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = cli.run([str(word) for word in words])
        return Told(code, out.getvalue().splitlines(), err.getvalue().splitlines())

    def _data(self, path: Path) -> Told:
        shutil.rmtree(self.root / "cache", ignore_errors=True)
        return self._command("data", path)

    def _cache(self, path: Path) -> Told:
        """Prepare ``path/pictures`` with a copy of the cache in ``path/cache``."""
        shutil.rmtree(self.root / "cache", ignore_errors=True)
        shutil.copytree(path / "cache", self.root / "cache")
        return self._command("data", path / "pictures")

    def _job(self, work: Callable[[], object]) -> Told:
        """Run work; report an error as the window's message bar does."""
        try:
            work()
        except Exception as error:
            return Told(1, [], [f"error: {Failure.of(error).line}"])
        return Told(0)

    def _open_run(self, path: Path) -> Told:
        from ddpm_studio.backend import specs
        from tests.hostile.pool import call

        return self._job(lambda: call(specs.runs.open_run(path)))

    def _recipe(self, path: Path) -> Told:
        from ddpm_studio.jobs.drawing.recipes import read_parsed_recipe

        return self._job(lambda: read_parsed_recipe(path))

    def _drop(self, path: Path) -> Told:
        from ddpm_studio.gui.platform.images import read_picture

        return self._job(lambda: read_picture(path))

    def _preview(self, path: Path) -> Told:
        from ddpm_studio.jobs.library.preview_sheets import read_preview

        return self._job(lambda: read_preview(path))

    def _gallery(self, path: Path) -> Told:
        from ddpm_studio.jobs.library import gallery

        return self._job(lambda: _drain(gallery.load([path])))

    def _settings(self, path: Path) -> Told:
        from ddpm_studio.gui.workspace.settings import Preferences, open_settings

        def work() -> None:
            target = self.root / "config" / "settings.ini"
            target.parent.mkdir(exist_ok=True)
            shutil.copy(path, target)
            settings = open_settings()
            Preferences(settings)
            for key in settings.allKeys():
                settings.value(key)
            del settings

        return self._job(work)


def _drain(job: object) -> None:
    for _ in job:  # type: ignore[attr-defined]
        pass
