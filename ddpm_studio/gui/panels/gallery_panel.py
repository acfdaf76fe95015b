"""Gallery: what was drawn with this run, kept in its folder, each with its recipe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QItemSelection, QItemSelectionModel, QObject, Qt
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ddpm_studio.backend import gallery, tasks
from ddpm_studio.backend.task import Task
from ddpm_studio.errors import Failure
from ddpm_studio.gui.actions import ActionRegistry
from ddpm_studio.gui.images import Pictures
from ddpm_studio.gui.panels.action_button import ActionButton
from ddpm_studio.gui.panels.exporting import Export, ExportMenu
from ddpm_studio.gui.panels.gallery_bar import SIDE, GalleryBar
from ddpm_studio.gui.panels.gallery_items import GalleryItems
from ddpm_studio.gui.panels.gallery_menu import GalleryMenu
from ddpm_studio.gui.panels.neighbours_view import NeighboursView
from ddpm_studio.gui.panels.recipe_view import RecipeView
from ddpm_studio.gui.panels.sampler_bar import SamplerBar
from ddpm_studio.gui.panels.tool_panel import ToolPanel
from ddpm_studio.gui.studio import Studio
from ddpm_studio.gui.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.basics import label, name
from ddpm_studio.gui.widgets.flow_layout import together
from ddpm_studio.gui.widgets.thumbnails import Thumbnails
from ddpm_studio.jobs.events import Drawn, Event
from ddpm_studio.jobs.gallery import Kept
from ddpm_studio.requests import SampleRequest

_COUNTS = (1, 4, 16, 36, 64, 144, 256)
_STEPS = 50
# A grid of more pictures than this does not list the recipe of each.
_MOST_RECIPES = 256


class GalleryPanel(ToolPanel):
    """All pictures drawn with the open run; new ones come by themselves."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, "images", parent)
        self._category = self.tr("&Gallery")
        self._asked = False
        self.items = GalleryItems()
        self.thumbnails = Thumbnails(self.tr("Gallery"), SIDE)
        self.thumbnails.recipe_for = self._recipe
        self.details = RecipeView()
        self.neighbours = NeighboursView(studio)
        self.count = QComboBox()
        for count in _COUNTS:
            self.count.addItem(str(count), count)
        self.count.setCurrentIndex(_COUNTS.index(16))
        name(self.count, self.tr("Count"), self.tr("How many pictures to draw"))
        self.sampler = SamplerBar(sampler="ddim", steps=_STEPS)
        self._register()
        self.export = ExportMenu(studio, actions, "gallery", self._category, self._to_export)
        self.export.report_to(self.messages)
        self.thumbnails.set_empty(
            "images", self.tr("No pictures yet"), self.tr("New samples"), self.draw_samples
        )
        self.content.addLayout(self._draw_row())
        self.content.addWidget(self.sampler)
        self.content.addWidget(self.progress)
        middle = QHBoxLayout()
        middle.setSpacing(SPACE_L)
        middle.addWidget(self.thumbnails, 1)
        middle.addWidget(self._side())
        self.content.addLayout(middle, 1)
        self.content.addLayout(self._view_row())
        self.thumbnails.chosen.connect(self._on_chosen)
        self.thumbnails.opened.connect(self.menu.share_current)
        self.thumbnails.delete_pressed.connect(self.delete_chosen)
        self.thumbnails.copy_pressed.connect(self.menu.copy)
        studio.drawn.connect(self._on_drawn)
        self._on_run()
        self._show_items()

    def draw_samples(self) -> None:
        """Draw new pictures from noise with the settings shown."""
        self._asked = True
        self.draw_now()

    def delete_chosen(self) -> None:
        """Take the chosen pictures out; :meth:`undo` brings them back."""
        chosen = self._chosen()
        paths = [item.path for item in chosen if item.path is not None]
        if not chosen:
            return
        self.items.delete(chosen)
        if paths:
            self._submit_quietly(gallery.delete(paths))
        self._show_items()
        self.messages.show_message(
            self.tr("{0} deleted.").format(self._pictures(len(chosen))),
            action=self.tr("Undo"),
            callback=self.undo,
        )

    def undo(self) -> None:
        """Bring back what was deleted last."""
        back = self.items.undo()
        paths = [item.path for item in back if item.path is not None]
        if paths:
            self._submit_quietly(gallery.restore(paths))
        self.messages.dismiss()
        self._show_items(back)

    def select(self, items: Sequence[Kept]) -> None:
        """Choose exactly these of the pictures shown."""
        wanted = {id(item) for item in items}
        selection, model = QItemSelection(), self.thumbnails.model()
        for row, item in enumerate(self.items.shown):
            if id(item) in wanted:
                selection.select(model.index(row, 0), model.index(row, 0))
        flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.thumbnails.selectionModel().select(selection, flag)

    def _register(self) -> None:
        add = self.actions_.add
        self._draw_action = add(
            "gallery.draw",
            self.tr("New samples"),
            self.draw_samples,
            category=self._category,
            icon="plus",
            tip=self.tr("Draw pictures from noise with the open run"),
        )
        self._delete_action = add(
            "gallery.delete",
            self.tr("Delete chosen pictures"),
            self.delete_chosen,
            category=self._category,
            icon="trash-2",
            tip=self.tr("Take the chosen pictures out of the gallery"),
        )
        self._undo_action = add(
            "gallery.undo",
            self.tr("Bring deleted pictures back"),
            self.undo,
            category=self._category,
            icon="undo-2",
        )
        self.menu = GalleryMenu(self.studio, self.thumbnails, self._current, self._delete_action)

    def _draw_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        row.addWidget(ActionButton(self._draw_action, "plus", "primary"))
        row.addWidget(together(label(self.tr("count"), "muted"), self.count))
        row.addStretch()
        return row

    def _side(self) -> QScrollArea:
        """What is known of the chosen picture; it scrolls where the window is low."""
        column = QWidget()
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.details)
        layout.addWidget(self.neighbours)
        layout.addStretch()
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(column)
        area.setFixedWidth(self.details.width() + SPACE_L)
        area.setAccessibleName(self.tr("Chosen picture"))
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return area

    def _view_row(self) -> QHBoxLayout:
        self.bar = GalleryBar(self._delete_action, self._undo_action)
        self.kind, self.zoom = self.bar.kind, self.bar.zoom
        self.kind.currentIndexChanged.connect(self._on_kind)
        self.zoom.valueChanged.connect(self.thumbnails.set_side)
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        row.addWidget(self.bar, 1)
        row.addWidget(self.export)
        return row

    def _task(self) -> Task | None:
        if not self._asked or self.studio.run is None:
            return None
        self._asked = False
        request = SampleRequest(
            run=Path(self.studio.run), count=self.count.currentData(), **self.sampler.value()
        )
        return tasks.sample(request, "gallery")

    def _on_event(self, event: Event) -> None:
        """Nothing to show before the pictures are finished."""

    def _on_finished(self, result: object) -> None:
        # The next press draws others.
        self.sampler.seed.set_value(self.sampler.seed.value + 1)

    def _on_model(self) -> None:
        view, run = self.studio.run_view, self.studio.run
        if view is not None:
            self.sampler.set_timesteps(view.summary.timesteps)
            self.sampler.set_classes(view.summary.known_classes)
        self.items.reset([])
        self._show_items()
        if run is not None:
            job = self.studio.backend.submit(gallery.load(Path(run)))
            job.finished.connect(self._on_loaded)
            job.failed.connect(self._on_failed)

    def _on_loaded(self, kept: list[Kept]) -> None:
        here = {item.path for item in self.items.shown}
        self.items.reset([*(k for k in kept if k.path not in here), *self.items.shown])
        # A seed that was used already would draw the same pictures again.
        self.sampler.seed.set_value(self.items.next_seed)
        self._show_items()

    def _on_drawn(self, drawn: Drawn) -> None:
        """Keep what was drawn; a picture that went through no network is no drawing."""
        request = drawn.recipe.get("request")
        if not isinstance(request, dict) or request.get("t") == 0:
            return
        if self.items.has_drawing(drawn.recipe):
            return
        job = self.studio.backend.submit(gallery.keep(Path(request["run"]), drawn))
        job.setProperty("drawn", drawn)
        job.finished.connect(self._on_kept)
        job.failed.connect(self._on_not_kept)

    def _on_kept(self, kept: list[Kept]) -> None:
        if kept and self._is_of_this_run(kept[0]):
            chosen = self._chosen()
            self.items.add(kept)
            self._show_items(chosen)

    def _on_not_kept(self, failure: Failure) -> None:
        """Show the pictures all the same, and say that they are not on the disk."""
        drawn = _sender_property(self.sender(), "drawn")
        self.messages.show_failure(failure)
        if isinstance(drawn, Drawn):
            pictures = enumerate(drawn.pictures)
            self._on_kept([Kept(one, {**drawn.recipe, "index": k}) for k, one in pictures])

    def _is_of_this_run(self, item: Kept) -> bool:
        request = item.recipe.get("request")
        run = request.get("run") if isinstance(request, dict) else None
        return self.studio.run is not None and str(run) == str(self.studio.run)

    def _on_kind(self) -> None:
        self.items.set_kind(self.kind.currentData())
        self._show_items()

    def _show_items(self, chosen: Sequence[Kept] = ()) -> None:
        shown = self.items.shown
        bar = self.thumbnails.verticalScrollBar()
        position = bar.value()
        pictures = np.stack([item.picture for item in shown]) if shown else None
        self.thumbnails.set_pictures(pictures, self._describe)
        if chosen:
            self.select(chosen)
            bar.setValue(position)
        self._on_chosen(self.thumbnails.selected)

    def _on_chosen(self, rows: Sequence[int]) -> None:
        chosen = [self.items.shown[row] for row in rows]
        words = self._pictures(len(self.items.shown))
        if len(chosen) > 1:
            words += " · " + self.tr("{0} chosen").format(f"{len(chosen):,}")
        self.bar.summary.setText(words)
        if chosen:
            self.details.show_picture(chosen[-1].picture, chosen[-1].recipe)
        else:
            self.details.clear()
        self.neighbours.set_picture(chosen[-1].picture if chosen else None)
        self._delete_action.setEnabled(bool(chosen))
        self._undo_action.setEnabled(self.items.can_undo)
        kinds = {item.recipe.get("kind") for item in chosen[-1:]}
        self.menu.scrub.setEnabled(kinds == {"sample"})
        self.export.refresh()

    def _chosen(self) -> list[Kept]:
        return [self.items.shown[row] for row in self.thumbnails.selected]

    def _current(self) -> Kept | None:
        chosen = self._chosen()
        row = self.thumbnails.currentIndex().row()
        if 0 <= row < len(self.items.shown):
            return self.items.shown[row]
        return chosen[-1] if chosen else None

    def _recipe(self, row: int) -> dict[str, object] | None:
        return self.items.shown[row].recipe

    def _describe(self, row: int) -> str:
        recipe = self.items.shown[row].recipe
        request = recipe.get("request")
        seed = request.get("seed") if isinstance(request, dict) else "–"
        return self.tr("Picture {0} · {1} · seed {2}").format(
            f"{row + 1:,}", recipe.get("kind", ""), seed
        )

    def _pictures(self, count: int) -> str:
        return self.tr("1 picture") if count == 1 else self.tr("{0} pictures").format(f"{count:,}")

    def _submit_quietly(self, task: Task) -> None:
        self.studio.backend.submit(task).failed.connect(self._on_failed)

    def _to_export(self) -> Export | None:
        items = self._chosen() or self.items.shown
        if not items:
            return None
        recipes = [item.recipe for item in items]
        whole: dict[str, object] = {"kind": "gallery"}
        if len(items) <= _MOST_RECIPES:
            whole["pictures"] = recipes
        pictures: Pictures = np.stack([item.picture for item in items])
        return Export(pictures, whole, recipes=recipes, stem="gallery")


def _sender_property(sender: QObject | None, key: str) -> object:
    return None if sender is None else sender.property(key)
