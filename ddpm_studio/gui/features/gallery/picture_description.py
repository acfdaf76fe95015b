"""One-line descriptions of pictures in the gallery."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from ddpm_studio.catalogue.tools import drawings
from ddpm_studio.gui.widgets.forms.choices import translated
from ddpm_studio.jobs.library.gallery import GalleryEntry


def kind_title(kind: str) -> str:
    """Return the translated title of a kind of drawing; an unknown kind is returned unchanged."""
    known = drawings().get(kind)
    return kind if known is None else translated(known.title)


def picture_description(item: GalleryEntry, number: int) -> str:
    """Return a one-line description of a picture: number, kind, seed, run and stars.

    ``number`` counts from 0, the text from 1.
    """
    seed = "–" if item.seed is None else item.seed
    text = QCoreApplication.translate("PictureWords", "Picture {0} · {1} · seed {2} · {3}").format(
        f"{number + 1:,}", kind_title(item.kind), seed, item.run.name
    )
    return f"{text} · {stars(item)}" if item.rating else text


def stars(item: GalleryEntry) -> str:
    """Return the rating of a picture as stars, such as ``★★★``; empty if unrated."""
    return "★" * item.rating
