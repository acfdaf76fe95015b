"""Export menu of every tab: copies, PNG, grids, animations, sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from ddpm_studio.backend import JobSpec, specs
from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.gui.features.common.animation_dialog import FORMATS, AnimationDialog
from ddpm_studio.gui.features.common.export_words import export_words
from ddpm_studio.gui.features.common.size_dialog import ask_zoom
from ddpm_studio.gui.platform.images import Pictures, shown_bands
from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.widgets.layout.basics import name
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.widgets.layout.save_dialog import ask_where
from ddpm_studio.gui.widgets.layout.saved_message import tell_saved
from ddpm_studio.gui.widgets.pictures.picture_drag import copy_picture
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.python_cell import has_cell, python_cell
from ddpm_studio.requests import AnimationRequest

Recipe = dict[str, object]


@dataclass(frozen=True)
class Export:
    """What a view has to give at this moment.

    Args:
        pictures: uint8 (N, H, W, C).
        recipe: how they were made; a single picture adds its ``index``.
        current: which picture "Copy" and "Save PNG" mean.
        chosen: whether somebody chose that one; else they mean all.
        view: the sign of the view that the pictures are of, where several are shown.
        view_stem: what files of those pictures are called after ``stem``, then.
        columns: how many in a row of the grid; None: as square as can be.
        frames: makes the frames (H, W, C) of an animation; called in the backend's thread.
        fps: frames a second of the animation.
        hold_last_seconds: how much longer its last frame stays.
        stem: what the file's name begins with.
        recipes: how each picture was made, where they come from several drawings.
        numbers: float16 (N, H, W, C) of each moment, where they are kept.
    """

    pictures: Pictures
    recipe: Recipe | None = None
    current: int = 0
    columns: int | None = None
    frames: specs.exports.FrameSource | None = None
    fps: float = 20.0
    hold_last_seconds: float = 2.0
    stem: str = "ddpm"
    recipes: Sequence[Recipe] | None = None
    numbers: Sequence[npt.NDArray[np.float16]] | None = None
    chosen: bool = True
    view: str = ""
    view_stem: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether "Copy" and "Save PNG" mean all pictures, as a grid."""
        return not self.chosen and len(self.pictures) > 1

    @property
    def timing(self) -> AnimationRequest:
        """The animation as it is proposed."""
        return AnimationRequest(fps=self.fps, hold=self.hold_last_seconds)

    def one(self) -> tuple[Pictures, Recipe | None]:
        """Return the current picture (H, W, C) and how it was made."""
        index = min(max(self.current, 0), len(self.pictures) - 1)
        if self.recipes is not None:
            return self.pictures[index], self.recipes[index]
        recipe = None if self.recipe is None else {**self.recipe, "index": index}
        return self.pictures[index], recipe

    def each(self) -> Iterable[Recipe] | None:
        """Return how each file of a sequence was made."""
        if self.recipes is not None or self.recipe is None:
            return self.recipes
        from ddpm_studio.export import each_of

        return each_of(self.recipe, moving=self.frames is not None)


class ExportMenu(QToolButton):
    """A button whose menu copies and saves what ``provider`` gives.

    Its actions are ``PREFIX.copy``, ``.copy_python``, ``.save_png``, ``.save_grid``,
    ``.save_animation`` and ``.save_sequence``; call :meth:`refresh` when there is more or less to
    give.

    Args:
        studio: writes the files, in its backend.
        actions: where the actions are registered.
        prefix: what their ids begin with.
        category: the menu they belong to, translated.
        provider: what to give now, or None.
        numbers: whether it gives numbers too; their action is ``PREFIX.save_numbers``.
        also: actions that stand in the menu too, whatever the provider gives.
        parent: the owner.
    """

    saved = Signal(object)
    """A file or folder was written whole; carries its Path."""
    failed = Signal(object)
    """It could not be written; carries a :class:`Failure`."""

    def __init__(
        self,
        studio: Studio,
        actions: ActionRegistry,
        prefix: str,
        category: str,
        provider: Callable[[], Export | None],
        *,
        numbers: bool = False,
        also: Sequence[QAction] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._studio = studio
        self._actions, self._prefix = actions, prefix
        self._provider = provider
        self._messages: MessageBar | None = None
        self._also = also
        calls = {
            "copy": ("copy", self.copy),
            "save_png": ("file-image", self._ask_png),
            "save_grid": ("layout-grid", self._ask_grid),
        }
        said = export_words(whole=False, view="")
        texts = {kind: (said[kind][0], *calls[kind], said[kind][1]) for kind in calls}
        texts |= {
            "save_animation": (
                self.tr("Save animation…"),
                "film",
                self._ask_animation,
                self.tr("Export a GIF, APNG, WebP or MP4; it remembers how it was made"),
            ),
            "save_sequence": (
                self.tr("Save PNG sequence…"),
                "images",
                self._ask_sequence,
                self.tr("Export each picture as its own PNG, in a folder or a ZIP, or as .npz"),
            ),
        }
        if numbers:
            texts["save_numbers"] = (
                self.tr("Save numbers…"),
                "grid-3x3",
                self._ask_numbers,
                self.tr("Export the moments as a NumPy array, float16, with what lies beyond ±1"),
            )
        texts["copy_python"] = (
            self.tr("Copy as Python"),
            "terminal",
            self.copy_python,
            self.tr("Copy a notebook cell that draws the same again"),
        )
        self.actions_by_kind: dict[str, QAction] = {
            kind: actions.add(f"{prefix}.{kind}", text, call, category=category, icon=icon, tip=tip)
            for kind, (text, icon, call, tip) in texts.items()
        }
        menu = QMenu(self)
        menu.setAccessibleName(self.tr("Export"))
        menu.addActions([*also, *self.actions_by_kind.values()])
        menu.aboutToShow.connect(self.refresh)
        self.setMenu(menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setText(self.tr("Export"))
        set_icon(self, "download")
        name(self, self.tr("Export"), self.tr("Copy or save what is shown"))
        self.refresh()

    def report_to(self, messages: MessageBar) -> None:
        """Say in ``messages`` what was saved, with a way there, or why not."""
        self._messages = messages

    def refresh(self) -> None:
        """Enable what can be done now."""
        export = self._provider()
        for kind, action in self.actions_by_kind.items():
            action.setEnabled(export is not None and self._can(kind, export))
        whole = export is not None and export.is_whole
        for kind, (text, tip) in export_words(whole, export.view if export else "").items():
            self.actions_by_kind[kind].setText(text)
            self._actions.explain(f"{self._prefix}.{kind}", tip)
        self.setEnabled(export is not None or any(one.isEnabled() for one in self._also))

    def copy(self) -> None:
        """Put the chosen picture on the clipboard, or all as a grid where none is chosen."""
        export = self._provider()
        if export is None:
            return
        if export.is_whole:
            from ddpm_studio.export import make_grid

            copy_picture(make_grid(export.pictures, export.columns), export.recipe)
        else:
            copy_picture(*export.one())

    def copy_python(self) -> None:
        """Put Python on the clipboard that draws the same."""
        export = self._provider()
        recipe = None if export is None else export.one()[1]
        if recipe is None:
            return
        try:
            QGuiApplication.clipboard().setText(python_cell(recipe))
        except StudioError as error:
            self._on_failed(Failure.of(error))
        else:
            if self._messages is not None:
                self._messages.show_info(self.tr("The cell is on the clipboard."))

    def export_to(self, kind: str, path: Path, options: AnimationRequest | None = None) -> None:
        """Write ``kind``, of ``actions_by_kind``, to ``path``; ``saved`` or ``failed`` follows."""
        export = self._provider()
        if export is not None and self._can(kind, export):
            self._write(kind, export, path, options)

    def _write(
        self, kind: str, export: Export, path: Path, options: AnimationRequest | None
    ) -> None:
        job = self._studio.backend.submit(self._spec(kind, export, path, options))
        job.on_finished(self._on_saved)
        job.on_failed(self._on_failed)

    def _can(self, kind: str, export: Export) -> bool:
        if kind == "copy_python":
            return has_cell(export.one()[1])
        if kind == "save_grid":
            return len(export.pictures) > 1
        if kind == "save_animation":
            return export.frames is not None
        return kind != "save_numbers" or export.numbers is not None

    def _spec(
        self, kind: str, export: Export, path: Path, options: AnimationRequest | None
    ) -> JobSpec[Path]:
        bands = shown_bands().bands
        if kind == "save_png":
            picture, recipe = export.one()
            zoom = (options.scale if options else None) or 1
            return specs.exports.save_png(path, picture[None], recipe, bands=bands, zoom=zoom)
        if kind == "save_grid":
            return specs.exports.save_png(
                path, export.pictures, export.recipe, export.columns, bands
            )
        if kind == "save_numbers":
            return specs.exports.save_numbers(path, export.numbers or ())
        frames = export.frames or (lambda: list(export.pictures))
        if kind == "save_animation":
            return specs.exports.save_animation(
                path, frames, export.recipe, options or export.timing, bands
            )
        return specs.exports.save_sequence(path, frames, export.each(), options, bands)

    def _on_saved(self, path: Path) -> None:
        if self._messages is not None:
            tell_saved(self._messages, path)
        self.saved.emit(path)

    def _on_failed(self, failure: Failure) -> None:
        if self._messages is not None:
            self._messages.show_failure(failure)
        self.failed.emit(failure)

    def _ask_png(self) -> None:
        export = self._provider()
        if export is not None and export.is_whole:
            self._ask("save_grid", " grid.png", self._png(), export)
        elif export is not None:
            ask = partial(self._ask, "save_png", ".png", self._png(), export)
            self._with_size(export, ask)

    def _with_size(self, export: Export, then: Callable[[AnimationRequest], object]) -> None:
        """Go on with the size of saved pictures, which is asked for once."""
        ask_zoom(
            self._studio.preferences,
            export.one()[0],
            lambda zoom: then(AnimationRequest(scale=zoom)),
            self.window(),
        )

    def _ask_grid(self) -> None:
        self._ask("save_grid", " grid.png", self._png())

    def _png(self) -> dict[str, str]:
        return {self.tr("PNG picture (*.png)"): "png"}

    def _ask_animation(self) -> None:
        self._ask_how(".gif")

    def _ask_sequence(self) -> None:
        export = self._provider()
        if export is not None and export.frames is not None:
            self._ask_how(".zip")
        elif export is not None:
            self._with_size(export, partial(self._ask_sequence_place, export))

    def _ask_numbers(self) -> None:
        self._ask("save_numbers", ".npy", {self.tr("NumPy array (*.npy)"): "npy"})

    def _ask_how(self, suffix: str) -> None:
        """Ask for format, size and timing first."""
        export = self._provider()
        if export is None or export.frames is None:
            return
        dialog = AnimationDialog(
            self._studio, export.frames, export.timing, suffix, parent=self.window()
        )
        dialog.chosen.connect(partial(self._on_how, export))
        dialog.show()

    def _on_how(self, export: Export, suffix: str, options: AnimationRequest) -> None:
        if suffix == ".zip":
            self._ask_sequence_place(export, options)
        else:
            filters = {f"{FORMATS[suffix]} (*{suffix})": suffix[1:]}
            self._ask("save_animation", suffix, filters, export, options)

    def _ask_sequence_place(self, export: Export, options: AnimationRequest) -> None:
        kinds = (
            self.tr("ZIP of PNG pictures (*.zip)"),
            self.tr("Folder of PNG pictures (*)"),
            self.tr("Arrays for evaluations (*.npz)"),
        )
        self._ask("save_sequence", " sequence.zip", dict.fromkeys(kinds, ""), export, options)

    def _ask(
        self,
        kind: str,
        ending: str,
        filters: Mapping[str, str],
        export: Export | None = None,
        options: AnimationRequest | None = None,
    ) -> None:
        """Ask where to, without holding the window up, then write what is there now."""
        export = export or self._provider()
        if export is None:
            return
        title = self.actions_by_kind[kind].text().rstrip("…")
        of = export.view_stem if kind in ("save_png", "save_grid") else ""
        file_name = " ".join(part for part in (export.stem, of) if part) + ending
        then = partial(self._on_chosen, kind, export, options)
        ask_where(self.window(), title, filters, file_name, then)

    def _on_chosen(
        self, kind: str, export: Export, options: AnimationRequest | None, path: Path
    ) -> None:
        if path.name.startswith(".") and not path.suffix:
            # A folder was typed, and the dialog has put the ending alone behind it.
            path = path.with_name(export.stem + path.name)
        self._write(kind, export, path, options)
