"""One job: what it is, how far it is, how long it will still take."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QGridLayout, QProgressBar, QSizePolicy, QWidget

from ddpm_studio.gui.icons import set_icon
from ddpm_studio.gui.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.basics import (
    IconLabel,
    label,
    name,
    number_label,
    set_property,
    tool_button,
)
from ddpm_studio.gui.widgets.eta import Eta, duration_words

_STEPS = 1000


class JobRow(QWidget):
    """Shows a job and lets it be paused and cancelled.

    ``pause_toggled`` carries whether it should rest; the row shows it once told so by
    :meth:`set_paused`.

    Args:
        title: what the job is, such as ``Training fashion-32``.
        can_pause: whether there is a button for a pause.
        icon: name of an icon.
        parent: the owner.
    """

    pause_toggled = Signal(bool)
    cancel_requested = Signal()

    def __init__(
        self,
        title: str,
        *,
        can_pause: bool = True,
        icon: str = "activity",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._eta = Eta()
        self._paused = False
        self._title = label(title)
        self._percent = number_label("", "caption")
        self._text = label("", "caption")
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._left = number_label("", "caption")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 0)
        name(self.bar, self.tr("Progress of {0}").format(title))
        self.pause_button = tool_button("pause", self.tr("Pause"))
        self.pause_button.setVisible(can_pause)
        self.pause_button.clicked.connect(self._ask_pause)
        self.cancel_button = tool_button(
            "x", self.tr("Cancel"), self.tr("Cancel {0}").format(title)
        )
        self.cancel_button.clicked.connect(self._ask_cancel)
        for part in (self.pause_button, self.cancel_button):
            part.setIconSize(QSize(14, 14))

        grid = QGridLayout(self)
        grid.setContentsMargins(SPACE_M, SPACE_S, SPACE_S, SPACE_S)
        grid.setHorizontalSpacing(SPACE_M)
        grid.setVerticalSpacing(SPACE_S)
        grid.addWidget(IconLabel(icon), 0, 0)
        grid.addWidget(self._title, 0, 1)
        grid.addWidget(self._text, 0, 2)
        grid.addWidget(self._left, 0, 3)
        grid.addWidget(self._percent, 0, 4)
        grid.addWidget(self.bar, 1, 0, 1, 5)
        grid.addWidget(self.pause_button, 0, 5, 2, 1)
        grid.addWidget(self.cancel_button, 0, 6, 2, 1)
        grid.setColumnStretch(2, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.setAccessibleName(title)

    @property
    def is_paused(self) -> bool:
        """Whether the row shows a pause."""
        return self._paused

    @property
    def time_left(self) -> str:
        """What is said of the time left; empty while it can't be told."""
        return self._left.text()

    def set_title(self, title: str) -> None:
        """Call the job something else."""
        self._title.setText(title)
        self.setAccessibleName(title)

    def set_progress(
        self, done: float, total: float, text: str = "", seconds_left: float | None = None
    ) -> None:
        """Show ``done`` of ``total``.

        Args:
            done: units done.
            total: units in all; 0 while that is not known.
            text: what the job does now.
            seconds_left: the job's own estimate; None: one is made from the speed.
        """
        self._text.setText(text)
        self._text.setToolTip(text)
        if total <= 0:
            self.bar.setRange(0, 0)
            self._percent.setText("")
            self._left.setText("")
            return
        self.bar.setRange(0, _STEPS)
        self.bar.setValue(round(_STEPS * min(1.0, done / total)))
        self._percent.setText(self.tr("{0} %").format(int(100 * min(1.0, done / total))))
        left = self._eta.update(done, total) if seconds_left is None else seconds_left
        words = "" if left is None or self._paused else duration_words(left)
        self._left.setText(self.tr("{0} left").format(words) if words else "")

    def set_paused(self, paused: bool) -> None:
        """Show whether the job rests."""
        self._paused = paused
        self._eta.restart()
        set_icon(self.pause_button, "play" if paused else "pause")
        name(self.pause_button, self.tr("Resume") if paused else self.tr("Pause"))
        set_property(self.bar, "paused", "true" if paused else "false")
        self._left.setText(self.tr("paused") if paused else "")

    def _ask_pause(self) -> None:
        self.pause_toggled.emit(not self._paused)

    def _ask_cancel(self) -> None:
        self.cancel_button.setEnabled(False)
        self._text.setText(self.tr("Stopping…"))
        self.cancel_requested.emit()
