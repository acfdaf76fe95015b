"""What a person sees first: what was open last, a place to drop, pictures to begin with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QDate, QLocale, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ddpm_studio.backend import covers
from ddpm_studio.data.samples import SampleSet, sample_sets
from ddpm_studio.gui.recent import Recent, RecentData
from ddpm_studio.gui.studio import Studio
from ddpm_studio.gui.tokens import SPACE_L, SPACE_M, SPACE_XL
from ddpm_studio.gui.widgets.basics import button, label, name
from ddpm_studio.gui.widgets.drop_zone import DropZone
from ddpm_studio.gui.widgets.picture_card import PictureCard

if TYPE_CHECKING:
    from ddpm_studio.jobs.covers import RunCover

_WIDTH = 640
_PICTURES = 24
_SHOWN = 3
_TALL, _LOW = 130, 64
_LINK = "link"


class StartPage(QScrollArea):
    """Invites: runs and pictures of last time, a drop zone, the sets that ship with it."""

    sample_chosen = Signal(str)
    choose_folder = Signal()
    open_model = Signal()
    learn_chosen = Signal()
    tour_chosen = Signal()

    def __init__(self, studio: Studio, recent: Recent, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio, self._recent = studio, recent
        self._stale = False
        column = QWidget()
        column.setMaximumWidth(_WIDTH)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_L)
        layout.addWidget(label(self.tr("Teach a network to paint from noise"), "title"))
        self._zone = zone = DropZone(self.tr("Drop anything here"))
        zone.dropped.connect(studio.open_paths)
        zone.choose_requested.connect(self.choose_folder)
        self._runs, self._data = _Cards(self.tr("Go on with a run")), _Cards("")
        layout.addWidget(self._runs)
        layout.addWidget(self._data)
        layout.addWidget(zone)
        layout.addLayout(self._links())
        layout.addStretch()
        page = QWidget()
        outer = QGridLayout(page)
        outer.setContentsMargins(SPACE_XL, SPACE_XL, SPACE_XL, SPACE_L)
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
        """Show what has changed while nobody looked."""
        super().showEvent(event)
        if self._stale:
            self.show_recent()
        # Qt forgets the order when the page is put into its window.
        self._order_tabs()

    def _order_tabs(self) -> None:
        """Let Tab go through the cards first: they are younger than what stands below them."""
        below = [self._zone, *self.findChildren(QPushButton, _LINK)]
        for before, after in pairwise([*self._runs.cards, *self._data.cards, *below]):
            QWidget.setTabOrder(before, after)

    def _on_recent(self) -> None:
        self._stale = True
        if self.isVisible():
            self.show_recent()

    def show_recent(self) -> None:
        """Show the runs and pictures that were open last."""
        self._stale = False
        runs = self._recent.runs()[:_SHOWN]
        samples = sample_sets()
        shipped = {sample.path.resolve() for sample in samples}
        recent = [item for item in self._recent.data() if not shipped.intersection(item.paths)]
        height = _LOW if runs or recent else _TALL
        self._runs.show_cards([self._run_card(run) for run in runs])
        cards = [self._data_card(item) for item in recent[:_SHOWN]]
        self._data.show_cards(cards + [self._sample_card(sample, height) for sample in samples])
        self._order_tabs()
        self._data.title.setText(
            self.tr("Begin with pictures")
            if runs or recent
            else self.tr("Begin with pictures that are here already")
        )

    def _links(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
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
        row.addStretch()
        return row

    def _run_card(self, run: Path) -> PictureCard:
        card = _RunCard(self._studio, run)
        job = self._studio.backend.submit(covers.run_cover(run, _PICTURES))
        job.finished.connect(card.show_cover)
        return card

    def _data_card(self, item: RecentData) -> PictureCard:
        card = _DataCard(self._studio, item)
        job = self._studio.backend.submit(covers.data_cover(item.paths, item.options, _PICTURES))
        job.finished.connect(card.set_pictures)
        return card

    def _sample_card(self, sample: SampleSet, height: int) -> PictureCard:
        card = PictureCard(
            sample.title, sample.notice, self.tr("Open these pictures"), height=height
        )
        card.setObjectName(sample.name)
        card.clicked.connect(self._on_sample)
        job = self._studio.backend.submit(
            covers.data_cover([sample.path], sample.options, _PICTURES)
        )
        job.finished.connect(card.set_pictures)
        return card

    def _on_sample(self) -> None:
        card = self.sender()
        if card is not None:
            self.sample_chosen.emit(card.objectName())


class _Cards(QWidget):
    """A heading over rows of cards; hidden while there are none."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = label(title, "heading")
        self.cards: list[PictureCard] = []
        self._grid = QGridLayout()
        self._grid.setSpacing(SPACE_M)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_M)
        layout.addWidget(self.title)
        layout.addLayout(self._grid)

    def show_cards(self, cards: Sequence[PictureCard]) -> None:
        """Show other cards."""
        self.cards = list(cards)
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for index, card in enumerate(cards):
            self._grid.addWidget(card, index // _SHOWN, index % _SHOWN)
        self.setVisible(bool(cards))


class _RunCard(PictureCard):
    """Opens a run."""

    def __init__(self, studio: Studio, run: Path) -> None:
        when = _when(run)
        super().__init__(run.name, tip=f"{run}\n{when}", icon="history", height=_LOW)
        self._studio, self._run = studio, run
        self.clicked.connect(self._open)
        self.set_caption(when)

    def show_cover(self, cover: RunCover) -> None:
        """Show the run's last samples and how far its training is."""
        self.set_pictures(cover.pictures)
        step, total = cover.step or 0, cover.total
        if cover.in_use:
            words = self.tr("training: step {n} of {total}")
        elif total is not None and step < total:
            # There is no room for the day as well: the tooltip has it.
            words = self.tr("stopped at step {n} of {total}")
            if cover.step is None:
                words = self.tr("stopped, nothing saved")
        elif cover.step is not None:
            words = self.tr("step {n} · {when}")
        else:
            return
        told = {"n": f"{step:,}", "total": f"{total or 0:,}"}
        self.set_caption(words.format(**told, when=_when(self._run)))

    def _open(self) -> None:
        self._studio.open_run(self._run)


class _DataCard(PictureCard):
    """Opens pictures, prepared as they were the last time."""

    def __init__(self, studio: Studio, item: RecentData) -> None:
        super().__init__(item.title, tip=str(item.paths[0]), height=_LOW)
        self._studio, self._item = studio, item
        self.clicked.connect(self._open)
        self.set_caption(str(item.paths[0].parent))

    def _open(self) -> None:
        self._studio.open_data(self._item.paths, self._item.options)


def _when(run: Path) -> str:
    """Return the day on which a run was changed last, in the words of the place."""
    newest = max(path.stat().st_mtime for path in (run, run / "metrics.jsonl") if path.exists())
    day = datetime.fromtimestamp(newest).date()
    return QLocale().toString(QDate(day.year, day.month, day.day), QLocale.FormatType.ShortFormat)
