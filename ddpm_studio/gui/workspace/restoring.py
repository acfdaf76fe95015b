"""A drawn picture that comes back: its request is taken up, and the result held against it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject

from ddpm_studio.errors import StudioError
from ddpm_studio.export import RECIPE_SUFFIXES, read_recipe
from ddpm_studio.gui.platform.images import Pictures, read_picture
from ddpm_studio.gui.workspace.recent import Recent
from ddpm_studio.gui.workspace.settings import open_settings
from ddpm_studio.jobs.drawing.recipes import Recipe, Restored, drawing_id, restored
from ddpm_studio.jobs.events import Drawn
from ddpm_studio.jobs.library.gallery import find_runs

if TYPE_CHECKING:
    from ddpm_studio.gui.workspace.studio import Studio


class Restorer(QObject):
    """Opens the run of a dropped picture, lets its tool draw, and says whether it is the same.

    Args:
        studio: whose ``restored`` tells the tools; it becomes the owner.
    """

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self._studio = studio
        self._awaited: tuple[Restored, Recipe, Pictures | None] | None = None
        studio.drawn.connect(self._on_drawn)

    def restore(self, path: Path) -> bool:
        """Take up the request that a picture or an animation keeps; False if it is another file.

        What can't be restored is told to the person, and is no other file either.
        """
        if path.suffix.lower() not in RECIPE_SUFFIXES:
            return False
        try:
            recipe = read_recipe(path)
            found = None if recipe is None else restored(recipe, path, self._near())
            if recipe is None or found is None:
                return False
            picture = None if found.moving else read_picture(path).picture
        except StudioError as error:
            self._studio.notify(error)
            return True
        job = self._studio.show_run(found.run)
        job.finished.connect(partial(self._on_opened, found, recipe, picture))
        return True

    def _near(self) -> Iterator[Path]:
        """Where the run may be that drew a picture, the likeliest first."""
        studio = self._studio
        yield from () if studio.run is None else (studio.run,)
        recent = Recent(open_settings()).runs()
        yield from recent
        yield from find_runs(studio.runs_folder, recent)

    def _on_opened(
        self, found: Restored, recipe: Recipe, picture: Pictures | None, _: object
    ) -> None:
        self._awaited = found, recipe, picture
        self._studio.restored.emit(found)

    def _on_drawn(self, drawn: Drawn) -> None:
        if self._awaited is None:
            return
        found, recipe, picture = self._awaited
        if not _same_request(recipe, drawn.recipe) or found.index >= len(drawn.pictures):
            return
        self._awaited = None
        again = drawn.pictures[found.index]
        if picture is None:
            why = self._other_model(found, recipe, drawn.recipe)
            same = self.tr("Drawn again: what the animation shows.")
            other = self.tr("Drawn again, but it may differ from the animation: {why}.")
            self._studio.notify(other.format(why=why) if why else same)
            return
        if again.shape != picture.shape or found.moment:
            return  # a whole sheet, or a picture on its way
        if np.array_equal(again, picture):
            self._studio.notify(self.tr("Drawn again: the same picture, bit for bit."))
        else:
            self._studio.notify(
                self.tr("Drawn again, but the picture is another: {why}.").format(
                    why=self._other_model(found, recipe, drawn.recipe)
                    or self.tr("the file's pixels were changed")
                )
            )

    def _other_model(self, found: Restored, before: Recipe, now: Recipe) -> str:
        """Say what else drew it now; empty if all that is known is the same."""
        if before.get("model") != now.get("model"):
            if found.checkpoint is None:
                return self.tr("the run has other weights now")
            return self.tr("the weights of step {n} are not kept any more").format(
                n=f"{found.checkpoint:,}"
            )
        for key in ("device", "torch"):
            if before.get(key) != now.get(key):
                return self.tr("it was drawn with {before}, now with {now}").format(
                    before=f"{key} {before.get(key)}", now=f"{key} {now.get(key)}"
                )
        return ""


def _same_request(before: Recipe, now: Recipe) -> bool:
    """Whether both ask for the same, wherever the run lies and whichever weights drew it."""

    def asked(recipe: Recipe) -> str:
        request = recipe.get("request")
        fields = request if isinstance(request, dict) else {}
        return drawing_id(
            {"kind": recipe.get("kind"), "request": {**fields, "run": ""}}
            | ({"inputs": recipe["inputs"]} if "inputs" in recipe else {})
        )

    return asked(before) == asked(now)
