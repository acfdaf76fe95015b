"""Recorded trail of the pad: the path of the mouse, drawn and played as an animation."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from ddpm_studio.gui.features.interpolate.path_view import FPS
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.widgets.layout.basics import button
from ddpm_studio.gui.widgets.pictures.row_grid import RowGrid
from ddpm_studio.gui.widgets.pictures.xy_pad import XYPad
from ddpm_studio.requests import trail_points

_MIN_POINTS, _MAX_POINTS = 6, 60
_DIGITS = 4


class PadTrail(QObject):
    """Recorder and player of a trail: the path of a pad's point, from Record until its release.

    Args:
        pad: the pad whose point is recorded.
        preview: shows the pictures of the trail during playback.
        parent: the owner.
    """

    recorded = Signal()
    """A new trail was recorded into ``text``."""

    def __init__(self, pad: XYPad, preview: RowGrid, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pad, self._preview = pad, preview
        self._recorded: list[tuple[float, float, float]] = []
        self._frames: Pictures | None = None
        self._recipe: dict[str, object] | None = None
        self.text = ""
        """Points of the trail, in the format of :class:`InterpolateRequest`; empty: no trail."""
        self.position = 0
        """Index of the picture of the trail that is shown."""
        self.record_button = button(
            self.tr("Record"),
            self.tr("Then drag the point: its way becomes an animation when you let it go"),
            icon="spline",
        )
        self.record_button.setCheckable(True)
        self.record_button.toggled.connect(self._on_record)
        self.play_button = button(
            self.tr("Play"), self.tr("Play the recorded way, or pause"), icon="play"
        )
        self.play_button.clicked.connect(self.play)
        self.play_button.hide()
        self._timer = QTimer(self, interval=1000 // FPS)
        self._timer.timeout.connect(self._advance)
        pad.changed.connect(self._record_point)
        pad.released.connect(self._on_released)

    @property
    def recording(self) -> bool:
        """Whether a trail is being recorded."""
        return self.record_button.isChecked()

    @property
    def playing(self) -> bool:
        """Whether the trail is being played."""
        return self._timer.isActive()

    def set_text(self, text: str) -> None:
        """Set another trail, or an empty text for none, and stop the playback."""
        self._timer.stop()
        self.text, self._frames, self.position = text, None, 0
        self._pad.set_trail(trail_points(text) if text else ())
        self.play_button.setVisible(bool(text))
        self._show_playing()

    def show_frames(self, pictures: Pictures | None, recipe: dict[str, object] | None) -> None:
        """Show the pictures of the trail (N, H, W, C), or none.

        ``recipe`` is None while they are unfinished; once it is given, playback starts.
        """
        self._frames, self._recipe = pictures, recipe
        if pictures is None:
            self._timer.stop()
            self._preview.set_rows(None, ())
        else:
            self._show()
            if recipe is not None and not self._timer.isActive():
                self._timer.start()
        self._show_playing()

    def play(self) -> None:
        """Resume the playback, or pause it."""
        if self._timer.isActive():
            self._timer.stop()
        elif self._frames is not None:
            self._timer.start()
        self._show_playing()

    def select(self, index: int) -> None:
        """Stop the playback and show one picture of the trail."""
        self._timer.stop()
        self.position = index
        self._show()
        self._show_playing()

    def _on_record(self, checked: bool) -> None:
        if checked:
            self.set_text("")
            self._recorded = []
            self._pad.setFocus()
        else:
            self._finish_recording()

    def _record_point(self) -> None:
        """Record the point's position; if not recording, discard the trail, as the point moved."""
        if self.recording:
            self._recorded.append((self._pad.u, self._pad.v, time.monotonic()))
            self._pad.set_trail([(u, v) for u, v, _ in self._recorded])
        elif self.text:
            self.set_text("")

    def _on_released(self) -> None:
        if self.recording and len(self._recorded) > 1:
            self.record_button.setChecked(False)

    def _finish_recording(self) -> None:
        """Make a trail of the recorded positions; a single position gives none."""
        text = resample_trail(self._recorded)
        self._recorded = []
        self.set_text(text)
        if text:
            self.recorded.emit()

    def _advance(self) -> None:
        if self._frames is None or not self._preview.isVisible():
            self._timer.stop()
            self._show_playing()
        else:
            self.position = (self.position + 1) % len(self._frames)
            self._show()

    def _show(self) -> None:
        if self._frames is None:
            return
        self.position = min(self.position, len(self._frames) - 1)
        recipe = None if self._recipe is None else {**self._recipe, "index": self.position}
        self._preview.set_rows(self._frames[self.position : self.position + 1], (), recipe=recipe)
        points = trail_points(self.text) if self.text else []
        if self.position < len(points):
            self._pad.set_mark(points[self.position])

    def _show_playing(self) -> None:
        set_icon(self.play_button, "pause" if self.playing else "play")
        self.play_button.setText(self.tr("Pause") if self.playing else self.tr("Play"))


def resample_trail(recorded_points: Sequence[tuple[float, float, float]]) -> str:
    """Return a trail resampled at even times, at the frame rate of its playback.

    Linear interpolation; at least 6 and at most 60 points.

    Args:
        recorded_points: (u, v, seconds) of each move, in order.

    Returns:
        The points in the format of :class:`InterpolateRequest`; empty if there are fewer than two
        distinct positions.
    """
    if len({(u, v) for u, v, _ in recorded_points}) < 2:
        return ""
    u, v, seconds = (np.array(column) for column in zip(*recorded_points, strict=True))
    # np.interp needs increasing times: equal ones are separated.
    seconds = np.maximum.accumulate(seconds + 1e-6 * np.arange(len(seconds)))
    count = round((seconds[-1] - seconds[0]) * FPS) + 1
    times = np.linspace(seconds[0], seconds[-1], min(max(count, _MIN_POINTS), _MAX_POINTS))
    across = np.interp(times, seconds, u).round(_DIGITS)
    down = np.interp(times, seconds, v).round(_DIGITS)
    return " ".join(f"{a:g},{b:g}" for a, b in zip(across, down, strict=True))
