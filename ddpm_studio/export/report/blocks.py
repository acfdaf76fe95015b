"""Blocks of a report: rows of pictures, plots, tables, and the figures and sections of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ddpm_studio.export.grid import Pictures
from ddpm_studio.export.report.pictures import data_uri, shown_width
from ddpm_studio.export.report.prose import Html, escape_html
from ddpm_studio.picture_shape import FIRST_BANDS, Bands

_MAX_UNBROKEN_WORD = 40
"""Longest word of a command, in characters, that fits on one line of a narrow screen."""
_MAX_HEADER_LENGTH = 60
"""Characters in one line of column heads beyond which they don't fit on a narrow screen."""


class Block(Protocol):
    """Interface of the parts of a figure."""

    def html(self) -> Html:
        """Return the block as HTML."""
        ...


@dataclass(frozen=True, eq=False)
class Row:
    """Row of pictures (N, H, W, C) with a label; those of ``leading`` precede it, set apart."""

    pictures: Pictures
    label: str = ""
    leading: Pictures | None = None


@dataclass(frozen=True, eq=False)
class Tiles:
    """Block with rows of pictures of one size.

    Args:
        rows: the rows, which may differ in length.
        title: accessible name (``aria-label``).
        headers: heads of the columns; empty: none.
        leading: head of the pictures that are set apart.
        bands: which of more than four channels to show.
    """

    rows: Sequence[Row]
    title: str
    headers: Sequence[str] = ()
    leading: str = ""
    bands: Bands = FIRST_BANDS

    def html(self) -> Html:
        """Return the rows as HTML, with pictures in their own resolution, enlarged by the page."""
        height, width, channels = self.rows[0].pictures.shape[1:]
        columns = max(len(row.pictures) for row in self.rows)
        leading = next((len(row.leading) for row in self.rows if row.leading is not None), 0)
        side = shown_width(width)
        longest = max(len(_strip_tags(row.label)) for row in self.rows)
        style = f"--n:{columns};--b:{leading};--w:{side}px;--r:{width}/{height};--l:{longest}"
        alpha = " alpha" if channels in (2, 4) else ""
        lines = [self._headers()] if self.headers or self.leading else []
        lines += [self._row(row) for row in self.rows]
        named = " named" if any(row.label for row in self.rows) else ""
        header_words = [word for head in self.headers for word in _strip_tags(head).split(" ")]
        is_crowded = columns * max(map(len, header_words), default=0) > _MAX_HEADER_LENGTH
        upright = " upright" if is_crowded else ""
        return Html(
            f'<div class="tiles{alpha}{named}{upright}" style="{style}" role="img" '
            f'aria-label="{escape_html(self.title)}">{"".join(lines)}</div>'
        )

    def _headers(self) -> str:
        cells = "".join(f"<span>{escape_html(head)}</span>" for head in self.headers)
        leading = f'<div class="strip apart"><span>{escape_html(self.leading)}</span></div>'
        return (
            f'<div class="row heads"><div class="name"></div>{leading if self.leading else ""}'
            f'<div class="strip">{cells}</div></div>'
        )

    def _row(self, row: Row) -> str:
        leading = ""
        if row.leading is not None:
            leading = f'<div class="strip apart">{self._images(row.leading)}</div>'
        return (
            f'<div class="row"><div class="name">{escape_html(row.label)}</div>{leading}'
            f'<div class="strip">{self._images(row.pictures)}</div></div>'
        )

    def _images(self, pictures: Pictures) -> str:
        return "".join(
            f'<img src="{data_uri(picture, self.bands)}" alt="">' for picture in pictures
        )


@dataclass(frozen=True)
class Drawings:
    """Block with SVG drawings side by side, as many as there is room for."""

    drawings: Sequence[Html]

    def html(self) -> Html:
        """Return the drawings as HTML."""
        return Html(f'<div class="plots">{"".join(self.drawings)}</div>')


@dataclass(frozen=True)
class ReportTable:
    """Block with a table: row names in the first column, numbers in the others.

    Args:
        headers: heads of the columns.
        rows: rows of as many cells.
        last_is_text: whether the last column is text too.
    """

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    last_is_text: bool = False

    def html(self) -> Html:
        """Return the table as HTML."""
        head = "".join(f'<th scope="col">{escape_html(cell)}</th>' for cell in self.headers)
        body = "".join(
            f'<tr><th scope="row">{escape_html(row[0])}</th>'
            + "".join(f"<td>{escape_html(cell)}</td>" for cell in row[1:])
            + "</tr>"
            for row in self.rows
        )
        table_class = ' class="told"' if self.last_is_text else ""
        return Html(
            f'<div class="wide"><table{table_class}><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )


@dataclass(frozen=True)
class Facts:
    """Block with a list of names and values; empty values are left out."""

    rows: Sequence[tuple[str, str]]

    def html(self) -> Html:
        """Return the list as HTML."""
        items = "".join(
            f"<div><dt>{escape_html(name)}</dt><dd>{escape_html(value)}</dd></div>"
            for name, value in self.rows
            if value
        )
        return Html(f"<dl>{items}</dl>")


@dataclass(frozen=True)
class Note:
    """Block with a sentence; ``missing``: it says why something is missing."""

    text: str
    missing: bool = False

    def html(self) -> Html:
        """Return the sentence as HTML."""
        return Html(
            f'<p class="{"missing" if self.missing else "note"}">{escape_html(self.text)}</p>'
        )


@dataclass(frozen=True)
class ReportFigure:
    """Figure of a report: blocks, a caption, and the commands that reproduce it.

    Args:
        blocks: the blocks, from top to bottom.
        caption: one or more sentences; empty: none.
        commands: lines for the terminal.
    """

    blocks: Sequence[Block]
    caption: str = ""
    commands: Sequence[str] = ()

    def html(self) -> Html:
        """Return the figure as HTML."""
        blocks_html = "".join(block.html() for block in self.blocks)
        caption = f"<figcaption>{escape_html(self.caption)}</figcaption>" if self.caption else ""
        lines = "".join(f"<code>{_command_html(line)}</code>" for line in self.commands)
        commands_html = f'<div class="commands">{lines}</div>' if lines else ""
        return Html(f"<figure>{blocks_html}{caption}{commands_html}</figure>")


@dataclass(frozen=True)
class Section:
    """Section of a report.

    Args:
        key: its HTML id, the target of links.
        title: its heading.
        paper: its counterpart in the paper, such as "Fig. 6"; empty: none.
        lead: introductory text.
        figures: the figures, in order.
    """

    key: str
    title: str
    paper: str
    lead: str
    figures: Sequence[ReportFigure] = field(default_factory=tuple)

    def html(self) -> Html:
        """Return the section as HTML."""
        paper = f' <span class="paper">cf. {escape_html(self.paper)}</span>' if self.paper else ""
        lead = f"<p>{escape_html(self.lead)}</p>" if self.lead else ""
        figures = "".join(figure.html() for figure in self.figures)
        return Html(
            f'<section id="{escape_html(self.key)}"><h2>{escape_html(self.title)}{paper}</h2>'
            f"{lead}{figures}</section>"
        )


def _command_html(line: str) -> str:
    """Return a command as HTML, in which only long words may be broken at their hyphens."""
    words = (escape_html(word) for word in line.split(" "))
    return " ".join(
        f"<span>{word}</span>" if len(word) <= _MAX_UNBROKEN_WORD else word for word in words
    )


def _strip_tags(label: str) -> str:
    """Return a label without its HTML tags."""
    return re.sub(r"<[^>]*>", "", label)
