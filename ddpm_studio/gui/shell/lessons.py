"""Lessons: create one from the view in front, and show opened ones with their questions."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMainWindow

from ddpm_studio.backend import specs
from ddpm_studio.catalogue.concepts import CONCEPTS
from ddpm_studio.catalogue.tools import tool_of
from ddpm_studio.export.lesson import LESSON_SUFFIX, Lesson, Question
from ddpm_studio.gui.features.common.tool_panel import ToolPanel
from ddpm_studio.gui.features.lesson.lesson_bar import LessonBar
from ddpm_studio.gui.features.lesson.lesson_dialog import LessonDialog
from ddpm_studio.gui.shell.tool_tabs import ToolTabs
from ddpm_studio.gui.widgets.forms.choices import translated
from ddpm_studio.gui.widgets.layout.save_dialog import prompt_save_path
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.runs.naming import sanitize_name


class Lessons(QObject):
    """Registers "file.make_lesson", and shows the lessons that are opened.

    Args:
        studio: saves and opens lessons.
        actions: where the action is registered.
        tabs: the tools, all built.
        window: owner of the dialog; the questions are shown below its central area.
    """

    def __init__(
        self, studio: Studio, actions: ActionRegistry, tabs: ToolTabs, window: QMainWindow
    ) -> None:
        super().__init__(window)
        self._studio, self._actions = studio, actions
        self._tabs, self._window = tabs, window
        self.dialog: LessonDialog | None = None
        self.bar = LessonBar()
        centre = window.centralWidget()
        layout = None if centre is None else centre.layout()
        assert layout is not None
        layout.addWidget(self.bar)
        actions.add(
            "file.make_lesson",
            self.tr("Make a lesson of this view…"),
            self.make,
            category=self.tr("&File"),
            icon="graduation-cap",
            tip=self.tr("Save what the tool in front shows, with questions, to be opened again"),
            keywords=self.tr("teach questions class"),
        )
        studio.restorer.lesson_opened.connect(self._show)

    def make(self) -> None:
        """Open the dialog to make a lesson of the view in front."""
        view = self.view()
        if view is None:
            panel = self._tabs.currentWidget()
            self._studio.notify(
                self.tr("It is being drawn: make a lesson of it when it is there.")
                if isinstance(panel, ToolPanel) and panel.busy
                else self.tr(
                    "There is nothing here to make a lesson of. Draw something with a tool, or "
                    "turn to a concept in Learn."
                )
            )
            return
        self.dialog = LessonDialog(self._summary(view), view.title, self._window)
        self.dialog.chosen.connect(partial(self._ask_path, view))
        self.dialog.open()

    def view(self) -> Lesson | None:
        """Return the view in front as a lesson without questions; None if it can't be one."""
        from ddpm_studio.gui.features.learn.learn_panel import LearnPanel

        panel = self._tabs.currentWidget()
        if isinstance(panel, LearnPanel) and panel.concept is not None:
            return Lesson(translated(panel.concept.title), concept=panel.concept.name)
        recipe = panel.shown_recipe if isinstance(panel, ToolPanel) else None
        if recipe is None:
            return None
        return Lesson(translated(tool_of(str(recipe["kind"])).title), recipe=recipe)

    def save(self, view: Lesson, title: str, questions: tuple[Question, ...], path: Path) -> None:
        """Save a lesson to ``path``, in the background."""
        lesson = Lesson(title, questions, view.recipe, view.concept)
        job = self._studio.backend.submit(specs.exports.save_lesson(path, lesson))
        job.on_finished(self._on_saved)
        job.on_failed(self._studio.notify)

    def _summary(self, view: Lesson) -> str:
        if view.concept is not None:
            return self.tr("It will show the page “{0}” of Learn.").format(view.title)
        return self.tr(
            "It will draw again what “{0}” shows: model, settings, seed, t and all."
        ).format(view.title)

    def _ask_path(self, view: Lesson, title: str, questions: tuple[Question, ...]) -> None:
        prompt_save_path(
            self._window,
            self.tr("Save the lesson"),
            {self.tr("Lesson (*{0})").format(LESSON_SUFFIX): LESSON_SUFFIX[1:]},
            f"{sanitize_name(title)}{LESSON_SUFFIX}",
            lambda path: self.save(view, title, questions, path),
        )

    def _on_saved(self, path: Path) -> None:
        self._studio.notify(
            self.tr("Saved {0}. Drop it on the window to open it.").format(path.name)
        )

    def _show(self, lesson: Lesson) -> None:
        self.bar.show_lesson(lesson)
        if lesson.concept in CONCEPTS:
            self._actions[f"learn.{lesson.concept}"].trigger()
