"""Playback controls of a process: slider, play, loop, single steps and frame rate."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from ddpm_studio.gui.features.common.action_button import ActionTool
from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.theme.tokens import SPACE_M
from ddpm_studio.gui.widgets.forms.slider import Slider
from ddpm_studio.gui.widgets.layout.basics import ignore_unfocused_wheel, label, name, number_label
from ddpm_studio.gui.workspace.actions import ActionRegistry

_RATES = (1, 2, 5, 10, 20, 30, 60)
_RATE = 20
_MOMENT_WIDTH = 72
# About one screen refresh; the position is computed from the clock, so that errors don't add up.
_TICK_MS = 15


class Player(QWidget):
    """Player row with slider, buttons and frame rate.

    Its actions are ``PREFIX.play``, ``.loop``, ``.back``, ``.forward``, ``.first`` and ``.last``.

    Args:
        actions: where the actions are registered.
        prefix: prefix of their ids.
        category: the menu they belong to, translated.
        parent: the owner.
    """

    position_changed = Signal(int)
    """The slider moved; carries the position to show."""

    def __init__(
        self, actions: ActionRegistry, prefix: str, category: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._timer = QTimer(self, interval=_TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._advance)
        self._started_at = 0.0
        self._start_position = 0
        self.slider = Slider()
        name(self.slider, self.tr("Moment of the process"), self.tr("Left: noise. Right: picture"))
        self.slider.valueChanged.connect(self.position_changed)
        self.slider.user_moved.connect(self.stop)
        self.moment = number_label("", "muted")
        self.moment.setMinimumWidth(_MOMENT_WIDTH)
        self.rate = QComboBox()
        for rate in _RATES:
            self.rate.addItem(self.tr("{0}/s").format(rate), rate)
        self.rate.setCurrentIndex(_RATES.index(_RATE))
        ignore_unfocused_wheel(self.rate)
        self.rate.currentIndexChanged.connect(self._restart)
        name(self.rate, self.tr("Speed"), self.tr("Moments a second while it plays"))
        self._register(actions, prefix, category)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_M // 2)
        self.play_button = ActionTool(self._play)
        for action in (self._back, self._play, self._forward, self._loop):
            row.addWidget(self.play_button if action is self._play else ActionTool(action))
        row.addWidget(self.rate)
        row.addSpacing(SPACE_M // 2)
        row.addWidget(label("T", "muted"))
        row.addWidget(self.slider, 1)
        self.end = number_label("0", "muted")
        self.end.setMinimumWidth(self.end.fontMetrics().horizontalAdvance("0,000"))
        row.addWidget(self.end)
        row.addSpacing(SPACE_M // 2)
        row.addWidget(self.moment)
        self.set_position_count(0)

    def set_position_count(self, count: int, end: int = 0) -> None:
        """Set the number of positions; the slider keeps its own if that still exists.

        Args:
            count: number of positions.
            end: t at the last position, above 0 while a process is under way.
        """
        self.end.setText(f"{end:,}")
        self.slider.setMaximum(max(0, count - 1))
        for part in (self.slider, self._play, self._back, self._forward, *self._ends):
            part.setEnabled(count > 1)
        if count < 2:
            self.stop()

    @property
    def position(self) -> int:
        """The slider's current position, from 0."""
        return self.slider.value()

    def seek(self, position: int) -> None:
        """Move the slider to a position; a playback continues from there."""
        self.slider.setValue(position)
        self._restart()

    @property
    def playing(self) -> bool:
        """Whether the process is being played."""
        return self._timer.isActive()

    def play(self) -> None:
        """Play from noise to picture, or pause."""
        if self.playing:
            self.stop()
        elif self.slider.maximum() > 0:
            if self.position == self.slider.maximum():
                self.slider.setValue(0)
            self._timer.start()
            self._restart()
            self._show_playing()

    def stop(self) -> None:
        """Stop the playback."""
        self._timer.stop()
        self._show_playing()

    def _register(self, actions: ActionRegistry, prefix: str, category: str) -> None:
        def add(
            key: str, text: str, callback: object, icon: str, shortcut: str = "", tip: str = ""
        ) -> QAction:
            return actions.add(
                f"{prefix}.{key}",
                text,
                callback,  # type: ignore[arg-type]
                category=category,
                icon=icon,
                shortcut=shortcut,
                tip=tip,
                checkable=key == "loop",
            )

        self._play = add(
            "play", self.tr("Play or pause the process"), self.play, "play", "Ctrl+Space"
        )
        self._loop = add(
            "loop", self.tr("Loop"), self._restart, "repeat", "", self.tr("Begin again at the end")
        )
        self._back = add(
            "back", self.tr("One moment back"), self._step_back, "step-back", "Ctrl+Shift+Left"
        )
        self._forward = add(
            "forward",
            self.tr("One moment on"),
            self._step_forward,
            "step-forward",
            "Ctrl+Shift+Right",
        )
        self._ends = (
            add("first", self.tr("To the noise"), self._to_noise, "skip-back"),
            add("last", self.tr("To the picture"), self._to_picture, "skip-forward"),
        )

    def _step_back(self) -> None:
        self.seek(self.position - 1)

    def _step_forward(self) -> None:
        self.seek(self.position + 1)

    def _to_noise(self) -> None:
        self.seek(0)

    def _to_picture(self) -> None:
        self.seek(self.slider.maximum())

    def _restart(self, *_: object) -> None:
        """Restart the playback clock at the current position."""
        self._started_at, self._start_position = time.monotonic(), self.position

    def _advance(self) -> None:
        elapsed_frames = int((time.monotonic() - self._started_at) * self.rate.currentData())
        position, last = self._start_position + elapsed_frames, self.slider.maximum()
        self.slider.setValue(min(position, last))
        if position <= last:
            return
        if self._loop.isChecked():
            self.slider.setValue(0)
            self._restart()
        else:
            self.stop()

    def _show_playing(self) -> None:
        set_icon(self._play, "pause" if self.playing else "play")
        self.play_button.setAccessibleName(self.tr("Pause") if self.playing else self.tr("Play"))
