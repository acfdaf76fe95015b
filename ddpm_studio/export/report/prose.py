"""Sentences with symbols in them, as HTML or SVG: ``$x_t$`` is set as in the paper."""

from __future__ import annotations

import html
import re
from itertools import groupby


class Html(str):
    """Text that is HTML already; any other is escaped where it is shown."""

    __slots__ = ()


_MATH = re.compile(r"\$([^$]+)\$")
# x_t−1, x_0:T, p_θ: one sign, or several that belong together.
_SUBSCRIPT = re.compile(r"_((?:[\wθ]|[−+:](?=\w))+)")
_MARKS = "\u0302\u0303\u0304"
_LETTERS = re.compile(rf"([^\W\d_][{_MARKS}]?)")
_UPRIGHT = re.compile("(log|KL)")


def escaped(text: object) -> str:
    """Return text as HTML shows it, what is HTML already as it is."""
    return text if isinstance(text, Html) else html.escape(str(text), quote=True)


def prose(template: str, **words: object) -> Html:
    """Return a sentence as HTML.

    Args:
        template: the program's own words; ``$q(x_t|x_t−1)$`` are symbols, ``{name}`` a word.
        words: what is put in, escaped unless it is :class:`Html`.
    """
    pieces = _MATH.split(template)
    typeset = "".join(
        math(piece) if number % 2 else html.escape(piece, quote=False)
        for number, piece in enumerate(pieces)
    )
    return Html(typeset.format(**{name: escaped(one) for name, one in words.items()}))


def math(symbols: str) -> Html:
    """Return symbols as HTML: letters slanted but for log and KL, what follows ``_`` below."""
    parts: list[str] = []
    for text, below in _parts(symbols):
        slanted = "".join(
            piece if number % 2 else _slanted(piece)
            for number, piece in enumerate(_UPRIGHT.split(text))
        )
        parts.append(f"<sub>{slanted}</sub>" if below else slanted)
    return Html(f'<span class="math">{"".join(parts)}</span>')


def _slanted(text: str) -> str:
    return "".join(
        f"<i>{piece}</i>" if number % 2 else html.escape(piece, quote=False)
        for number, piece in enumerate(_LETTERS.split(text))
    )


def svg_prose(text: str) -> str:
    """Return words, with ``$x_t$`` as symbols, as the content of an SVG text element."""
    pieces = _MATH.split(text)
    return "".join(
        svg_math(piece) if number % 2 else f"<tspan>{html.escape(piece)}</tspan>"
        for number, piece in enumerate(pieces)
        if piece
    )


def svg_math(symbols: str) -> str:
    """Return symbols as the content of an SVG text element."""
    parts: list[str] = []
    for text, below in _parts(symbols):
        for number, (letters, signs) in enumerate(_runs(text)):
            size = ' font-size="72%"' if below else ""
            slant = ' font-style="italic"' if letters else ""
            shift = ' dy="0.3em"' if below and number == 0 else ""
            parts.append(f"<tspan{shift}{size}{slant}>{html.escape(signs)}</tspan>")
        if below:
            # What follows comes back up, by as much of a smaller letter.
            parts.append('<tspan dy="-0.3em" font-size="72%">\u200b</tspan>')
    return "".join(parts)


def _runs(text: str) -> list[tuple[bool, str]]:
    """Return the stretches of letters, with their marks, and of what is none."""
    grouped = groupby(text, lambda sign: sign.isalpha() or sign in _MARKS)
    return [(letters, "".join(signs)) for letters, signs in grouped]


def _parts(symbols: str) -> list[tuple[str, bool]]:
    """Return the pieces of a formula, each with whether it is a subscript."""
    pieces = _SUBSCRIPT.split(symbols)
    return [(text, number % 2 == 1) for number, text in enumerate(pieces) if text]
