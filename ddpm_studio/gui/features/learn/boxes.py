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
    for wanted in _FAMILIES:
        for family in known:
            # Some systems add the foundry in brackets.
            if family.split(" [")[0] == wanted:
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
        """Return a setter for subscripts, superscripts and limits."""
        return replace(self, size=self.size * _SCRIPT, tight=True)

    def text(self, text: str, *, italic: bool = False, bold: bool = False) -> Piece:
        """Set text as it is, without spacing around operators."""
        font = _font(self.size, italic=italic, bold=bold)
        metrics = QFontMetricsF(font)
        tight = _ink(text, font)
        wide = max(metrics.horizontalAdvance(text), tight.right() if italic else 0.0)
        glyphs = Glyphs(text, font, 0, 0, self.key)
        return Piece(wide, -tight.top(), max(0.0, tight.bottom()), (glyphs,))

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

    def space(self, share: float) -> Piece:
        """Return a gap of a share of the font size."""
        return Piece(self.size * share, 0, 0)

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
        high = sum(line.ascent + line.descent for line in lines) + gap * (len(lines) - 1)
        y, parts = -high / 2 - self.axis, list[Part]()
        for number, line in enumerate(lines):
            parts.extend(line.at(indent if number else 0.0, y + line.ascent))
            y += line.ascent + line.descent + gap
        wide = max(lines[0].width, *(line.width + indent for line in lines[1:]))
        return Piece(wide, high / 2 + self.axis, high / 2 - self.axis, tuple(parts))

    def scripts(self, base: Piece, below: Piece | None, above: Piece | None) -> Piece:
        """Attach a subscript, a superscript or both to a base."""
        parts, wide, ascent, descent = list(base.parts), base.width, base.ascent, base.descent
        gap = self.size * 0.04
        if below is not None:
            drop = max(self.size * 0.18, base.descent * 0.6) + self.size * 0.02
            parts.extend(below.at(base.width + gap / 2, drop))
            wide = max(wide, base.width + gap + below.width)
            descent = max(descent, drop + below.descent)
        if above is not None:
            rise = max(self.size * 0.38, base.ascent - above.ascent * 0.6)
            parts.extend(above.at(base.width + gap, -rise))
            wide = max(wide, base.width + gap + above.width)
            ascent = max(ascent, rise + above.ascent)
        return Piece(wide, ascent, descent, tuple(parts))

    def fraction(self, over: Piece, under: Piece) -> Piece:
        """Set one piece over another with a line between them."""
        pad, gap = self.size * 0.12, self.size * 0.2
        wide = max(over.width, under.width) + 2 * pad
        up = self.axis + gap + over.descent
        down = -self.axis + gap + under.ascent
        parts = (
            *over.at((wide - over.width) / 2, -up),
            self._rule(0, -self.axis, wide),
            *under.at((wide - under.width) / 2, down),
        )
        side = self.size * 0.06
        piece = Piece(wide, up + over.ascent, down + under.descent, parts)
        return self.row([Piece(side, 0, 0), piece, Piece(side, 0, 0)])

    def root(self, body: Piece) -> Piece:
        """Set the square root of a piece."""
        top = max(body.ascent, self.size * 0.5) + self.size * 0.16
        low = body.descent + self.size * 0.04
        lead, tail = self.size * 0.52, self.size * 0.06
        thin, thick = self.rule, self.rule * 1.9
        path = QPainterPath()
        # The tick, drawn as one outline: thin, then thick downwards, then thin up to the bar.
        points = [
            (0.0, -top * 0.32),
            (lead * 0.3, -top * 0.44),
            (lead * 0.56, low - thick),
            (lead - thin, -top),
            (lead + body.width + tail, -top),
            (lead + body.width + tail, -top + thin),
            (lead, -top + thin),
            (lead * 0.62, low),
            (lead * 0.5, low),
            (lead * 0.24, -top * 0.44 + thick),
            (lead * 0.05, -top * 0.32 + thin),
        ]
        path.moveTo(*points[0])
        for point in points[1:]:
            path.lineTo(*point)
        path.closeSubpath()
        parts = (Shape(path, self.key), *body.at(lead, 0))
        return Piece(lead + body.width + tail * 2, top, low, parts)

    def accent(self, kind: str, body: Piece) -> Piece:
        """Set a bar, tilde or hat over a piece."""
        lift, wide = body.ascent + self.size * 0.1, body.width
        # The middle of italic letters is to the right of the middle of their advance.
        lean = self.size * 0.06
        if kind == "bar":
            mark = self._rule(lean + wide * 0.06, -lift, wide * 0.88)
            return Piece(wide, lift + self.rule, body.descent, (*body.parts, mark))
        sign = "~" if kind == "tilde" else "^"
        text, tight = self.text(sign), _ink(sign, _font(self.size))
        moved = text.at(lean + (wide - text.width) / 2, -lift - tight.bottom())
        return Piece(wide, lift + tight.height(), body.descent, (*body.parts, *moved))

    def fence(self, body: Piece) -> Piece:
        """Set round brackets as high as a piece."""
        up = max(body.ascent, self.size * 0.72) + self.size * 0.06
        down = max(body.descent, self.size * 0.2) + self.size * 0.06
        wide = self.size * 0.2 + (up + down) * 0.06
        left = Shape(self._bracket(wide, up, down, 1), self.key)
        right = Shape(self._bracket(wide, up, down, -1), self.key)
        gap = self.size * 0.1
        parts = (
            left.moved(self.size * 0.06, 0),
            *body.at(wide + gap, 0),
            right.moved(wide + 2 * gap + body.width, 0),
        )
        return Piece(2 * wide + 2 * gap + body.width + self.size * 0.06, up, down, parts)

    def operator(self, sign: str, below: Piece, above: Piece | None = None) -> Piece:
        """Set a large ∑ or ∏ with its limits below it, and above."""
        big = replace(self, size=self.size * 1.45).text(sign)
        top = above or Piece(0, 0, 0)
        sink, gap = self.size * 0.14, self.size * 0.12
        wide = max(big.width, below.width, top.width)
        low = sink + big.descent * 0.6 + gap + below.ascent
        high = big.ascent - sink + gap + top.descent
        parts = (
            *big.at((wide - big.width) / 2, sink),
            *below.at((wide - below.width) / 2, low),
            *top.at((wide - top.width) / 2, -high),
        )
        piece = Piece(wide, high + top.ascent, low + below.descent, parts)
        return self.row([self.space(THIN), piece, self.space(THIN)])

    def brace(self, body: Piece, name: Piece) -> Piece:
        """Set a brace below a piece, and a name below that."""
        high, gap = self.size * 0.3, self.size * 0.14
        wide = max(body.width, name.width)
        x = (wide - body.width) / 2
        top = max(body.descent, self.size * 0.22) + gap
        path = QPainterPath()
        middle, end, half = x + body.width / 2, x + body.width, high / 2
        # One curly brace as an outline, out along its upper edge and back along the lower.
        for offset, way in ((0.0, 1), (self.rule * 1.15, -1)):
            y = top + offset
            corners = [
                (x, y),
                (x, y + half),
                (x + half, y + half),
                (middle - half, y + half),
                (middle, y + half),
                (middle, y + high),
                (middle, y + half),
                (middle + half, y + half),
                (end - half, y + half),
                (end, y + half),
                (end, y),
            ][::way]
            if way > 0:
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
        low = top + high + gap + name.ascent
        parts = (
            *body.at(x, 0),
            Shape(path, self.key),
            *name.at((wide - name.width) / 2, low),
        )
        return Piece(wide, body.ascent, low + name.descent, parts)

    def mark(self, body: Piece, key: str) -> Piece:
        """Mark a piece as the symbol ``key``, which can be pointed at."""
        rect = QRectF(0, -body.ascent, body.width, body.ascent + body.descent)
        return replace(body, parts=(Region(key, rect), *body.parts))

    def _rule(self, x: float, y: float, wide: float) -> Shape:
        path = QPainterPath()
        path.addRect(QRectF(x, y - self.rule / 2, wide, self.rule))
        return Shape(path, self.key)

    def _bracket(self, wide: float, up: float, down: float, way: int) -> QPainterPath:
        """Return a round bracket that opens to the right (way 1) or left, thickest midway."""
        start, end = (wide, 0.0) if way > 0 else (0.0, wide)
        thick = self.rule * 1.5 * (1 if way > 0 else -1)
        middle = (down - up) / 2
        path = QPainterPath(QPointF(start, -up))
        path.quadTo(end, middle, start, down)
        path.quadTo(end + 2 * thick, middle, start, -up)
        return path
