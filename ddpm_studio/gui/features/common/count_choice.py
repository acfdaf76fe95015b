"""Choice of the number of pictures: a fixed number, or as many as fill the available area well."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from ddpm_studio.gui.widgets.layout.basics import ignore_unfocused_wheel, name
from ddpm_studio.gui.widgets.pictures.grid_layout import (
    FILL_ROUGHLY,
    FILL_ROUGHLY_RANGE,
    FILL_VIEW,
    best_filling_count,
)


class CountChoice(QComboBox):
    """Combo box of fixed numbers and of choices that depend on the area when drawing starts.

    Args:
        counts: fixed numbers to choose from.
        first: initial choice; :data:`FILL_ROUGHLY` or one of the numbers.
        tip: tool tip, which tells what is counted.
        adaptive_counts: the numbers that :data:`FILL_ROUGHLY` chooses among, ascending; empty: it
            is not offered.
    """

    def __init__(
        self, counts: Sequence[int], first: int, tip: str, adaptive_counts: Sequence[int] = ()
    ) -> None:
        super().__init__()
        self._adaptive_counts = adaptive_counts
        for count in counts:
            self.addItem(str(count), count)
        if adaptive_counts:
            few_tip = self.tr("A few that fit well, {0} to {1}").format(
                adaptive_counts[0], adaptive_counts[-1]
            )
            self._add(self.tr("few"), FILL_ROUGHLY, few_tip)
        self._add(self.tr("fit"), FILL_VIEW, self.tr("As many as fit"))
        self.setCurrentIndex(self.findData(first))
        name(self, self.tr("Count"), tip)
        ignore_unfocused_wheel(self)

    def pictures(self, coverage: Callable[[int], float]) -> int:
        """Return the number of pictures to draw.

        Args:
            coverage: maps a number of pictures to the fraction of the area that they would cover.
        """
        chosen = int(self.currentData())
        if chosen == FILL_ROUGHLY:
            return max(self._adaptive_counts, key=coverage)
        return best_filling_count(FILL_ROUGHLY_RANGE, coverage) if chosen == FILL_VIEW else chosen

    def _add(self, text: str, data: int, tip: str) -> None:
        self.addItem(text, data)
        self.setItemData(self.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
