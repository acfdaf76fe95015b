"""Warnings about plug-ins that can't be used, for users of the Python interface."""

from __future__ import annotations

import sys
import traceback
import warnings

from ddpm_studio.catalogue.plugins import Plugin
from ddpm_studio.errors import PluginWarning

_PACKAGE = __name__.partition(".")[0]


def warn_about(plugin: Plugin) -> None:
    """Issue a :class:`ddpm_studio.PluginWarning`, attributed to the user's line of code."""
    modules = [
        str(frame.f_globals.get("__name__")) for frame, _ in traceback.walk_stack(sys._getframe())
    ]
    own_levels = [
        level for level, name in enumerate(modules, 1) if name.partition(".")[0] == _PACKAGE
    ]
    warnings.warn(plugin.line, PluginWarning, stacklevel=1 + max(own_levels, default=0))
