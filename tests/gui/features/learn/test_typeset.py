"""Equation typesetting: the positions of the parts, and refused sources."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.learn.boxes import Glyphs, Piece
from ddpm_studio.gui.features.learn.typeset import paint, typeset

SIZE = 20.0


def glyph(piece: Piece, text: str) -> Glyphs:
    (found,) = [part for part in piece.parts if isinstance(part, Glyphs) and part.text == text]
    return found


def region(piece: Piece, key: str) -> QRectF:
    (found,) = [part.rect for part in piece.regions if part.key == key]
    return found


def test_indices_stand_lower_and_smaller_exponents_higher(qtbot: QtBot) -> None:
    piece = typeset("x_t^2 y", SIZE)
    base, below, above, after = (glyph(piece, letter) for letter in "xt2y")
    assert base.y == 0
    assert below.y > 0 > above.y
    assert below.font.pixelSize() < base.font.pixelSize()
    assert base.x < below.x < after.x
    assert base.font.italic()
    assert not above.font.italic(), "figures are upright"


def test_a_fraction_has_its_parts_over_each_other_and_a_line_between(qtbot: QtBot) -> None:
    piece = typeset(r"\frac{\is{over}{a}}{\is{under}{1−b}}", SIZE)
    over, under = region(piece, "over"), region(piece, "under")
    assert over.bottom() < under.top()
    assert abs(over.center().x() - under.center().x()) < 0.5
    assert -over.top() <= piece.ascent + 0.01
    assert under.bottom() <= piece.descent + 0.01


@pytest.mark.parametrize("source", [r"\sqrt{\is{in}{x}}", r"\fence{\is{in}{\frac{a}{b}}}"])
def test_roots_and_brackets_hold_what_is_in_them(qtbot: QtBot, source: str) -> None:
    piece, inner = typeset(source, SIZE), region(typeset(source, SIZE), "in")
    assert inner.left() > 0
    assert inner.right() < piece.width
    assert piece.ascent > -inner.top()


def test_a_symbol_within_a_symbol_has_its_own_place(qtbot: QtBot) -> None:
    piece = typeset(r"\is{whole}{\sqrt{\is{part}{α_t}}} + 1", SIZE)
    assert region(piece, "whole").contains(region(piece, "part"))
    assert glyph(piece, "α").key == "part"
    assert glyph(piece, "1").key == ""


def test_every_ink_lies_within_the_piece(qtbot: QtBot) -> None:
    source = (
        r"\tilde{μ}_t = \frac{1}{\sqrt{\bar{α}_t}}\fence{\bf{x}_t − \brace{β_t ε_θ}{L_{t−1}}} "
        r"+ \sum{t>1} \prod{s=1}{t} \log q \rm{SNR}\,\quad x"
    )
    piece, margin = typeset(source, SIZE), 8
    wide, high = round(piece.width), round(piece.ascent + piece.descent)
    image = QImage(wide + 2 * margin, high + 2 * margin, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    paint(painter, piece, margin, margin + piece.ascent, {"": QColor("black")})
    painter.end()
    inside = QRectF(margin - 2, margin - 2, wide + 4, high + 4)
    dark = [
        (x, y)
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).lightness() < 128
    ]
    assert len(dark) > 500
    assert all(inside.contains(x + 0.5, y + 0.5) for x, y in dark)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (r"\frak{x}", "no command"),
        (r"\frac{x}y", "{ expected"),
        ("{x", "} expected"),
        ("x}", "too many"),
        ("x_", "missing"),
    ],
)
def test_what_is_not_of_the_language_is_refused(qtbot: QtBot, source: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        typeset(source, SIZE)
