"""Lesson bar: the questions of a lesson, one at a time, below the view that it shows."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from ddpm_studio.export.lesson import Lesson
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import ElidedLabel, button, label, tool_button


class LessonBar(QFrame):
    """Lesson bar: the title, one question, and its answer on request."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setAccessibleName(self.tr("Lesson"))
        self.lesson: Lesson | None = None
        """The lesson that is shown, or None."""
        self.number = 0
        """Number of the question, from 0."""
        self.title = ElidedLabel("", "section")
        self.question = label("", "heading", wrap=True)
        self.answer = label("", "", wrap=True)
        self.reveal = button(self.tr("Show the answer"), icon="eye")
        # Nothing moves when the answer is shown: hidden, it and the button keep their room.
        hidden: tuple[QWidget, ...] = (self.answer, self.reveal)
        for widget in hidden:
            policy = widget.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            widget.setSizePolicy(policy)
        self.back = tool_button("chevron-left", self.tr("The question before"))
        self.next = tool_button("chevron-right", self.tr("The next question"))
        close_button = tool_button("x", self.tr("Close the lesson"))
        header = QHBoxLayout()
        header.setSpacing(SPACE_S)
        header.addWidget(self.title, 1)
        for part in (self.reveal, self.back, self.next, close_button):
            header.addWidget(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_M, SPACE_S, SPACE_M, SPACE_S)
        layout.setSpacing(SPACE_S)
        layout.addLayout(header)
        layout.addWidget(self.question)
        layout.addWidget(self.answer)
        self.reveal.clicked.connect(self._reveal)
        self.back.clicked.connect(lambda: self._go(self.number - 1))
        self.next.clicked.connect(lambda: self._go(self.number + 1))
        close_button.clicked.connect(self._close)
        self.hide()

    def show_lesson(self, lesson: Lesson) -> None:
        """Show a lesson, from its first question."""
        self.lesson = lesson
        self._go(0)
        self.show()

    def _go(self, number: int) -> None:
        if self.lesson is None:
            return
        questions = self.lesson.questions
        count = len(questions)
        self.number = min(max(number, 0), max(0, count - 1))
        position = f"  ·  {self.number + 1}/{count}" if count > 1 else ""
        self.title.setText(f"{self.lesson.title}{position}")
        question = questions[self.number] if questions else None
        self.question.setText("" if question is None else question.question)
        self.answer.setText("" if question is None else question.answer)
        self.question.setVisible(question is not None)
        self.answer.hide()
        self.reveal.setVisible(question is not None and bool(question.answer))
        for arrow in (self.back, self.next):
            arrow.setVisible(count > 1)
        self.back.setEnabled(self.number > 0)
        self.next.setEnabled(self.number + 1 < count)

    def _reveal(self) -> None:
        self.answer.show()
        self.reveal.hide()

    def _close(self) -> None:
        self.lesson = None
        self.hide()
