"""Context menu of a single picture of the gallery."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from ddpm_studio.gui.features.common.offers import offered_actions
from ddpm_studio.gui.platform.images import PictureDrop
from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.widgets.pictures.picture_drag import copy_picture
from ddpm_studio.gui.widgets.pictures.thumbnails import Thumbnails
from ddpm_studio.gui.workspace.studio import Studio


class GalleryMenu(QObject):
    """Context menu for thumbnails: draw again, send to a tool, pin, rate, copy, delete.

    Args:
        studio: receives the pictures that are sent to tools or pinned.
        thumbnails: the view that gets the menu; it becomes the owner.
        current: returns the picture that the menu applies to.
        first: actions before all others.
        ratings: actions of the submenu "Rate".
        last: actions after all others.
        pinning: whether a picture can be pinned from here.
    """

    def __init__(
        self,
        studio: Studio,
        thumbnails: Thumbnails,
        current: Callable[[], PictureDrop | None],
        first: Sequence[QAction] = (),
        ratings: Sequence[QAction] = (),
        last: Sequence[QAction] = (),
        pinning: bool = False,
    ) -> None:
        super().__init__(thumbnails)
        self._studio, self._current = studio, current
        separator = QAction(self)
        separator.setSeparator(True)
        actions = [
            *first,
            *offered_actions(self, self._send),
            separator,
        ]
        if ratings:
            self._ratings = QMenu(self.tr("Rate"), thumbnails)
            self._ratings.addActions(list(ratings))
            set_icon(self._ratings.menuAction(), "star")
            actions.append(self._ratings.menuAction())
        if pinning:
            pin = self._action(self.tr("Pin"), "pin", self.pin)
            pin.setShortcut("P")
            pin.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            thumbnails.addAction(pin)
            actions.append(pin)
        actions.append(self._action(self.tr("Copy"), "copy", self.copy))
        thumbnails.tile_actions = [*actions, *last]

    def share_current(self) -> None:
        """Send the picture to the tool Share, as its source."""
        self._send("share")

    def copy(self) -> None:
        """Copy the picture to the clipboard."""
        drop = self._current()
        if drop is not None:
            copy_picture(drop.picture, drop.recipe)

    def _action(self, text: str, icon: str, callback: Callable[[], object]) -> QAction:
        action = QAction(text, self)
        set_icon(action, icon)
        action.triggered.connect(callback)
        return action

    def pin(self) -> None:
        """Pin the picture."""
        drop = self._current()
        if drop is not None:
            self._studio.pins.add(drop.picture, drop.recipe)

    def _send(self, target: str) -> None:
        drop = self._current()
        if drop is not None:
            self._studio.send_picture(target, drop.picture, drop.recipe)
