"""Export menu of the tools: clipboard, PNG, grids, animations, sequences and arrays."""

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
from ddpm_studio.gui.features.common.export_labels import export_labels
from ddpm_studio.gui.features.common.size_dialog import ask_zoom
from ddpm_studio.gui.platform.images import Pictures, band_selection
from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.widgets.layout.basics import name
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.widgets.layout.save_dialog import prompt_save_path
from ddpm_studio.gui.widgets.layout.saved_message import show_saved_message
from ddpm_studio.gui.widgets.pictures.picture_drag import copy_picture
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.python_cell import has_cell, python_cell
from ddpm_studio.requests import AnimationRequest

Recipe = dict[str, object]


@dataclass(frozen=True)
class Export:
    """Exportable content of a view: pictures, their recipe and how to write them.

    Args:
        pictures: uint8 (N, H, W, C).
        recipe: how they were made; for a single picture its ``index`` is added.
        current: index of the picture that "Copy" and "Save PNG" apply to.
        chosen: whether a person selected that picture; otherwise they apply to all.
        view: symbol of the view that the pictures show, where there are several views.
        view_stem: part of the file name after ``stem`` that names that view.
        columns: number of columns of the grid; None: as square as possible.
        frames: makes the frames (H, W, C) of an animation; called in the backend's thread.
        fps: frames per second of the animation.
        hold_last_seconds: extra time for which the last frame is shown, in seconds.
        stem: start of the file name.
        recipes: recipe of each picture, where they come from several drawings.
        numbers: float16 (N, H, W, C) for each intermediate state, where they are kept.
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
    def applies_to_all(self) -> bool:
        """Whether "Copy" and "Save PNG" apply to all pictures, as a grid."""
        return not self.chosen and len(self.pictures) > 1

    @property
    def timing(self) -> AnimationRequest:
        """Default timing of the animation."""
        return AnimationRequest(fps=self.fps, hold=self.hold_last_seconds)

    def one(self) -> tuple[Pictures, Recipe | None]:
        """Return the current picture (H, W, C) and its recipe."""
        index = min(max(self.current, 0), len(self.pictures) - 1)
        if self.recipes is not None:
            return self.pictures[index], self.recipes[index]
        recipe = None if self.recipe is None else {**self.recipe, "index": index}
        return self.pictures[index], recipe

    def file_recipes(self) -> Iterable[Recipe] | None:
        """Return the recipe of each file of a sequence; None: there are none."""
        if self.recipes is not None or self.recipe is None:
            return self.recipes
        from ddpm_studio.export import picture_recipes

        return picture_recipes(self.recipe, moving=self.frames is not None)


class ExportMenu(QToolButton):
    """Tool button with a menu that copies and saves the pictures returned by ``provider``.

    Its actions are ``PREFIX.copy``, ``.copy_python``, ``.save_png``, ``.save_grid``,
    ``.save_animation`` and ``.save_sequence``; call :meth:`refresh` when what the provider returns
    has changed.

    Args:
        studio: writes the files, in its backend.
        actions: where the actions are registered.
        prefix: prefix of their ids.
        category: the menu they belong to, translated.
        provider: returns the content to export now, or None.
        numbers: whether it provides numbers too; their action is ``PREFIX.save_numbers``.
        extra_actions: further actions of the menu, independent of the provider.
        parent: the owner.
    """

    saved = Signal(object)
    """A file or folder was written completely; carries its Path."""
    failed = Signal(object)
    """An export failed; carries a :class:`Failure`."""

    def __init__(
        self,
        studio: Studio,
        actions: ActionRegistry,
        prefix: str,
        category: str,
        provider: Callable[[], Export | None],
        *,
        numbers: bool = False,
        extra_actions: Sequence[QAction] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._studio = studio
        self._actions, self._prefix = actions, prefix
        self._provider = provider
        self._messages: MessageBar | None = None
        self._extra_actions = extra_actions
        callbacks = {
            "copy": ("copy", self.copy),
            "save_png": ("file-image", self._ask_png),
            "save_grid": ("layout-grid", self._ask_grid),
        }
        labels = export_labels(all_pictures=False, view="")
        texts = {kind: (labels[kind][0], *callbacks[kind], labels[kind][1]) for kind in callbacks}
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
            kind: actions.add(
                f"{prefix}.{kind}", text, callback, category=category, icon=icon, tip=tip
            )
            for kind, (text, icon, callback, tip) in texts.items()
        }
        menu = QMenu(self)
        menu.setAccessibleName(self.tr("Export"))
        menu.addActions([*extra_actions, *self.actions_by_kind.values()])
        menu.aboutToShow.connect(self.refresh)
        self.setMenu(menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setText(self.tr("Export"))
        set_icon(self, "download")
        name(self, self.tr("Export"), self.tr("Copy or save what is shown"))
        self.refresh()

    def set_message_bar(self, messages: MessageBar) -> None:
        """Show in ``messages`` where a file was saved, or why saving failed.

        The message of a saved file has a button that opens its folder.
        """
        self._messages = messages

    def refresh(self) -> None:
        """Update which actions are enabled, and their texts."""
        export = self._provider()
        for kind, action in self.actions_by_kind.items():
            action.setEnabled(export is not None and self._is_available(kind, export))
        all_pictures = export is not None and export.applies_to_all
        for kind, (text, tip) in export_labels(all_pictures, export.view if export else "").items():
            self.actions_by_kind[kind].setText(text)
            self._actions.set_tooltip(f"{self._prefix}.{kind}", tip)
        self.setEnabled(
            export is not None or any(extra.isEnabled() for extra in self._extra_actions)
        )

    def copy(self) -> None:
        """Copy the selected picture to the clipboard, or all as a grid if none is selected."""
        export = self._provider()
        if export is None:
            return
        if export.applies_to_all:
            from ddpm_studio.export import make_grid

            copy_picture(make_grid(export.pictures, export.columns), export.recipe)
        else:
            copy_picture(*export.one())

    def copy_python(self) -> None:
        """Copy Python code to the clipboard that draws the same picture again."""
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
        """Export ``kind``, a key of ``actions_by_kind``, to ``path``.

        ``saved`` or ``failed`` is emitted at the end; nothing happens if ``kind`` is not available.
        """
        export = self._provider()
        if export is not None and self._is_available(kind, export):
            self._write(kind, export, path, options)

    def _write(
        self, kind: str, export: Export, path: Path, options: AnimationRequest | None
    ) -> None:
        job = self._studio.backend.submit(self._spec(kind, export, path, options))
        job.on_finished(self._on_saved)
        job.on_failed(self._on_failed)

    def _is_available(self, kind: str, export: Export) -> bool:
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
        bands = band_selection().bands
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
        return specs.exports.save_sequence(path, frames, export.file_recipes(), options, bands)

    def _on_saved(self, path: Path) -> None:
        if self._messages is not None:
            show_saved_message(self._messages, path)
        self.saved.emit(path)

    def _on_failed(self, failure: Failure) -> None:
        if self._messages is not None:
            self._messages.show_failure(failure)
        self.failed.emit(failure)

    def _ask_png(self) -> None:
        export = self._provider()
        if export is not None and export.applies_to_all:
            self._ask_path("save_grid", " grid.png", self._png_filters(), export)
        elif export is not None:
            ask_path = partial(self._ask_path, "save_png", ".png", self._png_filters(), export)
            self._with_zoom(export, ask_path)

    def _with_zoom(self, export: Export, callback: Callable[[AnimationRequest], object]) -> None:
        """Call ``callback`` with the upscaling of saved pictures, which is asked for only once."""
        ask_zoom(
            self._studio.preferences,
            export.one()[0],
            lambda zoom: callback(AnimationRequest(scale=zoom)),
            self.window(),
        )

    def _ask_grid(self) -> None:
        self._ask_path("save_grid", " grid.png", self._png_filters())

    def _png_filters(self) -> dict[str, str]:
        return {self.tr("PNG picture (*.png)"): "png"}

    def _ask_animation(self) -> None:
        self._open_animation_dialog(".gif")

    def _ask_sequence(self) -> None:
        export = self._provider()
        if export is not None and export.frames is not None:
            self._open_animation_dialog(".zip")
        elif export is not None:
            self._with_zoom(export, partial(self._ask_sequence_path, export))

    def _ask_numbers(self) -> None:
        self._ask_path("save_numbers", ".npy", {self.tr("NumPy array (*.npy)"): "npy"})

    def _open_animation_dialog(self, suffix: str) -> None:
        """Open the dialog for format, size and timing."""
        export = self._provider()
        if export is None or export.frames is None:
            return
        dialog = AnimationDialog(
            self._studio, export.frames, export.timing, suffix, parent=self.window()
        )
        dialog.chosen.connect(partial(self._on_animation_options, export))
        dialog.show()

    def _on_animation_options(self, export: Export, suffix: str, options: AnimationRequest) -> None:
        if suffix == ".zip":
            self._ask_sequence_path(export, options)
        else:
            filters = {f"{FORMATS[suffix]} (*{suffix})": suffix[1:]}
            self._ask_path("save_animation", suffix, filters, export, options)

    def _ask_sequence_path(self, export: Export, options: AnimationRequest) -> None:
        kinds = (
            self.tr("ZIP of PNG pictures (*.zip)"),
            self.tr("Folder of PNG pictures (*)"),
            self.tr("Arrays for evaluations (*.npz)"),
        )
        self._ask_path("save_sequence", " sequence.zip", dict.fromkeys(kinds, ""), export, options)

    def _ask_path(
        self,
        kind: str,
        ending: str,
        filters: Mapping[str, str],
        export: Export | None = None,
        options: AnimationRequest | None = None,
    ) -> None:
        """Open a save dialog without blocking, then write the content as it is now."""
        export = export or self._provider()
        if export is None:
            return
        title = self.actions_by_kind[kind].text().rstrip("…")
        view_stem = export.view_stem if kind in ("save_png", "save_grid") else ""
        file_name = " ".join(part for part in (export.stem, view_stem) if part) + ending
        callback = partial(self._on_chosen, kind, export, options)
        prompt_save_path(self.window(), title, filters, file_name, callback)

    def _on_chosen(
        self, kind: str, export: Export, options: AnimationRequest | None, path: Path
    ) -> None:
        if path.name.startswith(".") and not path.suffix:
            # A folder was entered, and the dialog appended the bare extension to it.
            path = path.with_name(export.stem + path.name)
        self._write(kind, export, path, options)
