"""Board buttons of the gallery: click one to filter by that board, drop pictures to add them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QButtonGroup, QMenu, QSizePolicy, QToolButton, QWidget

from ddpm_studio.gui.platform.images import PICTURE_MIME
from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.widgets.layout.basics import escape_mnemonics, name, set_property
from ddpm_studio.gui.widgets.layout.flow_layout import FlowLayout

_LONGEST = 24


class BoardBar(QWidget):
    """Row of exclusive buttons, for all pictures and each board; hidden if there are no boards.

    Args:
        source: the drag source; drops from other widgets are not accepted.
        parent: the owner.
    """

    chosen = Signal(str)
    """A board was selected as filter, by name; empty: all pictures."""
    dropped = Signal(str)
    """The dragged pictures were dropped on this board."""
    rename_requested = Signal(str)
    """A person wants to rename this board."""
    clear_requested = Signal(str)
    """A person wants to remove this board, but not its pictures."""

    def __init__(self, source: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = source
        self.buttons: dict[str, BoardButton] = {}
        self._group = QButtonGroup(self)
        self._layout = FlowLayout(parent=self)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._counts: dict[str, int] = {}
        self.current = ""
        self._all = self._add("", self.tr("All pictures"))
        self._all.setChecked(True)
        self.hide()

    def set_boards(self, counts: Mapping[str, int]) -> None:
        """Show a button for each board, with its number of pictures."""
        if dict(counts) == self._counts:
            return
        self._counts = dict(counts)
        for board in [known for known in self.buttons if known and known not in counts]:
            removed = self.buttons.pop(board)
            self._group.removeButton(removed)
            self._layout.removeWidget(removed)
            removed.deleteLater()
        for board, count in counts.items():
            button = self.buttons.get(board) or self._add(board, board)
            title = board if len(board) <= _LONGEST else board[: _LONGEST - 1] + "…"
            button.setText(escape_mnemonics(f"{title} · {count:,}"))
            # Keeps the order when a new board is inserted in between.
            self._layout.removeWidget(button)
            self._layout.addWidget(button)
        self.setVisible(bool(counts))
        if self.current not in self.buttons:
            self.choose("")

    def choose(self, board: str) -> None:
        """Select one board as filter; an empty text: all pictures."""
        self.current = board
        self.buttons[board].setChecked(True)
        self.chosen.emit(board)

    def accepts(self, event: QDropEvent) -> bool:
        """Whether the dragged pictures can be dropped on a board."""
        return event.source() is self._source and event.mimeData().hasFormat(PICTURE_MIME)

    def _add(self, board: str, text: str) -> BoardButton:
        button = BoardButton(self, board, text)
        button.clicked.connect(partial(self.choose, board))
        self.buttons[board] = button
        self._group.addButton(button)
        self._layout.addWidget(button)
        return button


class BoardButton(QToolButton):
    """Button of one board: a click selects it, a drop adds pictures, a right click opens a menu."""

    def __init__(self, bar: BoardBar, board: str, text: str) -> None:
        super().__init__(bar)
        self._bar, self.board = bar, board
        self.setText(escape_mnemonics(text))
        self.setCheckable(True)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        set_icon(self, "layers" if board else "images")
        tip = self.tr("Show only {0}; drop pictures here to add them").format(board)
        name(self, text, tip if board else self.tr("Show the pictures of all boards and of none"))
        self.setAcceptDrops(bool(board))

    def menu_actions(self) -> QMenu:
        """Return a context menu to rename or remove the board."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        rename = menu.addAction(self.tr("Rename…"))
        rename.triggered.connect(lambda: self._bar.rename_requested.emit(self.board))
        clear = menu.addAction(self.tr("Remove the board; its pictures stay"))
        clear.triggered.connect(lambda: self._bar.clear_requested.emit(self.board))
        return menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the context menu; the button of all pictures has none."""
        if self.board:
            self.menu_actions().popup(event.globalPos())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept and highlight drags of pictures of the gallery."""
        if self._bar.accepts(event):
            event.acceptProposedAction()
            set_property(self, "dropping", True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Remove the highlight."""
        set_property(self, "dropping", False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Emit ``dropped`` of the bar for the pictures."""
        set_property(self, "dropping", False)
        if self._bar.accepts(event):
            event.acceptProposedAction()
            self._bar.dropped.emit(self.board)
