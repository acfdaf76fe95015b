"""What a person sees first: sample data, a place to drop, recent runs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from ddpm_studio.backend import tasks
from ddpm_studio.data.samples import SampleSet, sample_sets
from ddpm_studio.gui.settings import recent
from ddpm_studio.gui.studio import Studio
from ddpm_studio.gui.tokens import SPACE_L, SPACE_M, SPACE_S, SPACE_XL
from ddpm_studio.gui.widgets.basics import button, label
from ddpm_studio.gui.widgets.drop_zone import DropZone
from ddpm_studio.gui.widgets.picture_view import PictureGrid

_CARD_PICTURES = 24
_WIDTH = 640


class StartPage(QWidget):
    """Invites: two sample sets, a drop zone, and the runs of last time."""

    sample_chosen = Signal(str)
    choose_folder = Signal()
    learn_chosen = Signal()

    def __init__(self, studio: Studio, settings: QSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._settings = settings
        column = QWidget()
        column.setMaximumWidth(_WIDTH)
        layout = QVBoxLayout(column)
        layout.setSpacing(SPACE_L)
        layout.addWidget(label(self.tr("Teach a network to paint from noise"), "title"))
        layout.addWidget(
            label(
                self.tr("Drop your pictures, train, and watch each of them emerge step by step."),
                "muted",
                wrap=True,
            )
        )
        zone = DropZone()
        zone.dropped.connect(studio.open_paths)
        zone.choose_requested.connect(self.choose_folder)
        layout.addWidget(zone)
        layout.addSpacing(SPACE_M)
        layout.addWidget(label(self.tr("Or begin with pictures that are here already"), "heading"))
        cards = QHBoxLayout()
        cards.setSpacing(SPACE_L)
        for sample in sample_sets():
            cards.addWidget(self._card(sample))
        layout.addLayout(cards)
        learn = button(
            self.tr("New to diffusion? See it at work on points in the plane"),
            self.tr("A playground that learns in seconds"),
            icon="graduation-cap",
            role="link",
        )
        learn.clicked.connect(self.learn_chosen)
        layout.addWidget(learn, 0, Qt.AlignmentFlag.AlignLeft)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(SPACE_S)
        layout.addLayout(self._recent)
        self.show_recent()

        outer = QGridLayout(self)
        outer.setContentsMargins(SPACE_XL, SPACE_XL, SPACE_XL, SPACE_XL)
        outer.setRowStretch(0, 1)
        outer.addWidget(column, 1, 0)
        outer.setRowStretch(2, 2)

    def show_recent(self) -> None:
        """List the runs that were opened last."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        runs = [run for run in recent(self._settings, "runs") if (run / "run.json").is_file()]
        if not runs:
            return
        self._recent.addWidget(label(self.tr("Go on with a run"), "heading"))
        for run in runs[:4]:
            self._recent.addWidget(_RecentRun(self._studio, run), 0, Qt.AlignmentFlag.AlignLeft)

    def _card(self, sample: SampleSet) -> QWidget:
        card = _SampleCard(sample)
        card.open_button.clicked.connect(card.announce)
        card.chosen.connect(self.sample_chosen)
        look = self._studio.backend.submit(
            tasks.preview([sample.path], sample.options, _CARD_PICTURES, slot=None)
        )
        look.finished.connect(card.show_preview)
        return card


class _SampleCard(QFrame):
    """One sample set: some of its pictures, its makers, a button."""

    chosen = Signal(str)

    def __init__(self, sample: SampleSet) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._name = sample.name
        self.pictures = PictureGrid(sample.title)
        self.pictures.setFixedHeight(128)
        self.pictures.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.pictures.set_empty("images", "")
        self.open_button = button(self.tr("Open {name}").format(name=sample.title), sample.notice)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_L)
        layout.addWidget(self.pictures)
        layout.addWidget(label(sample.notice, "caption", wrap=True))
        layout.addWidget(self.open_button)

    def announce(self) -> None:
        self.chosen.emit(self._name)

    def show_preview(self, preview: object) -> None:
        self.pictures.set_pictures(getattr(preview, "pictures", None))


class _RecentRun(QWidget):
    """A line that opens a run."""

    def __init__(self, studio: Studio, run: Path) -> None:
        super().__init__()
        self._studio, self._run = studio, run
        link = button(run.name, str(run), icon="history", role="link")
        link.clicked.connect(self._open)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(link)

    def _open(self) -> None:
        self._studio.open_run(self._run)
