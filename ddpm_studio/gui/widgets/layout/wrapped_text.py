"""Word-wrapped text widgets that also break within words wider than the line."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QTextLayout, QTextOption, QWheelEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QTextEdit, QWidget

_MIN_CHARACTERS, _MAX_CHARACTERS = 20, 80
"""Bounds of a label's minimum and preferred width, in average characters."""
_ANYWHERE = QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere


class WrappedLabel(QLabel):
    """Label whose long words, such as file names, are wrapped instead of cut off."""

    def minimumSizeHint(self) -> QSize:
        """Return a minimum width of at most 20 average characters."""
        minimum = super().minimumSizeHint()
        return minimum.boundedTo(QSize(self._characters(_MIN_CHARACTERS), minimum.height()))

    def sizeHint(self) -> QSize:
        """Return a preferred width of at most 80 average characters."""
        hint, max_width = super().sizeHint(), self._characters(_MAX_CHARACTERS)
        return (
            hint if hint.width() <= max_width else QSize(max_width, self.heightForWidth(max_width))
        )

    def heightForWidth(self, width: int) -> int:
        """Return the height of all lines."""
        content_width = width - self._margins().width()
        if not self._has_wider_word(content_width):
            return super().heightForWidth(width)
        return ceil(_lay_out(self.text(), self.font(), content_width, self.alignment())[1])

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the text, broken within words where needed."""
        rect = self.contentsRect()
        if not self._has_wider_word(rect.width()):
            super().paintEvent(event)
            return
        layout, height = _lay_out(self.text(), self.font(), rect.width(), self.alignment())
        free_height = max(0.0, rect.height() - height)
        top = free_height / 2 if self.alignment() & Qt.AlignmentFlag.AlignVCenter else 0.0
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        layout.draw(painter, QPointF(rect.left(), rect.top() + top))
        painter.end()

    def _characters(self, count: int) -> int:
        return count * self.fontMetrics().averageCharWidth()

    def _margins(self) -> QSize:
        return self.size() - self.contentsRect().size()

    def _has_wider_word(self, width: int) -> bool:
        metrics = self.fontMetrics()
        return any(metrics.horizontalAdvance(word) > width for word in self.text().split())


class SelectableText(QTextEdit):
    """Read-only, selectable plain text, as high as its lines."""

    def __init__(self, role: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "words")
        self.setProperty("ink", role)
        self.setReadOnly(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAcceptDrops(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(_ANYWHERE)
        self.document().setDocumentMargin(0)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_text(self, text: str) -> None:
        """Change the text."""
        self.setPlainText(text)
        self.setAccessibleName(text)
        self.updateGeometry()

    def hasHeightForWidth(self) -> bool:
        """Return True: the height depends on the width."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Return the height of all lines."""
        # Not with a clone of the document: PySide never frees the clones.
        text = self.toPlainText()
        return ceil(_lay_out(text, self.font(), width, self.alignment())[1])

    def sizeHint(self) -> QSize:
        """Return the height of the lines at the current width."""
        return QSize(self.width(), self.heightForWidth(max(1, self.width())))

    def minimumSizeHint(self) -> QSize:
        """Return a minimum of one line at any width."""
        return QSize(0, self.fontMetrics().height())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Ignore the event, so that the enclosing scroll area handles it."""
        event.ignore()


def _lay_out(
    text: str, font: QFont, width: int, alignment: Qt.AlignmentFlag
) -> tuple[QTextLayout, float]:
    """Lay out a text at a width; return the layout and its height in pixels."""
    option = QTextOption(alignment & Qt.AlignmentFlag.AlignHorizontal_Mask)
    option.setWrapMode(_ANYWHERE)
    layout = QTextLayout(text.replace("\n", "\u2028"), font)
    layout.setTextOption(option)
    layout.beginLayout()
    height = 0.0
    while (line := layout.createLine()).isValid():
        line.setLineWidth(max(1, width))
        line.setPosition(QPointF(0, height))
        height += line.height()
    layout.endLayout()
    return layout, height
