"""Class badge of a picture slot: shows the class of its picture and offers a menu to change it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import escape_mnemonics, name, set_property

_SEPARATE_WIDTH = 112


class ClassBadge(QToolButton):
    """Menu button with a picture's class, over the lower edge of a slot or next to it.

    It lies over the slot until :meth:`use_separate_layout` is called, and is hidden for a model
    without classes.

    Args:
        title: title of the slot.
        slot: the picture slot it belongs to.
    """

    chosen = Signal(object)
    """A person chose the picture's class; carries its index, or None for no class."""

    def __init__(self, title: str, slot: QWidget) -> None:
        super().__init__(slot)
        self.title, self._slot = title, slot
        self._is_overlay = True
        self._names: tuple[str, ...] = ()
        self._current: int | None = None
        self._any_class = True
        self.setProperty("role", "over")
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        menu = QMenu(self)
        menu.aboutToShow.connect(self._fill_menu)
        self.setMenu(menu)
        self._classes = QActionGroup(self)
        self._classes.triggered.connect(lambda action: self.chosen.emit(action.data()))
        slot.installEventFilter(self)
        self.hide()

    def use_separate_layout(self) -> None:
        """Switch to a fixed width for a layout next to the slot, where that is too small."""
        self._is_overlay = False
        self._slot.removeEventFilter(self)
        set_property(self, "role", None)
        self.setFixedWidth(_SEPARATE_WIDTH)
        self._reposition()

    def show_class(
        self, names: Sequence[str], number: int | None, *, any_class: bool = True
    ) -> None:
        """Show the class of the picture.

        Args:
            names: the model's class names; empty: the badge is hidden.
            number: index of the picture's class; None: no class, or unknown.
            any_class: whether the model can do without a class; if not, "no class" is not offered.
        """
        self._names, self._current, self._any_class = tuple(names), number, any_class
        self.setVisible(bool(names))
        if number is None and not any_class:
            tip = self.tr("Its class is not known, and this model needs one. Click to choose.")
        else:
            tip = self.tr(
                "Its class is {0}: what is drawn from it is of that class. Click to choose."
            ).format(self._class_text(number))
        name(self, self.tr("Class of {0}").format(self.title), tip)
        self._reposition()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the badge at the slot's lower edge when the slot is resized."""
        if event.type() == QEvent.Type.Resize:
            self._reposition()
        return super().eventFilter(watched, event)

    def _class_text(self, number: int | None) -> str:
        if number is not None:
            return self._names[number]
        return self.tr("no class") if self._any_class else self.tr("class…")

    def _reposition(self) -> None:
        slot, text = self._slot, self._class_text(self._current)
        room = slot.width() - 2 * SPACE_S if self._is_overlay else _SEPARATE_WIDTH
        metrics = self.fontMetrics()
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, room - SPACE_S))
        self.setText(escape_mnemonics(text))
        if not self._is_overlay:
            return
        size = self.sizeHint()
        width = min(size.width(), room)
        self.setGeometry(SPACE_S, slot.height() - size.height() - SPACE_S, width, size.height())

    def _fill_menu(self) -> None:
        menu = self.menu()
        menu.clear()
        numbers: list[int | None] = [None] if self._any_class else []
        numbers += range(len(self._names))
        for number in numbers:
            action = menu.addAction(escape_mnemonics(self._class_text(number)))
            action.setCheckable(True)
            action.setChecked(number == self._current)
            action.setData(number)
            self._classes.addAction(action)
