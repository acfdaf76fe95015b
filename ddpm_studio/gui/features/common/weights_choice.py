"""Choice of weights for sampling: EMA or raw, and the EMA length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ddpm_studio.gui.features.common.sampler_fields import FIELDS, choice, describe
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.forms.editors import empty_text, range_of
from ddpm_studio.gui.widgets.forms.number_boxes import FloatBox
from ddpm_studio.gui.widgets.layout.basics import label
from ddpm_studio.gui.widgets.layout.flow_layout import inline_group

_LENGTH = FIELDS["ema_length"]
_STEP = 0.01
_LENGTH_WIDTH = 104


class WeightsChoice(QWidget):
    """Controls for EMA or raw weights and, for a run with EMA snapshots, the EMA length.

    Args:
        parent: the owner.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box = choice("weights", "ema")
        self.length = FloatBox(*range_of(_LENGTH), _STEP, empty_text(_LENGTH))
        self.length.set_number(None)
        self.length.setFixedWidth(_LENGTH_WIDTH)
        self.length.setKeyboardTracking(False)
        describe(self.length, "ema_length")
        self._length_group = inline_group(label(self.tr("length"), "muted"), self.length)
        self._length_group.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_S)
        row.addWidget(self.box)
        row.addWidget(self._length_group)
        self._has_snapshots = False
        self.box.currentIndexChanged.connect(self._on_changed)
        self.length.valueChanged.connect(self.changed)

    def value(self) -> dict[str, Any]:
        """Return the fields of a request; the EMA length only where it has an effect."""
        fields = {"weights": self.box.currentData()}
        length = self.length.number()
        has_effect = self._has_snapshots and self._uses_ema and length is not None
        return fields | {"ema_length": length} if has_effect else fields

    def set_value(self, fields: Mapping[str, Any]) -> None:
        """Set the controls from the fields of a request; without ``weights`` they are unchanged."""
        if "weights" in fields:
            self.box.setCurrentIndex(max(0, self.box.findData(fields["weights"])))
            self.length.set_number(fields.get("ema_length"))

    def set_has_raw_weights(self, available: bool) -> None:
        """Set whether the run has raw weights; without them EMA is selected and fixed."""
        self.box.setEnabled(available)
        if not available:
            self.box.setCurrentIndex(self.box.findData("ema"))

    def set_has_snapshots(self, available: bool) -> None:
        """Set whether the run has EMA snapshots; only then can an EMA length be chosen."""
        self._has_snapshots = available
        self._length_group.setVisible(available)
        self._follow()

    @property
    def _uses_ema(self) -> bool:
        return bool(self.box.currentData() == "ema")

    def _on_changed(self) -> None:
        self._follow()
        self.changed.emit()

    def _follow(self) -> None:
        self._length_group.setEnabled(self._uses_ema)
