"""Interpolation views of two or four pictures: a preview with a λ slider, a square, or a pad."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from ddpm_studio.gui.features.common.source_slot import SourceSlot
from ddpm_studio.gui.features.interpolate.pad_trail import PadTrail
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.forms.slider import Slider
from ddpm_studio.gui.widgets.layout.basics import button, label, name, number_label
from ddpm_studio.gui.widgets.pictures.row_grid import RowGrid
from ddpm_studio.gui.widgets.pictures.xy_pad import XYPad
from ddpm_studio.gui.workspace.studio import Studio

SLIDER = 1000
_LABEL_WIDTH = 72
_SLOTS = (92, 320)
_PAD_PARTS = 7


class MixView(QWidget):
    """Source slots A to D around preview and pad; C and D are shown where four are mixed."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        hint = self.tr("drop a picture")
        self.a, self.b, self.c, self.d = (
            SourceSlot(studio, letter, hint, f"interpolate {letter.lower()}", by_class=True)
            for letter in "ABCD"
        )
        self.preview = RowGrid(self.tr("The mix at λ"))
        self.pad = XYPad(self.tr("Place between four pictures"), ("A", "B", "C", "D"))
        self.slider = Slider()
        self.slider.setRange(0, SLIDER)
        self.slider.setValue(SLIDER // 2)
        self.slider.setPageStep(SLIDER // 10)
        name(self.slider, "λ", self.tr("0: picture A. 1: picture B"))
        self.lambda_label = number_label("", "muted")
        self.lambda_label.setMinimumWidth(_LABEL_WIDTH)
        self.trail = PadTrail(self.pad, self.preview, self)
        self.full_screen_button = button(
            self.tr("Full screen"),
            self.tr("The pad and its picture alone, on the whole screen; F11 returns"),
            icon="maximize",
        )
        self._slider_row = QWidget()
        slider_row = QHBoxLayout(self._slider_row)
        slider_row.setContentsMargins(0, 0, 0, 0)
        slider_row.setSpacing(SPACE_M)
        self._end_labels = label("A", "muted"), label("B", "muted")
        slider_row.addWidget(self._end_labels[0])
        slider_row.addWidget(self.slider, 1)
        slider_row.addWidget(self._end_labels[1])
        slider_row.addWidget(self.lambda_label)
        self._pad_controls = QWidget()
        pad_row = QHBoxLayout(self._pad_controls)
        pad_row.setContentsMargins(0, 0, 0, 0)
        pad_row.setSpacing(SPACE_M)
        for push_button in (
            self.trail.record_button,
            self.trail.play_button,
            self.full_screen_button,
        ):
            pad_row.addWidget(push_button)
        pad_row.addStretch()
        slider_row.addWidget(self._pad_controls, 1)
        middle = QHBoxLayout()
        middle.setSpacing(SPACE_M)
        middle.addWidget(self.pad, 1)
        middle.addWidget(self.preview, 1)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(SPACE_M)
        grid.setVerticalSpacing(SPACE_S)
        centre = Qt.AlignmentFlag.AlignVCenter
        grid.addWidget(self.a, 0, 0, centre)
        grid.addLayout(middle, 0, 1, 2, 1)
        grid.addWidget(self.b, 0, 2, centre)
        grid.addWidget(self.c, 1, 0, centre)
        grid.addWidget(self.d, 1, 2, centre)
        grid.addWidget(self._slider_row, 2, 0, 1, 3)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(0, 1)
        self._mode = ""
        self.show_mode("row")

    @property
    def all_slots(self) -> tuple[SourceSlot, ...]:
        """The slots A, B, C and D."""
        return self.a, self.b, self.c, self.d

    def slots_of(self, mode: str) -> tuple[SourceSlot, ...]:
        """Return the slots whose pictures are mixed in a mode."""
        return self.all_slots if mode in ("corners", "pad") else (self.a, self.b)

    def show_missing(self, mode: str, ready: bool, pick_random: Callable[[], object]) -> None:
        """Show in the empty preview what is missing: the drawing, or pictures.

        Args:
            mode: mode of :class:`MixChoices`.
            ready: whether all pictures are there.
            pick_random: fills the slots with random pictures, for a button.
        """
        if ready:
            self.preview.set_empty("blend", self.tr("Drawing…"))
        else:
            missing = self.tr("Drop two pictures") if mode == "row" else self.tr("Drop pictures")
            self.preview.set_empty("blend", missing, self.tr("From data"), pick_random)

    def show_not_drawn(self, redraw: QAction) -> None:
        """Show in the empty preview that nothing is drawn, with a button for the action."""
        self.preview.set_empty("blend", self.tr("Not drawn yet"), redraw.text(), redraw.trigger)

    def snap(self, column: int, columns: int) -> None:
        """Snap the slider to one of ``columns`` pictures, and set its key step to their distance.

        While it is being dragged it is not moved.
        """
        self.slider.setSingleStep(ceil(SLIDER / (columns - 1)))
        if not self.slider.isSliderDown():
            with QSignalBlocker(self.slider):
                self.slider.setValue(round(column / (columns - 1) * SLIDER))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the size of the slots to the room."""
        super().resizeEvent(event)
        self._fit_slots()

    def _fit_slots(self) -> None:
        height, width = self.height(), self.width()
        if self._mode != "corners":
            height -= self._slider_row.sizeHint().height() + SPACE_M
        half = (height - SPACE_M) // 2
        side = {
            # The square in the middle has priority, and has labels to its left.
            "corners": min(half, (width - height - _LABEL_WIDTH) // 2),
            # The pad and the preview next to it have priority.
            "pad": min(half, width // _PAD_PARTS),
            # The rows have priority, below the view or next to it.
            "matrix": _SLOTS[0],
        }.get(self._mode, min(height, width // 4))
        side = min(max(side, _SLOTS[0]), _SLOTS[1])
        for slot in self.all_slots:
            slot.setFixedSize(side, side)

    def show_mode(self, mode: str) -> None:
        """Show the widgets of a mode of :class:`MixChoices`."""
        has_four = mode in ("corners", "pad")
        for slot in (self.c, self.d):
            slot.setVisible(has_four)
        self.pad.setVisible(mode == "pad")
        self._pad_controls.setVisible(mode == "pad")
        if mode != "pad":
            self.trail.set_text("")
        for part in (*self._end_labels, self.slider):
            part.setVisible(not has_four)
        self._mode = mode
        self._fit_slots()
        self.lambda_label.setVisible(mode != "corners")
        self._slider_row.setVisible(mode != "corners")
        titles = {
            "corners": self.tr("The square between four pictures"),
            "pad": self.tr("The mix at u and v"),
        }
        self.preview.setAccessibleName(titles.get(mode, self.tr("The mix at λ")))
