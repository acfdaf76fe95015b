"""Helper for tests of a single chapter of Learn, outside its tab."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ddpm_studio.gui.features.learn.chapter_actions import ChapterActions
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio


def actions_of(studio: Studio, chapter: Callable[[], Any]) -> ActionRegistry:
    """Return a registry with the actions of all chapters, carried out by the given one."""
    actions = ActionRegistry(parent=studio)
    ChapterActions(studio, actions, chapter, chapter, chapter)
    return actions
