"""Combo boxes whose popup is wider than the closed box."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter, QWidget

_LETTERS = 6
_MAX_VISIBLE_ITEMS = 20


class WidePopupComboBox(QComboBox):
    """Combo box whose popup is as wide as its longest item and shows up to 20 items."""

    def showPopup(self) -> None:
        """Set the popup's size, then open it."""
        self.setMaxVisibleItems(_MAX_VISIBLE_ITEMS)
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0))
        super().showPopup()


class ElidedComboBox(WidePopupComboBox):
    """Narrow combo box that elides the current item; the popup shows it in full."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "narrow")
        self.setMinimumContentsLength(_LETTERS)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the box with the current item elided."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        text_rect = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox,
            option,
            QStyle.SubControl.SC_ComboBoxEditField,
            self,
        )
        text = self.currentText() if self.currentIndex() >= 0 else self.placeholderText()
        option.currentText = self.fontMetrics().elidedText(
            text, Qt.TextElideMode.ElideRight, text_rect.width()
        )
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.end()
