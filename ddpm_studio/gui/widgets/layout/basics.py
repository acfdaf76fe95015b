"""Factories of labels, buttons and lines, with accessible name, tooltip and style role."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QAction, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QFrame,
    QLabel,
    QLineEdit,
    QPushButton,
    QStylePainter,
    QToolButton,
    QWidget,
)

from ddpm_studio.gui.theme.icons import icon_pixmap, set_icon
from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import ICON_SIZE, SPACE_S
from ddpm_studio.gui.widgets.layout.wrapped_text import WrappedLabel


def name(widget: QWidget, title: str, tip: str = "") -> None:
    """Set a widget's accessible name (for screen readers) and its tooltip."""
    widget.setAccessibleName(title)
    widget.setToolTip(tip or title)
    if tip:
        widget.setAccessibleDescription(tip)


def escape_mnemonics(text: str) -> str:
    """Escape ``&`` in a text for a button or a menu, so that it marks no mnemonic."""
    return text.replace("&", "&&")


def set_property(widget: QWidget, key: str, value: object) -> None:
    """Set a dynamic property that the style sheet selects by, and repolish the widget."""
    if widget.property(key) == value:
        return
    widget.setProperty(key, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


def label(text: str = "", role: str = "", *, wrap: bool = False) -> QLabel:
    """Return a plain-text label, optionally word-wrapped.

    ``role`` is one of title, section, heading, caption, muted, danger, warning, success, key or
    none.
    """
    widget = WrappedLabel(text) if wrap else QLabel(text)
    if role:
        widget.setProperty("role", role)
    widget.setWordWrap(wrap)
    widget.setTextFormat(Qt.TextFormat.PlainText)
    return widget


def number_label(text: str = "", role: str = "") -> QLabel:
    """Return a label for a changing number, with tabular figures."""
    widget = label(text, role)
    use_tabular_figures(widget)
    return widget


def use_tabular_figures(widget: QWidget) -> None:
    """Enable tabular figures (all of the same width), for a changing number."""
    font = widget.font()
    font.setFeature(body_font().featureTags()[0], 1)
    widget.setFont(font)


def button(text: str, tip: str = "", *, icon: str = "", role: str = "") -> QPushButton:
    """Return a push button; ``role`` is primary, danger, link or none."""
    widget = QPushButton(text)
    if role:
        widget.setProperty("role", role)
    if icon:
        icon_role = {"primary": "on_accent", "danger": "danger", "link": "accent"}.get(role, "text")
        set_icon(widget, icon, icon_role)
        widget.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
    name(widget, text, tip)
    return widget


def tool_button(icon: str, title: str, tip: str = "", *, checkable: bool = False) -> QToolButton:
    """Return a flat icon-only button that Tab can focus."""
    widget = QToolButton()
    set_icon(widget, icon)
    widget.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
    widget.setCheckable(checkable)
    widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    name(widget, title, tip)
    return widget


def add_clear_button(edit: QLineEdit) -> None:
    """Add a clear button in the theme's colours to a line edit, as Qt's is dark on dark."""
    edit.setClearButtonEnabled(True)
    for action in edit.findChildren(QAction):
        set_icon(action, "x", "muted")


def add_text_margin(box: QAbstractSpinBox) -> None:
    """Add a left text margin to a spin box, where Qt ignores the style sheet's padding."""
    box.lineEdit().setTextMargins(SPACE_S + 2, 0, 0, 0)


def line() -> QFrame:
    """Return a thin horizontal line."""
    frame = QFrame()
    frame.setProperty("role", "line")
    frame.setFixedHeight(1)
    return frame


class ElidedLabel(QLabel):
    """Single-line label, elided where there is no room; the tooltip then has the full text."""

    def __init__(self, text: str = "", role: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        if role:
            self.setProperty("role", role)

    def minimumSizeHint(self) -> QSize:
        """Return a minimum width of 0, as the text is elided."""
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the elided text, and set the tooltip if it is elided."""
        elided = self.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideRight, self.contentsRect().width()
        )
        self.setToolTip("" if elided == self.text() else self.text())
        painter = QStylePainter(self)
        painter.drawItemText(
            self.contentsRect(),
            self.alignment(),
            self.palette(),
            self.isEnabled(),
            elided,
            self.foregroundRole(),
        )
        painter.end()


class IconLabel(QLabel):
    """Icon without interaction; it follows the theme and the device pixel ratio."""

    def __init__(
        self, icon: str, size: int = ICON_SIZE, role: str = "muted", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._icon, self._size, self._role = icon, size, role
        self.setFixedSize(size, size)
        self._draw()
        current_theme().changed.connect(self._draw)

    def set_icon(self, icon: str, role: str | None = None) -> None:
        """Change the icon, and its colour token if ``role`` is given."""
        self._icon = icon
        self._role = role or self._role
        self._draw()

    def event(self, event: QEvent) -> bool:
        """Render the icon again when the device pixel ratio has changed."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._draw()
        return super().event(event)

    def _draw(self) -> None:
        ratio = self.devicePixelRatioF()
        self.setPixmap(icon_pixmap(self._icon, self._size, ratio, self._role))


class _WheelFilter(QObject):
    """Event filter that keeps the wheel from changing a field without focus."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ignore wheel events of an unfocused field, so that its scroll area handles them."""
        if (
            event.type() == QEvent.Type.Wheel
            and isinstance(watched, QWidget)
            and not watched.hasFocus()
        ):
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def ignore_unfocused_wheel(*fields: QWidget) -> None:
    """Keep the wheel from changing or focusing fields, so that it scrolls past them.

    A field that was focused by a click or Tab still reacts to the wheel.
    """
    for field in fields:
        field.installEventFilter(_WheelFilter(field))
        # By default, combo and spin boxes take the focus on a wheel event before the filter runs.
        if field.focusPolicy() == Qt.FocusPolicy.WheelFocus:
            field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
