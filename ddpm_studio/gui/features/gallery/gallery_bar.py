"""Gallery toolbar: which pictures in which order, how large, and away with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from ddpm_studio.catalogue.tools import drawings
from ddpm_studio.gui.features.common.sampler_words import sampler_title
from ddpm_studio.gui.features.gallery.gallery_items import Filter
from ddpm_studio.gui.theme.tokens import SPACE_M
from ddpm_studio.gui.widgets.forms.choices import translated
from ddpm_studio.gui.widgets.forms.narrow_choice import NarrowChoice
from ddpm_studio.gui.widgets.forms.slider import Slider
from ddpm_studio.gui.widgets.layout.basics import keep_from_wheel, label, name, number_label
from ddpm_studio.gui.widgets.layout.flow_layout import FlowLayout, together
from ddpm_studio.jobs.library.gallery import MOST_STARS

SIDE = 96
_SIDES = (32, 320)
_ZOOM_WIDTH = 140
# Of a closed list beside its words, and the widest that it gets for long names.
_ARROW_WIDTH, _MOST_WIDTH = 36, 124


class GalleryFilters(QWidget):
    """Lists for kind, run, sampler, rating and order."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind = self._box(self.tr("Kind"), self.tr("Show pictures of this kind"))
        self.kind.addItem(self.tr("Any kind"), "")
        for kind, drawing in drawings().items():
            self.kind.addItem(translated(drawing.title), kind)
        self.run = self._box(self.tr("Run"), self.tr("Show pictures drawn with this run"))
        self.sampler = self._box(self.tr("Sampler"), self.tr("Show pictures of this sampler"))
        self.stars = self._box(
            self.tr("Rating"), self.tr("Show pictures with so many stars or more")
        )
        self.stars.addItem(self.tr("Any rating"), 0)
        for stars in range(1, MOST_STARS + 1):
            more = "" if stars == MOST_STARS else "+"
            self.stars.addItem("★" * stars + more, stars)
        self.order = self._box(self.tr("Order"), self.tr("Which pictures come first"))
        for text, order in (
            (self.tr("Newest"), "newest"),
            (self.tr("Oldest"), "oldest"),
            (self.tr("Best"), "rating"),
            (self.tr("By t"), "t"),
            (self.tr("By seed"), "seed"),
            (self.tr("By run"), "run"),
        ):
            self.order.addItem(text, order)
        self._boxes = (self.kind, self.run, self.sampler, self.stars, self.order)
        self.set_known([], [])
        layout = FlowLayout(parent=self)
        for box in self._boxes:
            box.currentIndexChanged.connect(self.changed)
            layout.addWidget(box)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def value(self) -> Filter:
        """What is chosen."""
        return Filter(
            self.kind.currentData(),
            self.run.currentData(),
            self.sampler.currentData(),
            self.stars.currentData(),
        )

    def set_known(self, runs: Sequence[Path], samplers: Sequence[str]) -> None:
        """Offer these runs and samplers; what is chosen stays, also where it has none left."""
        run_items = [(run.name, run) for run in runs]
        sampler_items = [(sampler_title(sampler), sampler) for sampler in samplers]
        _refill(self.run, (self.tr("Any run"), None), run_items)
        _refill(self.sampler, (self.tr("Any sampler"), ""), sampler_items)
        self._fit()

    def _fit(self) -> None:
        """Make each list as wide as its longest words: nothing moves with what is chosen."""
        for box in self._boxes:
            metrics = box.fontMetrics()
            words = max(metrics.horizontalAdvance(box.itemText(k)) for k in range(box.count()))
            box.setFixedWidth(min(words + _ARROW_WIDTH, _MOST_WIDTH))

    def _box(self, title: str, tip: str) -> QComboBox:
        box = NarrowChoice()
        keep_from_wheel(box)
        name(box, title, tip)
        return box


class GalleryBar(QWidget):
    """Zoom, summary, and buttons for two actions.

    Args:
        delete: takes the chosen pictures out.
        undo: brings them back.
        parent: the owner.
    """

    def __init__(self, delete: QAction, undo: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.zoom = Slider()
        self.zoom.setRange(*_SIDES)
        self.zoom.setValue(SIDE)
        self.zoom.setSingleStep(16)
        self.zoom.setPageStep(64)
        self.zoom.setFixedWidth(_ZOOM_WIDTH)
        name(self.zoom, self.tr("Zoom"), self.tr("Size of the pictures"))
        self.summary = number_label("", "muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_M)
        zoom = together(label(self.tr("zoom"), "muted"), self.zoom)
        zoom.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        row.addWidget(zoom)
        row.addWidget(self.summary)
        row.addStretch()
        for action in (delete, undo):
            button = QToolButton()
            button.setDefaultAction(action)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            name(button, action.text(), action.toolTip())
            row.addWidget(button)

    def turn_zoom(self, steps: int) -> None:
        """Zoom by some notches of the wheel."""
        self.zoom.setValue(self.zoom.value() + steps * self.zoom.singleStep())


def _refill(box: QComboBox, first: tuple[str, object], items: Sequence[tuple[str, object]]) -> None:
    chosen, text = box.currentData(), box.currentText()
    if chosen and chosen not in [data for _, data in items]:
        items = [*items, (text, chosen)]
    places = [data for _, data in (first, *items)]
    if places == [box.itemData(k) for k in range(box.count())]:
        return
    blocked = box.blockSignals(True)
    box.clear()
    for text, data in (first, *items):
        box.addItem(text, data)
    box.setCurrentIndex(places.index(chosen) if chosen in places else 0)
    box.blockSignals(blocked)
