"""Blocks of a report: rows of pictures, plots, tables, and the figures and sections of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ddpm_studio.export.grid import Pictures
from ddpm_studio.export.report.pictures import data_uri, shown_width
from ddpm_studio.export.report.prose import Html, escaped
from ddpm_studio.picture_shape import FIRST_BANDS, Bands

_WHOLE = 40
"""Longest word of a command, in characters, that fits on one line of a narrow screen."""
_CROWDED = 60
"""Characters in one line of column heads beyond which they don't fit on a narrow screen."""


class Block(Protocol):
    """Interface of the parts of a figure."""

    def html(self) -> Html:
        """Return the block as HTML."""
        ...


@dataclass(frozen=True, eq=False)
class Row:
    """Row of pictures (N, H, W, C) with a label; those of ``beside`` precede it, set apart."""

    pictures: Pictures
    label: str = ""
    beside: Pictures | None = None


@dataclass(frozen=True, eq=False)
class Tiles:
    """Block with rows of pictures of one size.

    Args:
        rows: the rows, which may differ in length.
        title: accessible name (``aria-label``).
        heads: heads of the columns; empty: none.
        beside: head of the pictures that are set apart.
        bands: which of more than four channels to show.
    """

    rows: Sequence[Row]
    title: str
    heads: Sequence[str] = ()
    beside: str = ""
    bands: Bands = FIRST_BANDS

    def html(self) -> Html:
        """Return the rows as HTML, with pictures in their own resolution, enlarged by the page."""
        height, width, channels = self.rows[0].pictures.shape[1:]
        columns = max(len(row.pictures) for row in self.rows)
        beside = next((len(row.beside) for row in self.rows if row.beside is not None), 0)
        side = shown_width(width)
        longest = max(len(_shown(row.label)) for row in self.rows)
        style = f"--n:{columns};--b:{beside};--w:{side}px;--r:{width}/{height};--l:{longest}"
        kind = " alpha" if channels in (2, 4) else ""
        lines = [self._heads()] if self.heads or self.beside else []
        lines += [self._row(row) for row in self.rows]
        named = " named" if any(row.label for row in self.rows) else ""
        words = [word for head in self.heads for word in _shown(head).split(" ")]
        crowded = columns * max(map(len, words), default=0) > _CROWDED
        upright = " upright" if crowded else ""
        return Html(
            f'<div class="tiles{kind}{named}{upright}" style="{style}" role="img" '
            f'aria-label="{escaped(self.title)}">{"".join(lines)}</div>'
        )

    def _heads(self) -> str:
        cells = "".join(f"<span>{escaped(head)}</span>" for head in self.heads)
        apart = f'<div class="strip apart"><span>{escaped(self.beside)}</span></div>'
        return (
            f'<div class="row heads"><div class="name"></div>{apart if self.beside else ""}'
            f'<div class="strip">{cells}</div></div>'
        )

    def _row(self, row: Row) -> str:
        apart = ""
        if row.beside is not None:
            apart = f'<div class="strip apart">{self._images(row.beside)}</div>'
        return (
            f'<div class="row"><div class="name">{escaped(row.label)}</div>{apart}'
            f'<div class="strip">{self._images(row.pictures)}</div></div>'
        )

    def _images(self, pictures: Pictures) -> str:
        return "".join(f'<img src="{data_uri(one, self.bands)}" alt="">' for one in pictures)


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
        heads: heads of the columns.
        rows: rows of as many cells.
        told: whether the last column is text too.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    told: bool = False

    def html(self) -> Html:
        """Return the table as HTML."""
        head = "".join(f'<th scope="col">{escaped(cell)}</th>' for cell in self.heads)
        body = "".join(
            f'<tr><th scope="row">{escaped(row[0])}</th>'
            + "".join(f"<td>{escaped(cell)}</td>" for cell in row[1:])
            + "</tr>"
            for row in self.rows
        )
        kind = ' class="told"' if self.told else ""
        return Html(
            f'<div class="wide"><table{kind}><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )


@dataclass(frozen=True)
class Facts:
    """Block with a list of names and values; empty values are left out."""

    rows: Sequence[tuple[str, str]]

    def html(self) -> Html:
        """Return the list as HTML."""
        told = "".join(
            f"<div><dt>{escaped(name)}</dt><dd>{escaped(value)}</dd></div>"
            for name, value in self.rows
            if value
        )
        return Html(f"<dl>{told}</dl>")


@dataclass(frozen=True)
class Note:
    """Block with a sentence; ``missing``: it says why something is missing."""

    text: str
    missing: bool = False

    def html(self) -> Html:
        """Return the sentence as HTML."""
        return Html(f'<p class="{"missing" if self.missing else "note"}">{escaped(self.text)}</p>')


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
        shown = "".join(block.html() for block in self.blocks)
        caption = f"<figcaption>{escaped(self.caption)}</figcaption>" if self.caption else ""
        lines = "".join(f"<code>{_command(line)}</code>" for line in self.commands)
        typed = f'<div class="commands">{lines}</div>' if lines else ""
        return Html(f"<figure>{shown}{caption}{typed}</figure>")


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
        paper = f' <span class="paper">cf. {escaped(self.paper)}</span>' if self.paper else ""
        lead = f"<p>{escaped(self.lead)}</p>" if self.lead else ""
        figures = "".join(figure.html() for figure in self.figures)
        return Html(
            f'<section id="{escaped(self.key)}"><h2>{escaped(self.title)}{paper}</h2>'
            f"{lead}{figures}</section>"
        )


def _command(line: str) -> str:
    """Return a command as HTML, in which only long words may be broken at their hyphens."""
    words = (escaped(word) for word in line.split(" "))
    return " ".join(f"<span>{word}</span>" if len(word) <= _WHOLE else word for word in words)


def _shown(label: str) -> str:
    """Return a label without its HTML tags."""
    return re.sub(r"<[^>]*>", "", label)
