"""Boards of the gallery: named collections of pictures of any runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from ddpm_studio.gui.features.common.counts import picture_count
from ddpm_studio.gui.features.gallery.board_bar import BoardBar
from ddpm_studio.gui.features.gallery.board_dialog import BoardDialog
from ddpm_studio.gui.features.gallery.gallery_items import Filter, GalleryItems
from ddpm_studio.gui.features.gallery.gallery_store import GalleryStore
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.jobs.library.gallery import GalleryEntry


class GalleryBoards(QObject):
    """Controller of the boards: adds and removes pictures, in memory and on disk, with undo.

    Its actions are ``gallery.add_to_board`` and ``gallery.take_off_board``.

    Args:
        items: the gallery's model.
        store: writes the boards to disk.
        chosen: returns the selected pictures.
        messages: shows what was done, with an undo button.
        source: the drag source of the pictures.
        parent: the panel, which becomes the owner.
    """

    changed = Signal()
    """Another board was selected, or the boards of some pictures changed."""

    def __init__(
        self,
        items: GalleryItems,
        store: GalleryStore,
        chosen: Callable[[], list[GalleryEntry]],
        messages: MessageBar,
        source: QWidget,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._items, self._store, self._chosen = items, store, chosen
        self._messages, self._parent = messages, parent
        self.bar = BoardBar(source)
        self.bar.chosen.connect(self.changed)
        self.bar.dropped.connect(self.add_chosen)
        self.bar.rename_requested.connect(self.prompt_rename)
        self.bar.clear_requested.connect(self.clear)

    def register(self, actions: ActionRegistry, category: str) -> list[QAction]:
        """Register the actions, and return them for a menu of the pictures."""
        self._add_action = actions.add(
            "gallery.add_to_board",
            self.tr("Add to a board…"),
            self.prompt_board,
            category=category,
            icon="layers",
            tip=self.tr("Collect the chosen pictures, of any runs, under a name"),
            keywords=self.tr("collection album favourites"),
        )
        self._remove_action = actions.add(
            "gallery.take_off_board",
            self.tr("Take off this board"),
            self.remove_chosen,
            category=category,
            icon="minus",
            tip=self.tr("The chosen pictures stay in the gallery"),
        )
        return [self._add_action, self._remove_action]

    @property
    def current(self) -> str:
        """Name of the board selected as filter; empty: none."""
        return self.bar.current

    def restrict_to_board(self, chosen: Filter) -> Filter:
        """Return a filter restricted to the current board's pictures."""
        return replace(chosen, board=self.current)

    def show_boards(self) -> None:
        """Update the board buttons from the model."""
        self.bar.set_boards(self._items.boards)

    def set_any_chosen(self, any_chosen: bool) -> None:
        """Enable the actions according to whether any pictures are selected."""
        self._add_action.setEnabled(any_chosen)
        self._remove_action.setEnabled(any_chosen and bool(self.current))

    def prompt_board(self) -> BoardDialog | None:
        """Ask for the board to add the selected pictures to; None: no pictures are selected."""
        if not self._chosen():
            return None
        boards = list(self._items.boards)
        title, first = self.tr("Add to a board"), boards[0] if boards else self.tr("Favourites")
        return self._open_dialog(title, self.tr("Add"), boards, first, self.add_chosen)

    def prompt_rename(self, board: str) -> BoardDialog:
        """Ask for a new name of a board."""
        title = self.tr("Rename the board")
        callback = partial(self.rename, board)
        return self._open_dialog(title, self.tr("Rename"), [board], board, callback)

    def add_chosen(self, board: str) -> None:
        """Add the selected pictures to a board."""
        self._change(self._chosen(), board, True)

    def remove_chosen(self) -> None:
        """Remove the selected pictures from the current board."""
        if self.current:
            self._change(self._chosen(), self.current, False)

    def clear(self, board: str) -> None:
        """Remove all pictures from a board, which removes the board."""
        self._change(self._items.of_board(board), board, False)

    def rename(self, board: str, new: str) -> None:
        """Rename a board; if the new name is that of another board, the two are merged."""
        if new == board:
            return
        is_current, items = self.current == board, self._items.of_board(board)
        self._write(items, board, False)
        self._write(items, new, True)
        self.changed.emit()
        if is_current:
            self.bar.choose(new)

    def _change(self, items: Sequence[GalleryEntry], board: str, on: bool) -> None:
        changed = self._write(items, board, on)
        self.changed.emit()
        if not changed:
            return
        template = self.tr("{0} put on {1}.") if on else self.tr("{0} taken off {1}.")
        self._messages.show_message(
            template.format(picture_count(len(changed)), board),
            action=self.tr("Undo"),
            callback=partial(self._undo, changed, board, not on),
            topic="board",
        )

    def _undo(self, items: Sequence[GalleryEntry], board: str, on: bool) -> None:
        self._write(items, board, on)
        self.changed.emit()
        self._messages.clear(topic="board")

    def _write(self, items: Sequence[GalleryEntry], board: str, on: bool) -> list[GalleryEntry]:
        changed = self._items.put(items, board, on)
        if changed:
            self._store.put(changed, board, on)
        return changed

    def _open_dialog(
        self,
        title: str,
        accept: str,
        boards: Sequence[str],
        first: str,
        callback: Callable[[str], object],
    ) -> BoardDialog:
        dialog = BoardDialog(title, accept, boards, first, self._parent.window())
        dialog.named.connect(callback)
        dialog.open()
        return dialog
