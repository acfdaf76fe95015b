"""Slider for the timestep t, with marks at 0, T/4, T/2, 3T/4 and T as in the paper."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QSpinBox, QWidget

from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import FONT_CAPTION, SPACE_M
from ddpm_studio.gui.widgets.forms.glossary_link import TermLabel
from ddpm_studio.gui.widgets.forms.slider import Slider
from ddpm_studio.gui.widgets.layout.basics import add_text_margin, ignore_unfocused_wheel, name

# Half of the handle's width: distance of the slider's ends from the widget's edges, in pixels.
_INSET = 8
_BOX_WIDTH = 84


def paper_marks(timesteps: int) -> list[int]:
    """Return 0, T/4, T/2, 3T/4 and T, rounded to integers, sorted and without duplicates."""
    return sorted({round(timesteps * k / 4) for k in range(5)})


class TimeSlider(QWidget):
    """Slider and number box for the timestep t, from 0 (the picture itself) to T (pure noise).

    Args:
        fraction: initial position, as a fraction of T.
        tip: tool tip.
        parent: the owner.
    """

    changed = Signal(int)
    released = Signal()
    """The handle was released."""

    def __init__(self, fraction: float = 0.5, tip: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fraction = fraction
        self.slider = Slider()
        self.box = QSpinBox()
        add_text_margin(self.box)
        self.box.setKeyboardTracking(False)
        self.box.setFixedWidth(_BOX_WIDTH)
        ignore_unfocused_wheel(self.box)
        for part in (self.slider, self.box):
            name(part, "t", tip)
        self._marks = _Marks(self.slider)
        # Fixed height where there is little room: widgets that stretch shrink instead.
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._marks.setSizePolicy(policy)
        self.setSizePolicy(policy)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(SPACE_M)
        layout.setVerticalSpacing(0)
        layout.addWidget(TermLabel("t", "t", "heading"), 0, 0)
        layout.addWidget(self.slider, 0, 1)
        layout.addWidget(self.box, 0, 2)
        layout.addWidget(self._marks, 1, 1)
        layout.setColumnStretch(1, 1)
        self.slider.valueChanged.connect(self._on_slider)
        self.slider.sliderReleased.connect(self.released)
        self.box.valueChanged.connect(self.slider.setValue)
        self.set_timesteps(1000)

    @property
    def value(self) -> int:
        """The chosen t."""
        return self.slider.value()

    @property
    def is_dragged(self) -> bool:
        """Whether the handle is being dragged."""
        return self.slider.isSliderDown()

    @property
    def timesteps(self) -> int:
        """Number of timesteps T, the slider's maximum."""
        return self.slider.maximum()

    def set_value(self, t: int) -> None:
        """Set t."""
        self.slider.setValue(t)

    def set_timesteps(self, timesteps: int) -> None:
        """Set T; t keeps its fraction of T, and nothing is emitted."""
        if timesteps == self.timesteps:
            return
        fraction = self._fraction
        for part in (self.slider, self.box):
            part.blockSignals(True)
            part.setRange(0, timesteps)
            part.setValue(round(fraction * timesteps))
            part.blockSignals(False)
        self.slider.setSingleStep(max(1, timesteps // 100))
        self.slider.setPageStep(max(1, timesteps // 4))
        self._marks.update()

    def _on_slider(self, t: int) -> None:
        self._fraction = t / max(1, self.timesteps)
        self.box.blockSignals(True)
        self.box.setValue(t)
        self.box.blockSignals(False)
        self.changed.emit(t)


class _Marks(QWidget):
    """Tick labels below a slider; a click moves the slider to the nearest one."""

    def __init__(self, slider: Slider) -> None:
        super().__init__()
        self._slider = slider
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        current_theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Return the size hint, one line high."""
        return QSize(160, FONT_CAPTION + 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint each label below its position."""
        painter = QPainter(self)
        painter.setFont(body_font(FONT_CAPTION))
        painter.setPen(current_theme().color("muted"))
        for t in paper_marks(self._slider.maximum()):
            text = f"{t:,}"
            width = painter.fontMetrics().horizontalAdvance(text) + 2
            left = min(max(self._x_of(t) - width / 2, 0), self.width() - width)
            box = QRectF(left, 0, width, self.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Move the slider to the nearest mark."""
        if self._slider.isEnabled():
            x = event.position().x()
            marks = paper_marks(self._slider.maximum())
            self._slider.setValue(min(marks, key=lambda t: abs(self._x_of(t) - x)))

    def _x_of(self, t: int) -> float:
        fraction = t / max(1, self._slider.maximum())
        return _INSET + fraction * (self.width() - 2 * _INSET)
