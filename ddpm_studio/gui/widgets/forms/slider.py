"""Slider whose handle jumps to a click in the groove."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QSlider, QStyle, QStyleOptionSlider, QWidget

from ddpm_studio.gui.widgets.layout.basics import ignore_unfocused_wheel


class Slider(QSlider):
    """Horizontal slider; a press in its groove moves the handle there and starts a drag.

    QSlider moves one page towards the press instead. An unfocused slider ignores the wheel, as
    number boxes do.

    Args:
        parent: the owner.
    """

    user_moved = Signal()
    """Emitted when the user presses or moves the handle, by mouse, keyboard or wheel."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        ignore_unfocused_wheel(self)
        self.sliderPressed.connect(self.user_moved)
        # Not emitted for ``setValue``, which a playback calls.
        self.actionTriggered.connect(self._on_action)

    @property
    def handle(self) -> QRect:
        """Rectangle of the handle, in the slider's coordinates."""
        return self._part(QStyle.SubControl.SC_SliderHandle)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Move the handle to a left press, and let Qt drag it from there."""
        point = event.position().toPoint()
        # Qt starts no drag if there is only one value, or with several buttons pressed.
        cannot_drag = (
            self.minimum() == self.maximum() or event.buttons() != Qt.MouseButton.LeftButton
        )
        if cannot_drag or self.handle.contains(point):
            super().mousePressEvent(event)
            return
        # First, so that slots of the position's signal see that it is being dragged.
        self.setSliderDown(True)
        self.setSliderPosition(self._value_at(point))
        # With few values, the handle may be some way from the pointer.
        press = QMouseEvent(
            event.type(),
            QPointF(self.handle.center()),
            event.scenePosition(),
            event.globalPosition(),
            event.button(),
            event.buttons(),
            event.modifiers(),
            event.pointingDevice(),
        )
        super().mousePressEvent(press)
        event.setAccepted(press.isAccepted())

    def _on_action(self) -> None:
        self.user_moved.emit()

    def _value_at(self, point: QPoint) -> int:
        """Return the value at which the handle's centre is closest to a point."""
        groove, handle = self._part(QStyle.SubControl.SC_SliderGroove), self.handle
        return QStyle.sliderValueFromPosition(
            self.minimum(),
            self.maximum(),
            point.x() - groove.x() - handle.width() // 2,
            groove.width() - handle.width(),
            self._option().upsideDown,
        )

    def _part(self, sub_control: QStyle.SubControl) -> QRect:
        slider = QStyle.ComplexControl.CC_Slider
        return self.style().subControlRect(slider, self._option(), sub_control, self)

    def _option(self) -> QStyleOptionSlider:
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        return option
