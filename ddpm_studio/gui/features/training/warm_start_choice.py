"""Warm start of a training, from a trained network's weights; offered where it saves time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from ddpm_studio.backend import JobHandle, specs
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import escape_mnemonics, label, name
from ddpm_studio.gui.workspace.studio import Studio

if TYPE_CHECKING:
    from ddpm_studio.jobs.training.bases import BaseRun


class WarmStartChoice(QWidget):
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
        self._base: BaseRun | None = None
        self._searched_for: object = None
        self._search_job: JobHandle[list[BaseRun]] | None = None
        self._is_worthwhile = False
        self._own_preset: str | None = None
        # Of the model offered last, also while pictures are read and none is offered.
        self._base_preset: str | None = None
        self.box = QCheckBox()
        self.description = label("", "caption", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addWidget(self.box)
        layout.addWidget(self.description)
        self.box.toggled.connect(self.changed)
        studio.data_changed.connect(self._search)
        studio.run_changed.connect(self._search)
        self._show()
        self._search()

    @property
    def run(self) -> Path | None:
        """The run whose weights the training begins with; None: training from scratch."""
        return self._base.run if self._base is not None and self.box.isChecked() else None

    @property
    def preset(self) -> str | None:
        """The network preset of a warm start; None without one."""
        return self._base.preset if self._base is not None and self.box.isChecked() else None

    def set_worthwhile(self, is_worthwhile: bool) -> None:
        """Show the box, or untick and hide it: with enough time and pictures it saves little."""
        self._is_worthwhile = is_worthwhile
        if not is_worthwhile:
            # What is not seen must not come back later, and change the settings.
            self.box.setChecked(False)
        self._show()

    def set_own_preset(self, preset: str | None) -> None:
        """Set the network that was chosen by hand, and untick the box if it is another's.

        Args:
            preset: the network's preset; None: a time budget decides.
        """
        self._own_preset = preset
        if self._is_network_another:
            self.box.setChecked(False)
        self._describe()

    @property
    def _is_network_another(self) -> bool:
        """Whether another network than the model's was chosen by hand."""
        return self._base_preset is not None and self._own_preset not in (None, self._base_preset)

    def _search(self) -> None:
        """Search for models to start from that suit the open pictures, unless those are known."""
        dataset, view = self._studio.dataset, self._studio.run_view
        excluded = () if view is None else (view.summary.path,)
        search = None if dataset is None else (dataset.shape, dataset.class_names, excluded)
        if search == self._searched_for:
            return
        self._searched_for = search
        if search is None:
            if self._search_job is not None:
                # Its result would be for pictures that are not open any more.
                self._studio.backend.cancel(self._search_job)
            self._on_bases_found([])
            return
        self._search_job = self._studio.backend.submit(specs.training.find_bases(*search))
        self._search_job.on_finished(self._on_bases_found)

    def _on_bases_found(self, bases: list[BaseRun]) -> None:
        previous, self._base = self.run, bases[0] if bases else None
        if self._base is not None:
            self._base_preset = self._base.preset
            title = self.tr("Start from {name}").format(name=self._base.title)
            self.box.setText(escape_mnemonics(title))
            tip = self.tr("Shapes are there at once, and turn into those of your pictures")
            name(self.box, title, tip)
            self._describe()
        self._show()
        if self.run != previous:
            self.changed.emit()

    def _describe(self) -> None:
        """Describe what is kept of the model, or why nothing is."""
        if self._base is None:
            return
        text = self._base.description
        if self._is_network_another and not self.box.isChecked():
            template = self.tr("{name} has another network: the one chosen learns from scratch")
            text = template.format(name=self._base.title)
        self.description.setText(text)

    def _show(self) -> None:
        self.setVisible(self._is_worthwhile and self._base is not None)
