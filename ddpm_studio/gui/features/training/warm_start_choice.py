"""Warm start of a training, from a trained network's weights; offered where it saves time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from ddpm_studio.backend import JobHandle, specs
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import as_written, label, name
from ddpm_studio.gui.workspace.studio import Studio

if TYPE_CHECKING:
    from ddpm_studio.jobs.training.bases import Base


class StartFrom(QWidget):
    """Warm-start check box: training begins with a pretrained model, or the open one.

    It offers the model most like the open pictures, by channels and then by size, and describes
    what is kept of it.

    Args:
        studio: knows the open pictures and the open run.
        parent: the owner.
    """

    changed = Signal()
    """Emitted when ``run`` has changed."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._base: Base | None = None
        self._asked: object = None
        self._looking: JobHandle[list[Base]] | None = None
        self._worth = False
        self.box = QCheckBox()
        self.told = label("", "caption", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addWidget(self.box)
        layout.addWidget(self.told)
        self.box.toggled.connect(self.changed)
        studio.data_changed.connect(self._look)
        studio.run_changed.connect(self._look)
        self._show()
        self._look()

    @property
    def run(self) -> Path | None:
        """The run whose weights the training begins with; None: training from scratch."""
        return self._base.run if self._base is not None and self._chosen else None

    @property
    def preset(self) -> str | None:
        """The network preset of a warm start; None without one."""
        return self._base.preset if self._base is not None and self._chosen else None

    def set_worth(self, worth: bool) -> None:
        """Show or hide the box: with enough time and many pictures a warm start saves little."""
        self._worth = worth
        self._show()

    @property
    def _chosen(self) -> bool:
        return self._worth and self.box.isChecked()

    def _look(self) -> None:
        """Search for models to start from that suit the open pictures, unless those are known."""
        dataset, view = self._studio.dataset, self._studio.run_view
        own = () if view is None else (view.summary.path,)
        asked = None if dataset is None else (dataset.shape, dataset.class_names, own)
        if asked == self._asked:
            return
        self._asked = asked
        if asked is None:
            if self._looking is not None:
                # Its result would be for pictures that are not open any more.
                self._studio.backend.cancel(self._looking)
            self._offer([])
            return
        self._looking = self._studio.backend.submit(specs.training.find_bases(*asked))
        self._looking.on_finished(self._offer)

    def _offer(self, bases: list[Base]) -> None:
        before, self._base = self.run, bases[0] if bases else None
        if self._base is not None:
            title = self.tr("Start from {name}").format(name=self._base.title)
            self.box.setText(as_written(title))
            tip = self.tr("Shapes are there at once, and turn into those of your pictures")
            name(self.box, title, tip)
            self.told.setText(self._base.told)
        self._show()
        if self.run != before:
            self.changed.emit()

    def _show(self) -> None:
        self.setVisible(self._worth and self._base is not None)
