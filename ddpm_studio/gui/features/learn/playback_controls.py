"""Playback controls over numbered stages: back, play, forward and a slider."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.forms.slider import Slider
from ddpm_studio.gui.widgets.layout.basics import name, tool_button

_INTERVAL_MS = 700


class PlaybackControls(QWidget):
    """Playback controls over a number of stages; ``moved`` carries the current one, from 0."""

    moved = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider = Slider()
        self.slider.setRange(0, 0)
        name(self.slider, self.tr("Stage"), self.tr("Which line is carried out"))
        back_button = tool_button("chevron-left", self.tr("Back"), self.tr("One line back"))
        self.forward = tool_button(
            "chevron-right", self.tr("Step"), self.tr("Execute the next line")
        )
        play_button = tool_button("play", self.tr("Play"), self.tr("Line after line, or pause"))
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self._advance)
        back_button.clicked.connect(lambda: self.go(self.stage - 1))
        self.forward.clicked.connect(lambda: self.go(self.stage + 1))
        play_button.clicked.connect(self._play)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        for part in (back_button, play_button, self.forward):
            layout.addWidget(part)
        layout.addWidget(self.slider, 1)
        self.slider.valueChanged.connect(self.moved)
        self.slider.user_moved.connect(self.stop)

    @property
    def stage(self) -> int:
        """The current stage, from 0."""
        return self.slider.value()

    def set_stages(self, count: int, stage: int = 0) -> None:
        """Set the number of stages and the current one, and emit ``moved``."""
        blocked = self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, count - 1))
        self.slider.setValue(stage)
        self.slider.blockSignals(blocked)
        self.moved.emit(self.slider.value())

    @property
    def playing(self) -> bool:
        """Whether the stages are being played."""
        return self._timer.isActive()

    def go(self, stage: int) -> None:
        """Stop the playback and go to a stage, clamped to the range."""
        self.stop()
        self.slider.setValue(stage)

    def stop(self) -> None:
        """Stop the playback."""
        self._timer.stop()

    def _play(self) -> None:
        if self.playing:
            self.stop()
            return
        if self.stage == self.slider.maximum():
            self.slider.setValue(0)
        self._timer.start()

    def _advance(self) -> None:
        if self.stage < self.slider.maximum():
            self.slider.setValue(self.stage + 1)
        else:
            self.stop()
