"""Gallery panel: the pictures drawn with all runs, kept in the run folders with their recipes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QSignalBlocker, Qt
from PySide6.QtGui import QAction, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QComboBox, QHBoxLayout, QWidget

from ddpm_studio.backend import JobSpec, specs
from ddpm_studio.gui.features.common.action_button import ActionButton
from ddpm_studio.gui.features.common.counts import picture_count
from ddpm_studio.gui.features.common.exporting import ExportMenu
from ddpm_studio.gui.features.common.sampler_bar import SamplerBar
from ddpm_studio.gui.features.common.sampler_drawer import SamplerDrawer
from ddpm_studio.gui.features.common.tool_panel import ToolPanel
from ddpm_studio.gui.features.gallery.gallery_bar import SIDE, GalleryBar, GalleryFilters
from ddpm_studio.gui.features.gallery.gallery_boards import GalleryBoards
from ddpm_studio.gui.features.gallery.gallery_exports import GalleryExports
from ddpm_studio.gui.features.gallery.gallery_items import GalleryItems
from ddpm_studio.gui.features.gallery.gallery_menu import GalleryMenu
from ddpm_studio.gui.features.gallery.gallery_side import GallerySide
from ddpm_studio.gui.features.gallery.gallery_store import GalleryStore
from ddpm_studio.gui.features.gallery.picture_description import picture_description, stars
from ddpm_studio.gui.platform.images import PictureDrop
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import ignore_unfocused_wheel, name, tool_button
from ddpm_studio.gui.widgets.pictures.thumbnails import Thumbnails
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import DrawingResult, Event
from ddpm_studio.jobs.library.gallery import MAX_STARS, GalleryEntry, seed_of
from ddpm_studio.requests import SampleRequest

_COUNTS = (1, 4, 16, 36, 64, 144, 256)
# Intermediate states of a drawing, of which the last is offered if it is cancelled.
_MOMENTS = 11
_ROOM_FOR_DETAILS, _MIN_WIDTH_WITH_TEXT, _ROOM_FOR_ONE_ROW = 1160, 920, 872


class GalleryPanel(ToolPanel):
    """Browser of the kept pictures of all runs; new pictures appear automatically.

    Only path and metadata of each picture are held in memory; its pixels are loaded when it
    comes into view.
    """

    tool = "gallery"

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self._draw_requested = self._details_requested = False
        self._remembered_selection: list[GalleryEntry] = []
        self._seed = 0
        self.items = GalleryItems()
        self.thumbnails = Thumbnails(self.tr("Gallery"), SIDE)
        self.thumbnails.drop_for = self._drop
        self.store = GalleryStore(studio, self.items, self.thumbnails.cache)
        self.boards = GalleryBoards(
            self.items, self.store, self.chosen, self.messages, self.thumbnails, self
        )
        self.exports = GalleryExports(
            studio, self.store, self.chosen, self._shown, self.messages, self
        )
        self.side = GallerySide(studio)
        self.filters = GalleryFilters()
        self.count = QComboBox()
        for count in _COUNTS:
            self.count.addItem(str(count), count)
        self.count.setCurrentIndex(_COUNTS.index(16))
        name(self.count, self.tr("Count"), self.tr("How many pictures to draw"))
        ignore_unfocused_wheel(self.count)
        self.sampler = SamplerBar(without_layout=True)
        self._register()
        self.export = ExportMenu(
            studio,
            actions,
            "gallery",
            self.category,
            self.exports.to_export,
            extra_actions=[self.exports.register(actions, self.category)],
        )
        self.export.set_message_bar(self.messages)
        self._draw_rows = QWidget()
        self._build()
        self._connect()
        self._on_run()
        self._show_items()

    def draw_samples(self) -> None:
        """Draw new pictures from noise with the settings shown."""
        self._draw_requested = True
        self.draw_now()

    def delete_chosen(self) -> None:
        """Delete the selected pictures; :meth:`undo` restores them."""
        chosen = self.chosen()
        if not chosen:
            return
        self.items.delete(chosen)
        self.store.delete(chosen)
        self._show_items()
        self.messages.show_message(
            self.tr("{0} deleted.").format(picture_count(len(chosen))),
            action=self.tr("Undo"),
            callback=self.undo,
            topic="deleted",
        )

    def undo(self) -> None:
        """Restore the last deleted pictures; they are shown when their files are restored."""
        self.store.restore()
        self.messages.clear("info")

    def rate_chosen(self, stars: int) -> None:
        """Rate the selected pictures with 0 to 5 stars, in memory and on disk."""
        chosen = self.chosen()
        if stars > MAX_STARS or not chosen:
            return
        for item in chosen:
            item.rating = stars
        self.store.rate(chosen, stars)
        # No re-sorting here, so that several pictures can be rated one after the other.
        self.thumbnails.viewport().update()
        self.side.rating.show_stars(stars)

    def draw_again(self) -> None:
        """Have the tool that drew the current picture draw it again."""
        item = self._current()
        if item is not None and item.unsaved is None:
            self.studio.restorer.restore(item.path)

    def chosen(self) -> list[GalleryEntry]:
        """Return the selected pictures, in the order shown."""
        return [self.items.shown[row] for row in self.thumbnails.selected]

    def select(self, items: Sequence[GalleryEntry]) -> None:
        """Select exactly these of the pictures shown."""
        selected_ids = {id(item) for item in items}
        selection, model = QItemSelection(), self.thumbnails.model()
        for row, item in enumerate(self.items.shown):
            if id(item) in selected_ids:
                selection.select(model.index(row, 0), model.index(row, 0))
        flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.thumbnails.selectionModel().select(selection, flag)

    def showEvent(self, event: QShowEvent) -> None:
        """Load the pictures of other runs, the first time."""
        super().showEvent(event)
        self.store.load_all_runs()
        self.export.refresh()

    def _build(self) -> None:
        self.drawer = SamplerDrawer(self.thumbnails, self.sampler)
        for part, sentence in self.drawer.row_controls:
            self.drawer.add(part, sentence)
        row = QHBoxLayout(self._draw_rows)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_M)
        row.addWidget(ActionButton(self._draw_action, "plus", "primary"))
        row.addWidget(self.count)
        row.addWidget(self.drawer.button)
        row.addStretch()
        self._top = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._top.setSpacing(SPACE_S)
        self._top.addWidget(self._draw_rows)
        self._top.addWidget(self.filters, 1)
        self.content.addLayout(self._top)
        self.content.addWidget(self.progress)
        self.content.addWidget(self.boards.bar)
        middle = QHBoxLayout()
        middle.setSpacing(SPACE_M)
        middle.addWidget(self.thumbnails, 1)
        middle.addWidget(self.side)
        self.content.addLayout(middle, 1)
        self.bar = GalleryBar(self._delete_action, self._undo_action)
        self.details = tool_button(
            "info", self.tr("Details"), self.tr("How the chosen picture was made"), checkable=True
        )
        self.details.clicked.connect(self._on_details)
        bottom = QHBoxLayout()
        bottom.setSpacing(SPACE_M)
        bottom.addWidget(self.bar, 1)
        bottom.addWidget(self.details)
        bottom.addWidget(self.export)
        self.content.addLayout(bottom)
        self._on_details()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Adapt the layout to the width, and show the details where there is room for them."""
        super().resizeEvent(event)
        horizontal, vertical = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._top.setDirection(horizontal if self.width() >= _ROOM_FOR_ONE_ROW else vertical)
        style = Qt.ToolButtonStyle
        shows_text = self.width() >= _MIN_WIDTH_WITH_TEXT
        self.drawer.button.setToolButtonStyle(
            style.ToolButtonTextBesideIcon if shows_text else style.ToolButtonIconOnly
        )
        if not self._details_requested:
            self.details.setChecked(self.width() >= _ROOM_FOR_DETAILS)
            self.side.setVisible(self.details.isChecked())

    def _on_details(self) -> None:
        self._details_requested = self.isVisible()
        self.side.setVisible(self.details.isChecked())

    def _connect(self) -> None:
        self.thumbnails.chosen.connect(self._on_chosen)
        self.thumbnails.opened.connect(self.menu.share_current)
        self.thumbnails.delete_pressed.connect(self.delete_chosen)
        self.thumbnails.copy_pressed.connect(self.menu.copy)
        self.thumbnails.digit_pressed.connect(self.rate_chosen)
        self.side.rating.rated.connect(self.rate_chosen)
        self.filters.changed.connect(self._on_filter)
        self.boards.changed.connect(self._on_filter)
        self.bar.zoom.valueChanged.connect(self.thumbnails.set_side)
        self.thumbnails.zoomed.connect(self.bar.step_zoom)
        self.store.failed.connect(self._on_failed)
        self.store.about_to_add.connect(self._remember_selection)
        self.store.added.connect(self._on_added)
        self.store.restored_items.connect(self._show_items)
        self.store.loaded.connect(self._use_next_seed)

    def _register(self) -> None:
        add = self.actions_.add
        self._draw_action = add(
            "gallery.draw",
            self.tr("New samples"),
            self.draw_samples,
            category=self.category,
            icon="plus",
            tip=self.tr("Draw pictures from noise with the open run"),
        )
        self._again_action = add(
            "gallery.again",
            self.tr("Draw again"),
            self.draw_again,
            category=self.category,
            icon="refresh-cw",
            tip=self.tr("Open the run and the tool that drew this, and draw the same again"),
        )
        boards = self.boards.register(self.actions_, self.category)
        ratings = [self._rating_action(stars) for stars in range(MAX_STARS + 1)]
        self._delete_action = add(
            "gallery.delete",
            self.tr("Delete chosen pictures"),
            self.delete_chosen,
            category=self.category,
            icon="trash-2",
            tip=self.tr("Remove the chosen pictures from the gallery"),
        )
        self._undo_action = add(
            "gallery.undo",
            self.tr("Bring deleted pictures back"),
            self.undo,
            category=self.category,
            icon="undo-2",
        )
        self.menu = GalleryMenu(
            self.studio,
            self.thumbnails,
            self._current_drop,
            [self._again_action],
            ratings,
            [*boards, self._delete_action],
            pinning=True,
        )

    def _rating_action(self, stars: int) -> QAction:
        text = self.tr("Rate {0}").format("★" * stars) if stars else self.tr("Take the stars away")
        tip = self.tr("In the gallery the key {0} does the same").format(stars)
        rate = partial(self.rate_chosen, stars)
        category = self.category
        return self.actions_.add(f"gallery.rate{stars}", text, rate, category=category, tip=tip)

    def _spec(self) -> JobSpec[object] | None:
        if not self._draw_requested or self.studio.run is None:
            return None
        self._draw_requested = False
        request = SampleRequest(
            run=Path(self.studio.run), count=self.count.currentData(), **self.sampler.value()
        )
        return specs.drawing.draw(request, "gallery", batch_frames=_MOMENTS)

    def _on_event(self, event: Event) -> None:
        """Ignore events: nothing is shown before the pictures are finished."""

    def _on_finished(self, result: object) -> None:
        # The next drawing must give different pictures; a seed that was typed meanwhile stays.
        if isinstance(result, DrawingResult) and seed_of(result.recipe) == self.sampler.seed.value:
            self._seed = self.sampler.seed.value + 1
            self.sampler.seed.set_value(self._seed)

    def _show_page(self) -> None:
        """Show the kept pictures, even without an open model to draw more."""
        self._update_empty_state()
        can_draw = self.studio.can_draw
        empty_text, button_text = self.tr("What you draw is kept here"), self.tr("New samples")
        if len(self.items):
            empty_text, button_text = self.tr("No picture matches what is chosen above"), ""
        self.thumbnails.set_empty("images", empty_text, button_text, self.draw_samples)
        self.pages.setCurrentIndex(1 if can_draw or len(self.items) else 0)
        self._draw_rows.setVisible(can_draw)

    def _on_run_moved(self, old: Path | None, new: Path | None) -> None:
        super()._on_run_moved(old, new)
        chosen = self.chosen()
        self.store.follow(old, new)
        self._show_items(chosen)

    def _on_model(self) -> None:
        if (view := self.studio.run_view) is not None:
            self.sampler.follow(view)
        if self.studio.run is not None:
            self.store.load([self.studio.run])
            # A seed that a person chose was meant for the previous model.
            self._seed = self.sampler.seed.value
            self._use_next_seed()

    def _use_next_seed(self) -> None:
        """Set an unused seed, so that new pictures are drawn; a seed chosen by a person stays."""
        if self.studio.run is not None and self.sampler.seed.value == self._seed:
            self._seed = self.items.next_seed(Path(self.studio.run).resolve())
            self.sampler.seed.set_value(self._seed)

    def _remember_selection(self) -> None:
        self._remembered_selection = self.chosen()

    def _on_added(self) -> None:
        self._show_items(self._remembered_selection)

    def _on_filter(self) -> None:
        chosen = self.chosen()
        self.items.filter = self.boards.restrict_to_board(self.filters.value())
        self.items.order = self.filters.order.currentData()
        self.items.refresh()
        self._show_items(chosen)

    def _show_items(self, chosen: Sequence[GalleryEntry] = ()) -> None:
        bar = self.thumbnails.verticalScrollBar()
        position = bar.value()
        self.filters.set_choices(self.items.runs, self.items.samplers, self.items.filter)
        # Selection is reported once, at the end: in between it is temporarily empty.
        with QSignalBlocker(self.thumbnails):
            self.thumbnails.set_rows(self.items.shown, self._describe, self._badge)
            if chosen:
                self.select(chosen)
                bar.setValue(position)
        self._show_page()
        # May switch to all pictures, if the current board is gone.
        self.boards.show_boards()
        self._on_chosen(self.thumbnails.selected)

    def _on_chosen(self, rows: Sequence[int]) -> None:
        chosen = [self.items.shown[row] for row in rows]
        summary = picture_count(len(self.items.shown))
        if len(self.items.shown) < len(self.items):
            summary += self.tr(" of {0}").format(f"{len(self.items):,}")
        if len(chosen) > 1:
            summary += " · " + self.tr("{0} chosen").format(f"{len(chosen):,}")
        self.bar.summary.setText(summary)
        self.side.show_picture(self.store.read_cached(chosen[-1]) if chosen else None)
        self.side.rating.show_stars(chosen[-1].rating if chosen else None)
        self._delete_action.setEnabled(bool(chosen))
        self._undo_action.setEnabled(self.items.can_undo)
        self._again_action.setEnabled(bool(chosen) and chosen[-1].unsaved is None)
        self.boards.set_any_chosen(bool(chosen))
        self.exports.refresh()
        if self.isVisible():
            # Reads the files, hence not each time that a hidden gallery gets new pictures.
            self.export.refresh()

    def _shown(self) -> Sequence[GalleryEntry]:
        """Return the pictures that are shown, those of the current board if there is one."""
        return self.items.shown

    def _current(self) -> GalleryEntry | None:
        chosen = self.chosen()
        row = self.thumbnails.currentIndex().row()
        if 0 <= row < len(self.items.shown):
            return self.items.shown[row]
        return chosen[-1] if chosen else None

    def _current_drop(self) -> PictureDrop | None:
        item = self._current()
        return None if item is None else self.store.read_cached(item)

    def _drop(self, row: int) -> PictureDrop | None:
        return self.store.read_cached(self.items.shown[row])

    def _describe(self, row: int) -> str:
        return picture_description(self.items.shown[row], row)

    def _badge(self, row: int) -> str:
        return stars(self.items.shown[row])
