"""Tool names in menus."""

from __future__ import annotations

from ddpm_studio.catalogue.tools import TOOLS
from ddpm_studio.gui.widgets.forms.choices import translated


def tool_menu(name: str) -> str:
    """Return the menu that the actions of a tool belong to, translated."""
    return translated(TOOLS[name].menu)
