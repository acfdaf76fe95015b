"""Box layout of equations, like TeX's: letters, scripts, fractions, roots, braces."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFont, QFontDatabase, QFontMetricsF, QPainterPath

# The fonts of each system that are most like a printed page; the last resort is any serif.
_FAMILIES = (
    "STIX Two Text",
    "Cambria",
    "Times New Roman",
    "Nimbus Roman",
    "Liberation Serif",
    "DejaVu Serif",
)
_SCRIPT = 0.72
_RELATIONS = "=≈←∼≤≥<>→+−×∝:"
_UPRIGHT = set("0123456789()[]{}|,.;=≈←∼≤≥<>→+−×∝·…!:/∇∏Σ∑∫∞‖*")
THIN, MEDIUM, WIDE = 0.12, 0.24, 1.1


@dataclass(frozen=True)
class Glyphs:
    """Text whose baseline begins at (x, y)."""

    text: str
    font: QFont
    x: float
    y: float
    key: str = ""

    def moved(self, x: float, y: float) -> Glyphs:
        """Return a copy moved by (x, y)."""
        return replace(self, x=self.x + x, y=self.y + y)


@dataclass(frozen=True)
class Shape:
    """A filled outline: a rule, a root, a bracket."""

    path: QPainterPath
    key: str = ""

    def moved(self, x: float, y: float) -> Shape:
        """Return a copy moved by (x, y)."""
        return replace(self, path=self.path.translated(x, y))


@dataclass(frozen=True)
class Region:
    """The rectangle of a symbol that can be pointed at."""

    key: str
    rect: QRectF

    def moved(self, x: float, y: float) -> Region:
        """Return a copy moved by (x, y)."""
        return replace(self, rect=self.rect.translated(x, y))


Part = Glyphs | Shape | Region


@dataclass(frozen=True)
class Piece:
    """A box that has been laid out, with its baseline at y = 0 and its left edge at x = 0."""

    width: float
    ascent: float
    descent: float
    parts: tuple[Part, ...] = ()

    @property
    def regions(self) -> list[Region]:
        """The symbols that can be pointed at, in reading order."""
        return [part for part in self.parts if isinstance(part, Region)]

    def at(self, x: float, y: float) -> tuple[Part, ...]:
        """Return the parts, moved by (x, y)."""
        return tuple(part.moved(x, y) for part in self.parts)


@lru_cache(maxsize=1)
def _family() -> str:
    known = QFontDatabase.families()
    for name in _FAMILIES:
        for family in known:
            # Some systems add the foundry in brackets.
            if family.split(" [")[0] == name:
                return family
    return QFont("serif").defaultFamily()


def _font(size: float, *, italic: bool = False, bold: bool = False) -> QFont:
    font = QFont(_family())
    font.setStyleHint(QFont.StyleHint.Serif)
    # Font sizes are whole pixels; the point size of a 72-dpi device would not be.
    font.setPixelSize(max(6, round(size)))
    font.setItalic(italic)
    font.setBold(bold)
    return font


def _ink(text: str, font: QFont) -> QRectF:
    """Return the bounding box of the letters' outlines, from the beginning of the baseline."""
    # Not the metrics' tightBoundingRect: with Qt 6.11 that crashed at 200 % once many fonts were
    # in use.
    path = QPainterPath()
    path.addText(0, 0, font, text)
    return path.boundingRect()


@dataclass(frozen=True)
class Typesetter:
    """Typesetter that makes pieces of one font size.

    Args:
        size: font size in logical pixels.
        key: the symbol that the pieces belong to, or "".
        tight: no gaps around operators, as in scripts.
    """

    size: float
    key: str = ""
    tight: bool = False

    @property
    def axis(self) -> float:
        """Height of the math axis, an operator's middle, above the baseline."""
        return self.size * 0.25

    @property
    def rule(self) -> float:
        """Thickness of a rule in logical pixels."""
        return max(1.0, self.size * 0.055)

    def script(self) -> Typesetter:
        """Return a typesetter for subscripts, superscripts and limits."""
        return replace(self, size=self.size * _SCRIPT, tight=True)

    def text(self, text: str, *, italic: bool = False, bold: bool = False) -> Piece:
        """Set text as it is, without spacing around operators."""
        font = _font(self.size, italic=italic, bold=bold)
        metrics = QFontMetricsF(font)
        ink_rect = _ink(text, font)
        width = max(metrics.horizontalAdvance(text), ink_rect.right() if italic else 0.0)
        glyphs = Glyphs(text, font, 0, 0, self.key)
        return Piece(width, -ink_rect.top(), max(0.0, ink_rect.bottom()), (glyphs,))

    def letter(self, letter: str) -> Piece:
        """Set one character, italic or upright, with the spacing of its kind around it."""
        if letter == " ":
            return self.space(MEDIUM)
        piece = self.text(letter, italic=letter not in _UPRIGHT)
        if self.tight:
            return piece
        if letter in _RELATIONS:
            return self.row([self.space(MEDIUM), piece, self.space(MEDIUM)])
        if letter in ",;":
            return self.row([piece, self.space(MEDIUM)])
        if letter == "|":
            return self.row([self.space(THIN), piece, self.space(THIN)])
        return piece

    def space(self, fraction: float) -> Piece:
        """Return a gap of a fraction of the font size."""
        return Piece(self.size * fraction, 0, 0)

    def row(self, pieces: list[Piece]) -> Piece:
        """Set pieces side by side on one baseline."""
        x, parts = 0.0, list[Part]()
        for piece in pieces:
            parts.extend(piece.at(x, 0))
            x += piece.width
        return Piece(
            x,
            max((piece.ascent for piece in pieces), default=0),
            max((piece.descent for piece in pieces), default=0),
            tuple(parts),
        )

    def column(self, lines: list[Piece]) -> Piece:
        """Stack lines, centred on the math axis; all but the first are indented."""
        if len(lines) == 1:
            return lines[0]
        gap, indent = self.size * 0.4, self.size * WIDE
        height = sum(line.ascent + line.descent for line in lines) + gap * (len(lines) - 1)
        y, parts = -height / 2 - self.axis, list[Part]()
        for number, line in enumerate(lines):
            parts.extend(line.at(indent if number else 0.0, y + line.ascent))
            y += line.ascent + line.descent + gap
        width = max(lines[0].width, *(line.width + indent for line in lines[1:]))
        return Piece(width, height / 2 + self.axis, height / 2 - self.axis, tuple(parts))

    def scripts(self, base: Piece, below: Piece | None, above: Piece | None) -> Piece:
        """Attach a subscript, a superscript or both to a base."""
        parts, width, ascent, descent = list(base.parts), base.width, base.ascent, base.descent
        gap = self.size * 0.04
        if below is not None:
            sub_shift = max(self.size * 0.18, base.descent * 0.6) + self.size * 0.02
            parts.extend(below.at(base.width + gap / 2, sub_shift))
            width = max(width, base.width + gap + below.width)
            descent = max(descent, sub_shift + below.descent)
        if above is not None:
            super_shift = max(self.size * 0.38, base.ascent - above.ascent * 0.6)
            parts.extend(above.at(base.width + gap, -super_shift))
            width = max(width, base.width + gap + above.width)
            ascent = max(ascent, super_shift + above.ascent)
        return Piece(width, ascent, descent, tuple(parts))

    def fraction(self, numerator: Piece, denominator: Piece) -> Piece:
        """Set one piece over another with a line between them."""
        pad, gap = self.size * 0.12, self.size * 0.2
        width = max(numerator.width, denominator.width) + 2 * pad
        up = self.axis + gap + numerator.descent
        down = -self.axis + gap + denominator.ascent
        parts = (
            *numerator.at((width - numerator.width) / 2, -up),
            self._rule(0, -self.axis, width),
            *denominator.at((width - denominator.width) / 2, down),
        )
        side = self.size * 0.06
        piece = Piece(width, up + numerator.ascent, down + denominator.descent, parts)
        return self.row([Piece(side, 0, 0), piece, Piece(side, 0, 0)])

    def root(self, body: Piece) -> Piece:
        """Set the square root of a piece."""
        top = max(body.ascent, self.size * 0.5) + self.size * 0.16
        low = body.descent + self.size * 0.04
        tick_width, overhang = self.size * 0.52, self.size * 0.06
        thin, thick = self.rule, self.rule * 1.9
        path = QPainterPath()
        # The tick, drawn as one outline: thin, then thick downwards, then thin up to the bar.
        points = [
            (0.0, -top * 0.32),
            (tick_width * 0.3, -top * 0.44),
            (tick_width * 0.56, low - thick),
            (tick_width - thin, -top),
            (tick_width + body.width + overhang, -top),
            (tick_width + body.width + overhang, -top + thin),
            (tick_width, -top + thin),
            (tick_width * 0.62, low),
            (tick_width * 0.5, low),
            (tick_width * 0.24, -top * 0.44 + thick),
            (tick_width * 0.05, -top * 0.32 + thin),
        ]
        path.moveTo(*points[0])
        for point in points[1:]:
            path.lineTo(*point)
        path.closeSubpath()
        parts = (Shape(path, self.key), *body.at(tick_width, 0))
        return Piece(tick_width + body.width + overhang * 2, top, low, parts)

    def accent(self, kind: str, body: Piece) -> Piece:
        """Set a bar, tilde or hat over a piece."""
        height, width = body.ascent + self.size * 0.1, body.width
        # The middle of italic letters is to the right of the middle of their advance.
        slant = self.size * 0.06
        if kind == "bar":
            bar = self._rule(slant + width * 0.06, -height, width * 0.88)
            return Piece(width, height + self.rule, body.descent, (*body.parts, bar))
        symbol = "~" if kind == "tilde" else "^"
        text, ink_rect = self.text(symbol), _ink(symbol, _font(self.size))
        accent_parts = text.at(slant + (width - text.width) / 2, -height - ink_rect.bottom())
        return Piece(width, height + ink_rect.height(), body.descent, (*body.parts, *accent_parts))

    def fence(self, body: Piece) -> Piece:
        """Set round brackets as high as a piece."""
        ascent = max(body.ascent, self.size * 0.72) + self.size * 0.06
        descent = max(body.descent, self.size * 0.2) + self.size * 0.06
        bracket_width = self.size * 0.2 + (ascent + descent) * 0.06
        left = Shape(self._bracket(bracket_width, ascent, descent, 1), self.key)
        right = Shape(self._bracket(bracket_width, ascent, descent, -1), self.key)
        gap = self.size * 0.1
        parts = (
            left.moved(self.size * 0.06, 0),
            *body.at(bracket_width + gap, 0),
            right.moved(bracket_width + 2 * gap + body.width, 0),
        )
        return Piece(
            2 * bracket_width + 2 * gap + body.width + self.size * 0.06, ascent, descent, parts
        )

    def operator(self, symbol: str, below: Piece, above: Piece | None = None) -> Piece:
        """Set a large ∑ or ∏ with its limits below it, and above."""
        symbol_piece = replace(self, size=self.size * 1.45).text(symbol)
        top = above or Piece(0, 0, 0)
        symbol_shift, gap = self.size * 0.14, self.size * 0.12
        width = max(symbol_piece.width, below.width, top.width)
        below_shift = symbol_shift + symbol_piece.descent * 0.6 + gap + below.ascent
        above_shift = symbol_piece.ascent - symbol_shift + gap + top.descent
        parts = (
            *symbol_piece.at((width - symbol_piece.width) / 2, symbol_shift),
            *below.at((width - below.width) / 2, below_shift),
            *top.at((width - top.width) / 2, -above_shift),
        )
        piece = Piece(width, above_shift + top.ascent, below_shift + below.descent, parts)
        return self.row([self.space(THIN), piece, self.space(THIN)])

    def brace(self, body: Piece, name: Piece) -> Piece:
        """Set a brace below a piece, and a name below that."""
        height, gap = self.size * 0.3, self.size * 0.14
        width = max(body.width, name.width)
        x = (width - body.width) / 2
        top = max(body.descent, self.size * 0.22) + gap
        path = QPainterPath()
        centre, end, half = x + body.width / 2, x + body.width, height / 2
        # One curly brace as an outline, out along its upper edge and back along the lower.
        for offset, direction in ((0.0, 1), (self.rule * 1.15, -1)):
            y = top + offset
            corners = [
                (x, y),
                (x, y + half),
                (x + half, y + half),
                (centre - half, y + half),
                (centre, y + half),
                (centre, y + height),
                (centre, y + half),
                (centre + half, y + half),
                (end - half, y + half),
                (end, y + half),
                (end, y),
            ][::direction]
            if direction > 0:
                path.moveTo(*corners[0])
            else:
                path.lineTo(*corners[0])
            path.quadTo(*corners[1], *corners[2])
            path.lineTo(*corners[3])
            path.quadTo(*corners[4], *corners[5])
            path.quadTo(*corners[6], *corners[7])
            path.lineTo(*corners[8])
            path.quadTo(*corners[9], *corners[10])
        path.closeSubpath()
        low = top + height + gap + name.ascent
        parts = (
            *body.at(x, 0),
            Shape(path, self.key),
            *name.at((width - name.width) / 2, low),
        )
        return Piece(width, body.ascent, low + name.descent, parts)

    def mark(self, body: Piece, key: str) -> Piece:
        """Mark a piece as the symbol ``key``, which can be pointed at."""
        rect = QRectF(0, -body.ascent, body.width, body.ascent + body.descent)
        return replace(body, parts=(Region(key, rect), *body.parts))

    def _rule(self, x: float, y: float, width: float) -> Shape:
        path = QPainterPath()
        path.addRect(QRectF(x, y - self.rule / 2, width, self.rule))
        return Shape(path, self.key)

    def _bracket(self, width: float, ascent: float, descent: float, direction: int) -> QPainterPath:
        """Return a round bracket that opens to the right (direction 1) or left, thickest midway."""
        start, end = (width, 0.0) if direction > 0 else (0.0, width)
        thickness = self.rule * 1.5 * (1 if direction > 0 else -1)
        centre = (descent - ascent) / 2
        path = QPainterPath(QPointF(start, -ascent))
        path.quadTo(end, centre, start, descent)
        path.quadTo(end + 2 * thickness, centre, start, -ascent)
        return path
