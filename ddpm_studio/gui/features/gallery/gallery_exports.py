"""Exports of the gallery: export menu for a few pictures, bulk export for many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from ddpm_studio.backend import JobHandle, specs
from ddpm_studio.gui.features.common.counts import picture_count
from ddpm_studio.gui.features.common.exporting import Export
from ddpm_studio.gui.features.common.size_dialog import ask_zoom, saved_side
from ddpm_studio.gui.features.gallery.gallery_store import GalleryStore
from ddpm_studio.gui.platform.images import PictureDrop, Pictures, band_selection
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.widgets.layout.save_dialog import prompt_save_path
from ddpm_studio.gui.widgets.layout.saved_message import show_saved_message
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.recipes import without_inputs
from ddpm_studio.jobs.library.gallery import GalleryEntry

# Most pictures for which the export menu is enabled, as it reads them all into memory.
_MAX_EXPORTED = 256


class GalleryExports(QObject):
    """Provider of the gallery's export menu, and bulk export by ``gallery.export_many``.

    Args:
        studio: writes the files, in its backend.
        store: reads pictures with their recipes.
        chosen: returns the selected pictures; none: all that are shown are exported.
        shown: returns the pictures shown.
        messages: shows what was saved, or why saving failed.
        parent: the panel.
    """

    def __init__(
        self,
        studio: Studio,
        store: GalleryStore,
        chosen: Callable[[], Sequence[GalleryEntry]],
        shown: Callable[[], Sequence[GalleryEntry]],
        messages: MessageBar,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._studio, self._store = studio, store
        self._chosen, self._shown = chosen, shown
        self._messages, self._parent = messages, parent
        self._loaded: dict[GalleryEntry, PictureDrop | None] = {}

    def register(self, actions: ActionRegistry, category: str) -> QAction:
        """Register the bulk export action, and return it."""
        self._action = actions.add(
            "gallery.export_many",
            self.tr("Export pictures…"),
            self.prompt_export,
            category=category,
            icon="download",
            tip=self.tr(
                "The chosen pictures, else all that are shown: a folder or ZIP of PNGs, "
                "a contact sheet, or arrays (.npz)"
            ),
            keywords=self.tr("bulk contact sheet folder npz"),
        )
        return self._action

    def refresh(self) -> None:
        """Enable the action if there are pictures to export."""
        self._action.setEnabled(bool(self._selected_or_shown()))

    def to_export(self) -> Export | None:
        """Return the content of the export menu; None: no pictures, too many, or unequal sizes."""
        items = self._selected_or_shown()
        if not 0 < len(items) <= _MAX_EXPORTED:
            return None
        known = self._loaded
        self._loaded = {
            item: known[item] if item in known else self._store.read(item) for item in items
        }
        drops = [drop for drop in self._loaded.values() if drop is not None]
        if len({drop.picture.shape for drop in drops}) != 1:
            return None  # none could be read, or their shapes differ
        recipes = [drop.recipe or {} for drop in drops]
        short_recipes = [without_inputs(recipe) for recipe in recipes]
        pictures: Pictures = np.stack([drop.picture for drop in drops])
        sheet_recipe: dict[str, object] = {"kind": "gallery", "pictures": short_recipes}
        return Export(
            pictures,
            sheet_recipe,
            # The current one is the last, which the details show.
            len(drops) - 1,
            recipes=recipes,
            chosen=bool(self._chosen()),
            stem="gallery",
        )

    def _selected_or_shown(self) -> Sequence[GalleryEntry]:
        return self._chosen() or self._shown()

    def prompt_export(self) -> None:
        """Ask where to export to and, the first time, how large; the dialogs are non-blocking."""
        chosen_items = self._selected_or_shown()
        files = [item.path for item in chosen_items if item.unsaved is None]
        drop = self._store.read(chosen_items[0]) if files else None
        if drop is not None:
            window = self._parent.window()
            ask_zoom(
                self._studio.preferences, drop.picture, lambda _: self._ask_path(files), window
            )

    def export_to(self, files: Sequence[Path], path: Path) -> JobHandle[Path]:
        """Export pictures to a folder or file, depending on the extension of ``path``."""
        side = saved_side(self._studio.preferences)
        spec = specs.gallery.export_pictures(files, path, side, band_selection().bands)
        job = self._studio.backend.submit(spec)
        job.on_finished(self._on_saved)
        job.on_failed(self._messages.show_failure)
        return job

    def _ask_path(self, files: Sequence[Path]) -> None:
        title = self.tr("Export {0}").format(picture_count(len(files)))
        filters = {
            self.tr("Folder of PNG pictures (*)"): "",
            self.tr("ZIP of PNG pictures (*.zip)"): "zip",
            self.tr("Contact sheet (*.png)"): "png",
            self.tr("Arrays for evaluations (*.npz)"): "npz",
        }
        prompt_save_path(
            self._parent.window(),
            title,
            filters,
            self.tr("pictures"),
            lambda path: self.export_to(files, path),
        )

    def _on_saved(self, path: Path) -> None:
        show_saved_message(self._messages, path)
