"""Interactive equation: pointing at a symbol shows its meaning and its value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ddpm_studio.catalogue.glossary import term_of_symbol
from ddpm_studio.gui.features.learn.boxes import Piece
from ddpm_studio.gui.features.learn.typeset import paint, typeset
from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import FONT_CAPTION, SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.forms.glossary_link import open_term

_SIZE, _SMALLEST = 19, 9
# Below this size subscripts are hard to read: lines are broken first.
_LEGIBLE = 15
# Factor by which the letters grow where there is room for them.
_GROWTH = 1.4
_CAPTION = 18
_ROUND, _AROUND, _BELOW = 4.0, 3.0, 2.5


@dataclass(frozen=True)
class Symbol:
    """A part of an equation that can be pointed at.

    Args:
        key: as in the equation's source.
        sign: the symbol as plain text, such as ``ᾱₜ``.
        meaning: a few words.
    """

    key: str
    sign: str
    meaning: str


class Equation(QWidget):
    """Interactive equation with a caption: what it says, or the symbol that is highlighted.

    The mouse highlights the symbol below the pointer; with the focus, Left and Right go from
    symbol to symbol, Home and End to the first and last, Escape to none; a click looks one up in
    the glossary. ``highlighted`` carries the symbol's key, or "" when none is any more.

    Args:
        source: see :mod:`ddpm_studio.gui.features.learn.typeset`.
        description: what the equation says, in words: for assistive technology, and as the caption.
        symbols: those that its source marks.
        size: usual font size in logical pixels; larger where there is room, else broken into
            lines and, as a last resort, smaller.
        parent: the owner.

    Raises:
        ValueError: ``source`` marks a symbol that ``symbols`` lacks, or can't be typeset.
    """

    highlighted = Signal(str)

    def __init__(
        self,
        source: str,
        description: str,
        symbols: Sequence[Symbol],
        size: int = _SIZE,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._source, self._description = source, description
        self._symbols = {symbol.key: symbol for symbol in symbols}
        self._values: dict[str, str] = {}
        self._default_size = size
        #: The present font size, in logical pixels.
        self.font_size = size
        self._piece = typeset(source, size)
        self._keys = list(dict.fromkeys(region.key for region in self._piece.regions))
        missing = set(self._keys) - self._symbols.keys()
        if missing:
            raise ValueError(f"no symbol {', '.join(sorted(missing))}")
        self.highlighted_key = ""
        """The key of the highlighted symbol, also if highlighted from elsewhere; or ""."""
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(description)
        self._describe()
        current_theme().changed.connect(self.update)

    @property
    def keys(self) -> list[str]:
        """The keys of the symbols, in reading order."""
        return self._keys

    @property
    def piece(self) -> Piece:
        """The layout that is shown."""
        return self._piece

    def caption(self) -> str:
        """Return the caption: the highlighted symbol with its value, or what the equation says."""
        symbol = self._symbols.get(self.highlighted_key)
        if symbol is None:
            return self._description
        value = self._values.get(symbol.key)
        return (
            f"{symbol.sign} = {value} · {symbol.meaning}"
            if value
            else (f"{symbol.sign} · {symbol.meaning}")
        )

    def set_values(self, values: Mapping[str, str]) -> None:
        """Set the values of symbols, as text, by their keys; other symbols keep theirs."""
        if any(self._values.get(key) != value for key, value in values.items()):
            self._values.update(values)
            self._describe()
            self.update()

    def clear_values(self) -> None:
        """Remove the values of all symbols."""
        self._values.clear()
        self._describe()
        self.update()

    def highlight_symbol(self, key: str) -> None:
        """Highlight a symbol by its key, or none, without emitting ``highlighted``."""
        key = key if key in self._symbols else ""
        if key != self.highlighted_key:
            self.highlighted_key = key
            self._describe()
            self.update()

    def symbol_rect(self, key: str) -> QRectF:
        """Return the rectangle of a symbol's first occurrence; KeyError if there is none."""
        left, baseline = self._origin()
        for region in self._piece.regions:
            if region.key == key:
                return region.rect.translated(left, baseline)
        raise KeyError(key)

    def sizeHint(self) -> QSize:
        """Ask for one line at the usual font size."""
        piece = typeset(self._source, self._default_size)
        return QSize(round(piece.width) + 2 * SPACE_M, self._height_of(piece))

    def minimumSizeHint(self) -> QSize:
        """Allow several lines at the smallest font size."""
        piece = typeset(self._source, _SMALLEST, True)
        return QSize(round(piece.width) + 2 * SPACE_M, self._height_of(piece))

    def hasHeightForWidth(self) -> bool:
        """Return True: the narrower, the more lines."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Return the height of all lines and the caption."""
        return self._height_of(self._fit_layout(width)[0])

    def resizeEvent(self, event: QEvent) -> None:
        """Choose the line breaks and the font size that there is room for."""
        self._piece, self.font_size = self._fit_layout(self.width())
        # Some layouts do not call heightForWidth.
        self.setFixedHeight(self._height_of(self._piece))

    def _fit_layout(self, width: int) -> tuple[Piece, int]:
        """Return the layout for a width, and its font size.

        It is one line, as large as there is room for, or several where that would be illegible.
        """
        available = width - 2 * SPACE_M
        smallest_legible = min(_LEGIBLE, self._default_size)
        largest = round(self._default_size * _GROWTH)
        for broken, max_size, min_size in (
            (False, largest, smallest_legible),
            (True, self._default_size, _SMALLEST),
        ):
            for size in range(max_size, min_size - 1, -1):
                piece = typeset(self._source, size, broken)
                if piece.width <= available:
                    return piece, size
        return typeset(self._source, _SMALLEST, True), _SMALLEST

    def _height_of(self, piece: Piece) -> int:
        return round(piece.ascent + piece.descent) + 2 * SPACE_S + _CAPTION

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the equation and its caption."""
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left, baseline = self._origin()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("selected"))
        for region in self._piece.regions:
            if region.key == self.highlighted_key:
                highlight_rect = region.rect.translated(left, baseline)
                highlight_rect.adjust(-_AROUND, -_AROUND, _AROUND, _AROUND)
                painter.drawRoundedRect(highlight_rect, _ROUND, _ROUND)
        colours = {"": theme.color("text")}
        if self.highlighted_key:
            colours[self.highlighted_key] = theme.color("accent")
        paint(painter, self._piece, left, baseline, colours)
        self._underline(painter, left, baseline, theme.color("outline"))
        painter.setFont(body_font(FONT_CAPTION))
        painter.setPen(theme.color("accent" if self.highlighted_key else "muted"))
        line = QRectF(SPACE_S, self.height() - _CAPTION, self.width(), _CAPTION)
        metrics = QFontMetrics(body_font(FONT_CAPTION))
        caption = metrics.elidedText(
            self.caption(), Qt.TextElideMode.ElideRight, self.width() - 2 * SPACE_S
        )
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, caption)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.end()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Highlight the symbol below the pointer."""
        self._highlight(self._key_at(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Look up the symbol below the pointer in the glossary."""
        symbol = self._symbols.get(self._key_at(event.position()))
        term = None if symbol is None else term_of_symbol(symbol.sign)
        if term is not None and event.button() == Qt.MouseButton.LeftButton:
            open_term(term.name)

    def leaveEvent(self, event: QEvent) -> None:
        """Highlight no symbol."""
        self._highlight("")

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Highlight no symbol."""
        self._highlight("")
        super().focusOutEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the highlight from symbol to symbol."""
        last = len(self._keys) - 1
        current = (
            self._keys.index(self.highlighted_key) if self.highlighted_key in self._keys else -1
        )
        targets = {
            Qt.Key.Key_Right: min(current + 1, last),
            Qt.Key.Key_Left: max(current - 1, 0) if current >= 0 else last,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if event.key() in targets and self._keys:
            self._highlight(self._keys[targets[Qt.Key(event.key())]])
        elif event.key() == Qt.Key.Key_Escape and self.highlighted_key:
            self._highlight("")
        else:
            super().keyPressEvent(event)

    def _origin(self) -> tuple[float, float]:
        """Return where the baseline begins."""
        height = self.height() - _CAPTION
        piece_height = self._piece.ascent + self._piece.descent
        return float(SPACE_S), (height - piece_height) / 2 + self._piece.ascent

    def _key_at(self, position: QPointF) -> str:
        left, baseline = self._origin()
        found, smallest = "", float("inf")
        for region in self._piece.regions:
            rect = region.rect.translated(left, baseline).adjusted(-2, -4, 2, 4)
            area = rect.width() * rect.height()
            # Of nested symbols the innermost is meant.
            if rect.contains(position) and area < smallest:
                found, smallest = region.key, area
        return found

    def _underline(self, painter: QPainter, left: float, baseline: float, colour: QColor) -> None:
        """Underline with dots the symbols that can be pointed at."""
        painter.setPen(QPen(colour, 1, Qt.PenStyle.DotLine))
        for region in self._piece.regions:
            rect = region.rect.translated(left, baseline)
            y = rect.bottom() + _BELOW
            painter.drawLine(QPointF(rect.left(), y), QPointF(rect.right(), y))

    def _highlight(self, key: str) -> None:
        if key != self.highlighted_key:
            self.highlight_symbol(key)
            self.highlighted.emit(key)

    def _describe(self) -> None:
        description = (
            self.caption()
            if self.highlighted_key
            else "; ".join(
                f"{symbol.sign} = {self._values[key]}"
                for key, symbol in self._symbols.items()
                if key in self._values
            )
        )
        self.setAccessibleDescription(description)
