"""Glossary dialog: a search field, the list of entries, and the chosen entry."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ddpm_studio.catalogue.concepts import CONCEPTS
from ddpm_studio.catalogue.glossary import GLOSSARY, Term, find_terms
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M, X0_HAT
from ddpm_studio.gui.widgets.forms.choices import translated
from ddpm_studio.gui.widgets.layout.basics import add_clear_button, button, label, name

_SIZE, _LIST_WIDTH = QSize(720, 480), 260
_TERM = Qt.ItemDataRole.UserRole


class GlossaryDialog(QDialog):
    """Glossary dialog, non-modal: the window stays usable.

    Args:
        parent: the window.
    """

    concept_requested = Signal(str)
    """Emitted with the name of a concept whose chapter in Learn is to be shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Glossary"))
        self.resize(_SIZE)
        self.field = QLineEdit()
        self.field.setPlaceholderText(self.tr("Search words and signs…"))
        name(self.field, self.tr("Search the glossary"))
        add_clear_button(self.field)
        self.list = QListWidget()
        name(self.list, self.tr("Entries"))
        self.list.setFixedWidth(_LIST_WIDTH)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.title = label("", "title", wrap=True)
        self.symbols = label("", "muted", wrap=True)
        self.text = label("", wrap=True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.show_in_learn_button = button(
            self.tr("See it live"), self.tr("Show the place in Learn"), icon="graduation-cap"
        )
        self.show_in_learn_button.clicked.connect(self._request_concept)
        details = QVBoxLayout()
        details.setSpacing(SPACE_M)
        for part in (self.title, self.symbols, self.text):
            details.addWidget(part)
        details.addWidget(self.show_in_learn_button, alignment=Qt.AlignmentFlag.AlignLeft)
        details.addStretch()
        columns = QHBoxLayout()
        columns.setSpacing(SPACE_L)
        columns.addWidget(self.list)
        columns.addLayout(details, 1)
        layout = QVBoxLayout(self)
        layout.setSpacing(SPACE_M)
        layout.addWidget(self.field)
        layout.addLayout(columns, 1)
        self.field.textChanged.connect(self._search)
        self.list.currentItemChanged.connect(self._show_term)
        self._search("")

    @property
    def term(self) -> Term | None:
        """The entry that is shown."""
        item = self.list.currentItem()
        return None if item is None else GLOSSARY[item.data(_TERM)]

    def show_term(self, term: str) -> None:
        """Show an entry; an unknown name is searched for as a word."""
        self.field.setText("" if term in GLOSSARY else term)
        for row in range(self.list.count()):
            item = self.list.item(row)
            if item is not None and item.data(_TERM) == term:
                self.list.setCurrentRow(row)
                self.list.scrollToItem(item)

    def _search(self, query: str) -> None:
        self.list.clear()
        for term in find_terms(query):
            item = QListWidgetItem(_with_hat(term.heading))
            item.setData(_TERM, term.name)
            item.setToolTip(translated(term.text))
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self._show_term()

    def _show_term(self) -> None:
        term = self.term
        self.title.setText(self.tr("There is no such entry") if term is None else term.title)
        symbols = () if term is None else term.symbols
        self.symbols.setText(
            self.tr("Written {0}").format(_with_hat(", ".join(symbols))) if symbols else ""
        )
        self.symbols.setVisible(bool(symbols))
        self.text.setText("" if term is None else translated(term.text))
        self.show_in_learn_button.setVisible(term is not None and bool(term.concept))
        if term is not None and term.concept:
            button_text = self.tr("See it live: {0}").format(
                translated(CONCEPTS[term.concept].title)
            )
            self.show_in_learn_button.setText(button_text)
            self.show_in_learn_button.setAccessibleName(button_text)

    def _request_concept(self) -> None:
        if self.term is not None and self.term.concept:
            self.concept_requested.emit(self.term.concept)


def _with_hat(text: str) -> str:
    """Write x̂₀ so that its hat is seen: the font has no combining hat for an x."""
    return text.replace("x̂₀", X0_HAT)
