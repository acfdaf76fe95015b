"""The row below the gallery: which pictures, how large, how many, and away with them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSlider, QToolButton, QWidget

from ddpm_studio.gui.tokens import SPACE_M
from ddpm_studio.gui.widgets.basics import name, number_label

SIDE = 96
_SIDES = (32, 320)
_ZOOM_WIDTH = 140


class GalleryBar(QWidget):
    """Filter, zoom, summary, and buttons for two actions.

    Args:
        delete: takes the chosen pictures out.
        undo: brings them back.
        parent: the owner.
    """

    def __init__(self, delete: QAction, undo: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind = QComboBox()
        for text, kind in (
            (self.tr("all"), ""),
            (self.tr("samples"), "sample"),
            (self.tr("shared"), "share"),
            (self.tr("interpolated"), "interpolate"),
            (self.tr("filled in"), "inpaint"),
        ):
            self.kind.addItem(text, kind)
        name(self.kind, self.tr("Show"), self.tr("Which pictures to show"))
        self.zoom = QSlider(Qt.Orientation.Horizontal)
        self.zoom.setRange(*_SIDES)
        self.zoom.setValue(SIDE)
        self.zoom.setSingleStep(16)
        self.zoom.setPageStep(64)
        self.zoom.setFixedWidth(_ZOOM_WIDTH)
        name(self.zoom, self.tr("Zoom"), self.tr("Size of the pictures"))
        self.summary = number_label("", "muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_M)
        row.addWidget(self.kind)
        row.addWidget(self.zoom)
        row.addWidget(self.summary)
        row.addStretch()
        for action in (delete, undo):
            button = QToolButton()
            button.setDefaultAction(action)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            name(button, action.text(), action.toolTip())
            row.addWidget(button)
