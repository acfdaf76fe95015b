"""Guided tour of the window: a callout next to each part, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import RADIUS, SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.layout.basics import button, label

_WIDTH = 300
_RING = 3


@dataclass(frozen=True)
class TourStop:
    """One stop of the tour: a part of the window.

    Args:
        title: name of the part.
        text: what it is for.
        target: returns the widget to point at; called after ``show``.
        show: makes that widget visible.
    """

    title: str
    text: str
    target: Callable[[], QWidget]
    show: Callable[[], object] | None = None


class Tour(QObject):
    """Guided tour from stop to stop; the window stays usable all the while.

    Args:
        window: the window that is toured.
        stops: at least one.
    """

    ended = Signal()

    def __init__(self, window: QWidget, stops: Sequence[TourStop]) -> None:
        super().__init__(window)
        self._window, self._stops = window, stops
        self._index = 0
        self._focus: QWidget | None = None
        self.ring = _Ring(window)
        self.callout = Callout(window)
        self.callout.next_button.clicked.connect(self.next)
        self.callout.back_button.clicked.connect(self.back)
        self.callout.skip_button.clicked.connect(self.end)
        self.callout.stepped.connect(self._on_stepped)
        self.callout.left.connect(self.end)
        self._watched: QWidget | None = None
        self._previous_tabs: list[tuple[QTabWidget, int]] = []

    @property
    def is_running(self) -> bool:
        """Whether a stop is shown."""
        return not self.callout.isHidden()

    @property
    def stop(self) -> TourStop:
        """The stop that is shown, or was last."""
        return self._stops[self._index]

    def start(self) -> None:
        """Begin at the first stop."""
        if not self.is_running:
            self._focus = QApplication.focusWidget()
            tabs = self._window.findChildren(QTabWidget)
            self._previous_tabs = [(tab_widget, tab_widget.currentIndex()) for tab_widget in tabs]
            self._window.installEventFilter(self)
        self._go(0)
        self.callout.next_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def next(self) -> None:
        """Go on by one; end after the last stop."""
        if self._index + 1 < len(self._stops):
            self._go(self._index + 1)
        else:
            self.end()

    def back(self) -> None:
        """Go back by one."""
        self._go(max(0, self._index - 1))

    def end(self) -> None:
        """End the tour, and restore the current tabs and the focus."""
        if not self.is_running:
            return
        self._watch(None)
        self._window.removeEventFilter(self)
        self.callout.hide()
        self.ring.hide()
        for tab_widget, index in self._previous_tabs:
            tab_widget.setCurrentIndex(index)
        if self._focus is not None:
            self._focus.setFocus()
        self._focus = None
        self.ended.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the target when it, or the window, is shown, moved or resized."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show):
            self._reposition()
        return super().eventFilter(watched, event)

    def _go(self, index: int) -> None:
        self._index = index
        stop = self._stops[index]
        if stop.show is not None:
            stop.show()
        self._watch(stop.target())
        self.callout.show_stop(stop, index, len(self._stops))
        self.ring.show()
        self.callout.show()
        self._reposition()

    def _watch(self, target: QWidget | None) -> None:
        if self._watched is not None:
            self._watched.removeEventFilter(self)
        self._watched = target
        if target is not None:
            target.installEventFilter(self)

    def _on_stepped(self, step: int) -> None:
        if step > 0:
            self.next()
        else:
            self.back()

    def _reposition(self) -> None:
        target = self._watched
        if target is None:
            return
        corner = target.mapTo(self._window, QPoint(0, 0))
        target_rect = QRect(corner, target.size()).intersected(self._window.rect())
        frame = target_rect.adjusted(-_RING, -_RING, _RING, _RING)
        self.ring.setGeometry(frame.intersected(self._window.rect()))
        self.callout.adjustSize()
        self.callout.move(_callout_position(target_rect, self.callout.rect(), self._window.rect()))
        self.ring.raise_()
        self.callout.raise_()


class Callout(QFrame):
    """Callout with the text of a stop; Escape ends the tour, Right and Left go on and back."""

    stepped = Signal(int)
    left = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setProperty("role", "callout")
        self.setFixedWidth(_WIDTH)
        self.title = label("", "heading")
        self.text = label("", wrap=True)
        self.count = label("", "caption")
        self.skip_button = button(self.tr("Skip"), self.tr("End the tour"), role="link")
        self.back_button = button(self.tr("Back"), self.tr("The stop before"))
        self.next_button = button(self.tr("Next"), self.tr("The next stop"), role="primary")
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        row.addWidget(self.count)
        row.addStretch()
        for push_button in (self.skip_button, self.back_button, self.next_button):
            row.addWidget(push_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_M)
        layout.setSpacing(SPACE_M)
        layout.addWidget(self.title)
        layout.addWidget(self.text)
        layout.addLayout(row)
        self.hide()

    def show_stop(self, stop: TourStop, index: int, total: int) -> None:
        """Show the text of a stop."""
        self.title.setText(stop.title)
        self.text.setText(stop.text)
        self.text.setFixedHeight(self.text.heightForWidth(_WIDTH - 2 * SPACE_L))
        self.count.setText(self.tr("{n} of {total}").format(n=index + 1, total=total))
        self.back_button.setEnabled(index > 0)
        last = index + 1 == total
        self.next_button.setText(self.tr("Done") if last else self.tr("Next"))
        self.next_button.setAccessibleName(self.next_button.text())
        self.next_button.setAccessibleDescription(f"{stop.title}. {stop.text}")
        self.setAccessibleName(f"{stop.title}. {stop.text}")
        self.skip_button.setVisible(not last)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go on, back, or leave; Enter presses the button that has the focus."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            focused = self.focusWidget()
            (focused if isinstance(focused, QPushButton) else self.next_button).click()
        elif event.key() in (Qt.Key.Key_Right, Qt.Key.Key_Left):
            self.stepped.emit(1 if event.key() == Qt.Key.Key_Right else -1)
        else:
            super().keyPressEvent(event)


class _Ring(QWidget):
    """A frame around the target, transparent for mouse events."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(current_theme().color("accent"), 2))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), RADIUS, RADIUS)
        painter.end()


def _callout_position(target_rect: QRect, size: QRect, area: QRect) -> QPoint:
    """Return where a callout goes: next to the target where there is room, else over its middle."""
    gap = SPACE_M + _RING
    middle = target_rect.center() - size.center()
    positions = (
        QPoint(target_rect.right() + gap, middle.y()),
        QPoint(target_rect.left() - gap - size.width(), middle.y()),
        QPoint(middle.x(), target_rect.bottom() + gap),
        QPoint(middle.x(), target_rect.top() - gap - size.height()),
    )
    inner = area.adjusted(SPACE_M, SPACE_M, -SPACE_M, -SPACE_M)
    for position in positions:
        moved = _clamp_to(position, size, inner)
        if not QRect(moved, size.size()).intersects(target_rect):
            return moved
    return _clamp_to(middle, size, inner)


def _clamp_to(position: QPoint, size: QRect, area: QRect) -> QPoint:
    x = max(area.left(), min(position.x(), area.right() - size.width()))
    y = max(area.top(), min(position.y(), area.bottom() - size.height()))
    return QPoint(x, y)
