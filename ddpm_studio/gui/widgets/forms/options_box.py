"""Editor of a catalogue entry's numeric options, such as an optimiser's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QSizePolicy, QWidget

from ddpm_studio.engine.tables import Entry, Option
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.forms.choices import translated
from ddpm_studio.gui.widgets.forms.number_boxes import FloatBox
from ddpm_studio.gui.widgets.layout.basics import label, name


class OptionsBox(QWidget):
    """Form of the options of the chosen catalogue entry, such as an optimiser.

    Args:
        options: the options of all entries, each with its entry.
        parent: the owner.
    """

    changed = Signal()

    def __init__(
        self, options: Sequence[tuple[Entry, Option]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._boxes: dict[tuple[str, str], tuple[Option, FloatBox]] = {}
        self._chosen = ""
        self._rows = QFormLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setHorizontalSpacing(SPACE_M)
        self._rows.setVerticalSpacing(SPACE_S)
        for entry, option in options:
            box = FloatBox(option.low, option.high, (option.high - option.low) / 10)
            box.setValue(option.default)
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            box.setMinimumWidth(80)
            box.valueChanged.connect(self.changed)
            name(box, translated(option.title), translated(option.help))
            caption = label(translated(option.title), "muted")
            caption.setBuddy(box)
            self._rows.addRow(caption, box)
            self._boxes[entry.name, option.name] = option, box
        self.show_entry("")

    def show_entry(self, value: object) -> bool:
        """Show the options of the entry of a name; return whether it has any."""
        self._chosen = str(value)
        for (entry, _), (_, box) in self._boxes.items():
            self._rows.setRowVisible(box, entry == self._chosen)
        return any(entry == self._chosen for entry, _ in self._boxes)

    def value(self) -> dict[str, float]:
        """Return the options of the chosen entry that differ from their defaults."""
        return {
            key: box.value()
            for (entry, key), (option, box) in self._boxes.items()
            if entry == self._chosen and box.value() != option.default
        }

    def set_value(self, given: Mapping[str, float]) -> None:
        """Set options by name for all entries that have them; reset all others to defaults."""
        for (_, key), (option, box) in self._boxes.items():
            box.setValue(given.get(key, option.default))
