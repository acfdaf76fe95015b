"""What lights up together: a symbol, in every equation that has it, and what it belongs to."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ddpm_studio.gui.features.learn.equation import Equation
from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import RADIUS


class Lightable(Protocol):
    """A plot that can let a part of it stand out."""

    def light(self, key: str) -> bool:
        """Let the part of a symbol stand out, or none; returns whether it is here."""
        ...


class Lights(QObject):
    """Joins the equations of a chapter with its plots and controls.

    Where a symbol is lit, its curves stand out, its controls and pictures get a halo, and the
    other equations show it too. A control that has the focus lights its symbol in turn.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.equations: list[Equation] = []
        self._views: list[Lightable] = []
        self._halos: dict[str, list[_Halo]] = {}
        self._keys: dict[QObject, str] = {}

    def add_equations(self, *equations: Equation) -> None:
        """Let these equations light, and be lit."""
        for equation in equations:
            self.equations.append(equation)
            equation.lit.connect(self.light)

    def add_views(self, *views: Lightable) -> None:
        """Let the curves of these plots be lit by their symbols."""
        self._views.extend(views)

    def add(self, key: str, *widgets: QWidget) -> None:
        """Let controls or pictures be lit by a symbol, and light it while they have the focus."""
        for widget in widgets:
            self._halos.setdefault(key, []).append(_Halo(widget))
            self._keys.setdefault(widget, key)
            widget.installEventFilter(self)

    def light(self, key: str) -> None:
        """Light a symbol everywhere, or none."""
        for equation in self.equations:
            equation.show_symbol(key)
        for view in self._views:
            view.light(key)
        for other, halos in self._halos.items():
            for halo in halos:
                halo.setVisible(other == key)

    def lit(self, key: str) -> bool:
        """Whether any control or picture has its halo for this symbol."""
        return any(not halo.isHidden() for halo in self._halos.get(key, []))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Light the symbol of what gets the focus."""
        if event.type() == QEvent.Type.FocusIn and watched in self._keys:
            self.light(self._keys[watched])
        elif event.type() == QEvent.Type.FocusOut and watched in self._keys:
            self.light("")
        return super().eventFilter(watched, event)


class _Halo(QWidget):
    """A ring within a widget's edge, through which the mouse still reaches it."""

    def __init__(self, around: QWidget) -> None:
        super().__init__(around)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setGeometry(around.rect())
        around.installEventFilter(self)
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep to the size of what is ringed."""
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
        """Lie above what is ringed."""
        self.raise_()
