"""Picture slot of a chapter: a picture of the open data, the built-in one, or the user's own."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from ddpm_studio.backend import specs
from ddpm_studio.data.samples import sample_set
from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.gui.platform.images import Pictures, read_picture
from ddpm_studio.gui.widgets.pictures.picture_dialog import open_picture_dialog
from ddpm_studio.gui.widgets.pictures.picture_slot import PictureSlot
from ddpm_studio.gui.workspace.studio import Studio

if TYPE_CHECKING:
    from ddpm_studio.data import Dataset

_SAMPLE, _SAMPLE_NUMBER = "emoji", 3


class LearnSlot(PictureSlot):
    """A :class:`PictureSlot` that starts with a picture, whatever is open.

    It shows one of the open pictures, or the built-in one while none are open. A picture that a
    person put here stays when others are opened.

    Args:
        studio: knows the open data.
        title: what the picture is.
        hint: what to do with an empty slot.
        parent: the owner.
    """

    state_changed = Signal()
    """Emitted when ``shows_open_data``, ``shows_built_in`` or ``has_open_data`` may change."""

    def __init__(
        self, studio: Studio, title: str, hint: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(title, hint, parent)
        self._studio = studio
        self._has_started = self._awaits_built_in = False
        self._dataset: Dataset | None = None
        self._open_picture: Pictures | None = None
        self._built_in: Pictures | None = None
        self.changed.connect(self._on_changed)
        self.choose_requested.connect(self._choose)
        studio.data_changed.connect(self._on_data)

    @property
    def has_open_data(self) -> bool:
        """Whether there are open pictures to choose from."""
        return self._studio.dataset is not None

    @property
    def shows_open_data(self) -> bool:
        """Whether a picture of the open data is shown."""
        return self.picture is not None and self.picture is self._open_picture

    @property
    def shows_built_in(self) -> bool:
        """Whether the built-in picture is shown, or will be as soon as it is read."""
        is_shown = self.picture is not None and self.picture is self._built_in
        return is_shown or self._awaits_built_in

    def begin(self) -> None:
        """Show an initial picture; further calls do nothing."""
        if not self._has_started:
            self._has_started = True
            self._on_data()
            if self.picture is None:
                self.show_built_in()

    def show_open_data(self) -> None:
        """Show one of the open pictures, chosen at random."""
        dataset = self._studio.dataset
        if dataset is not None:
            self._open_picture = random.choice(dataset.images).copy()
            self.set_picture(self._open_picture)

    def show_built_in(self) -> None:
        """Show the built-in picture, which ships with the program."""
        if self._built_in is not None:
            self.set_picture(self._built_in)
            return
        try:
            sample = sample_set(_SAMPLE)
        except StudioError as error:
            self.failed.emit(Failure.of(error))
            return
        self._awaits_built_in = True
        self.state_changed.emit()
        spec = specs.learning.sample_picture(sample.path, sample.options, _SAMPLE_NUMBER)
        job = self._studio.backend.submit(spec)
        job.on_finished(self._on_built_in)
        job.on_failed(self.failed)

    def _on_data(self) -> None:
        dataset = self._studio.dataset
        if not self._has_started or dataset is self._dataset:
            return
        self._dataset = dataset
        if self.picture is None or self.shows_open_data or self.shows_built_in:
            self.show_open_data()
        self.state_changed.emit()

    def _on_built_in(self, picture: Pictures) -> None:
        self._built_in = picture
        if self._awaits_built_in:
            self.set_picture(picture)

    def _on_changed(self) -> None:
        # A picture put here while the built-in one was being read takes precedence.
        self._awaits_built_in = False
        self.state_changed.emit()

    def _choose(self) -> None:
        open_picture_dialog(self, self._on_chosen)

    def _on_chosen(self, path: str) -> None:
        try:
            self.set_picture(read_picture(Path(path)))
        except StudioError as error:
            self.failed.emit(Failure.of(error))
