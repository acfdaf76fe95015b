"""Line icons in the colours of the theme."""

from __future__ import annotations

import weakref
from functools import cache
from pathlib import Path
from typing import Protocol, cast

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QIcon, QPixmap

from ddpm_studio.gui.theme.theme import Theme, current_theme
from ddpm_studio.paths import resources_dir

# At least as large as any icon is shown: a pixmap is never enlarged.
_CLEAR = 128


class HasIcon(Protocol):
    """Anything with an icon: a button, an action, a window."""

    def setIcon(self, icon: QIcon, /) -> None:
        """Take an icon."""


def icon(name: str, role: str = "text") -> QIcon:
    """Return the icon ``NAME.svg`` in the colour of the token ``role``.

    It is drawn as vectors at whatever size and device pixel ratio is asked for, and paler when
    disabled. It keeps its colour: use :func:`set_icon` for what lives on through a change of
    theme.

    Raises:
        KeyError: there is no such icon.
    """
    theme = current_theme()
    colours = theme.tokens
    return _icon(theme.folder, name, str(getattr(colours, role)), colours.disabled)


@cache
def _icon(folder: Path, name: str, ink: str, disabled: str) -> QIcon:
    drawn = QIcon(str(_tinted(folder, name, ink)))
    pale = str(_tinted(folder, name, disabled))
    drawn.addFile(pale, QSize(), QIcon.Mode.Disabled, QIcon.State.Off)
    drawn.addFile(pale, QSize(), QIcon.Mode.Disabled, QIcon.State.On)
    return drawn


@cache
def no_icon() -> QIcon:
    """Return an icon that is not seen, for a row beside others that have one."""
    clear = QPixmap(_CLEAR, _CLEAR)
    clear.fill(Qt.GlobalColor.transparent)
    return QIcon(clear)


def icon_pixmap(name: str, size: int, ratio: float, role: str = "text") -> QPixmap:
    """Return the icon as a pixmap of ``size`` logical pixels; KeyError as in :func:`icon`."""
    return icon(name, role).pixmap(QSize(size, size), ratio)


def set_icon(target: HasIcon, name: str, role: str = "text") -> None:
    """Give ``target`` an icon that is drawn anew at each change of theme; KeyError as above."""
    target.setIcon(icon(name, role))
    theme = current_theme()
    painter = theme.findChild(_Repainter)
    if painter is None:
        painter = _Repainter(theme)
    painter.add(target, name, role)


def _tinted(folder: Path, name: str, ink: str) -> Path:
    path = folder / f"{name}-{ink[1:]}.svg"
    if not path.exists():
        source = resources_dir() / "icons" / f"{name}.svg"
        if not source.is_file():
            raise KeyError(name)
        path.write_text(
            source.read_text(encoding="utf-8").replace("currentColor", ink), encoding="utf-8"
        )
    return path


class _Repainter(QObject):
    """Remembers, without keeping them alive, which targets wear which icon."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._worn: weakref.WeakKeyDictionary[object, tuple[str, str]] = weakref.WeakKeyDictionary()
        theme.changed.connect(self._repaint)

    def add(self, target: HasIcon, name: str, role: str) -> None:
        self._worn[target] = (name, role)
        owner = target.parent() if isinstance(target, QObject) else None
        if owner is not None:
            # Of what Qt made itself, as a dialogue's buttons, Python holds nothing else.
            vars(owner).setdefault("_wear_icons", set()).add(target)

    def _repaint(self) -> None:
        for target, (name, role) in list(self._worn.items()):
            try:
                cast(HasIcon, target).setIcon(icon(name, role))
            except RuntimeError:
                # Qt has destroyed the widget, Python has not let go of it yet.
                self._worn.pop(target, None)
