"""The Learn tab: a lecture on diffusion models, each concept with an interactive chapter."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from ddpm_studio.catalogue.concepts import CONCEPTS, Concept, concept
from ddpm_studio.gui.features.common.action_button import ActionTool
from ddpm_studio.gui.features.common.tool_panel import ToolPanel
from ddpm_studio.gui.features.common.tool_titles import tool_menu_title
from ddpm_studio.gui.features.learn.chapter_actions import ChapterActions
from ddpm_studio.gui.features.learn.concept_index import ConceptIndex
from ddpm_studio.gui.features.learn.presenter import Presenter
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.forms.choices import translated
from ddpm_studio.gui.widgets.forms.combo_boxes import ElidedComboBox
from ddpm_studio.gui.widgets.layout.basics import (
    button,
    ignore_unfocused_wheel,
    label,
    name,
    tool_button,
)
from ddpm_studio.gui.widgets.layout.scroll_areas import VerticalScrollArea
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio

if TYPE_CHECKING:
    from ddpm_studio.gui.features.learn.bound_chapter import BoundChapter
    from ddpm_studio.gui.features.learn.forward_chapter import ForwardChapter
    from ddpm_studio.gui.features.learn.playground_panel import PlaygroundPanel


@runtime_checkable
class _HasScenes(Protocol):
    """A chapter with several views, called scenes."""

    def show_scene(self, scene: str) -> None:
        """Show one of the scenes."""
        ...


class LearnPanel(QWidget):
    """Index of concepts, and a page for each; chapters are created when first shown.

    ``show_requested`` is emitted when a concept was chosen elsewhere, to bring the tab to the
    front.
    """

    show_requested = Signal()

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._studio, self._actions = studio, actions
        self.concept: Concept | None = None
        """The concept that is shown; None: the index."""
        self.index = ConceptIndex()
        self.pages = QStackedWidget()
        self.pages.addWidget(self.index)
        self._chapters: dict[str, QWidget] = {}
        self._areas: dict[str, VerticalScrollArea] = {}
        self.presenter: Presenter | None = None
        self._chapter_actions = ChapterActions(
            studio, actions, lambda: self.forward, lambda: self.bound, lambda: self.playground
        )
        self._build()
        for entry in CONCEPTS.values():
            actions.add(
                f"learn.{entry.name}",
                translated(entry.title),
                partial(self._open_concept, entry.name),
                category=tool_menu_title("learn"),
                icon="graduation-cap",
                tip=translated(entry.sentence),
                keywords=translated(entry.keywords),
            )
        present_action = actions.add(
            "learn.present",
            self.tr("Present"),
            self.present,
            category=tool_menu_title("learn"),
            shortcut="F9",
            icon="monitor",
            tip=self.tr("Fill the screen, in large type; arrow keys turn, Escape leaves"),
            keywords=self.tr("presenter slides lecture full screen"),
        )
        self._row.addWidget(ActionTool(present_action))
        actions.triggered.connect(self._show_owner)
        self.show_index()

    @property
    def forward(self) -> ForwardChapter:
        """The chapter of the forward process: a schedule and one picture's x_t."""
        return cast("ForwardChapter", self._ensure_chapter("forward"))

    @property
    def bound(self) -> BoundChapter:
        """The chapter of the variational bound and its terms."""
        return cast("BoundChapter", self._ensure_chapter("bound"))

    @property
    def playground(self) -> PlaygroundPanel:
        """The playground: the chapter of points in the plane."""
        return cast("PlaygroundPanel", self._ensure_chapter("score"))

    @property
    def chapter(self) -> QWidget | None:
        """The chapter that is shown; None: the index."""
        return None if self.concept is None else self._chapters[self.concept.chapter]

    def show_index(self) -> None:
        """Show the table of concepts."""
        self.concept = None
        self.pages.setCurrentWidget(self.index)
        self._update_header()

    def show_concept(self, name: str) -> None:
        """Show the chapter of a concept, at the concept's scene.

        Raises:
            UnknownNameError: there is no such concept.
        """
        self.concept = entry = concept(name)
        chapter = self._ensure_chapter(name)
        if entry.scene and isinstance(chapter, _HasScenes):
            chapter.show_scene(entry.scene)
        self.pages.setCurrentWidget(self._areas[entry.chapter])
        self._update_header()

    def show_chapter(self, chapter: QWidget) -> None:
        """Show a chapter at the first of its concepts, unless it is shown already."""
        for entry in CONCEPTS.values():
            if self._chapters.get(entry.chapter) is chapter:
                if self.chapter is not chapter:
                    self.show_concept(entry.name)
                return

    def step_by(self, offset: int) -> bool:
        """Show the concept ``offset`` places further on; return whether there is one."""
        names = list(CONCEPTS)
        current = -1 if self.concept is None else names.index(self.concept.name)
        if not 0 <= current + offset < len(names):
            return False
        self.show_concept(names[current + offset])
        return True

    def present(self) -> None:
        """Start presenter mode at the concept that is shown, or bring its window to the front."""
        if self.presenter is not None:
            self.presenter.activateWindow()
            return
        first = next(iter(CONCEPTS)) if self.concept is None else self.concept.name
        self.presenter = Presenter(self.pages)
        self.presenter.concept_changed.connect(self.show_concept)
        self.presenter.ended.connect(self._end_presenting)
        self.presenter.begin(first)

    def _end_presenting(self) -> None:
        """Take the chapters back from the presenter."""
        presenter, self.presenter = self.presenter, None
        if presenter is not None:
            self._layout.addWidget(presenter.release_chapters(), 1)
            self.pages.show()
            presenter.deleteLater()

    def _build(self) -> None:
        self.index_button = button(
            self.tr("Index"), self.tr("All concepts, in the order of the lecture"), icon="list"
        )
        self.index_button.clicked.connect(self.show_index)
        self.back = tool_button("chevron-left", self.tr("Back"), self.tr("The concept before"))
        self.next = tool_button("chevron-right", self.tr("Next"), self.tr("The next concept"))
        self.choice = ElidedComboBox()
        ignore_unfocused_wheel(self.choice)
        name(self.choice, self.tr("Concept"), self.tr("Of the lecture, in its order"))
        self.choice.setPlaceholderText(self.tr("Concepts of the lecture"))
        for number, entry in enumerate(CONCEPTS.values(), 1):
            self.choice.addItem(f"{number} · {translated(entry.title)}", entry.name)
        self.back.clicked.connect(partial(self.step_by, -1))
        self.next.clicked.connect(partial(self.step_by, 1))
        self.choice.activated.connect(lambda: self.show_concept(self.choice.currentData()))
        self.index.chosen.connect(self.show_concept)
        self.sentence = label("", "", wrap=True)
        self.where = label("", "caption", wrap=True)
        row = QHBoxLayout()
        row.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_S)
        row.setSpacing(SPACE_S)
        for part in (self.index_button, self.back):
            row.addWidget(part)
        row.addWidget(self.choice, 1)
        row.addWidget(self.next)
        self._row = row
        texts = QVBoxLayout()
        texts.setContentsMargins(SPACE_L, 0, SPACE_L, 0)
        texts.setSpacing(0)
        texts.addWidget(self.sentence)
        texts.addWidget(self.where)
        layout = self._layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addLayout(texts)
        layout.addWidget(self.pages, 1)

    def _ensure_chapter(self, name: str) -> QWidget:
        """Return the chapter of a concept, creating it when it is first needed."""
        entry = concept(name)
        if entry.chapter not in self._chapters:
            self._add(entry.chapter, entry.load()(self._studio, self._actions))
        return self._chapters[entry.chapter]

    def _add(self, reference: str, chapter: QWidget) -> None:
        self._chapters[reference] = chapter
        first = next(entry for entry in CONCEPTS.values() if entry.chapter == reference)
        area = self._areas[reference] = VerticalScrollArea(chapter, translated(first.title))
        if not isinstance(chapter, ToolPanel):
            # A scroll bar that appears narrows the square pictures, which then fit without it.
            # A tool scrolls its own contents, and a second bar next to that one would be idle.
            area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.pages.addWidget(area)

    def _update_header(self) -> None:
        """Update the header to the concept shown, and enable the buttons that lead elsewhere."""
        entry = self.concept
        names = list(CONCEPTS)
        current = -1 if entry is None else names.index(entry.name)
        self.choice.setCurrentIndex(current)
        self.back.setEnabled(current > 0)
        self.next.setEnabled(current + 1 < len(names))
        self.index_button.setEnabled(entry is not None)
        self.sentence.setText("" if entry is None else translated(entry.sentence))
        self.where.setText("" if entry is None else translated(entry.where))
        for text_label in (self.sentence, self.where):
            text_label.setVisible(entry is not None)

    def _open_concept(self, name: str) -> None:
        self.show_concept(name)
        self.show_requested.emit()

    def _show_owner(self, action_id: str) -> None:
        """Show the chapter whose action was triggered, from wherever that was."""
        owner = self._chapter_actions.owners.get(action_id)
        if owner is not None:
            self.show_chapter(owner())
