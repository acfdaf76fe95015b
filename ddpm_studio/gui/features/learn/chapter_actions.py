"""Actions of Learn's chapters, in menus and palette before the chapters are created."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from ddpm_studio.gui.features.common.tool_titles import tool_menu_title
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio

if TYPE_CHECKING:
    from ddpm_studio.gui.features.learn.bound_chapter import BoundChapter
    from ddpm_studio.gui.features.learn.forward_chapter import ForwardChapter
    from ddpm_studio.gui.features.learn.playground_panel import PlaygroundPanel


class ChapterActions(QObject):
    """Registers the chapters' actions; the first use of one creates its chapter.

    ``owners`` has, by the id of each action, a function that returns its chapter.

    Args:
        studio: knows whether pictures are open.
        actions: where they are registered.
        forward: returns the chapter of the forward process.
        bound: returns the chapter of the variational bound.
        playground: returns the playground, the chapter of points in the plane.
    """

    def __init__(
        self,
        studio: Studio,
        actions: ActionRegistry,
        forward: Callable[[], ForwardChapter],
        bound: Callable[[], BoundChapter],
        playground: Callable[[], PlaygroundPanel],
    ) -> None:
        super().__init__(actions)
        self._studio, self._actions = studio, actions
        self.owners: dict[str, Callable[[], QWidget]] = {}
        self._add(
            "from_data",
            self.tr("A picture of yours"),
            forward,
            lambda: forward().source.show_open_data(),
            icon="shuffle",
            tip=self.tr("Add noise to a random one of the open pictures"),
        )
        self._add(
            "from_built_in",
            self.tr("The built-in picture"),
            forward,
            lambda: forward().source.show_built_in(),
            icon="undo-2",
            tip=self.tr("Add noise to the picture that is here without any data"),
        )
        self._add(
            "take_apart",
            self.tr("Take the bound apart again"),
            bound,
            lambda: bound().draw_now(),
            icon="refresh-cw",
            tip=self.tr("Evaluate it again, with the model as it is now"),
        )
        self._add(
            "train",
            self.tr("Learn the points"),
            playground,
            lambda: playground().train(),
            icon="graduation-cap",
            tip=self.tr("Train a small network on these points, in seconds"),
        )
        self._add(
            "play",
            self.tr("Play the reverse process of points"),
            playground,
            lambda: playground().play(),
            icon="play",
            enabled=False,
        )
        self._add(
            "clear",
            self.tr("Clear the drawing"),
            playground,
            lambda: playground().clear_drawing(),
            icon="eraser",
            enabled=False,
        )
        studio.data_changed.connect(self._on_data)
        self._on_data()

    def _add(
        self,
        name: str,
        text: str,
        owner: Callable[[], QWidget],
        callback: Callable[[], object],
        *,
        icon: str,
        tip: str = "",
        enabled: bool = True,
    ) -> None:
        action_id = f"learn.{name}"
        self.owners[action_id] = owner
        self._actions.add(
            action_id,
            text,
            callback,
            category=tool_menu_title("learn"),
            icon=icon,
            tip=tip,
            enabled=enabled,
        )

    def _on_data(self) -> None:
        self._actions["learn.from_data"].setEnabled(self._studio.dataset is not None)
