"""Measurement: the share of the window's central area that its pictures cover."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QWidget

from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.widgets.pictures.mask_editor import MaskEditor
from ddpm_studio.gui.widgets.pictures.picture_canvas import PictureCanvas
from ddpm_studio.gui.widgets.pictures.picture_slot import PictureSlot
from ddpm_studio.gui.widgets.pictures.thumbnails import Thumbnails

SIZES = ((1024, 700), (1280, 800), (1440, 900), (2560, 1440))


def painted(panel: QWidget, within: QWidget) -> QRect:
    """Return the bounding rectangle of a panel's visible pictures, in ``within``'s coordinates.

    The end pictures of an interpolation count; other source pictures, and the gallery's small copy
    of the selected picture, don't.
    """
    found = QRect()
    for view in panel.findChildren(QWidget):
        if view.isVisible():
            for tile in _tiles(view, panel):
                found |= QRect(view.mapTo(within, tile.topLeft()), tile.size())
    return found


def share(window: MainWindow) -> float:
    """Return the share of the central widget, 0 to 1, in the front tab's :func:`painted` area."""
    middle, panel = window.centralWidget(), window.tabs.currentWidget()
    assert middle is not None
    assert panel is not None
    found = painted(panel, middle) & middle.rect()
    return found.width() * found.height() / (middle.width() * middle.height())


def _tiles(view: QWidget, panel: QWidget) -> list[QRect]:
    if isinstance(view, Thumbnails):
        room = view.viewport().rect()
        rows = [view.visualRect(view.model().index(row, 0)) & room for row in range(view.count)]
        return [tile for tile in rows if not tile.isEmpty()]
    if isinstance(view, PictureCanvas) and not isinstance(panel, GalleryPanel):
        room = view.viewport().rect()
        shown = [view.tile_rect(k) & room for k in range(view.count)]
        return [tile for tile in shown if not tile.isEmpty()]
    if isinstance(view, MaskEditor):
        return [view.picture_rect() & view.rect()]
    if isinstance(view, PictureSlot) and isinstance(panel, InterpolatePanel):
        return [view.rect()] if view.picture is not None else []
    return []
