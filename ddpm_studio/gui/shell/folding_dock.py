"""Side docks that collapse to a narrow rail, whose button opens the panel as an overlay."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QMainWindow,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import label, name, tool_button
from ddpm_studio.gui.widgets.layout.scroll_areas import VerticalScrollArea

RAIL = 40
# The sheet's own margins, left and right.
_FRAME = 2
_ICON = 20


class FoldingDock(QDockWidget):
    """Dock that shows its panel or, when folded, a rail with a button that opens the panel.

    Args:
        title: title of the dock.
        icon: name of the icon of the rail's button.
        window: main window of the dock.
    """

    def __init__(self, title: str, icon: str, window: QMainWindow) -> None:
        super().__init__(title, window)
        self._window = window
        self._panel: QWidget | None = None
        self._folded = False
        self._empty_title_bar = QWidget(self)
        self._empty_title_bar.hide()
        self._rail = QWidget(self)
        self._rail.setFixedWidth(RAIL)
        self._rail.hide()
        self.button = QToolButton()
        set_icon(self.button, icon)
        self.button.setIconSize(QSize(_ICON, _ICON))
        self.button.setCheckable(True)
        name(self.button, title, self.tr("Open the {dock} dock here").format(dock=title))
        self.button.toggled.connect(self._open)
        column = QVBoxLayout(self._rail)
        column.setContentsMargins(SPACE_S, SPACE_S, SPACE_S, SPACE_S)
        column.addWidget(self.button, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()
        self._layout_timer = QTimer(self, singleShot=True)
        self._layout_timer.timeout.connect(self._clear_minimum_width)
        self._sheet = _Sheet(title, window)
        self._sheet.close_button.clicked.connect(self.close_sheet)

    @property
    def folded(self) -> bool:
        """Whether the dock is collapsed to a rail."""
        return self._folded

    def setWidget(self, panel: QWidget) -> None:
        """Set the panel, once."""
        self._panel = panel
        super().setWidget(panel)

    def fold(self) -> None:
        """Collapse to a rail; no effect if the dock floats or has no panel yet."""
        if self._folded or self._panel is None or self.isFloating():
            return
        self._folded = True
        self._sheet.set_panel(self._panel)
        # Explicit, as applying a style sheet again keeps the minimum width of the panel.
        self._layout_timer.stop()
        self.setMinimumWidth(0)
        # Before the rail is set: else Qt keeps the width that its title bar's buttons need.
        self.setTitleBarWidget(self._empty_title_bar)
        super().setWidget(self._rail)
        self._rail.show()

    def unfold(self, width: int = 0) -> None:
        """Expand: show the panel in the dock again.

        Args:
            width: the width to take, in pixels; 0: as Qt's layout decides.
        """
        if not self._folded or self._panel is None:
            return
        self._folded = False
        self.button.setChecked(False)
        self._rail.hide()
        super().setWidget(self._panel)
        self.setTitleBarWidget(None)  # type: ignore[arg-type]
        self._panel.show()
        # A minimum width, as Qt gives a dock that is not laid out yet only its minimum.
        self.setMinimumWidth(width)
        self._layout_timer.start()

    def reveal(self) -> None:
        """Show the panel, opening the sheet if the dock is folded."""
        self.show()
        if self._folded:
            self.button.setChecked(True)

    def close_sheet(self) -> None:
        """Close the sheet: only the rail is left."""
        self.button.setChecked(False)

    def reposition_sheet(self, width: int) -> None:
        """Position the sheet next to the rail.

        Args:
            width: minimum width in pixels, such as that of the unfolded dock.
        """
        area = self._window.dockWidgetArea(self)
        dock_rect = self.geometry()
        # A dock that was never unfolded has no width of its own to go by.
        width = max(width, self._sheet.sizeHint().width(), self._panel_width(), 9 * RAIL)
        width = min(width, self._window.width() - RAIL)
        left = dock_rect.right() + 1
        if area is Qt.DockWidgetArea.RightDockWidgetArea:
            left = dock_rect.left() - width
        self._sheet.setGeometry(left, dock_rect.top(), width, dock_rect.height())
        self._sheet.raise_()

    def _panel_width(self) -> int:
        """Return the width in pixels at which no scroll area of the panel is cut off."""
        areas = [] if self._panel is None else self._panel.findChildren(VerticalScrollArea)
        return max((area.full_width() for area in areas), default=0) + _FRAME

    def _clear_minimum_width(self) -> None:
        self.setMinimumWidth(0)

    def _open(self, opened: bool) -> None:
        self._sheet.setVisible(opened)
        if opened:
            self.reposition_sheet(0)
            self._sheet.setFocus(Qt.FocusReason.OtherFocusReason)


class _Sheet(QFrame):
    """Overlay that a rail opens: the panel under its title; Escape closes it."""

    def __init__(self, title: str, window: QMainWindow) -> None:
        super().__init__(window)
        self.setProperty("role", "drawer")
        self.setAccessibleName(title)
        self.close_button = tool_button("x", self.tr("Close"), self.tr("Back to the rail"))
        top = QHBoxLayout()
        top.setContentsMargins(SPACE_M + SPACE_S, 0, SPACE_S, 0)
        top.addWidget(label(title, "caption"), 1)
        top.addWidget(self.close_button)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(1, SPACE_S, 1, 1)
        self._column.setSpacing(0)
        self._column.addLayout(top)
        self.hide()

    def set_panel(self, panel: QWidget) -> None:
        """Move a panel into the sheet."""
        self._column.addWidget(panel, 1)
        panel.show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close on Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_button.click()
        else:
            super().keyPressEvent(event)
