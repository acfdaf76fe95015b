"""Tags and notes of one run, saved as one writes."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import ElidedLabel, name
from ddpm_studio.runs.notes import Notes, parse_tags, read_notes, write_notes

_SAVE_MS = 800


class NotesView(QWidget):
    """Two fields; what is written is in the run's folder a second later, and when one leaves."""

    saved = Signal(object)
    """The notes of a run were saved; carries its folder."""
    failed = Signal(object)
    """They could not be; carries a :class:`Failure`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.run: Path | None = None
        self._known = Notes()
        self._timer = QTimer(self, singleShot=True, interval=_SAVE_MS)
        self._timer.timeout.connect(self.save)
        self.title = ElidedLabel("", "heading")
        self.tags = QLineEdit()
        self.tags.setPlaceholderText(self.tr("Tags, with commas between them"))
        name(self.tags, self.tr("Tags of the run"), self.tr("Commas stand between tags"))
        self.text = QPlainTextEdit()
        self.text.setPlaceholderText(self.tr("What was tried, what came of it"))
        self.text.setTabChangesFocus(True)
        self.text.setMinimumHeight(56)
        name(self.text, self.tr("Notes on the run"), self.tr("Saved in the run's folder"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addWidget(self.title)
        layout.addWidget(self.tags)
        layout.addWidget(self.text, 1)
        for field in (self.tags, self.text):
            field.textChanged.connect(self._on_typed)
            field.installEventFilter(self)

    def show_run(self, run: Path | None) -> None:
        """Show another run's notes; what was written on the one before is saved."""
        if run == self.run:
            return
        self.save()
        self.run = run
        self._known = read_notes(run) if run is not None else Notes()
        self.title.setText(self.tr("Notes on {run}").format(run=run.name) if run else "")
        self.setEnabled(run is not None)
        for field in (self.tags, self.text):
            field.blockSignals(True)
        self.tags.setText(", ".join(self._known.tags))
        self.text.setPlainText(self._known.text)
        for field in (self.tags, self.text):
            field.blockSignals(False)

    def save(self) -> None:
        """Save what was written, if anything was."""
        self._timer.stop()
        notes = Notes(parse_tags(self.tags.text()), self.text.toPlainText())
        if self.run is None or notes == self._known:
            return
        try:
            write_notes(self.run, notes)
        except StudioError as error:
            self.failed.emit(Failure.of(error))
            return
        self._known = notes
        self.saved.emit(self.run)

    def hideEvent(self, event: QHideEvent) -> None:
        """Save before nobody looks any more."""
        super().hideEvent(event)
        self.save()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Save when a field is left."""
        if event.type() == QEvent.Type.FocusOut:
            self.save()
        return False

    def _on_typed(self) -> None:
        self._timer.start()
