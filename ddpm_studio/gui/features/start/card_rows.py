"""Card rows under a heading, in as many columns as there is room for."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_M
from ddpm_studio.gui.widgets.layout.basics import button, label, name
from ddpm_studio.gui.widgets.pictures.picture_card import MIN_CARD_WIDTH, PictureCard

COLUMNS = 3
"""Number of cards in a row where there is room."""


class CardRows(QWidget):
    """A heading over rows of cards; hidden while there are none.

    Args:
        title: the heading.
        parent: the owner.
    """

    show_all_toggled = Signal(bool)
    """Emitted with whether all cards are to be shown, or the first row alone."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = label(title, "heading")
        self.all_button = button("", role="link")
        self.all_button.setCheckable(True)
        self.all_button.hide()
        self.all_button.toggled.connect(self.show_all_toggled)
        self.cards: list[PictureCard] = []
        self._columns = COLUMNS
        self._grid = QGridLayout()
        self._grid.setSpacing(SPACE_M)
        heading = QHBoxLayout()
        heading.addWidget(self.title)
        heading.addStretch()
        heading.addWidget(self.all_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_M)
        layout.addLayout(heading)
        layout.addLayout(self._grid)
        # Else the layout's minimum width would keep the present number of columns.
        self.setMinimumWidth(MIN_CARD_WIDTH)

    def show_cards(self, cards: Sequence[PictureCard]) -> None:
        """Show other cards."""
        for card in self.cards:
            self._grid.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = list(cards)
        self._arrange_cards()
        for card in self.cards:
            # Qt itself would do so later, and a hidden widget gets no focus.
            card.show()
        self.setVisible(bool(cards))

    def offer_all(self, count: int) -> None:
        """Offer to show all ``count`` cards; 0 removes the offer, as all are shown."""
        self.all_button.setVisible(count > 0)
        template = self.tr("Show fewer") if self.all_button.isChecked() else self.tr("All {n}")
        self.all_button.setText(template.format(n=f"{count:,}"))
        name(self.all_button, self.all_button.text(), self.tr("Show all, or only the latest"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Use as many columns as there is room for."""
        super().resizeEvent(event)
        fitting = (self.width() + SPACE_M) // (MIN_CARD_WIDTH + SPACE_M)
        columns = max(1, min(COLUMNS, fitting))
        if columns != self._columns:
            self._columns = columns
            self._arrange_cards()

    def _arrange_cards(self) -> None:
        for card in self.cards:
            self._grid.removeWidget(card)
        for index, card in enumerate(self.cards):
            self._grid.addWidget(card, index // self._columns, index % self._columns)
        for column in range(COLUMNS):
            # A last row that is not full has cards as wide as those above.
            is_used = column < min(self._columns, len(self.cards))
            self._grid.setColumnStretch(column, int(is_used))
