"""Preview samples of a training, raw beside EMA, now and at earlier steps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSlider, QVBoxLayout, QWidget

from ddpm_studio.backend import specs
from ddpm_studio.gui.features.common.picture_menu import PictureMenu
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import label, name, number_label
from ddpm_studio.gui.widgets.pictures.picture_view import PictureGrid
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import SampleGrid

_KEPT = 64
HEIGHT = 168


class SampleView(QWidget):
    """Two grids of samples from the same noise, and a slider over the steps they are from.

    Args:
        studio: reads the files.
        height: of the grids; None: as high as there is room.
        parent: the owner.
    """

    looked_at = Signal(object)
    """The samples of another step are shown; carries their file, or None."""

    def __init__(
        self, studio: Studio, height: int | None = HEIGHT, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._studio = studio
        self._height = height
        self._paths: list[Path] = []
        self._read: dict[Path, SampleGrid] = {}
        self.step = number_label("", "caption")
        self.raw = self._grid(self.tr("Samples drawn with raw weights"))
        self.ema = self._grid(self.tr("Samples drawn with EMA weights"))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        name(self.slider, self.tr("Step of training"), self.tr("Look at samples of earlier steps"))
        self.slider.valueChanged.connect(self._show)
        heading = QHBoxLayout()
        heading.addWidget(label(self.tr("Samples"), "heading"))
        heading.addStretch()
        heading.addWidget(self.step)
        grids = QGridLayout()
        grids.setHorizontalSpacing(SPACE_M)
        grids.setVerticalSpacing(SPACE_S)
        captions = (
            (self.tr("raw"), self.tr("The weights as they are after the last step"), self.raw),
            (self.tr("EMA"), self.tr("The weights averaged over many steps"), self.ema),
        )
        for column, (text, tip, grid) in enumerate(captions):
            caption = label(text, "caption")
            caption.setToolTip(tip)
            grids.addWidget(caption, 0, column, Qt.AlignmentFlag.AlignHCenter)
            grids.addWidget(grid, 1, column)
            grids.setColumnStretch(column, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addLayout(heading)
        layout.addLayout(grids, 1)
        layout.addWidget(self.slider)
        self.slider.hide()

    @property
    def shown_path(self) -> Path | None:
        """The file of the samples that the slider points at."""
        return self._paths[self.slider.value()] if self._paths else None

    def look_at(self, path: Path) -> None:
        """Show the samples of this file, if it is one of them."""
        if path in self._paths:
            self.slider.setValue(self._paths.index(path))

    def set_paths(self, paths: Sequence[Path]) -> None:
        """Show another run's samples, the newest first; or the same run's, where one looked."""
        if list(paths) == self._paths:
            return
        before = self.shown_path
        newest = self.slider.value() == self.slider.maximum()
        self._paths = list(paths)
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, len(paths) - 1))
        kept = before is not None and before in self._paths and not newest
        self.slider.setValue(
            self._paths.index(before) if kept and before is not None else len(paths) - 1
        )
        self.slider.blockSignals(False)
        self.slider.setVisible(len(paths) > 1)
        self._show()

    def _grid(self, title: str) -> PictureGrid:
        made = PictureGrid(title)
        if self._height is not None:
            made.setFixedHeight(self._height)
        made.set_empty("images", self.tr("Drawn as it trains"))
        PictureMenu(self._studio, made)
        return made

    def _keep(self, samples: SampleGrid) -> None:
        self._read.pop(samples.path, None)
        self._read[samples.path] = samples
        if len(self._read) > _KEPT:
            del self._read[next(iter(self._read))]

    def _show(self) -> None:
        path = self.shown_path
        self.looked_at.emit(path)
        if path is None:
            self.raw.set_pictures(None)
            self.ema.set_pictures(None)
            self.step.setText("")
            return
        samples = self._read.get(path)
        if samples is None:
            job = self._studio.backend.submit(specs.runs.load_preview(path, f"preview {id(self)}"))
            job.on_finished(self._on_read)
            return
        self.step.setText(self.tr("step {n}").format(n=f"{samples.step:,}"))
        recipe: dict[str, object] = {"kind": "preview", "step": samples.step}
        self.raw.set_pictures(samples.raw, recipe={**recipe, "weights": "raw"})
        self.ema.set_pictures(samples.ema, recipe={**recipe, "weights": "ema"})

    def _on_read(self, samples: SampleGrid) -> None:
        self._keep(samples)
        self._show()
