"""Actions by which tools accept a picture, for the context menus of pictures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction

from ddpm_studio.catalogue.tools import TOOLS
from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.widgets.forms.choices import translated


def offered_actions(owner: QObject, send: Callable[[str], object]) -> list[QAction]:
    """Return an action for each offer of the tools, in the order of the tabs.

    Args:
        owner: owner of the actions.
        send: called with the name of the offer whose action was triggered.
    """
    actions = []
    for tool in TOOLS.values():
        for offer in tool.offers:
            action = QAction(translated(offer.title), owner)
            set_icon(action, tool.icon)
            action.triggered.connect(partial(_trigger, send, offer.name))
            actions.append(action)
    return actions


def _trigger(send: Callable[[str], object], target: str, _: bool = False) -> None:
    send(target)
