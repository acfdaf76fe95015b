"""Sampler comparison: choice of further samplers that start from the same noise."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSizePolicy, QWidget

from ddpm_studio.backend.specs.runs import RunView
from ddpm_studio.gui.features.common.sampler_bar import SamplerBar
from ddpm_studio.gui.widgets.layout.basics import label, tool_button
from ddpm_studio.gui.widgets.layout.flow_layout import FlowLayout, inline_group

_FIRST_CHOICES = (("dpm++2m", 20), ("ddpm", 50))
_STUDENT_STEPS = (1, 4)


class CompareRow(QWidget):
    """Controls of one or two more samplers, with steps and η; the rest follows the first bar."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bars = [SamplerBar(sampler=s, steps=n, brief=True) for s, n in _FIRST_CHOICES]
        self.third = tool_button(
            "plus",
            self.tr("A third sampler"),
            self.tr("Compare with a third sampler"),
            checkable=True,
        )
        layout = FlowLayout(parent=self)
        layout.addWidget(inline_group(label(self.tr("with"), "muted"), self.bars[0]))
        layout.addWidget(self.third)
        self._second_group = inline_group(label(self.tr("and"), "muted"), self.bars[1])
        layout.addWidget(self._second_group)
        self._second_group.hide()
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        for bar in self.bars:
            bar.changed.connect(self.changed)
        self.third.toggled.connect(self._on_third)

    def values(self) -> list[dict[str, Any]]:
        """Return sampler, steps and η of each, in the form of :meth:`SamplerBar.value`."""
        return [bar.value() for bar in self.bars[: 1 + self.third.isChecked()]]

    @property
    def summaries(self) -> list[str]:
        """Short summary of each sampler, used or not, such as ``DDIM · 50``."""
        return [bar.summary for bar in self.bars]

    def follow(self, view: RunView) -> None:
        """Adapt to another model; a few-step student is compared with itself at 1 and 4 steps."""
        for bar, steps in zip(self.bars, _STUDENT_STEPS, strict=True):
            bar.set_timesteps(view.summary.timesteps)
            bar.set_student(view.summary.sampler, steps)

    def _on_third(self, checked: bool) -> None:
        self._second_group.setVisible(checked)
        self.changed.emit()
