"""Colour picker: a button that shows a colour and opens a dialog to choose another."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QColorDialog, QPushButton, QWidget

from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import ICON_SIZE


class ColourButton(QPushButton):
    """Button for a colour ``#rrggbb``; its dialog is modeless and applies changes live."""

    changed = Signal()

    def __init__(self, colour: str = "#ffffff", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colour = colour.lower()
        self._previous = self._colour
        self.dialog: QColorDialog | None = None
        self.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
        self.clicked.connect(self._choose)
        current_theme().changed.connect(self._show)
        self._show()

    @property
    def colour(self) -> str:
        """The colour as ``#rrggbb``."""
        return self._colour

    def set_colour(self, colour: str) -> None:
        """Set the colour; an invalid one is ignored."""
        chosen = QColor(colour)
        if chosen.isValid() and chosen.name() != self._colour:
            self._colour = chosen.name()
            self._show()
            self.changed.emit()

    def _choose(self) -> None:
        if self.dialog is None:
            self.dialog = QColorDialog(self)
            self.dialog.setModal(False)
            self.dialog.currentColorChanged.connect(self._on_colour)
            self.dialog.rejected.connect(self._on_rejected)
        self._previous = self._colour
        self.dialog.setWindowTitle(self.accessibleName())
        self.dialog.setCurrentColor(QColor(self._colour))
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def _on_colour(self, colour: QColor) -> None:
        self.set_colour(colour.name())

    def _on_rejected(self) -> None:
        self.set_colour(self._previous)

    def _show(self) -> None:
        self.setText(self._colour)
        ratio = self.devicePixelRatioF()
        swatch = QPixmap(round(ICON_SIZE * ratio), round(ICON_SIZE * ratio))
        swatch.setDevicePixelRatio(ratio)
        swatch.fill(Qt.GlobalColor.transparent)
        painter = QPainter(swatch)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(current_theme().color("outline"), 1))
        painter.setBrush(QColor(self._colour))
        painter.drawRoundedRect(QRectF(0.5, 0.5, ICON_SIZE - 1, ICON_SIZE - 1), 3, 3)
        painter.end()
        self.setIcon(QIcon(swatch))
