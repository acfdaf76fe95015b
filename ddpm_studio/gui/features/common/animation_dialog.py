"""Export dialog of animations: format, size, frame rate and easing, with a size estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QDialog, QFormLayout, QVBoxLayout, QWidget

from ddpm_studio.backend import JobHandle, specs
from ddpm_studio.durations import format_size
from ddpm_studio.engine.sizes import size_text
from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.gui.features.common.counts import counted
from ddpm_studio.gui.platform.images import band_selection
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.forms.form import RequestForm
from ddpm_studio.gui.widgets.layout.basics import (
    button,
    ignore_unfocused_wheel,
    label,
    name,
    number_label,
)
from ddpm_studio.gui.widgets.layout.dialog_buttons import dialog_button_row
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.requests import AnimationRequest

if TYPE_CHECKING:
    from ddpm_studio.export import Estimate

FORMATS = {
    ".gif": "GIF",
    ".apng": "APNG",
    ".webp": "WebP",
    ".mp4": "MP4",
    ".zip": "PNG sequence",
}
_DELAY_MS = 250
_WIDTH = 380
_TIMING_FIELDS = ("fps", "hold", "loop")


class AnimationDialog(QDialog):
    """Non-modal dialog that asks for the format and options of an animation.

    A debounced job estimates number of frames, duration, dimensions and size of the file.

    Args:
        studio: its backend computes the estimate.
        frames: see :func:`ddpm_studio.backend.specs.exports.save_animation`.
        first: the initial options.
        suffix: file name extension of the initial format.
        parent: the window.
    """

    chosen = Signal(str, object)
    """(suffix, :class:`AnimationRequest`)"""

    def __init__(
        self,
        studio: Studio,
        frames: specs.exports.FrameSource,
        first: AnimationRequest,
        suffix: str = ".gif",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._studio, self._frames = studio, frames
        self._job: JobHandle[object] | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Export an animation"))
        self.setModal(False)
        self.setMinimumWidth(_WIDTH)
        self.messages = MessageBar()
        self.messages.close_button.hide()
        self.format = QComboBox()
        for ending, text in FORMATS.items():
            self.format.addItem(text, ending)
        self.format.setCurrentIndex(self.format.findData(suffix))
        name(self.format, self.tr("Format"), self.tr("GIF shows at most 256 colours in a frame"))
        ignore_unfocused_wheel(self.format)
        self.form = RequestForm(
            AnimationRequest, ("scale", "count", "fps", "easing", "hold", "loop")
        )
        self.form.set_value(first)
        self.summary = number_label("", "heading")
        self.summary.setWordWrap(True)
        self.summary.setAccessibleName(self.tr("What it will be"))
        self.save_button = button(
            self.tr("Save…"), self.tr("Choose where to"), icon="download", role="primary"
        )
        self.cancel_button = button(self.tr("Cancel"))
        self._debounce_timer = QTimer(self, singleShot=True, interval=_DELAY_MS)
        self._debounce_timer.timeout.connect(self._estimate)
        self._build()
        self.format.currentIndexChanged.connect(self._on_format)
        self.form.changed.connect(self._schedule_estimate)
        self.save_button.clicked.connect(self._save)
        self.cancel_button.clicked.connect(self.close)
        self._on_format()

    @property
    def suffix(self) -> str:
        """File name extension of the chosen format, such as ``.gif``."""
        return str(self.format.currentData())

    def showEvent(self, event: QShowEvent) -> None:
        """Give the keyboard focus to the choice of format."""
        super().showEvent(event)
        self.format.setFocus()

    def _build(self) -> None:
        top = QFormLayout()
        caption = label(self.tr("Format"), "muted")
        caption.setBuddy(self.format)
        top.addRow(caption, self.format)
        top.setHorizontalSpacing(SPACE_M)
        top.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_L)
        layout.setSpacing(SPACE_M)
        self.messages.attach_to(self)
        layout.addLayout(top)
        layout.addWidget(self.form)
        layout.addWidget(self.summary)
        layout.addLayout(dialog_button_row(self.cancel_button, self.save_button))
        self.save_button.setDefault(True)

    def _on_format(self) -> None:
        for key in _TIMING_FIELDS:
            self.form.set_enabled(key, self.suffix != ".zip")
        self._schedule_estimate()

    def _schedule_estimate(self) -> None:
        """Schedule a new estimate, debounced until a moment after the last change."""
        self.summary.setText(self.tr("Looking…"))
        self.save_button.setEnabled(False)
        self._debounce_timer.start()

    def _estimate(self) -> None:
        try:
            options = self.form.value()
        except StudioError as error:
            self._on_failed(Failure.of(error))
            return
        spec = specs.exports.estimate_animation(
            self.suffix, self._frames, options, band_selection().bands
        )
        self._job = self._studio.backend.submit(spec)
        self._job.on_finished(self._on_estimate)
        self._job.on_failed(self._on_failed)

    def _on_estimate(self, found: Estimate) -> None:
        if self._debounce_timer.isActive():
            return
        parts = [
            counted(found.frames, self.tr("1 frame"), self.tr("{n} frames")),
            self.tr("{0:.1f} s").format(found.seconds) if found.seconds else "",
            self.tr("{0} pixels").format(size_text(found.width, found.height)),
            self.tr("about {0}").format(format_size(found.size)),
            self.tr("transparency laid over white") if found.over_white else "",
        ]
        # No-break spaces keep a number and its unit on one line.
        parts_without_breaks = (part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts if part)
        self.summary.setText(" · ".join(parts_without_breaks))
        self.messages.clear()
        self.save_button.setEnabled(True)

    def _on_failed(self, failure: Failure) -> None:
        self.summary.setText("")
        self.messages.show_failure(failure)

    def _save(self) -> None:
        self.chosen.emit(self.suffix, self.form.value())
        self.close()
