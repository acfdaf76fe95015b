"""Preview samples of a training, with raw and EMA weights, now and at earlier steps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ddpm_studio.backend import specs
from ddpm_studio.gui.features.common.picture_menu import PictureMenu
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.forms.slider import Slider
from ddpm_studio.gui.widgets.layout.basics import label, name, number_label, tool_button
from ddpm_studio.gui.widgets.pictures.grid_layout import fit_grid
from ddpm_studio.gui.widgets.pictures.picture_grid import PictureGrid
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import SampleGrid

_CACHE_SIZE = 64
HEIGHT = 168
_SIDE_BY_SIDE, _STACKED = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom


class SampleView(QWidget):
    """Sample grids from the same noise with raw and EMA weights, and a slider over the steps.

    The grids are side by side or stacked, whichever makes the samples larger.

    Args:
        studio: reads the files.
        height: minimum height of the grids together, in pixels, in which all samples are seen
            whatever their number; None: any height, and the grids scroll.
        parent: the owner.
    """

    shown_path_changed = Signal(object)
    """Emitted with the file of the samples that are shown, or None."""

    def __init__(
        self, studio: Studio, height: int | None = HEIGHT, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._studio = studio
        self._height = height
        self._paths: list[Path] = []
        self._cache: dict[Path, SampleGrid] = {}
        self.step = number_label("", "caption")
        self.raw = self._grid(self.tr("Samples drawn with raw weights"))
        self.ema = self._grid(self.tr("Samples drawn with EMA weights"))
        self.slider = Slider()
        name(self.slider, self.tr("Step of training"), self.tr("Look at samples of earlier steps"))
        self.slider.valueChanged.connect(self._show)
        self.heading = QHBoxLayout()
        self.heading.addWidget(label(self.tr("Samples"), "heading"))
        self.heading.addStretch()
        self.heading.addWidget(self.step)
        self._grids_area = QWidget()
        self._grids = QBoxLayout(_SIDE_BY_SIDE, self._grids_area)
        self._grids.setContentsMargins(0, 0, 0, 0)
        self._grids.setSpacing(SPACE_M)
        captions = (
            (self.tr("raw"), self.tr("The weights as they are after the last step"), self.raw),
            (self.tr("EMA"), self.tr("The weights averaged over many steps"), self.ema),
        )
        for text, tip, grid in captions:
            caption = label(text, "caption")
            caption.setToolTip(tip)
            column = QVBoxLayout()
            column.setSpacing(SPACE_S)
            column.addWidget(caption, alignment=Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(grid, 1)
            self._grids.addLayout(column, 1)
            self._caption_height = caption.sizeHint().height() + SPACE_S
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addLayout(self.heading)
        layout.addWidget(self._grids_area, 1)
        layout.addWidget(self.slider)
        self.slider.hide()
        self._fix_minimum_size()

    @property
    def shown_path(self) -> Path | None:
        """The file of the samples that the slider points at."""
        return self._paths[self.slider.value()] if self._paths else None

    def add_enlarge_button(self, actions: ActionRegistry, action_id: str) -> None:
        """Add a button next to the step, for an action that shows the samples larger.

        Args:
            actions: the registry, which has the action by the time the button is pressed.
            action_id: the id of the action.
        """
        self.enlarge_button = tool_button(
            "maximize",
            self.tr("Samples in the middle"),
            self.tr("Show them large in the middle, with those of all steps below"),
        )
        self.enlarge_button.clicked.connect(lambda: actions[action_id].trigger())
        self.heading.addWidget(self.enlarge_button)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the grids side by side, or stack them."""
        super().resizeEvent(event)
        self._update_direction()

    def show_path(self, path: Path) -> None:
        """Show the samples of this file, if it is one of them."""
        if path in self._paths:
            self.slider.setValue(self._paths.index(path))

    def set_paths(self, paths: Sequence[Path]) -> None:
        """Set a run's sample files, the newest last; show that, or keep showing an earlier one."""
        if list(paths) == self._paths:
            return
        previous = self.shown_path
        newest = self.slider.value() == self.slider.maximum()
        self._paths = list(paths)
        # A run that is started again under an old name writes other samples to the same paths.
        self._cache = {path: self._cache[path] for path in self._paths if path in self._cache}
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, len(paths) - 1))
        is_kept = previous is not None and previous in self._paths and not newest
        self.slider.setValue(
            self._paths.index(previous) if is_kept and previous is not None else len(paths) - 1
        )
        self.slider.blockSignals(False)
        self.slider.setVisible(len(paths) > 1)
        self._show()

    def _fix_minimum_size(self) -> None:
        """Set a minimum size that is the same in either direction.

        A minimum that depended on the direction would change the room by which the direction is
        chosen: the layout would oscillate.
        """
        width, height = self.raw.minimumWidth(), self._height or self.raw.minimumHeight()
        self._grids_area.setMinimumSize(2 * width + SPACE_M, height + self._caption_height)
        for grid in (self.raw, self.ema):
            grid.setMinimumHeight(1)

    def _grid(self, title: str) -> PictureGrid:
        grid = PictureGrid(title)
        if self._height is not None:
            grid.set_min_side(1)
            # It gets no more than the room there is, whatever its size hint.
            grid.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
            # The wheel scrolls the area around it.
            grid.zoomable = False
        grid.set_empty("images", self.tr("Drawn as it trains"))
        PictureMenu(self._studio, grid)
        return grid

    def _add_to_cache(self, samples: SampleGrid) -> None:
        self._cache.pop(samples.path, None)
        self._cache[samples.path] = samples
        if len(self._cache) > _CACHE_SIZE:
            del self._cache[next(iter(self._cache))]

    def _show(self) -> None:
        path = self.shown_path
        self.shown_path_changed.emit(path)
        if path is None:
            self.raw.set_pictures(None)
            self.ema.set_pictures(None)
            self.step.setText("")
            return
        samples = self._cache.get(path)
        if samples is None:
            job = self._studio.backend.submit(specs.runs.load_preview(path, f"preview {id(self)}"))
            job.on_finished(self._on_read)
            return
        self.step.setText(self.tr("step {n}").format(n=f"{samples.step:,}"))
        recipe: dict[str, object] = {"kind": "preview", "step": samples.step}
        self.raw.set_pictures(samples.raw, recipe={**recipe, "weights": "raw"})
        self.ema.set_pictures(samples.ema, recipe={**recipe, "weights": "ema"})
        self._update_direction()

    def _update_direction(self) -> None:
        """Choose the direction in which the samples are larger."""
        if not self.ema.count:
            return
        width, height = self._grids_area.width(), self._grids_area.height()
        caption = self._caption_height
        side_by_side = self._zoom(height - caption, (width - SPACE_M) // 2)
        stacked = self._zoom((height - SPACE_M) // 2 - caption, width)
        # Where both are as large, they are calmer along the longer side.
        tall = height > width
        direction = (
            _STACKED
            if stacked > side_by_side or (tall and stacked == side_by_side)
            else _SIDE_BY_SIDE
        )
        if direction != self._grids.direction():
            self._grids.setDirection(direction)

    def _zoom(self, grid_height: int, grid_width: int) -> float:
        """Return the zoom of the samples in a grid of this size."""
        height, width = self.ema.picture(0).shape[:2]
        layout = fit_grid(
            self.ema.count,
            (height, width),
            (max(1, grid_height), max(1, grid_width)),
            gap=SPACE_S,
            caption=0,
            margin=SPACE_S,
            smallest=1,
        )
        return layout.zoom

    def _on_read(self, samples: SampleGrid) -> None:
        if samples.path in self._paths:
            self._add_to_cache(samples)
            self._show()
