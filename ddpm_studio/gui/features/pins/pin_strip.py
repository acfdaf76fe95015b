"""Pins dock: pinned pictures, at hand in every tool."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QWidget

from ddpm_studio.errors import StudioError
from ddpm_studio.gui.features.common.action_button import ActionTool
from ddpm_studio.gui.features.gallery.gallery_menu import GalleryMenu
from ddpm_studio.gui.platform.images import PictureDrop, has_picture, pictures_from_mime
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import label, set_property
from ddpm_studio.gui.widgets.pictures.thumbnails import Thumbnails
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio

_SIDE = 56


class PinStrip(QFrame):
    """One row of pinned pictures: drop some here, drag them into any tool."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._studio, self._pins = studio, studio.pins
        self.setAcceptDrops(True)
        self.setProperty("role", "drop")
        category = self.tr("&View")
        paste = actions.add(
            "pins.paste",
            self.tr("Pin the clipboard's picture"),
            self.paste,
            category=category,
            icon="pin",
            tip=self.tr("Pin the picture on the clipboard; the key P pins one that is chosen"),
        )
        self._remove_action = actions.add(
            "pins.remove",
            self.tr("Unpin chosen pictures"),
            self.remove_chosen,
            category=category,
            icon="x",
            tip=self.tr("Unpin the chosen pictures"),
        )
        self._undo_action = actions.add(
            "pins.undo",
            self.tr("Bring unpinned pictures back"),
            self._pins.undo,
            category=category,
            icon="undo-2",
        )
        self.thumbnails = Thumbnails(self.tr("Pins"), _SIDE, wrapping=False)
        self.thumbnails.setFrameShape(QFrame.Shape.NoFrame)
        self.thumbnails.drop_for = self._drop
        self.thumbnails.cache.load_requested.connect(self._fill_cache)
        self.thumbnails.delete_pressed.connect(self.remove_chosen)
        self.thumbnails.chosen.connect(self._on_chosen)
        self.menu = GalleryMenu(
            studio, self.thumbnails, self._current, last=[self._remove_action, self._undo_action]
        )
        self.thumbnails.copy_pressed.connect(self.menu.copy)
        self.thumbnails.opened.connect(self.menu.share_current)
        self.hint = label(self.tr("Drop pictures here to keep them at hand"), "muted")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setWordWrap(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE_M, SPACE_S, SPACE_M, SPACE_S)
        row.addWidget(ActionTool(paste))
        row.addWidget(self.hint, 1)
        row.addWidget(self.thumbnails, 1)
        self._pins.changed.connect(self._show)
        self._show()

    def paste(self) -> None:
        """Pin the picture on the clipboard, if there is one."""
        self._pin_pictures(QApplication.clipboard().mimeData())

    def remove_chosen(self) -> None:
        """Unpin the chosen pictures."""
        chosen = [self._pins.items[row] for row in self.thumbnails.selected]
        if chosen:
            self._pins.remove(chosen)

    def showEvent(self, event: QShowEvent) -> None:
        """Read the pins of earlier sessions."""
        super().showEvent(event)
        self._pins.load()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept and highlight a drag of pictures, unless it comes from here."""
        if event.source() is not self.thumbnails and has_picture(event.mimeData()):
            event.acceptProposedAction()
            set_property(self, "over", True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Remove the highlight."""
        set_property(self, "over", False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Pin the dropped pictures."""
        set_property(self, "over", False)
        if self._pin_pictures(event.mimeData()):
            event.acceptProposedAction()

    def _pin_pictures(self, mime: QMimeData) -> bool:
        try:
            drops = pictures_from_mime(mime)
        except StudioError as error:
            self._studio.notify(error)
            return False
        for drop in drops:
            self._pins.add(drop.picture, drop.recipe)
        return bool(drops)

    def _show(self) -> None:
        items = self._pins.items
        self.hint.setVisible(not items)
        self.thumbnails.setVisible(bool(items))
        self.thumbnails.set_rows(list(items), self._describe)
        self._on_chosen()

    def _on_chosen(self) -> None:
        self._remove_action.setEnabled(bool(self.thumbnails.selected))
        self._undo_action.setEnabled(self._pins.can_undo)

    def _fill_cache(self, keys: list[object]) -> None:
        """Fill the thumbnail cache with the pins it asks for, all of which are in memory."""
        for item in self._pins.items:
            if item in keys:
                self.thumbnails.cache.put(item, item.picture)

    def _describe(self, row: int) -> str:
        return self.tr("Pin {0} of {1}").format(row + 1, len(self._pins.items))

    def _drop(self, row: int) -> PictureDrop:
        item = self._pins.items[row]
        return PictureDrop(item.picture, item.recipe)

    def _current(self) -> PictureDrop | None:
        row = self.thumbnails.currentIndex().row()
        return self._drop(row) if 0 <= row < len(self._pins.items) else None
