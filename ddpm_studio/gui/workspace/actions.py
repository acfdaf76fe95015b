"""Action registry: all actions of the window, from which menus and the palette are built."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from ddpm_studio.gui.theme.icons import set_icon


class ShortcutStore(Protocol):
    """Storage for customised shortcuts; ``QSettings`` implements it."""

    def value(self, key: str, /, defaultValue: Any = ...) -> Any:
        """Return the value stored under ``key``."""

    def setValue(self, key: str, value: Any, /) -> None:
        """Store ``value`` under ``key``."""

    def remove(self, key: str, /) -> None:
        """Delete ``key``."""


class ShortcutTakenError(ValueError):
    """Shortcut conflict: the shortcut belongs to another action, whose id is ``owner``."""

    def __init__(self, shortcut: str, owner: str) -> None:
        self.shortcut, self.owner = shortcut, owner
        super().__init__(f"{shortcut} belongs to {owner}")


class ActionRegistry(QObject):
    """Registry of all actions by id, in the order of registration.

    Args:
        store: persists customised shortcuts; None: they last until the program ends.
        parent: the owner.
    """

    changed = Signal()
    """Emitted when an action was added or a shortcut changed."""
    triggered = Signal(str)
    """Emitted with an action's id just before its callback is called."""

    def __init__(self, store: ShortcutStore | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._actions: dict[str, QAction] = {}
        self._categories: dict[str, str] = {}
        self._callbacks: dict[str, Callable[..., object]] = {}
        self._defaults: dict[str, str] = {}

    def add(
        self,
        action_id: str,
        text: str,
        callback: Callable[..., object],
        *,
        category: str,
        shortcut: str = "",
        icon: str = "",
        tip: str = "",
        keywords: str = "",
        checkable: bool = False,
        checked: bool = False,
        enabled: bool = True,
    ) -> QAction:
        """Register an action and return it.

        Args:
            action_id: a stable name such as ``run.train``; custom shortcuts are stored under it.
            text: the text in menus; ``&`` marks the mnemonic.
            callback: called without arguments, or with the new state if ``checkable``.
            category: the menu it belongs to, already translated.
            shortcut: the default, such as ``Ctrl+K``; a customised one takes precedence.
            icon: name of an icon; empty: none.
            tip: one line for the tooltip, without the shortcut, which is added.
            keywords: synonyms, for the search.
            checkable: whether it is a toggle.
            checked: the toggle's initial state.
            enabled: whether it is enabled initially.

        Raises:
            ValueError: the id is taken, or the shortcut is (:class:`ShortcutTakenError`).
        """
        if action_id in self._actions:
            raise ValueError(f"action {action_id} is registered twice")
        default = _portable(shortcut)
        saved = self._saved_shortcut(action_id)
        chosen = default if saved is None else saved
        owner = self.owner_of(chosen)
        if owner is not None:
            if saved is None and self._saved_shortcut(owner) is None:
                raise ShortcutTakenError(chosen, owner)
            chosen = ""
        action = QAction(text, self)
        action.setObjectName(action_id)
        action.setCheckable(checkable)
        action.setChecked(checked)
        action.setEnabled(enabled)
        action.setProperty("tip", tip or text.replace("&", ""))
        action.setProperty("keywords", keywords)
        if icon:
            set_icon(action, icon)
        action.triggered.connect(self._on_triggered)
        self._callbacks[action_id] = callback
        self._actions[action_id] = action
        self._categories[action_id] = category
        self._defaults[action_id] = default
        self._apply_shortcut(action, chosen)
        self.changed.emit()
        return action

    def __getitem__(self, action_id: str) -> QAction:
        return self._actions[action_id]

    def __contains__(self, action_id: object) -> bool:
        return action_id in self._actions

    def __iter__(self) -> Iterator[QAction]:
        return iter(self._actions.values())

    def __len__(self) -> int:
        return len(self._actions)

    def categories(self) -> list[str]:
        """Return the categories in the order of their first action."""
        return list(dict.fromkeys(self._categories.values()))

    def category(self, action_id: str) -> str:
        """Return the category of an action; KeyError if there is none."""
        return self._categories[action_id]

    def in_category(self, category: str) -> list[QAction]:
        """Return the actions of a category, in order."""
        return [self._actions[i] for i, name in self._categories.items() if name == category]

    def attach(self, window: QWidget) -> None:
        """Make all shortcuts work anywhere in ``window``, also of actions that are in no menu."""
        window.addActions(list(self._actions.values()))

    def find(self, query: str) -> list[QAction]:
        """Search the actions by words: matches, best first; all actions if ``query`` is empty.

        Every word must occur in the text, id, category, tip or keywords, or abbreviate consecutive
        words of the text, each by its first letter and further letters in order.
        """
        words = query.casefold().split()
        ranked = []
        for order, (action_id, action) in enumerate(self._actions.items()):
            scores = [self._score(action_id, action, word) for word in words]
            if all(score is not None for score in scores):
                total = sum(score for score in scores if score is not None)
                ranked.append((total, not action.isEnabled() and bool(words), order, action))
        return [entry[-1] for entry in sorted(ranked, key=lambda entry: entry[:3])]

    def shortcut(self, action_id: str) -> str:
        """Return the current shortcut, such as ``Ctrl+K``; empty if there is none."""
        return self._actions[action_id].shortcut().toString(_PORTABLE)

    def default_shortcut(self, action_id: str) -> str:
        """Return the default shortcut, with which the action was registered."""
        return self._defaults[action_id]

    def owner_of(self, shortcut: str) -> str | None:
        """Return the id of the action whose shortcut equals, begins or extends this one."""
        sequence = QKeySequence(shortcut)
        if sequence.isEmpty():
            return None
        for action_id, action in self._actions.items():
            other = action.shortcut()
            if other.isEmpty():
                continue
            no_match = QKeySequence.SequenceMatch.NoMatch
            if other.matches(sequence) != no_match or sequence.matches(other) != no_match:
                return action_id
        return None

    def set_shortcut(self, action_id: str, shortcut: str) -> None:
        """Change a shortcut and store it; an empty text removes it.

        Raises:
            KeyError: there is no action of that id.
            ShortcutTakenError: another action has it; nothing is changed.
        """
        action = self._actions[action_id]
        portable = _portable(shortcut)
        owner = self.owner_of(portable)
        if owner not in (None, action_id):
            raise ShortcutTakenError(portable, str(owner))
        self._apply_shortcut(action, portable)
        if self._store is not None:
            if portable == self._defaults[action_id]:
                self._store.remove(_key(action_id))
            else:
                self._store.setValue(_key(action_id), portable)
        self.changed.emit()

    def reset_shortcuts(self) -> None:
        """Restore the default shortcut of every action."""
        for action_id, action in self._actions.items():
            self._apply_shortcut(action, self._defaults[action_id])
            if self._store is not None:
                self._store.remove(_key(action_id))
        self.changed.emit()

    def set_tooltip(self, action_id: str, tip: str) -> None:
        """Change the tooltip of an action, such as to explain why it is disabled."""
        action = self._actions[action_id]
        if action.property("tip") != tip:
            action.setProperty("tip", tip)
            self._apply_shortcut(
                action, action.shortcut().toString(QKeySequence.SequenceFormat.PortableText)
            )

    def set_available(self, action_id: str, tip: str, reason: str = "") -> None:
        """Enable an action, or disable it with ``reason`` as its tooltip."""
        self._actions[action_id].setEnabled(not reason)
        self.set_tooltip(action_id, reason or tip)

    def _on_triggered(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            callback = self._callbacks[action.objectName()]
            self.triggered.emit(action.objectName())
            callback(*([action.isChecked()] if action.isCheckable() else []))

    def _saved_shortcut(self, action_id: str) -> str | None:
        saved = None if self._store is None else self._store.value(_key(action_id), None)
        return None if saved is None else str(saved)

    def _score(self, action_id: str, action: QAction, word: str) -> int | None:
        text = action.text().replace("&", "").casefold()
        if text.startswith(word):
            return 0
        if f" {word}" in text:
            return 1
        if word in text:
            return 2
        # The id has the terminal's terms: "inpaint" for what a menu calls "Fill in".
        properties = (action_id, self._categories[action_id], action.property("tip"))
        if word in " ".join((*properties, action.property("keywords"))).casefold():
            return 3
        words = text.split()
        return 4 if any(_is_abbreviation(words[k:], word) for k in range(len(words))) else None

    def _apply_shortcut(self, action: QAction, shortcut: str) -> None:
        action.setShortcut(QKeySequence(shortcut))
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        tip = str(action.property("tip"))
        shortcut_text = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{tip} ({shortcut_text})" if shortcut_text else tip)
        action.setStatusTip(tip)


def _is_abbreviation(words: Sequence[str], letters: str) -> bool:
    """Whether letters abbreviate words: found in order, each word begun by its first letter."""
    if not letters:
        return True
    if not words or words[0][0] != letters[0]:
        return False
    remaining = iter(words[0])
    for count, letter in enumerate(letters, 1):
        if letter not in remaining:
            return False
        if _is_abbreviation(words[1:], letters[count:]):
            return True
    return False


_PORTABLE = QKeySequence.SequenceFormat.PortableText


def _portable(shortcut: str) -> str:
    return QKeySequence(shortcut).toString(_PORTABLE)


def _key(action_id: str) -> str:
    return f"shortcuts/{action_id}"
