"""What can be done with one picture of the gallery: its context menu."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction

from ddpm_studio.gui.icons import set_icon
from ddpm_studio.gui.studio import Studio
from ddpm_studio.gui.widgets.picture_drag import copy_picture
from ddpm_studio.gui.widgets.thumbnails import Thumbnails
from ddpm_studio.jobs.gallery import Kept


class GalleryMenu(QObject):
    """Gives thumbnails a menu: scrub, share, interpolate, copy, delete.

    Args:
        studio: where pictures are sent.
        thumbnails: whose menu it is; they become the owner.
        current: returns the picture that is meant.
        delete: takes the chosen pictures out.
    """

    def __init__(
        self,
        studio: Studio,
        thumbnails: Thumbnails,
        current: Callable[[], Kept | None],
        delete: QAction,
    ) -> None:
        super().__init__(thumbnails)
        self._studio, self._current = studio, current
        self.scrub = self._action(self.tr("Scrub this"), "film", self._scrub)
        self.share = self._action(self.tr("Share from here"), "share-2", self.share_current)
        separator = QAction(self)
        separator.setSeparator(True)
        thumbnails.tile_actions = [
            self.scrub,
            self.share,
            self._action(self.tr("Interpolate from here (A)"), "blend", self._send_a),
            self._action(self.tr("Interpolate to here (B)"), "blend", self._send_b),
            self._action(self.tr("Fill in a part…"), "brush", self._send_to_fill),
            separator,
            self._action(self.tr("Copy"), "copy", self.copy),
            delete,
        ]

    def share_current(self) -> None:
        """Make the picture the source of Share."""
        self._send("share")

    def copy(self) -> None:
        """Put the picture on the clipboard."""
        item = self._current()
        if item is not None:
            copy_picture(item.picture, item.recipe)

    def _action(self, text: str, icon: str, callback: Callable[[], object]) -> QAction:
        action = QAction(text, self)
        set_icon(action, icon)
        action.triggered.connect(callback)
        return action

    def _scrub(self) -> None:
        self._send("reverse")

    def _send_a(self) -> None:
        self._send("interpolate_a")

    def _send_b(self) -> None:
        self._send("interpolate_b")

    def _send_to_fill(self) -> None:
        self._send("inpaint")

    def _send(self, where: str) -> None:
        item = self._current()
        if item is not None:
            self._studio.send_picture(where, item.picture, item.recipe)
