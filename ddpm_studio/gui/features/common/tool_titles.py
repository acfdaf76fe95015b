"""Menu titles of the tools."""

from __future__ import annotations

from ddpm_studio.catalogue.tools import TOOLS
from ddpm_studio.gui.widgets.forms.choices import translated


def tool_menu_title(name: str) -> str:
    """Return the translated title of the menu that a tool's actions belong to."""
    return translated(TOOLS[name].menu)
