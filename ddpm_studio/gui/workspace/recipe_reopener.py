"""Reopening of a drawn picture by its recipe: draw it again and compare the results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from ddpm_studio.backend import JobHandle
from ddpm_studio.backend.specs.runs import RunView
from ddpm_studio.errors import StudioError
from ddpm_studio.export import RECIPE_SUFFIXES, read_recipe
from ddpm_studio.export.lesson import LESSON_SUFFIX, read_lesson
from ddpm_studio.gui.platform.images import Pictures, read_picture
from ddpm_studio.jobs.drawing.recipes import ParsedRecipe, Recipe, drawing_id, restored
from ddpm_studio.jobs.events import DrawingResult


class RecipeReopener(QObject):
    """Opens the run of a dropped picture, has its tool redraw it, and reports any difference.

    Args:
        show_run: opens a run and returns the job.
        candidate_runs: yields candidates for the run that drew a picture, the likeliest first.
        parent: the owner.
    """

    restored = Signal(object)
    """Emitted with the request (:class:`ParsedRecipe`) to draw again, when its run is open."""
    lesson_opened = Signal(object)
    """Emitted with a :class:`Lesson` to show; ``restored`` follows if it has a drawing."""
    notified = Signal(object)
    """Emitted with a message for the user: a :class:`StudioError` or a str."""

    def __init__(
        self,
        show_run: Callable[[Path], JobHandle[RunView]],
        candidate_runs: Callable[[], Iterator[Path]],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._show_run, self._candidate_runs = show_run, candidate_runs
        self._awaited: tuple[ParsedRecipe, Recipe, Pictures | None] | None = None

    def restore(self, path: Path) -> bool:
        """Reopen the recipe in a picture, animation or lesson; False if the file has none.

        If a recipe can't be restored, the reason is shown to the user, and the result is True.
        """
        if path.suffix.lower() == LESSON_SUFFIX:
            self._open_lesson(path)
            return True
        if path.suffix.lower() not in RECIPE_SUFFIXES:
            return False
        try:
            recipe = read_recipe(path)
            found = None if recipe is None else restored(recipe, path, self._candidate_runs())
            if recipe is None or found is None:
                return False
            picture = None if found.moving else read_picture(path).picture
        except StudioError as error:
            self.notified.emit(error)
            return True
        job = self._show_run(found.run)
        job.on_finished(partial(self._on_opened, found, recipe, picture))
        return True

    def _open_lesson(self, path: Path) -> None:
        """Open a lesson: its questions, and its drawing, which is restored like a picture's."""
        try:
            lesson = read_lesson(path)
            found = None
            if lesson.recipe is not None:
                found = restored(lesson.recipe, path, self._candidate_runs())
                if found is None:
                    raise StudioError(
                        f"{path.name} shows no drawing.", "Make it anew, of a view of a tool."
                    )
        except StudioError as error:
            self.notified.emit(error)
            return
        self.lesson_opened.emit(lesson)
        if found is not None:
            self._awaited = None
            self._show_run(found.run).on_finished(partial(self._on_lesson_run, found))

    def _on_lesson_run(self, found: ParsedRecipe, _: object) -> None:
        self.restored.emit(found)

    def _on_opened(
        self, found: ParsedRecipe, recipe: Recipe, picture: Pictures | None, _: object
    ) -> None:
        self._awaited = found, recipe, picture
        self.restored.emit(found)

    def compare(self, result: DrawingResult) -> None:
        """Compare a drawing with the reopened picture, if it answers that picture's request."""
        if self._awaited is None:
            return
        found, recipe, picture = self._awaited
        if not _same_request(recipe, result.recipe):
            return
        self._awaited = None
        if picture is None:
            difference = self._model_difference(found, recipe, result.recipe)
            same_text = self.tr("Drawn again: what the animation shows.")
            different_text = self.tr("Drawn again, but it may differ from the animation: {why}.")
            self.notified.emit(different_text.format(why=difference) if difference else same_text)
            return
        if found.index >= len(result.pictures):
            self.notified.emit(
                self.tr("Drawn again, but there is no picture {n}, which the file names.").format(
                    n=f"{found.index + 1:,}"
                )
            )
            return
        redrawn = result.pictures[found.index]
        if redrawn.shape != picture.shape or found.moment:
            return  # not comparable: a sheet of pictures, or an intermediate state
        if np.array_equal(redrawn, picture):
            self.notified.emit(self.tr("Drawn again: the same picture, bit for bit."))
        else:
            self.notified.emit(
                self.tr("Drawn again, but the picture is another: {why}.").format(
                    why=self._model_difference(found, recipe, result.recipe)
                    or self.tr("the file's pixels were changed")
                )
            )

    def _model_difference(self, found: ParsedRecipe, old: Recipe, new: Recipe) -> str:
        """Return how model, device or torch differ between two recipes; empty if they do not."""
        if old.get("model") != new.get("model"):
            if found.checkpoint is None:
                return self.tr("the run has other weights now")
            return self.tr("the weights of step {n} are not kept any more").format(
                n=f"{found.checkpoint:,}"
            )
        for key in ("device", "torch"):
            if old.get(key) != new.get(key):
                return self.tr("it was drawn with {before}, now with {now}").format(
                    before=f"{key} {old.get(key)}", now=f"{key} {new.get(key)}"
                )
        return ""


def _same_request(first: Recipe, second: Recipe) -> bool:
    """Whether two recipes have the same request, apart from the run's path and its weights."""

    def request_id(recipe: Recipe) -> str:
        request = recipe.get("request")
        fields = request if isinstance(request, dict) else {}
        return drawing_id(
            {"kind": recipe.get("kind"), "request": {**fields, "run": ""}}
            | ({"inputs": recipe["inputs"]} if "inputs" in recipe else {})
        )

    return request_id(first) == request_id(second)
