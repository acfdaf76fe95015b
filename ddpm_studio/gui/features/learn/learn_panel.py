"""The Learn tab: a few chapters, each a thing that lives."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ddpm_studio.gui.features.common.tool_panel import ToolPanel
from ddpm_studio.gui.features.common.tool_words import tool_menu
from ddpm_studio.gui.features.learn.bound_chapter import BoundChapter
from ddpm_studio.gui.features.learn.forward_chapter import ForwardChapter
from ddpm_studio.gui.features.learn.playground_panel import PlaygroundPanel
from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.theme.tokens import ICON_SIZE, SPACE_L, SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import name
from ddpm_studio.gui.widgets.layout.tall_area import TallArea
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio

_OF_FORWARD = ("learn.from_data", "learn.from_built_in")
_OF_BOUND = ("learn.take_apart",)
_OF_PLAYGROUND = ("learn.train", "learn.play", "learn.clear")


class LearnPanel(QWidget):
    """The chapters, and a row of buttons that leads to them.

    ``wanted`` asks for the tab to be brought to the front: a chapter was chosen elsewhere.
    """

    wanted = Signal()

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.forward = ForwardChapter(studio, actions)
        self.bound = BoundChapter(studio, actions)
        self.playground = PlaygroundPanel(studio, actions)
        self._pages = QStackedWidget()
        self._group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, 0)
        row.setSpacing(SPACE_S)
        for number, (key, title, tip, icon, chapter) in enumerate(
            (
                (
                    "forward",
                    self.tr("Forward process"),
                    self.tr("How noise is added, on a picture of your own"),
                    "waypoints",
                    self.forward,
                ),
                (
                    "bound",
                    self.tr("The bound"),
                    self.tr("What training minimises, term by term, for the open model"),
                    "sigma",
                    self.bound,
                ),
                (
                    "playground",
                    self.tr("Playground"),
                    self.tr("A diffusion of points in the plane, learned in seconds"),
                    "sparkles",
                    self.playground,
                ),
            )
        ):
            row.addWidget(self._chapter_button(number, title, tip, icon))
            area = TallArea(chapter, title)
            if not isinstance(chapter, ToolPanel):
                # Pictures as high as they are wide: a bar that comes makes them fit without it.
                # A tool scrolls within itself, and a second bar beside its own would be idle.
                area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
            self._pages.addWidget(area)
            actions.add(
                f"learn.{key}",
                self.tr("Learn: {0}").format(title),
                lambda number=number: self._go(number),
                category=tool_menu("learn"),
                icon=icon,
                tip=tip,
            )
        row.addStretch()
        actions.triggered.connect(self._show_owner)
        self._group.idClicked.connect(self._pages.setCurrentIndex)
        self._group.idToggled.connect(self._on_toggled)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(self._pages, 1)
        self._group.button(0).setChecked(True)

    def show_chapter(self, chapter: QWidget) -> None:
        """Turn to a chapter."""
        for number in range(self._pages.count()):
            page = self._pages.widget(number)
            if page is not None and page.isAncestorOf(chapter):
                self._group.button(number).setChecked(True)

    def _chapter_button(self, number: int, title: str, tip: str, icon: str) -> QToolButton:
        made = QToolButton()
        made.setText(title)
        made.setCheckable(True)
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        made.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
        made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        set_icon(made, icon)
        name(made, title, tip)
        self._group.addButton(made, number)
        return made

    def _go(self, number: int) -> None:
        self._group.button(number).setChecked(True)
        self.wanted.emit()

    def _show_owner(self, action_id: str) -> None:
        """Turn to the chapter whose action was asked for, from wherever it was."""
        if action_id in _OF_PLAYGROUND:
            self.show_chapter(self.playground)
        elif action_id in _OF_BOUND:
            self.show_chapter(self.bound)
        elif action_id in _OF_FORWARD:
            self.show_chapter(self.forward)

    def _on_toggled(self, number: int, on: bool) -> None:
        if on:
            self._pages.setCurrentIndex(number)
