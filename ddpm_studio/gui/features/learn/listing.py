"""Algorithm listing: numbered, typeset lines, the current one highlighted."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ddpm_studio.gui.features.learn.boxes import Piece
from ddpm_studio.gui.features.learn.typeset import paint, typeset
from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import FONT_BODY, RADIUS, SPACE_M, SPACE_S

_LARGEST, _SMALLEST = 18, 10
_NUMBER = 24


class Listing(QWidget):
    """Algorithm listing of numbered lines; ``chosen`` carries the number of a clicked one, from 0.

    Args:
        title: title of the algorithm.
        lines: the lines, in the language of :mod:`ddpm_studio.gui.features.learn.typeset`.
        descriptions: the same lines in words, for assistive technology.
        parent: the owner.
    """

    chosen = Signal(int)

    def __init__(
        self,
        title: str,
        lines: Sequence[str],
        descriptions: Sequence[str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._lines, self._descriptions = list(lines), list(descriptions)
        self._pieces = self._set(_LARGEST)
        self.current = 0
        """The current line, from 0."""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(title)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        current_theme().changed.connect(self.update)
        self.set_current(0)

    def set_current(self, line: int) -> None:
        """Make another line the current one."""
        self.current = line
        self.setAccessibleDescription(f"{line + 1}: {self._descriptions[line]}")
        self.update()

    def sizeHint(self) -> QSize:
        """Ask for all lines at the largest font size."""
        pieces = [typeset(line, _LARGEST) for line in self._lines]
        width = max(piece.width for piece in pieces) + _NUMBER + 2 * SPACE_M
        return QSize(round(width), round(sum(self._height(piece) for piece in pieces)))

    def minimumSizeHint(self) -> QSize:
        """Allow the width of the smallest font size."""
        hint = self.sizeHint()
        return QSize(hint.width() * _SMALLEST // _LARGEST, hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Choose the largest font size that fits the width."""
        for size in range(_LARGEST, _SMALLEST - 1, -1):
            self._pieces = self._set(size)
            if max(piece.width for piece in self._pieces) + _NUMBER + SPACE_M <= self.width():
                break

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the lines."""
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(body_font(FONT_BODY))
        top = 0.0
        for number, piece in enumerate(self._pieces):
            height = self._height(piece)
            is_current = number == self.current
            if is_current:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.color("selected"))
                painter.drawRoundedRect(QRectF(0, top, self.width(), height), RADIUS, RADIUS)
            painter.setPen(theme.color("accent" if is_current else "muted"))
            box = QRectF(SPACE_S, top, _NUMBER, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, f"{number + 1}")
            baseline = top + (height + piece.ascent - piece.descent) / 2
            paint(painter, piece, _NUMBER + SPACE_S, baseline, {"": theme.color("text")})
            top += height
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Emit ``chosen`` for the line below the pointer."""
        top, y = 0.0, event.position().y()
        for number, piece in enumerate(self._pieces):
            top += self._height(piece)
            if y < top:
                self.chosen.emit(number)
                return

    def _set(self, size: int) -> list[Piece]:
        return [typeset(line, size) for line in self._lines]

    def _height(self, piece: Piece) -> float:
        return max(26.0, piece.ascent + piece.descent + 2 * SPACE_S)
