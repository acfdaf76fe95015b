"""Editor of the tags and notes of one run, with automatic saving."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import ElidedLabel, name
from ddpm_studio.runs.notes import Notes, find_notes, parse_tags, read_notes, write_notes

_SAVE_MS = 800


class NotesView(QWidget):
    """Fields for tags and notes, saved to the run's folder on losing focus and while typing.

    While typing, saving is debounced by 0.8 s.
    """

    saved = Signal(object)
    """The notes of a run were saved; carries its folder."""
    failed = Signal(object)
    """Saving the notes failed; carries a :class:`Failure`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.run: Path | None = None
        self._saved_notes = Notes()
        self._timer = QTimer(self, singleShot=True, interval=_SAVE_MS)
        self._timer.timeout.connect(self.save)
        self.title = ElidedLabel("", "heading")
        self.tags = QLineEdit()
        self.tags.setPlaceholderText(self.tr("Tags, separated by commas"))
        name(self.tags, self.tr("Tags of the run"), self.tr("Separate tags by commas"))
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
        """Show another run's notes, after saving changes to the previous run's."""
        if run == self.run:
            return
        self.save()
        self.run = run
        self._show(read_notes(run) if run is not None else Notes(), overwrite=True)
        self.title.setText(self.tr("Notes on {run}").format(run=run.name) if run else "")
        self.setEnabled(run is not None)

    def _show(self, notes: Notes, *, overwrite: bool = False) -> None:
        """Show notes; unless ``overwrite``, fields with equal content are not touched."""
        self._saved_notes = notes
        blocked = [field.blockSignals(True) for field in (self.tags, self.text)]
        if overwrite or parse_tags(self.tags.text()) != notes.tags:
            self.tags.setText(", ".join(notes.tags))
        if overwrite or self.text.toPlainText() != notes.text:
            self.text.setPlainText(notes.text)
        for field, was_blocked in zip((self.tags, self.text), blocked, strict=True):
            field.blockSignals(was_blocked)

    def save(self) -> None:
        """Save the notes, if they were changed."""
        self._timer.stop()
        notes, known = self._edited_notes, self._saved_notes
        if self.run is None or notes == known:
            return
        stored = self._stored_notes()
        # A field not changed here keeps what another window has saved meanwhile.
        notes = Notes(
            stored.tags if notes.tags == known.tags else notes.tags,
            stored.text if notes.text == known.text else notes.text,
        )
        try:
            write_notes(self.run, notes)
        except StudioError as error:
            self.failed.emit(Failure.of(error))
            return
        self._show(notes)
        self.saved.emit(self.run)

    @property
    def _edited_notes(self) -> Notes:
        return Notes(parse_tags(self.tags.text()), self.text.toPlainText())

    def _stored_notes(self) -> Notes:
        """Return the notes in the run's folder; those last known if unreadable."""
        found = None if self.run is None else find_notes(self.run)
        return self._saved_notes if found is None else found

    def _reload(self) -> None:
        """Show what another window has saved, provided there are no unsaved changes here."""
        if self._edited_notes == self._saved_notes:
            self._show(self._stored_notes())

    def hideEvent(self, event: QHideEvent) -> None:
        """Save when the view is hidden."""
        super().hideEvent(event)
        self.save()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Save when a field loses the focus, and reload the notes when it gets the focus."""
        if event.type() == QEvent.Type.FocusOut:
            self.save()
        elif event.type() == QEvent.Type.FocusIn:
            self._reload()
        return False

    def _on_typed(self) -> None:
        self._timer.start()
