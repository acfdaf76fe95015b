"""Text with mathematical symbols as HTML or SVG: ``$x_t$`` is typeset as in the paper."""

from __future__ import annotations

import html
import re
from itertools import groupby


class Html(str):
    """String of safe HTML, which is not escaped again as plain strings are."""

    __slots__ = ()


_MATH = re.compile(r"\$([^$]+)\$")
# x_t−1, x_0:T, p_θ: subscripts of one or several characters.
_SUBSCRIPT = re.compile(r"_((?:[\wθ]|[−+:](?=\w))+)")
_MARKS = "\u0302\u0303\u0304"
_LETTERS = re.compile(rf"([^\W\d_][{_MARKS}]?)")
_UPRIGHT = re.compile("(log|KL)")


def escape_html(text: object) -> str:
    """Escape text for HTML; :class:`Html` is returned unchanged."""
    return text if isinstance(text, Html) else html.escape(str(text), quote=True)


def prose(template: str, **values: object) -> Html:
    """Format a template with typeset symbols as HTML.

    Args:
        template: trusted text with symbols as ``$q(x_t|x_t−1)$``, and ``{name}`` placeholders.
        values: values of the placeholders, escaped unless they are :class:`Html`.
    """
    pieces = _MATH.split(template)
    typeset = "".join(
        math(piece) if index % 2 else html.escape(piece, quote=False)
        for index, piece in enumerate(pieces)
    )
    return Html(typeset.format(**{name: escape_html(value) for name, value in values.items()}))


def math(symbols: str) -> Html:
    """Typeset symbols as HTML: italic letters, except log and KL, and subscripts after ``_``."""
    parts: list[str] = []
    for text, is_subscript in _subscript_parts(symbols):
        typeset = "".join(
            piece if index % 2 else _italicize(piece)
            for index, piece in enumerate(_UPRIGHT.split(text))
        )
        parts.append(f"<sub>{typeset}</sub>" if is_subscript else typeset)
    return Html(f'<span class="math">{"".join(parts)}</span>')


def _italicize(text: str) -> str:
    return "".join(
        f"<i>{piece}</i>" if index % 2 else html.escape(piece, quote=False)
        for index, piece in enumerate(_LETTERS.split(text))
    )


def svg_prose(text: str) -> str:
    """Typeset text with symbols as ``$x_t$``, as the content of an SVG text element."""
    pieces = _MATH.split(text)
    return "".join(
        svg_math(piece) if index % 2 else f"<tspan>{html.escape(piece)}</tspan>"
        for index, piece in enumerate(pieces)
        if piece
    )


def svg_math(symbols: str) -> str:
    """Typeset symbols as the content of an SVG text element."""
    parts: list[str] = []
    for text, is_subscript in _subscript_parts(symbols):
        for index, (are_letters, characters) in enumerate(_letter_runs(text)):
            size = ' font-size="72%"' if is_subscript else ""
            slant = ' font-style="italic"' if are_letters else ""
            shift = ' dy="0.3em"' if is_subscript and index == 0 else ""
            parts.append(f"<tspan{shift}{size}{slant}>{html.escape(characters)}</tspan>")
        if is_subscript:
            # Return to the baseline; dy is in em, so the font size must be that of the subscript.
            parts.append('<tspan dy="-0.3em" font-size="72%">\u200b</tspan>')
    return "".join(parts)


def _letter_runs(text: str) -> list[tuple[bool, str]]:
    """Split text into runs of letters, with their combining marks, and of other characters."""
    grouped = groupby(text, lambda character: character.isalpha() or character in _MARKS)
    return [(are_letters, "".join(characters)) for are_letters, characters in grouped]


def _subscript_parts(symbols: str) -> list[tuple[str, bool]]:
    """Split a formula into pieces, each with whether it is a subscript."""
    pieces = _SUBSCRIPT.split(symbols)
    return [(text, index % 2 == 1) for index, text in enumerate(pieces) if text]
