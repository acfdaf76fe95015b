"""What the gallery says of a picture on one line."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from ddpm_studio.catalogue.tools import drawings
from ddpm_studio.gui.widgets.forms.choices import translated
from ddpm_studio.jobs.library.gallery import Kept


def kind_title(kind: str) -> str:
    """Return the title of a kind of drawing; of one that is not known here it is the name."""
    known = drawings().get(kind)
    return kind if known is None else translated(known.title)


def picture_words(item: Kept, number: int) -> str:
    """Return which picture this is, counted from 0: kind, seed, run and stars."""
    seed = "–" if item.seed is None else item.seed
    words = QCoreApplication.translate("PictureWords", "Picture {0} · {1} · seed {2} · {3}").format(
        f"{number + 1:,}", kind_title(item.kind), seed, item.run.name
    )
    return f"{words} · {stars(item)}" if item.rating else words


def stars(item: Kept) -> str:
    """Return a star for each that was given."""
    return "★" * item.rating
