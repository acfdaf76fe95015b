"""Drag and drop of a picture, and copying it to the clipboard."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QDrag, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from ddpm_studio.gui.platform.images import Pictures, picture_mime, to_image
from ddpm_studio.gui.widgets.pictures.grid_layout import MAX_INTEGER_ZOOM_SIDE

_SIDE = 96


def drag_picture(source: QWidget, picture: Pictures, recipe: dict[str, object] | None) -> None:
    """Start a drag of a picture (H, W, C) from ``source``; return when it was dropped."""
    drag = QDrag(source)
    drag.setMimeData(picture_mime(picture, recipe))
    pixmap = scaled_pixmap(picture, _SIDE, source.devicePixelRatioF())
    drag.setPixmap(pixmap)
    centre = pixmap.deviceIndependentSize() / 2
    drag.setHotSpot(QPoint(round(centre.width()), round(centre.height())))
    drag.exec(Qt.DropAction.CopyAction)


def copy_picture(picture: Pictures, recipe: dict[str, object] | None) -> None:
    """Copy a picture (H, W, C) to the clipboard."""
    QApplication.clipboard().setMimeData(picture_mime(picture, recipe))


def scaled_pixmap(picture: Pictures, side: int, ratio: float) -> QPixmap:
    """Scale a picture to a pixmap that fits a square of ``side`` logical pixels.

    Small pictures are enlarged by integer factors, unsmoothed; others are scaled smoothly.
    """
    height, width = picture.shape[:2]
    zoom = side * ratio / max(height, width)
    is_integer_zoom = zoom >= 1 and max(height, width) <= MAX_INTEGER_ZOOM_SIDE
    zoom = float(int(zoom)) if is_integer_zoom else zoom
    size = QSize(max(1, round(width * zoom)), max(1, round(height * zoom)))
    mode = (
        Qt.TransformationMode.FastTransformation
        if is_integer_zoom
        else Qt.TransformationMode.SmoothTransformation
    )
    image = to_image(picture).scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, mode)
    pixmap = QPixmap.fromImage(image)
    pixmap.setDevicePixelRatio(ratio)
    return pixmap
