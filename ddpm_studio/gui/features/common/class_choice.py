"""Which class to draw, and how closely to keep to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QComboBox

from ddpm_studio.gui.features.common.sampler_fields import FIELDS, describe, number
from ddpm_studio.gui.widgets.layout.basics import label
from ddpm_studio.gui.widgets.layout.flow_layout import together

# With either the network is evaluated once, and nothing is guided.
_UNGUIDED = (0.0, 1.0)


class ClassChoice(QObject):
    """Class, guidance and its rescaling; hidden for a model that knows no classes.

    ``parts`` are to be laid out in a row that may go on in the next line.

    Args:
        parent: the owner.
    """

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.class_label = QComboBox()
        self.class_label.addItem(self.tr("any"), None)
        describe(self.class_label, "class_label")
        self.guidance = number("guidance", 0, 100, 0.5, float(FIELDS["guidance"].default))
        self.rescale = number("guidance_rescale", 0, 1, 0.1, 0.0)
        self._rescale_label = label(self.tr("rescale"), "muted")
        guidance = label(self.tr("guidance"), "muted")
        self.parts = (
            together(label(self.tr("class"), "muted"), self.class_label),
            together(guidance, self.guidance, self._rescale_label, self.rescale),
        )
        for part in self.parts:
            part.hide()
        self._follow()
        self.class_label.currentIndexChanged.connect(self._on_changed)
        self.guidance.valueChanged.connect(self._on_changed)
        self.rescale.valueChanged.connect(self._on_changed)

    def value(self) -> dict[str, Any]:
        """Return the fields of a request; rescaling as a request tells it, only where it acts."""
        told = {
            "class_label": self.class_label.currentData(),
            "guidance": self._strength,
        }
        rescale = round(self.rescale.value(), 2)
        return told | {"guidance_rescale": rescale} if self._guided and rescale else told

    def set_value(self, fields: Mapping[str, Any]) -> None:
        """Show these fields; others stay."""
        if "class_label" in fields:
            box = self.class_label
            box.setCurrentIndex(max(0, box.findData(fields["class_label"])))
        if "guidance" in fields:
            self.guidance.setValue(fields["guidance"])
            self.rescale.setValue(fields.get("guidance_rescale", 0.0))

    def set_classes(
        self, names: Sequence[str], *, any_class: bool = True, guidable: bool = True
    ) -> None:
        """Offer the classes that the model knows.

        Args:
            names: none: it knows no classes.
            any_class: whether it draws without one.
            guidable: whether it has learnt what guidance leads away from.
        """
        box = self.class_label
        self.guidance.setEnabled(guidable)
        offered = [*([self.tr("any")] if any_class or not names else []), *names]
        if offered == [box.itemText(k) for k in range(box.count())]:
            return
        blocked = box.blockSignals(True)
        box.clear()
        for class_number, text in enumerate(offered, len(names) - len(offered)):
            box.addItem(text, None if class_number < 0 else class_number)
        box.blockSignals(blocked)
        for part in self.parts:
            part.setVisible(bool(names))
        self._follow()

    @property
    def _strength(self) -> float:
        chosen = self.class_label.currentData() is not None and self.guidance.isEnabled()
        return round(self.guidance.value(), 2) if chosen else 1.0

    @property
    def _guided(self) -> bool:
        return self._strength not in _UNGUIDED

    def _on_changed(self) -> None:
        self._follow()
        self.changed.emit()

    def _follow(self) -> None:
        self.rescale.setEnabled(self._guided)
        self._rescale_label.setEnabled(self._guided)
