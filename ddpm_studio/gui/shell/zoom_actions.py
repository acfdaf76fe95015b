"""Zoom actions for the pictures in front: zoom in, zoom out and zoom to fit."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QWidget

from ddpm_studio.gui.widgets.pictures.mask_editor import MaskEditor
from ddpm_studio.gui.widgets.pictures.picture_grid import PictureGrid
from ddpm_studio.gui.widgets.pictures.thumbnails import Thumbnails
from ddpm_studio.gui.workspace.actions import ActionRegistry

_Pictures = PictureGrid | MaskEditor | Thumbnails


class ZoomActions(QObject):
    """Registers the zoom actions, which act on the focused or the largest visible pictures.

    Args:
        actions: where the actions are registered.
        window: contains the pictures; it becomes the owner.
    """

    def __init__(self, actions: ActionRegistry, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        tip = self.tr("The wheel does it about the pointer, where nothing is to be scrolled")
        for key, text, shortcut, callback in (
            ("in", self.tr("Zoom in"), "Ctrl++", partial(self._zoom, 1)),
            ("out", self.tr("Zoom out"), "Ctrl+-", partial(self._zoom, -1)),
            ("all", self.tr("Zoom to all pictures"), "Ctrl+0", self._show_all),
        ):
            actions.add(
                f"view.zoom_{key}",
                text,
                callback,
                category=self.tr("&View"),
                shortcut=shortcut,
                tip=tip,
                keywords=self.tr("enlarge closer magnify pixels fit"),
            )

    def _zoom(self, steps: int) -> None:
        pictures = self._pictures()
        if pictures is not None:
            pictures.zoom_by(steps)

    def _show_all(self) -> None:
        pictures = self._pictures()
        if isinstance(pictures, PictureGrid | MaskEditor):
            pictures.show_all()

    def _pictures(self) -> _Pictures | None:
        focused = QApplication.focusWidget()
        if isinstance(focused, _Pictures):
            return focused
        widgets = self._window.findChildren(QWidget)
        visible = [
            widget for widget in widgets if isinstance(widget, _Pictures) and widget.isVisible()
        ]
        return max(visible, key=lambda widget: widget.width() * widget.height(), default=None)
