"""Start page: recent runs and pictures, pretrained models, sample sets and a drop zone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ddpm_studio.backend import specs
from ddpm_studio.data.samples import SampleSet, sample_sets
from ddpm_studio.gui.features.start.card_rows import COLUMNS, CardRows
from ddpm_studio.gui.features.start.ready_card import ReadyCard
from ddpm_studio.gui.features.start.run_card import CARD_HEIGHT, COVER_PICTURES, RunCard
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_XL
from ddpm_studio.gui.widgets.layout.basics import button, label, name
from ddpm_studio.gui.widgets.layout.drop_zone import DropZone
from ddpm_studio.gui.widgets.layout.flow_layout import FlowLayout
from ddpm_studio.gui.widgets.pictures.picture_card import PictureCard
from ddpm_studio.gui.workspace.recent import Recent, RecentData
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.paths import is_file
from ddpm_studio.runs.ready import is_ready, ready_runs

_WIDTH = 640
_MAX_RUNS = 60
_TALL, _LOW = 130, CARD_HEIGHT
_LINK = "link"


class StartPage(QScrollArea):
    """Start page: cards of recent runs, models and pictures, a drop zone, and links."""

    sample_chosen = Signal(str)
    choose_folder = Signal()
    open_model = Signal()
    learn_chosen = Signal()
    tour_chosen = Signal()
    rename_requested = Signal(object)
    """Emitted with the run (Path) that is to be renamed."""
    trash_requested = Signal(object)
    """Emitted with the run (Path) that is to be moved to the trash."""

    def __init__(self, studio: Studio, recent: Recent, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio, self._recent = studio, recent
        self._stale = False
        self._all_runs: list[Path] = []
        column = QWidget()
        column.setMaximumWidth(_WIDTH)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_L)
        layout.addWidget(label(self.tr("Teach a network to paint from noise"), "title"))
        self._drop_zone = zone = DropZone(self.tr("Drop anything here"))
        zone.dropped.connect(studio.open_paths)
        zone.choose_requested.connect(self.choose_folder)
        zone.set_horizontal()
        self._runs, self._data = CardRows(self.tr("Go on with a run")), CardRows("")
        self._ready = CardRows(self.tr("Draw with a ready model"))
        for cards in (self._runs, self._data):
            cards.show_all_toggled.connect(self.show_recent)
        for cards in (self._runs, self._ready, self._data):
            layout.addWidget(cards)
        layout.addWidget(zone)
        layout.addLayout(self._links())
        layout.addStretch()
        page = QWidget()
        outer = QGridLayout(page)
        outer.setContentsMargins(SPACE_XL, SPACE_L, SPACE_XL, SPACE_M)
        outer.addWidget(column, 0, 0)
        self.setWidget(page)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        name(self, self.tr("Start page"))
        self.setToolTip("")
        self.show_recent()
        recent.changed.connect(self._on_recent)

    def showEvent(self, event: QShowEvent) -> None:
        """Update what has changed while the page was hidden, and scroll to the top."""
        super().showEvent(event)
        self.verticalScrollBar().setValue(0)
        if self._stale:
            self.show_recent()
        self._count_runs()
        # Qt forgets the tab order when the page is put into its window.
        self._order_tabs()

    def _order_tabs(self) -> None:
        """Set the tab order from the top down: cards are created after what is below them."""
        order: list[QWidget] = []
        for rows in (self._runs, self._ready, self._data):
            order += [rows.all_button, *rows.cards]
        order += [self._drop_zone, *self.findChildren(QPushButton, _LINK)]
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)

    def _on_recent(self) -> None:
        self._stale = True
        if self.isVisible():
            self.show_recent()
            self._count_runs()

    def _count_runs(self) -> None:
        """Submit a job that finds all runs, besides those that were open last."""
        spec = specs.covers.all_runs(self._studio.runs_folder, self._recent.runs())
        self._studio.backend.submit(spec).on_finished(self._on_all_runs)

    def _on_all_runs(self, found: list[Path]) -> None:
        is_new = found != self._all_runs
        self._all_runs = found
        if is_new and self._runs.all_button.isChecked():
            self.show_recent()
        else:
            self._runs.offer_all(self._overflow_count())

    def _overflow_count(self) -> int:
        """Return the number of runs where not all fit into the row, else 0."""
        count = len(self._known_runs())
        return count if count > COLUMNS else 0

    def _known_runs(self) -> list[Path]:
        """Return all runs, recent ones first, but those that ship, which have their own cards."""
        recent = self._recent.runs()
        # A run that was found may have been moved since.
        others = [run for run in self._all_runs if run not in recent and is_file(run / "run.json")]
        return [run for run in (*recent, *others) if not is_ready(run)][:_MAX_RUNS]

    def show_recent(self) -> None:
        """Update the cards of recent runs, of models and of pictures."""
        self._stale = False
        focused = self.window().focusWidget()
        focused_index = next(
            (k for k, card in enumerate(self._runs.cards) if card is focused), None
        )
        runs = [run for run in self._recent.runs() if not is_ready(run)][:COLUMNS]
        if self._runs.all_button.isChecked():
            runs = self._known_runs()
        samples = sample_sets()
        shipped = {sample.path.resolve() for sample in samples}
        recent = [item for item in self._recent.data() if not shipped.intersection(item.paths)]
        height = _LOW if runs or recent else _TALL
        self._runs.show_cards([self._run_card(run) for run in runs])
        self._runs.offer_all(self._overflow_count())
        self._ready.show_cards([self._ready_card(run, height) for run in ready_runs()])
        self._show_data(recent[:COLUMNS], samples, height)
        self._order_tabs()
        if focused_index is not None and runs:
            # The focus stays where it was when a run is removed or renamed.
            self._runs.cards[min(focused_index, len(runs) - 1)].setFocus()
        self._data.title.setText(
            self.tr("Begin with pictures")
            if runs or recent
            else self.tr("Begin with pictures that come with the program")
        )

    def _show_data(
        self, recent: Sequence[RecentData], samples: Sequence[SampleSet], height: int
    ) -> None:
        """Show cards of pictures, recent ones first, in one row unless all are wanted."""
        count = len(recent) + len(samples)
        limit = count if self._data.all_button.isChecked() else COLUMNS
        shown_samples = samples[: max(0, limit - len(recent))]
        cards = [self._data_card(item) for item in recent]
        self._data.show_cards(
            cards + [self._sample_card(sample, height) for sample in shown_samples]
        )
        self._data.offer_all(count if count > COLUMNS else 0)

    def _links(self) -> FlowLayout:
        row = FlowLayout()
        for text, tip, icon, signal in (
            (
                self.tr("Open a model…"),
                self.tr("The folder of a run, or a model of diffusers"),
                "folder-open",
                self.open_model,
            ),
            (
                self.tr("See diffusion at work"),
                self.tr("A playground of points in the plane that learns in seconds"),
                "graduation-cap",
                self.learn_chosen,
            ),
            (
                self.tr("Take the tour"),
                self.tr("What is where, in a minute"),
                "lightbulb",
                self.tour_chosen,
            ),
        ):
            link: QPushButton = button(text, tip, icon=icon, role="link")
            link.setObjectName(_LINK)
            link.clicked.connect(signal)
            row.addWidget(link)
        return row

    def _run_card(self, run: Path) -> PictureCard:
        card = RunCard(self._studio, run)
        card.rename_requested.connect(self.rename_requested)
        card.trash_requested.connect(self.trash_requested)
        return card

    def _ready_card(self, run: Path, height: int) -> PictureCard:
        card = ReadyCard(self._studio, run, height)
        job = self._studio.backend.submit(specs.covers.run_cover(run, COVER_PICTURES))
        job.on_finished(card.show_cover)
        return card

    def _data_card(self, item: RecentData) -> PictureCard:
        card = _DataCard(self._studio, item)
        job = self._studio.backend.submit(
            specs.covers.data_cover(item.paths, item.options, COVER_PICTURES)
        )
        job.on_finished(card.set_pictures)
        return card

    def _sample_card(self, sample: SampleSet, height: int) -> PictureCard:
        card = PictureCard(
            sample.title, sample.notice, self.tr("Open these pictures"), height=height
        )
        card.setObjectName(sample.name)
        card.clicked.connect(self._on_sample)
        job = self._studio.backend.submit(
            specs.covers.data_cover([sample.path], sample.options, COVER_PICTURES)
        )
        job.on_finished(card.set_pictures)
        return card

    def _on_sample(self) -> None:
        card = self.sender()
        if card is not None:
            self.sample_chosen.emit(card.objectName())


class _DataCard(PictureCard):
    """Card of recent pictures; a click opens them, prepared as they were the last time."""

    def __init__(self, studio: Studio, item: RecentData) -> None:
        super().__init__(item.title, tip=str(item.paths[0]), height=_LOW)
        self._studio, self._item = studio, item
        self.clicked.connect(self._open)
        self.set_caption(str(item.paths[0].parent))

    def _open(self) -> None:
        self._studio.open_data(self._item.paths, self._item.options)
