r"""Typesetting of equations: a small subset of TeX's language, laid out in boxes, painted by Qt.

Supported are ``_``, ``^``, ``{}``, ``\frac{}{}``, ``\sqrt{}``, ``\bar{}``, ``\tilde{}``,
``\hat{}``, ``\fence{}`` (round brackets as high as their contents), ``\sum{}`` (with its lower
limit), ``\prod{}{}`` (lower and upper limit), ``\brace{}{}`` (a brace and a name below), ``\log``,
``\rm{}`` (upright), ``\bf{}`` (upright and bold), ``\,`` and ``\quad``; ``\is{key}{}`` marks a
part as a symbol that can be pointed at; ``\break`` is a possible line break. Greek letters and
operators are written as themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter

from ddpm_studio.gui.features.learn.boxes import MEDIUM, THIN, WIDE, Glyphs, Piece, Region, Setter


@lru_cache(maxsize=128)  # a layout asks for the same sizes again and again
def typeset(source: str, size: float, broken: bool = False) -> Piece:
    """Lay out an equation at a font size of ``size`` logical pixels.

    Args:
        source: in this module's language.
        size: font size in logical pixels.
        broken: whether to break the line wherever it may be broken; else it is one line.

    Raises:
        ValueError: if the source is not of this module's language.
    """
    reader = _Reader(source, broken)
    piece = reader.row(Setter(size), "")
    if reader.rest():
        raise ValueError(f"{source!r}: a brace too many")
    return piece


def paint(painter: QPainter, piece: Piece, x: float, y: float, inks: dict[str, QColor]) -> None:
    """Paint a piece with its baseline's left end at (x, y).

    Args:
        painter: antialiased.
        piece: as returned by :func:`typeset`.
        x: left edge.
        y: baseline.
        inks: the QColor of each symbol by its key; that of ``""`` is for all others.
    """
    for part in piece.parts:
        if isinstance(part, Region):
            continue
        ink = inks.get(part.key, inks[""])
        if isinstance(part, Glyphs):
            painter.setPen(ink)
            painter.setFont(part.font)
            painter.drawText(QPointF(x + part.x, y + part.y), part.text)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink)
            painter.drawPath(part.path.translated(x, y))


_BREAK = Piece(0, 0, 0)
"""Sentinel for a possible line break."""


class _Reader:
    """Recursive-descent parser of the language, which lays out as it reads."""

    def __init__(self, source: str, broken: bool) -> None:
        self._source, self._broken = source, broken
        self._place = 0

    def rest(self) -> str:
        return self._source[self._place :]

    def row(self, setter: Setter, key: str) -> Piece:
        """Read up to the brace that closes this group, or the end."""
        setter = replace(setter, key=key or setter.key)
        lines = list[list[Piece]]([[]])
        for piece in self._items(setter):
            if piece is not _BREAK:
                lines[-1].append(piece)
            elif self._broken:
                lines.append([])
        return setter.column([setter.row(line) for line in lines])

    def _items(self, setter: Setter) -> Iterator[Piece]:
        while self._peek() not in ("", "}"):
            if self._peek() == " ":
                self._place += 1
                continue
            yield self._with_scripts(setter, self._one(setter))

    def _with_scripts(self, setter: Setter, base: Piece) -> Piece:
        below = above = None
        while self._peek() in ("_", "^"):
            which = self._peek()
            self._place += 1
            piece = self._one(setter.script())
            if which == "_":
                below = piece
            else:
                above = piece
        if below is None and above is None:
            return base
        return setter.scripts(base, below, above)

    def _one(self, setter: Setter) -> Piece:
        """Read one letter, group or command."""
        here = self._peek()
        if here == "{":
            return self._group(setter)
        if here == "\\":
            return self._command(setter)
        if here in ("", "}"):
            raise ValueError(f"{self._source!r}: something is missing at the end")
        self._place += 1
        return setter.letter(here)

    def _group(self, setter: Setter, key: str = "") -> Piece:
        self._expect("{")
        piece = self.row(setter, key)
        self._expect("}")
        return piece

    def _word(self) -> str:
        self._expect("{")
        end = self._source.index("}", self._place)
        word, self._place = self._source[self._place : end], end + 1
        return word

    def _command(self, setter: Setter) -> Piece:
        self._place += 1
        start = self._place
        self._place += 1
        if self._source[start].isalpha():
            while self._peek().isalpha():
                self._place += 1
        match self._source[start : self._place]:
            case "frac":
                return setter.fraction(self._group(setter), self._group(setter))
            case "sqrt":
                return setter.root(self._group(setter))
            case "bar" | "tilde" | "hat" as kind:
                return setter.accent(kind, self._group(setter))
            case "fence":
                return setter.fence(self._group(setter))
            case "sum":
                return setter.operator("∑", self._group(setter.script()))
            case "prod":
                below = self._group(setter.script())
                return setter.operator("∏", below, self._group(setter.script()))
            case "log":
                return setter.row([setter.text("log"), setter.space(THIN)])
            case "brace":
                return setter.brace(self._group(setter), self._group(setter.script()))
            case "rm":
                return setter.text(self._word())
            case "bf":
                return setter.text(self._word(), bold=True)
            case "is":
                key = self._word()
                return setter.mark(self._group(setter, key), key)
            case ",":
                return setter.space(MEDIUM)
            case "break":
                return _BREAK
            case "quad":
                return setter.space(WIDE)
            case unknown:
                raise ValueError(f"{self._source!r}: no command \\{unknown}")

    def _peek(self) -> str:
        return self._source[self._place : self._place + 1]

    def _expect(self, sign: str) -> None:
        if self._peek() != sign:
            raise ValueError(f"{self._source!r}: {sign} expected before {self.rest()!r}")
        self._place += 1
