"""Menu bar: one menu per action category, tool categories as submenus, divided in sections."""

from __future__ import annotations

from fnmatch import fnmatchcase
from itertools import groupby

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QMenuBar

from ddpm_studio.catalogue.concepts import PARTS, concepts_of
from ddpm_studio.gui.workspace.actions import ActionRegistry

# Id patterns of the actions in each section, the sections in order; actions that match none come
# last. Within a section, actions stand in the order of their registration.
_SECTIONS = (
    ("file.open_*",),
    ("file.show_run", "file.start", "file.forget", "file.make_lesson"),
    ("file.settings",),
    ("training.start", "training.queue", "training.pause", "training.stop"),
    ("training.*",),
    ("run.rename", "run.trash", "run.undo"),
    ("jobs.*", "run.*"),
    ("view.tab[1-4]",),
    ("view.tab?",),
    ("view.tab_*",),
    ("view.data", "view.training", "view.jobs", "view.pins", "view.reset"),
    ("view.zoom_*", "view.full_screen"),
    ("view.theme_*",),
    *(tuple(f"learn.{concept.name}" for concept in concepts_of(part)) for part in PARTS),
    ("*.draw", "*.again", "*.measure", "*.compare", "learn.train", "learn.play", "learn.clear"),
    ("*.from_*", "*.surprise", "*.swap", "*.clear", "*.invert", "*_latent"),
    ("interpolate.way_*",),
    ("*.view_*", "observatory.log", "observatory.outliers"),
    ("*.as_*", "*.page*", "learn.*"),
    ("*.play", "*.loop", "*.back", "*.forward", "*.first", "*.last"),
    ("gallery.rate*", "observatory.notes"),
    ("gallery.*_board",),
    ("*.delete", "*.remove", "*.paste", "*.undo", "*.redo"),
    ("*.copy", "*.copy_python", "*.save_*", "*.export_*", "*.csv", "*.picture"),
    ("help.palette", "help.tour", "help.glossary", "help.shortcuts", "help.examples"),
)


def fill_menu_bar(
    bar: QMenuBar, actions: ActionRegistry, first: list[str], tools: str, last: list[str]
) -> None:
    """Rebuild all menus from the registry.

    Args:
        bar: the window's menu bar.
        actions: the action registry.
        first: the categories of the first menus.
        tools: title of the menu that has all other categories as submenus.
        last: the categories of the last menus.
    """
    bar.clear()
    others = [name for name in actions.categories() if name not in (*first, *last)]
    for category in first:
        _fill(bar, category, actions)
    if others:
        menu = bar.addMenu(tools)
        for category in others:
            _fill(menu, category, actions)
    for category in last:
        _fill(bar, category, actions)


def _fill(target: QMenuBar | QMenu, category: str, actions: ActionRegistry) -> None:
    found = sorted(actions.in_category(category), key=_section)
    if not found:
        return
    menu = target.addMenu(category)
    for number, (_, section) in enumerate(groupby(found, _section)):
        if number:
            menu.addSeparator()
        menu.addActions(list(section))


def _section(action: QAction) -> int:
    found = (
        number
        for number, patterns in enumerate(_SECTIONS)
        if any(fnmatchcase(action.objectName(), pattern) for pattern in patterns)
    )
    return next(found, len(_SECTIONS))
