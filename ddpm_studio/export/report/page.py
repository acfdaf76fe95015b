"""HTML page of a report: header, table of contents, and a style for screen and print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ddpm_studio.export.report.blocks import Section
from ddpm_studio.export.report.prose import escape_html
from ddpm_studio.paths import resources_dir

# Content security policy: nothing is loaded and no script runs, as the file is self-contained.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Page:
    """Content of a report's page.

    Args:
        title: name of the model.
        about: description in one line.
        notes: remarks on the whole report.
        sections: the sections, in order.
        made: footer with program and time.
    """

    title: str
    about: str
    notes: Sequence[str]
    sections: Sequence[Section]
    made: str


def page_html(page: Page) -> str:
    """Return a report as one self-contained HTML file: no script, no external font or picture."""
    style = (resources_dir() / "report" / "report.css").read_text(encoding="utf-8")
    links = "".join(
        f'<a href="#{escape_html(section.key)}">{escape_html(section.title)}</a>'
        for section in page.sections
    )
    notes = "".join(f'<p class="note">{escape_html(note)}</p>' for note in page.notes)
    body = "".join(section.html() for section in page.sections)
    title = escape_html(page.title)
    html = (
        "<!DOCTYPE html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<link rel="icon" href="data:,">'
        f"<title>{title} – DDPM Studio</title><style>{style}</style></head>\n"
        f"<body><header><h1>{title}</h1><p>{escape_html(page.about)}</p>{notes}"
        f'<nav aria-label="Contents">{links}</nav></header>\n'
        f"<main>{body}</main>\n<footer><p>{escape_html(page.made)}</p></footer></body></html>\n"
    )
    # The name of a run's folder may not be decodable, and then contains lone surrogates.
    return html.encode("utf-8", "replace").decode("utf-8")
