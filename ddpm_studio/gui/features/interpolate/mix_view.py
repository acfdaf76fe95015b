"""Interpolation views of two or four pictures: a preview under a slider, a square, or a pad."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSlider, QWidget

from ddpm_studio.gui.features.common.source_slot import SourceSlot
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.layout.basics import WheelFilter, label, name, number_label
from ddpm_studio.gui.widgets.pictures.pad import Pad
from ddpm_studio.gui.widgets.pictures.row_grid import RowGrid
from ddpm_studio.gui.workspace.studio import Studio

SLIDER = 1000


class MixView(QWidget):
    """Four slots around the middle, of which C and D are shown where four are mixed."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        hint = self.tr("drop a picture")
        self.a, self.b, self.c, self.d = (
            SourceSlot(studio, letter, hint, f"interpolate {letter.lower()}") for letter in "ABCD"
        )
        self.preview = RowGrid(self.tr("The mix at λ"))
        self.pad = Pad(self.tr("Place between four pictures"), ("A", "B", "C", "D"))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, SLIDER)
        self.slider.setValue(SLIDER // 2)
        self.slider.setPageStep(SLIDER // 10)
        self.slider.installEventFilter(WheelFilter(self))
        name(self.slider, "λ", self.tr("0: picture A. 1: picture B"))
        self.lambda_label = number_label("", "muted")
        self.lambda_label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._ends = QWidget()
        ends = QHBoxLayout(self._ends)
        ends.setContentsMargins(0, 0, 0, 0)
        ends.setSpacing(SPACE_M)
        ends.addWidget(label("A", "muted"))
        ends.addWidget(self.slider, 1)
        ends.addWidget(label("B", "muted"))
        middle = QHBoxLayout()
        middle.setSpacing(SPACE_L)
        middle.addWidget(self.pad, 1)
        middle.addWidget(self.preview, 1)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(SPACE_L)
        grid.setVerticalSpacing(SPACE_M)
        centre = Qt.AlignmentFlag.AlignVCenter
        grid.addWidget(self.a, 0, 0, centre)
        grid.addLayout(middle, 0, 1, 2, 1)
        grid.addWidget(self.b, 0, 2, centre)
        grid.addWidget(self.c, 1, 0, centre)
        grid.addWidget(self.d, 1, 2, centre)
        grid.addWidget(self._ends, 2, 0, 1, 3)
        grid.addWidget(self.lambda_label, 3, 0, 1, 3)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(0, 1)
        self.show_mode("row")

    @property
    def all_slots(self) -> tuple[SourceSlot, ...]:
        """A, B, C and D."""
        return self.a, self.b, self.c, self.d

    def slots_of(self, mode: str) -> tuple[SourceSlot, ...]:
        """The pictures that are mixed in a mode."""
        return self.all_slots if mode in ("corners", "pad") else (self.a, self.b)

    def snap(self, column: int, columns: int) -> None:
        """Put the slider where one of so many pictures stands, and its keys from one to the next.

        While the mouse holds it, it stays there.
        """
        self.slider.setSingleStep(ceil(SLIDER / (columns - 1)))
        if not self.slider.isSliderDown():
            with QSignalBlocker(self.slider):
                self.slider.setValue(round(column / (columns - 1) * SLIDER))

    def show_mode(self, mode: str) -> None:
        """Show what belongs to a mode of :class:`MixChoices`."""
        four = mode in ("corners", "pad")
        for slot in (self.c, self.d):
            slot.setVisible(four)
        self.pad.setVisible(mode == "pad")
        self._ends.setVisible(not four)
        self.lambda_label.setVisible(mode != "corners")
        titles = {
            "corners": self.tr("The square between four pictures"),
            "pad": self.tr("The mix at u and v"),
        }
        self.preview.setAccessibleName(titles.get(mode, self.tr("The mix at λ")))
