"""Choice of how many pictures to draw: a number, as many as fill the room, or a few that do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from ddpm_studio.gui.widgets.layout.basics import keep_from_wheel, name
from ddpm_studio.gui.widgets.pictures.grid_layout import FEW, FILL, FILLING, fullest


class CountChoice(QComboBox):
    """A list of numbers, and what depends on the room at the time of drawing.

    Args:
        counts: numbers to choose from.
        first: chosen at first; :data:`FEW` or one of the numbers.
        tip: what is counted.
        few: how many :data:`FEW` may be, going up; empty: it is not offered.
    """

    def __init__(
        self, counts: Sequence[int], first: int, tip: str, few: Sequence[int] = ()
    ) -> None:
        super().__init__()
        self._few = few
        for count in counts:
            self.addItem(str(count), count)
        if few:
            told = self.tr("A few that fit well, {0} to {1}").format(few[0], few[-1])
            self._add(self.tr("few"), FEW, told)
        self._add(self.tr("fit"), FILL, self.tr("As many as fit"))
        self.setCurrentIndex(self.findData(first))
        name(self, self.tr("Count"), tip)
        keep_from_wheel(self)

    def pictures(self, cover: Callable[[int], float]) -> int:
        """Return how many to draw.

        Args:
            cover: tells for a number which part of the room it would take.
        """
        chosen = int(self.currentData())
        if chosen == FEW:
            return max(self._few, key=cover)
        return fullest(FILLING, cover) if chosen == FILL else chosen

    def _add(self, text: str, data: int, tip: str) -> None:
        self.addItem(text, data)
        self.setItemData(self.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
