"""Presenter mode: the lecture full screen, in large type, one concept at a time."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QCloseEvent, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QFrame,
    QGraphicsProxyWidget,
    QGraphicsScene,
    QGraphicsView,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ddpm_studio.catalogue.concepts import CONCEPTS, PARTS, Concept
from ddpm_studio.gui.features.learn.typeset import paint, typeset
from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.forms.choices import translated
from ddpm_studio.gui.widgets.layout.basics import label

# Slides are laid out for this height in pixels, and scaled up to the screen's.
_HEIGHT = 560
_TITLE, _SENTENCE, _EQUATION = 34, 21, 30
_FORWARD = (Qt.Key.Key_Right, Qt.Key.Key_PageDown)
_BACK = (Qt.Key.Key_Left, Qt.Key.Key_PageUp)


class Presenter(QGraphicsView):
    """Full-screen slides, two for each concept: its sentence and equation, then its live chapter.

    Right and Page Down go on, Left and Page Up back, Home and End to the ends, Escape leaves; the
    chapters stay interactive. While a field is edited, Left, Right, Home and End move its cursor.

    Args:
        pages: the chapters, which are reparented into the slides until :meth:`release_chapters`.
        parent: the owner.
    """

    concept_changed = Signal(str)
    """Emitted with the concept's name when a slide of it is shown."""
    ended = Signal()

    def __init__(self, pages: QStackedWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowFlag(Qt.WindowType.Window)
        self.setWindowTitle(self.tr("Learn – DDPM Studio"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        for policy in (self.setHorizontalScrollBarPolicy, self.setVerticalScrollBarPolicy):
            policy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Presentation"))
        self.slide = 0
        """Number of the current slide, from 0; each concept has two."""
        self._pages = pages
        self.text_slide = _TextSlide()
        self.live = QWidget()
        self._heading = label("", "heading")
        live = QVBoxLayout(self.live)
        live.setContentsMargins(0, SPACE_M, 0, 0)
        header = QHBoxLayout()
        header.setContentsMargins(SPACE_L, 0, SPACE_L, 0)
        header.addWidget(self._heading)
        live.addLayout(header)
        live.addWidget(pages, 1)
        pages.show()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.text_slide)
        self.stack.addWidget(self.live)
        scene = QGraphicsScene(self)
        self.setScene(scene)
        self._proxy: QGraphicsProxyWidget = scene.addWidget(self.stack)
        self._restyle()
        current_theme().changed.connect(self._restyle)

    def begin(self, name: str) -> None:
        """Show full screen, from a concept on."""
        self.show_slide(2 * list(CONCEPTS).index(name))
        self.showFullScreen()
        self.activateWindow()

    def release_chapters(self) -> QStackedWidget:
        """Release and return the chapters; the presenter must not be used any more."""
        self._pages.setParent(None)
        return self._pages

    @property
    def concept(self) -> Concept:
        """The concept that is shown."""
        return list(CONCEPTS.values())[self.slide // 2]

    @property
    def zoom(self) -> float:
        """Scale factor relative to the window, at least 1."""
        return max(1.0, self.viewport().height() / _HEIGHT)

    def show_slide(self, number: int) -> None:
        """Show a slide; its number is clamped to the first and the last."""
        self.slide = min(max(number, 0), 2 * len(CONCEPTS) - 1)
        concept = self.concept
        self.concept_changed.emit(concept.name)
        position = self.tr("{0} of {1}").format(self.slide // 2 + 1, len(CONCEPTS))
        self._heading.setText(f"{translated(concept.title)}  ·  {position}")
        self.text_slide.set_concept(concept, position)
        self.stack.setCurrentWidget(self.live if self.slide % 2 else self.text_slide)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Turn the slide, leave, or pass the key to the chapter."""
        key = event.key()
        if key == Qt.Key.Key_Escape:
            self.close()
        elif self._is_typing() and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            super().keyPressEvent(event)
        elif key in _FORWARD or key in _BACK:
            self.show_slide(self.slide + (1 if key in _FORWARD else -1))
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and not self._is_typing():
            self.show_slide(0 if key == Qt.Key.Key_Home else 2 * len(CONCEPTS))
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay out for the same height on any screen, and scale up."""
        super().resizeEvent(event)
        zoom = self.zoom
        self.resetTransform()
        self.scale(zoom, zoom)
        size = self.viewport().size()
        self._proxy.resize(size.width() / zoom, size.height() / zoom)
        self.setSceneRect(0, 0, size.width() / zoom, size.height() / zoom)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Emit ``ended``."""
        super().closeEvent(event)
        self.ended.emit()

    def event(self, event: QEvent) -> bool:
        """Keep shortcuts of the window from taking the keys that turn the slide or leave."""
        handled_keys = (*_FORWARD, *_BACK, Qt.Key.Key_Escape)
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() in handled_keys
        ):
            event.accept()
            return True
        return super().event(event)

    def _is_typing(self) -> bool:
        focus = QApplication.focusWidget()
        inner = self.stack.focusWidget()
        return any(isinstance(widget, QLineEdit | QAbstractSpinBox) for widget in (focus, inner))

    def _restyle(self) -> None:
        self.setBackgroundBrush(QBrush(current_theme().color("ground")))


class _TextSlide(QWidget):
    """Text slide of a concept: its title, sentence and equation."""

    def __init__(self) -> None:
        super().__init__()
        self.part = label("", "section")
        self.title = label("", "", wrap=True)
        self.sentence = label("", "", wrap=True)
        self.where = label("", "muted", wrap=True)
        self.equation = _EquationView()
        for text_label, size, bold in (
            (self.title, _TITLE, True),
            (self.sentence, _SENTENCE, False),
        ):
            text_label.setFont(body_font(size, bold=bold))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * SPACE_L, 2 * SPACE_L, 3 * SPACE_L, 2 * SPACE_L)
        layout.setSpacing(SPACE_L)
        layout.addStretch(1)
        for part in (self.part, self.title, self.sentence):
            layout.addWidget(part)
        layout.addWidget(self.equation, 2)
        layout.addStretch(1)
        layout.addWidget(self.where)

    def set_concept(self, concept: Concept, position: str) -> None:
        """Show another concept."""
        self.part.setText(f"{translated(PARTS[concept.part])}  ·  {position}")
        self.title.setText(translated(concept.title))
        self.sentence.setText(translated(concept.sentence))
        self.where.setText(translated(concept.where))
        self.equation.set_source(concept.equation)


class _EquationView(QWidget):
    """An equation at the largest font size that there is room for."""

    def __init__(self) -> None:
        super().__init__()
        self._source = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_source(self, source: str) -> None:
        """Show another equation."""
        self._source = source
        self.update()

    def sizeHint(self) -> QSize:
        """Ask for a few lines."""
        return QSize(400, 3 * _EQUATION)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the equation left-aligned and vertically centred."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for size in range(_EQUATION, 9, -1):
            piece = typeset(self._source, size)
            if piece.width <= self.width() and piece.ascent + piece.descent <= self.height():
                break
        baseline = (self.height() + piece.ascent - piece.descent) / 2
        paint(painter, piece, 0, baseline, {"": current_theme().color("text")})
        painter.end()
