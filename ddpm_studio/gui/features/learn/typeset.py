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

from ddpm_studio.gui.features.learn.boxes import (
    MEDIUM,
    THIN,
    WIDE,
    Glyphs,
    Piece,
    Region,
    Typesetter,
)


@lru_cache(maxsize=128)  # a layout asks for the same sizes again and again
def typeset(source: str, size: float, break_lines: bool = False) -> Piece:
    """Lay out an equation at a font size of ``size`` logical pixels.

    Args:
        source: in this module's language.
        size: font size in logical pixels.
        break_lines: whether to break the line wherever it may be broken; else it is one line.

    Raises:
        ValueError: if the source is not of this module's language.
    """
    parser = _Parser(source, break_lines)
    piece = parser.row(Typesetter(size), "")
    if parser.remaining():
        raise ValueError(f"{source!r}: a brace too many")
    return piece


def paint(painter: QPainter, piece: Piece, x: float, y: float, colours: dict[str, QColor]) -> None:
    """Paint a piece with its baseline's left end at (x, y).

    Args:
        painter: antialiased.
        piece: as returned by :func:`typeset`.
        x: left edge.
        y: baseline.
        colours: the QColor of each symbol by its key; that of ``""`` is for all others.
    """
    for part in piece.parts:
        if isinstance(part, Region):
            continue
        colour = colours.get(part.key, colours[""])
        if isinstance(part, Glyphs):
            painter.setPen(colour)
            painter.setFont(part.font)
            painter.drawText(QPointF(x + part.x, y + part.y), part.text)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawPath(part.path.translated(x, y))


_BREAK = Piece(0, 0, 0)
"""Sentinel for a possible line break."""


class _Parser:
    """Recursive-descent parser of the language, which lays out as it reads."""

    def __init__(self, source: str, break_lines: bool) -> None:
        self._source, self._break_lines = source, break_lines
        self._position = 0

    def remaining(self) -> str:
        return self._source[self._position :]

    def row(self, typesetter: Typesetter, key: str) -> Piece:
        """Read up to the brace that closes this group, or the end."""
        typesetter = replace(typesetter, key=key or typesetter.key)
        lines = list[list[Piece]]([[]])
        for piece in self._read_items(typesetter):
            if piece is not _BREAK:
                lines[-1].append(piece)
            elif self._break_lines:
                lines.append([])
        return typesetter.column([typesetter.row(line) for line in lines])

    def _read_items(self, typesetter: Typesetter) -> Iterator[Piece]:
        while self._peek() not in ("", "}"):
            if self._peek() == " ":
                self._position += 1
                continue
            yield self._read_scripts(typesetter, self._read_atom(typesetter))

    def _read_scripts(self, typesetter: Typesetter, base: Piece) -> Piece:
        below = above = None
        while self._peek() in ("_", "^"):
            mark = self._peek()
            self._position += 1
            piece = self._read_atom(typesetter.script())
            if mark == "_":
                below = piece
            else:
                above = piece
        if below is None and above is None:
            return base
        return typesetter.scripts(base, below, above)

    def _read_atom(self, typesetter: Typesetter) -> Piece:
        """Read one letter, group or command."""
        character = self._peek()
        if character == "{":
            return self._read_group(typesetter)
        if character == "\\":
            return self._read_command(typesetter)
        if character in ("", "}"):
            raise ValueError(f"{self._source!r}: something is missing at the end")
        self._position += 1
        return typesetter.letter(character)

    def _read_group(self, typesetter: Typesetter, key: str = "") -> Piece:
        self._expect("{")
        piece = self.row(typesetter, key)
        self._expect("}")
        return piece

    def _read_argument(self) -> str:
        self._expect("{")
        end = self._source.index("}", self._position)
        argument, self._position = self._source[self._position : end], end + 1
        return argument

    def _read_command(self, typesetter: Typesetter) -> Piece:
        self._position += 1
        start = self._position
        self._position += 1
        if self._source[start].isalpha():
            while self._peek().isalpha():
                self._position += 1
        match self._source[start : self._position]:
            case "frac":
                return typesetter.fraction(
                    self._read_group(typesetter), self._read_group(typesetter)
                )
            case "sqrt":
                return typesetter.root(self._read_group(typesetter))
            case "bar" | "tilde" | "hat" as kind:
                return typesetter.accent(kind, self._read_group(typesetter))
            case "fence":
                return typesetter.fence(self._read_group(typesetter))
            case "sum":
                return typesetter.operator("∑", self._read_group(typesetter.script()))
            case "prod":
                below = self._read_group(typesetter.script())
                return typesetter.operator("∏", below, self._read_group(typesetter.script()))
            case "log":
                return typesetter.row([typesetter.text("log"), typesetter.space(THIN)])
            case "brace":
                return typesetter.brace(
                    self._read_group(typesetter), self._read_group(typesetter.script())
                )
            case "rm":
                return typesetter.text(self._read_argument())
            case "bf":
                return typesetter.text(self._read_argument(), bold=True)
            case "is":
                key = self._read_argument()
                return typesetter.mark(self._read_group(typesetter, key), key)
            case ",":
                return typesetter.space(MEDIUM)
            case "break":
                return _BREAK
            case "quad":
                return typesetter.space(WIDE)
            case unknown:
                raise ValueError(f"{self._source!r}: no command \\{unknown}")

    def _peek(self) -> str:
        return self._source[self._position : self._position + 1]

    def _expect(self, character: str) -> None:
        if self._peek() != character:
            raise ValueError(f"{self._source!r}: {character} expected before {self.remaining()!r}")
        self._position += 1
