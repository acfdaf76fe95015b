"""Context menu of a single picture in a grid."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from ddpm_studio.backend import specs
from ddpm_studio.gui.features.common.offers import offered_actions
from ddpm_studio.gui.features.common.size_dialog import ask_zoom
from ddpm_studio.gui.platform.images import Pictures, band_selection
from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.widgets.layout.save_dialog import prompt_save_path
from ddpm_studio.gui.widgets.pictures.picture_grid import PictureGrid
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.recipes import Recipe


class PictureMenu(QObject):
    """Context menu for the tiles of a grid: send to a tool, pin, copy, save.

    Args:
        studio: receives the pictures that are sent to tools or pinned.
        grid: the grid, whose current picture the actions apply to; it becomes the owner.
    """

    def __init__(self, studio: Studio, grid: PictureGrid) -> None:
        super().__init__(grid)
        self._studio = studio
        self._grid = grid
        separator = QAction(self)
        separator.setSeparator(True)
        pin = self._action(self.tr("Pin"), "pin", self._pin)
        pin.setShortcut("P")
        pin.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        grid.addAction(pin)
        grid.tile_actions = [
            *offered_actions(self, self._send),
            separator,
            pin,
            self._action(self.tr("Copy"), "copy", grid.copy_current),
            self._action(self.tr("Save PNG…"), "save", self.prompt_save),
        ]

    def save(self, path: Path, zoom: int = 1) -> None:
        """Save the current picture as a PNG with its recipe, upscaled by an integer factor."""
        index = self._grid.current
        if index >= 0:
            self._save(self._grid.picture(index), self._grid.recipe(index), zoom, path)

    def _save(self, picture: Pictures, recipe: Recipe | None, zoom: int, path: Path) -> None:
        bands = band_selection().bands
        spec = specs.exports.save_png(path, picture[None], recipe, bands=bands, zoom=zoom)
        job = self._studio.backend.submit(spec)
        job.on_finished(self._on_saved)
        job.on_failed(self._studio.notify)

    def _action(self, text: str, icon: str, callback: Callable[[], object]) -> QAction:
        action = QAction(text, self)
        set_icon(action, icon)
        action.triggered.connect(callback)
        return action

    def _send(self, target: str) -> None:
        index = self._grid.current
        if index >= 0:
            self._studio.send_picture(target, self._grid.picture(index), self._grid.recipe(index))

    def _pin(self) -> None:
        index = self._grid.current
        if index >= 0:
            self._studio.pins.add(self._grid.picture(index).copy(), self._grid.recipe(index))

    def prompt_save(self) -> None:
        """Ask where to save the current picture and, the first time, how large.

        The picture that is current now is saved, even if the grid changes before the answers.
        """
        index = self._grid.current
        if index >= 0:
            picture, recipe = self._grid.picture(index), self._grid.recipe(index)
            callback = partial(self._ask_path, index, picture, recipe)
            ask_zoom(self._studio.preferences, picture, callback, self._grid.window())

    def _ask_path(self, index: int, picture: Pictures, recipe: Recipe | None, zoom: int) -> None:
        window = self._grid.window()
        prompt_save_path(
            window if isinstance(window, QWidget) else None,
            self.tr("Save PNG"),
            {self.tr("PNG picture (*.png)"): "png"},
            f"picture {index + 1}.png",
            partial(self._save, picture, recipe, zoom),
        )

    def _on_saved(self, path: Path) -> None:
        self._studio.notify(self.tr("Saved {name}.").format(name=path.name))
