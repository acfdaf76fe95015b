"""The page of a report: its head, its table of contents, and a style for screens and paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ddpm_studio.export.report.blocks import Section
from ddpm_studio.export.report.prose import escaped
from ddpm_studio.paths import resources_dir

# Nothing is fetched, and nothing runs: the file is all there is.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Page:
    """A report.

    Args:
        title: what the model is called.
        about: a line on what it is.
        notes: what is to be known of the whole.
        sections: in order.
        made: by what, and when.
    """

    title: str
    about: str
    notes: Sequence[str]
    sections: Sequence[Section]
    made: str


def page_html(page: Page) -> str:
    """Return a report as one HTML file that needs no other: no script, no font, no picture."""
    style = (resources_dir() / "report" / "report.css").read_text(encoding="utf-8")
    links = "".join(
        f'<a href="#{escaped(one.key)}">{escaped(one.title)}</a>' for one in page.sections
    )
    notes = "".join(f'<p class="note">{escaped(note)}</p>' for note in page.notes)
    body = "".join(section.html() for section in page.sections)
    title = escaped(page.title)
    html = (
        "<!DOCTYPE html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<link rel="icon" href="data:,">'
        f"<title>{title} – DDPM Studio</title><style>{style}</style></head>\n"
        f"<body><header><h1>{title}</h1><p>{escaped(page.about)}</p>{notes}"
        f'<nav aria-label="Contents">{links}</nav></header>\n'
        f"<main>{body}</main>\n<footer><p>{escaped(page.made)}</p></footer></body></html>\n"
    )
    # A run may lie in a folder whose name is no text in any encoding.
    return html.encode("utf-8", "replace").decode("utf-8")
