"""Labels, buttons and lines, each with a name, a tip and a look."""

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
    """Give a widget its name for screen readers and its tooltip."""
    widget.setAccessibleName(title)
    widget.setToolTip(tip or title)
    if tip:
        widget.setAccessibleDescription(tip)


def as_written(text: str) -> str:
    """Return a text for a button or a menu that stands there as it is: & names no key in it."""
    return text.replace("&", "&&")


def set_property(widget: QWidget, key: str, value: object) -> None:
    """Set a property that the style sheet looks at, and draw the widget anew."""
    if widget.property(key) == value:
        return
    widget.setProperty(key, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


def label(text: str = "", role: str = "", *, wrap: bool = False) -> QLabel:
    """Return a label.

    ``role`` is one of title, section, heading, caption, muted, danger, warning, success, key or
    none.
    """
    made = WrappedLabel(text) if wrap else QLabel(text)
    if role:
        made.setProperty("role", role)
    made.setWordWrap(wrap)
    made.setTextFormat(Qt.TextFormat.PlainText)
    return made


def number_label(text: str = "", role: str = "") -> QLabel:
    """Return a label for a number that changes: its figures are of equal width."""
    made = label(text, role)
    even_figures(made)
    return made


def even_figures(widget: QWidget) -> None:
    """Give all figures the same width, for a number that changes."""
    font = widget.font()
    font.setFeature(body_font().featureTags()[0], 1)
    widget.setFont(font)


def button(text: str, tip: str = "", *, icon: str = "", role: str = "") -> QPushButton:
    """Return a push button; ``role`` is primary, danger, link or none."""
    made = QPushButton(text)
    if role:
        made.setProperty("role", role)
    if icon:
        ink = {"primary": "on_accent", "danger": "danger", "link": "accent"}.get(role, "text")
        set_icon(made, icon, ink)
        made.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
    name(made, text, tip)
    return made


def tool_button(icon: str, title: str, tip: str = "", *, checkable: bool = False) -> QToolButton:
    """Return a flat button that shows an icon alone; Tab reaches it."""
    made = QToolButton()
    set_icon(made, icon)
    made.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
    made.setCheckable(checkable)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    name(made, title, tip)
    return made


def clearable(edit: QLineEdit) -> None:
    """Let a cross empty a field: one of the theme, as Qt's own is dark on dark."""
    edit.setClearButtonEnabled(True)
    for action in edit.findChildren(QAction):
        set_icon(action, "x", "muted")


def inset(box: QAbstractSpinBox) -> None:
    """Keep the text off the left edge of a spin box, where Qt ignores the style sheet's padding."""
    box.lineEdit().setTextMargins(SPACE_S + 2, 0, 0, 0)


def line() -> QFrame:
    """Return a thin horizontal line."""
    made = QFrame()
    made.setProperty("role", "line")
    made.setFixedHeight(1)
    return made


class ElidedLabel(QLabel):
    """One line that ends in … where there is no room; the tooltip then has all of it."""

    def __init__(self, text: str = "", role: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        if role:
            self.setProperty("role", role)

    def minimumSizeHint(self) -> QSize:
        """Allow any width."""
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what there is room for."""
        shown = self.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideRight, self.contentsRect().width()
        )
        self.setToolTip("" if shown == self.text() else self.text())
        painter = QStylePainter(self)
        painter.drawItemText(
            self.contentsRect(),
            self.alignment(),
            self.palette(),
            self.isEnabled(),
            shown,
            self.foregroundRole(),
        )
        painter.end()


class IconLabel(QLabel):
    """An icon that is only looked at; it follows the theme and the screen's pixel ratio."""

    def __init__(
        self, icon: str, size: int = ICON_SIZE, role: str = "muted", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._icon, self._size, self._role = icon, size, role
        self.setFixedSize(size, size)
        self._draw()
        current_theme().changed.connect(self._draw)

    def set_icon(self, icon: str, role: str | None = None) -> None:
        """Show another icon, and in another colour if ``role`` is given."""
        self._icon = icon
        self._role = role or self._role
        self._draw()

    def event(self, event: QEvent) -> bool:
        """Draw anew where the window moves to a screen of another pixel ratio."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._draw()
        return super().event(event)

    def _draw(self) -> None:
        ratio = self.devicePixelRatioF()
        self.setPixmap(icon_pixmap(self._icon, self._size, ratio, self._role))


class _WheelFilter(QObject):
    """Keeps the wheel from changing a field that does not have the focus."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let an unfocused field pass the wheel on to what scrolls around it."""
        if (
            event.type() == QEvent.Type.Wheel
            and isinstance(watched, QWidget)
            and not watched.hasFocus()
        ):
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def keep_from_wheel(*fields: QWidget) -> None:
    """Let the wheel scroll past fields, neither changing them nor giving them the focus.

    One that was given the focus by a click or Tab still turns by the wheel.
    """
    for field in fields:
        field.installEventFilter(_WheelFilter(field))
        # By itself a list or a number takes the focus from the wheel, before the filter is asked.
        if field.focusPolicy() == Qt.FocusPolicy.WheelFocus:
            field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
