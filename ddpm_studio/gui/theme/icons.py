"""SVG line icons, tinted in the colours of the theme."""

from __future__ import annotations

import weakref
from functools import cache
from pathlib import Path
from typing import Protocol, cast

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QIcon, QPixmap

from ddpm_studio.gui.theme.theme import Theme, current_theme
from ddpm_studio.paths import resources_dir

# Pixels; at least as large as any icon is shown: QIcon never enlarges a pixmap.
_CLEAR = 128


class HasIcon(Protocol):
    """Anything with an icon: a button, an action, a window."""

    def setIcon(self, icon: QIcon, /) -> None:
        """Set the icon."""


def icon(name: str, role: str = "text") -> QIcon:
    """Return the icon ``NAME.svg`` in the colour of the token ``role``.

    It is rendered from vectors at any size and device pixel ratio, and paler when disabled. It does
    not follow a change of theme: use :func:`set_icon` for widgets that outlive one.

    Raises:
        KeyError: there is no icon of that name.
    """
    theme = current_theme()
    colours = theme.tokens
    return _icon(theme.folder, name, str(getattr(colours, role)), colours.disabled)


@cache
def _icon(folder: Path, name: str, colour: str, disabled: str) -> QIcon:
    icon = QIcon(str(_tinted(folder, name, colour)))
    disabled_file = str(_tinted(folder, name, disabled))
    icon.addFile(disabled_file, QSize(), QIcon.Mode.Disabled, QIcon.State.Off)
    icon.addFile(disabled_file, QSize(), QIcon.Mode.Disabled, QIcon.State.On)
    return icon


@cache
def no_icon() -> QIcon:
    """Return a transparent icon, which aligns a row without icon with those that have one."""
    clear = QPixmap(_CLEAR, _CLEAR)
    clear.fill(Qt.GlobalColor.transparent)
    return QIcon(clear)


def icon_pixmap(name: str, size: int, ratio: float, role: str = "text") -> QPixmap:
    """Return the icon as a pixmap of ``size`` logical pixels; KeyError as in :func:`icon`."""
    return icon(name, role).pixmap(QSize(size, size), ratio)


def set_icon(target: HasIcon, name: str, role: str = "text") -> None:
    """Set an icon that is tinted again on each change of theme; KeyError as in :func:`icon`."""
    target.setIcon(icon(name, role))
    theme = current_theme()
    painter = theme.findChild(_Repainter)
    if painter is None:
        painter = _Repainter(theme)
    painter.add(target, name, role)


def _tinted(folder: Path, name: str, colour: str) -> Path:
    path = folder / f"{name}-{colour[1:]}.svg"
    if not path.exists():
        source = resources_dir() / "icons" / f"{name}.svg"
        if not source.is_file():
            raise KeyError(name)
        path.write_text(
            source.read_text(encoding="utf-8").replace("currentColor", colour), encoding="utf-8"
        )
    return path


class _Repainter(QObject):
    """Updates icons on a change of theme; holds weak references to their targets."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._targets: weakref.WeakKeyDictionary[object, tuple[str, str]] = (
            weakref.WeakKeyDictionary()
        )
        theme.changed.connect(self._repaint)

    def add(self, target: HasIcon, name: str, role: str) -> None:
        self._targets[target] = (name, role)
        owner = target.parent() if isinstance(target, QObject) else None
        if owner is not None:
            # Python holds no other reference to a wrapper of what Qt made, as a dialog's buttons.
            vars(owner).setdefault("_wear_icons", set()).add(target)

    def _repaint(self) -> None:
        for target, (name, role) in list(self._targets.items()):
            try:
                cast(HasIcon, target).setIcon(icon(name, role))
            except RuntimeError:
                # Qt has destroyed the widget, but its Python wrapper is still alive.
                self._targets.pop(target, None)
