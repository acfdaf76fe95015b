"""Class label and classifier-free guidance: choice of class, guidance scale and rescaling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QComboBox

from ddpm_studio.gui.features.common.sampler_fields import FIELDS, describe, number
from ddpm_studio.gui.widgets.forms.combo_boxes import ElidedComboBox
from ddpm_studio.gui.widgets.layout.basics import label
from ddpm_studio.gui.widgets.layout.flow_layout import inline_group

# With either scale one evaluation of the network suffices: nothing is guided.
_UNGUIDED = (0.0, 1.0)
_ALL, _PICTURES = "all", "pictures"
_MAX_WIDTH = 220


class ClassChoice(QObject):
    """Controls for class label, guidance scale and rescaling; hidden for unconditional models.

    ``parts`` are the widgets, to be put into a layout that may wrap.

    Args:
        parent: the owner.
        offer_all_classes: whether to offer all classes in turn, as for samples.
        offer_picture_classes: whether drawings start from pictures, whose own classes are then
            offered.
    """

    changed = Signal()

    def __init__(
        self, parent: QObject, offer_all_classes: bool = False, offer_picture_classes: bool = False
    ) -> None:
        super().__init__(parent)
        self._offer_all_classes = offer_all_classes
        self._offer_picture_classes = offer_picture_classes
        self._picture_classes: tuple[int | None, ...] = ()
        self._any_class = True
        # As wide as the longest choice of the open model, whichever is chosen.
        self.class_label = ElidedComboBox()
        self.class_label.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.class_label.setMaximumWidth(_MAX_WIDTH)
        self.class_label.addItem(self.tr("any"), None)
        describe(self.class_label, "class_label")
        self.guidance = number("guidance", 0, 100, 0.5, float(FIELDS["guidance"].default))
        self.rescale = number("guidance_rescale", 0, 1, 0.1, 0.0)
        self._rescale_label = label(self.tr("rescale"), "muted")
        guidance = label(self.tr("guidance"), "muted")
        self.parts = (
            inline_group(label(self.tr("class"), "muted"), self.class_label),
            inline_group(guidance, self.guidance, self._rescale_label, self.rescale),
        )
        for part in self.parts:
            part.hide()
        self._follow()
        self.class_label.currentIndexChanged.connect(self._on_changed)
        self.guidance.valueChanged.connect(self._on_changed)
        self.rescale.valueChanged.connect(self._on_changed)

    def value(self) -> dict[str, Any]:
        """Return the fields of a request; rescaling only where it has an effect."""
        chosen = self.class_label.currentData()
        fields: dict[str, Any] = {"class_label": self._label, "guidance": self._guidance_scale}
        if chosen == _PICTURES and len(set(self._drawn_classes)) > 1:
            fields["class_labels"] = self._drawn_classes
        # Like the request itself: present only if true.
        if chosen == _ALL:
            fields["all_classes"] = True
        rescale = round(self.rescale.value(), 2)
        return fields | {"guidance_rescale": rescale} if self._guided and rescale else fields

    def set_value(self, fields: Mapping[str, Any]) -> None:
        """Set the controls from the fields of a request; those without a field stay unchanged.

        So does guidance where it is not possible.
        """
        if "class_label" in fields:
            box = self.class_label
            chosen = _ALL if fields.get("all_classes") else fields["class_label"]
            if fields.get("class_labels") is not None:
                chosen = _PICTURES
            box.setCurrentIndex(max(0, box.findData(chosen)))
        if "guidance" in fields and self.guidance.isEnabled():
            self.guidance.setValue(fields["guidance"])
            self.rescale.setValue(fields.get("guidance_rescale", 0.0))

    def set_pictures(self, classes: Sequence[int | None]) -> None:
        """Set the classes of the source pictures, in order; None: no class.

        Emits nothing: new source pictures cause a drawing anyway.
        """
        self._picture_classes = tuple(classes)
        self._follow()

    def set_classes(
        self,
        names: Sequence[str],
        *,
        any_class: bool = True,
        guidable: bool = True,
        guidance: float | None = None,
    ) -> None:
        """Offer the model's classes and set its default guidance.

        If the choices stay the same, so do the chosen class and the guidance scale.

        Args:
            names: class names; empty: the model is unconditional.
            any_class: whether the model can draw without a class; if not, the first one is drawn
                from pictures whose class is unknown.
            guidable: whether guidance is possible, i.e. the model was also trained without class.
            guidance: the model's default guidance scale, used with all classes in turn; None: keep
                what is chosen.
        """
        box = self.class_label
        self.guidance.setEnabled(guidable)
        choices: list[tuple[str, int | str | None]] = []
        self._any_class = any_class
        if names and self._offer_picture_classes:
            own = self.tr("the picture's")
            if not any_class:
                own = self.tr("the picture's, else {0}").format(names[0])
            choices.append((own, _PICTURES))
        if any_class or not names:
            choices.append((self.tr("any"), None))
        if names and self._offer_all_classes:
            choices.append((self.tr("each in turn"), _ALL))
        choices += [(text, number) for number, text in enumerate(names)]
        if choices == [(box.itemText(k), box.itemData(k)) for k in range(box.count())]:
            return
        blocked = box.blockSignals(True), self.guidance.blockSignals(True)
        box.clear()
        for text, data in choices:
            box.addItem(text, data)
        if guidance is not None:
            box.setCurrentIndex(max(0, box.findData(_ALL)))
            self.guidance.setValue(guidance)
        box.blockSignals(blocked[0])
        self.guidance.blockSignals(blocked[1])
        for part in self.parts:
            part.setVisible(bool(names))
        self._follow()

    @property
    def _drawn_classes(self) -> tuple[int | None, ...]:
        """The class to draw for each source picture.

        The first class stands in for an unknown one if the model can't draw without a class.
        """
        if self._any_class:
            return self._picture_classes
        return tuple(number or 0 for number in self._picture_classes or (None,))

    @property
    def _label(self) -> int | None:
        """The one class of all pictures to be drawn; None: no class, or several."""
        chosen = self.class_label.currentData()
        if chosen == _PICTURES:
            return self._drawn_classes[0] if len(set(self._drawn_classes)) == 1 else None
        return None if chosen == _ALL else chosen

    @property
    def _guidance_scale(self) -> float:
        chosen = self.class_label.currentData()
        by_class = any(class_number is not None for class_number in self._drawn_classes)
        if chosen is None or (chosen == _PICTURES and not by_class):
            return 1.0
        return round(self.guidance.value(), 2) if self.guidance.isEnabled() else 1.0

    @property
    def _guided(self) -> bool:
        return self._guidance_scale not in _UNGUIDED

    def _on_changed(self) -> None:
        self._follow()
        self.changed.emit()

    def _follow(self) -> None:
        self.rescale.setEnabled(self._guided)
        self._rescale_label.setEnabled(self._guided)
