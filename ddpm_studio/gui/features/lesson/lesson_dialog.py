"""Lesson dialog: asks for a title, and questions with their answers."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QLineEdit, QVBoxLayout, QWidget

from ddpm_studio.export.lesson import Question
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import button, label, name
from ddpm_studio.gui.widgets.layout.dialog_buttons import dialog_button_row

_WIDTH, _MAX_QUESTIONS = 480, 20


class LessonDialog(QDialog):
    """Dialog for the title and questions of a lesson, which shows the view that is in front.

    Args:
        view_text: description of the view that the lesson shows.
        title: the proposed title.
        parent: the window, which keeps running meanwhile.
    """

    chosen = Signal(str, object)
    """The title, and a tuple of :class:`Question`."""

    def __init__(self, view_text: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Make a lesson of this view"))
        self.setMinimumWidth(_WIDTH)
        self.title = QLineEdit(title)
        self.title.setMaxLength(200)
        name(self.title, self.tr("Title"))
        self.fields: list[tuple[QLineEdit, QLineEdit]] = []
        """Fields of the question and of its answer, in order."""
        self._rows = QVBoxLayout()
        self._rows.setSpacing(SPACE_S)
        self.more = button(self.tr("Another question"), icon="plus")
        self.save = button(self.tr("Save…"), self.tr("Choose a file for it"), role="primary")
        self.save.setDefault(True)
        cancel = button(self.tr("Cancel"))
        for other_button in (cancel, self.more):
            other_button.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_L)
        layout.setSpacing(SPACE_M)
        layout.addWidget(label(view_text, "muted", wrap=True))
        layout.addWidget(self.title)
        layout.addLayout(self._rows)
        layout.addWidget(self.more, alignment=Qt.AlignmentFlag.AlignLeft)
        layout.addLayout(dialog_button_row(cancel, self.save))
        self.add_question()
        self.title.textChanged.connect(self._check)
        self.more.clicked.connect(self.add_question)
        self.save.clicked.connect(self._on_accept)
        cancel.clicked.connect(self.reject)
        self._check()

    def add_question(self) -> None:
        """Add fields for one more question."""
        number = len(self.fields) + 1
        question, answer = QLineEdit(), QLineEdit()
        for field, text in (
            (question, self.tr("Question {0}").format(number)),
            (answer, self.tr("Its answer, shown when asked for")),
        ):
            field.setPlaceholderText(text)
            field.setMaxLength(4000)
            name(field, text)
            self._rows.addWidget(field)
        self.fields.append((question, answer))
        self.more.setEnabled(number < _MAX_QUESTIONS)

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions that are not empty, with their answers."""
        pairs = (
            (question.text().strip(), answer.text().strip()) for question, answer in self.fields
        )
        return tuple(
            Question(question=question, answer=answer) for question, answer in pairs if question
        )

    def _check(self) -> None:
        self.save.setEnabled(bool(self.title.text().strip()))

    def _on_accept(self) -> None:
        self.chosen.emit(self.title.text().strip(), self.questions)
        self.accept()
