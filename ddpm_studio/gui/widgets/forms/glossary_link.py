"""Glossary links: labels of terms and symbols with a tooltip; a click opens the glossary.

A link is a URL of the scheme ``glossary:``, whose handler is registered by the part of the window
that shows the glossary, so that widgets do not depend on it.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QLabel, QWidget

from ddpm_studio.catalogue.glossary import GLOSSARY
from ddpm_studio.gui.widgets.forms.choices import translated
from ddpm_studio.gui.widgets.layout.basics import name

SCHEME = "glossary"


def open_term(term: str) -> None:
    """Open the glossary at an entry."""
    QDesktopServices.openUrl(QUrl(f"{SCHEME}:{term}"))


def term_tooltip(term: str, tip: str = "") -> str:
    """Return a tooltip: ``tip``, then the glossary's entry of a term."""
    entry = GLOSSARY[term]
    return " ".join(part for part in (tip, f"{entry.heading}: {translated(entry.text)}") if part)


class TermLabel(QLabel):
    """Label of a term or symbol: the tooltip explains it, a click opens the glossary.

    Args:
        text: the plain text shown.
        term: a name of :data:`ddpm_studio.catalogue.glossary.GLOSSARY`.
        role: as of :func:`ddpm_studio.gui.widgets.layout.basics.label`.
        parent: the owner.
    """

    def __init__(
        self, text: str, term: str, role: str = "muted", parent: QWidget | None = None
    ) -> None:
        super().__init__(text, parent)
        self.term = term
        self.setProperty("role", role)
        self.setProperty("term", True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setCursor(Qt.CursorShape.WhatsThisCursor)
        name(self, GLOSSARY[term].heading, term_tooltip(term))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open the glossary on a left click."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(
            event.position().toPoint()
        ):
            open_term(self.term)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open the glossary on Enter or Space."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            open_term(self.term)
        else:
            super().keyPressEvent(event)
