"""Linked highlighting of a symbol in equations, plots and controls."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ddpm_studio.gui.features.learn.equation import Equation
from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import RADIUS


class Highlightable(Protocol):
    """A plot that can highlight one of its parts."""

    def highlight(self, key: str) -> bool:
        """Highlight the part of a symbol, or none; return whether there is such a part."""
        ...


class LinkedHighlights(QObject):
    """Linked highlighting across the equations, plots and controls of a chapter.

    While a symbol is highlighted, its curves stand out, its controls and pictures get a ring, and
    the other equations highlight it too. A control that gets the focus highlights its symbol.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.equations: list[Equation] = []
        self._views: list[Highlightable] = []
        self._rings: dict[str, list[_HighlightRing]] = {}
        self._keys: dict[QObject, str] = {}

    def add_equations(self, *equations: Equation) -> None:
        """Link equations: a symbol pointed at in one of them is highlighted everywhere."""
        for equation in equations:
            self.equations.append(equation)
            equation.highlighted.connect(self.highlight)

    def add_views(self, *views: Highlightable) -> None:
        """Link plots, whose parts are highlighted by the keys of their symbols."""
        self._views.extend(views)

    def add(self, key: str, *widgets: QWidget) -> None:
        """Link controls or pictures to a symbol: highlighted with it; their focus highlights it."""
        for widget in widgets:
            self._rings.setdefault(key, []).append(_HighlightRing(widget))
            self._keys.setdefault(widget, key)
            widget.installEventFilter(self)

    def highlight(self, key: str) -> None:
        """Highlight a symbol, by its key, in all that is linked; "" highlights none."""
        for equation in self.equations:
            equation.highlight_symbol(key)
        for view in self._views:
            view.highlight(key)
        for other, rings in self._rings.items():
            for ring in rings:
                ring.setVisible(other == key)

    def highlighted(self, key: str) -> bool:
        """Whether any control or picture has its ring for this symbol."""
        return any(not ring.isHidden() for ring in self._rings.get(key, []))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Highlight the symbol of the widget that gets the focus, until it loses it."""
        if event.type() == QEvent.Type.FocusIn and watched in self._keys:
            self.highlight(self._keys[watched])
        elif event.type() == QEvent.Type.FocusOut and watched in self._keys:
            self.highlight("")
        return super().eventFilter(watched, event)


class _HighlightRing(QWidget):
    """A highlight ring inside a widget's edge, transparent for mouse events."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setGeometry(widget.rect())
        widget.installEventFilter(self)
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the size of the widget."""
        if event.type() == QEvent.Type.Resize and isinstance(watched, QWidget):
            self.setGeometry(watched.rect())
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ring."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(current_theme().color("accent"), 2))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS, RADIUS)
        painter.end()

    def showEvent(self, event: QEvent) -> None:
        """Raise the ring above the widget's other children."""
        self.raise_()
