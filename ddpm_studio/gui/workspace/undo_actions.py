"""Undo and redo actions, dispatched to the tool in front or to the last change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction

from ddpm_studio.gui.workspace.actions import ActionRegistry


class UndoActions(QObject):
    """Registers undo and redo, each forwarded to the front tool's, such as ``inpaint.undo``.

    Some changes can be undone while any tool is in front, the last of them first.

    Args:
        actions: where the actions are registered.
        in_front: returns the key of the tool in front.
        parent: the owner.
    """

    def __init__(
        self, actions: ActionRegistry, in_front: Callable[[], str], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._actions, self._in_front = actions, in_front
        self._last_changes: Mapping[str, Callable[[], int | None]] = {}
        for command, text, shortcut, icon, tip in (
            ("undo", self.tr("Undo"), "Ctrl+Z", "undo-2", self.tr("Undo the last change")),
            ("redo", self.tr("Redo"), "Ctrl+Shift+Z", "redo-2", self.tr("Do it again after all")),
        ):
            actions.add(
                f"edit.{command}",
                text,
                partial(self._trigger, command),
                category=self.tr("&Edit"),
                shortcut=shortcut,
                icon=icon,
                tip=tip,
                enabled=False,
            )

    def connect_tools(self, last_changes: Mapping[str, Callable[[], int | None]]) -> None:
        """Connect to the tools' undo and redo actions, once the tools are built.

        ``last_changes`` returns, by the prefix of an undo action that does not need its tool in
        front, the number of the change that it would undo, see :func:`next_change`; None: none.
        """
        self._last_changes = last_changes
        for action in list(self._actions):
            if action.objectName().endswith((".undo", ".redo")):
                action.enabledChanged.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Update whether undo and redo are enabled."""
        for command in ("undo", "redo"):
            self._actions[f"edit.{command}"].setEnabled(self._find_action(command) is not None)

    def _trigger(self, command: str) -> None:
        action = self._find_action(command)
        if action is not None:
            action.trigger()

    def _find_action(self, command: str) -> QAction | None:
        numbers = {key: last_change() or 0 for key, last_change in self._last_changes.items()}
        in_front = self._in_front()
        # A tool in front of the others comes first, unless its changes are numbered with theirs.
        keys = [] if in_front in numbers else [in_front]
        for key in (*keys, *sorted(numbers, key=numbers.__getitem__, reverse=True)):
            action_id = f"{key}.{command}"
            if action_id in self._actions and self._actions[action_id].isEnabled():
                return self._actions[action_id]
        return None
