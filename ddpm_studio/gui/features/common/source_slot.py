"""Source picture slot of a tool: dropped, pasted, chosen or random, resized to fit the model."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from ddpm_studio.backend import JobHandle, JobSpec, specs
from ddpm_studio.errors import Failure
from ddpm_studio.gui.features.common.class_badge import ClassBadge
from ddpm_studio.gui.platform.images import PICTURE_MIME, PictureDrop, Pictures, paths_from_mime
from ddpm_studio.gui.widgets.layout.basics import set_property
from ddpm_studio.gui.widgets.pictures.picture_dialog import open_picture_dialog
from ddpm_studio.gui.widgets.pictures.picture_slot import PictureSlot
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.picture_classes import (
    LabelledPicture,
    class_index,
    class_of_recipe,
    data_set_recipe,
    with_class,
)

_RANDOM_COUNT = 48
_SIDE = 92
_LATENT = ".safetensors"

ResultT = TypeVar("ResultT")


class _Origin(NamedTuple):
    """Origin and metadata of a picture: original or file, recipe, class, whether it is random."""

    original: Pictures | Path | None
    recipe: dict[str, object] | None
    class_name: str | None
    is_random: bool


_NO_ORIGIN = _Origin(None, None, None, False)


class SourceSlot(PictureSlot):
    """A :class:`PictureSlot` whose picture is preprocessed like the model's training data.

    ``failed`` is emitted with the reason if a picture can't be used.

    The picture's class is taken from its data set, from its recipe, or from its folder's name.

    Args:
        studio: provides the run whose model the picture must fit.
        title: title of the slot.
        hint: text that explains what an empty slot means.
        slot: the backend's slot: a newer picture supersedes one that is being prepared.
        by_class: whether a badge shows the picture's class, and lets it be changed.
        parent: the owner.
    """

    fitted_changed = Signal()
    """``fitted`` has changed."""
    latent_dropped = Signal(object)
    """A latent file was dropped on the slot (Path)."""
    noticed = Signal(str)
    """There is something to tell of how the values of its file were read, after
    ``fitted_changed``."""

    def __init__(
        self,
        studio: Studio,
        title: str,
        hint: str,
        slot: str,
        by_class: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(title, hint, parent)
        self.setFixedSize(_SIDE, _SIDE)
        self._studio = studio
        self._slot = slot
        self._original: Pictures | Path | None = None
        self._recipe: dict[str, object] | None = None
        self._class_name: str | None = None
        self.fitted: Pictures | None = None
        """The preprocessed picture, uint8 (H, W, C) of the model's size, or None."""
        self.asked = True
        """Whether a person chose the picture; False if it was chosen or refitted automatically."""
        self.is_random = False
        """Whether it was picked at random from the data, and is dropped with the model."""
        self.accepts_latents = False
        """Whether latent files may be dropped here; ``latent_dropped`` is emitted then."""
        self.waiting = False
        """Whether a picture is being prepared."""
        self._job: JobHandle[object] | None = None
        # Metadata of ``fitted`` while another picture is being prepared, which may fail.
        self._previous_origin = self._origin
        self.badge: ClassBadge | None = None
        """Shows the class; None unless ``by_class``."""
        self._reports_failure = True
        if by_class:
            self.badge = ClassBadge(title, self)
            self.badge.chosen.connect(self._on_class)
            studio.run_changed.connect(self._update_badge)
        self.changed.connect(self._on_changed)
        self.choose_requested.connect(self._choose_file)

    def set_path(self, path: Path) -> None:
        """Load a picture file, or the first picture of a folder or ZIP."""
        self._remember_origin()
        self.asked = True
        self._load(path)

    def accept(
        self, picture: Pictures | PictureDrop, *, asked: bool = True, is_random: bool = False
    ) -> None:
        """Set a picture (H, W, C), as of the data; :meth:`refit` drops one picked ``is_random``."""
        self._remember_origin()
        drop = picture if isinstance(picture, PictureDrop) else PictureDrop(picture)
        self._original, self.asked = drop.picture, asked
        self._set_recipe(drop.recipe, drop.path)
        self.is_random = is_random
        self._fit(drop.picture)

    @property
    def is_free(self) -> bool:
        """Whether it has no picture, and none is being prepared."""
        return self.drop is None and not self.waiting

    def set_title(self, title: str) -> None:
        """Change the title, also in the accessible names of the slot and its badge."""
        self._show_title(title)
        if self.badge is not None:
            self.badge.title = title
            self._update_badge()

    def clear(self) -> None:
        """Remove the picture, or cancel the preparation of one."""
        if not self.is_free:
            self.set_picture(None)

    def cancel_preparation(self) -> None:
        """Cancel the preparation of a picture."""
        if self._job is not None:
            self._studio.backend.cancel(self._job)
        self.waiting = False

    @property
    def class_label(self) -> int | None:
        """Index of the picture's class in the open model; None: no class, or unknown."""
        name, view = self._class_name, self._studio.run_view
        if name is None or view is None:
            return None
        return class_index(view.summary.known_classes, name)

    def set_class(self, number: int | None) -> None:
        """Set the picture's class by its index in the open model; None: no class."""
        view = self._studio.run_view
        if view is not None and self.fitted is not None:
            name = None if number is None else view.summary.known_classes[number]
            self._set_recipe(with_class(self._recipe, name))
            self._show_fitted(self.fitted)

    def swap_with(self, other: SourceSlot) -> None:
        """Swap the pictures of two slots, with their metadata; not while one is being prepared."""
        if self.waiting or other.waiting:
            return
        ours, theirs = (self._origin, self.fitted), (other._origin, other.fitted)
        for slot, (origin, picture) in ((self, theirs), (other, ours)):
            slot._set_origin(origin)
            slot.asked = True
            slot._show_fitted(picture)

    @property
    def _origin(self) -> _Origin:
        return _Origin(self._original, self._recipe, self._class_name, self.is_random)

    def _set_origin(self, origin: _Origin) -> None:
        self._original, self._recipe, self._class_name, self.is_random = origin

    def _set_recipe(self, recipe: dict[str, object] | None, path: Path | None = None) -> None:
        """Store the recipe, and look up the class once, because that reads a file."""
        self._recipe = recipe
        self._class_name = None if recipe is None else class_of_recipe(recipe, path)

    def refit(self) -> None:
        """Preprocess the picture again, for another model; a randomly picked one is dropped.

        That one belonged to the training data of the previous model.
        """
        self._remember_origin()
        self.asked = False
        if self.waiting and self._previous_origin.is_random:
            # The picture shown is random too: it must not come back if the preparation fails.
            self._previous_origin = _NO_ORIGIN
        if self.is_random:
            self._set_origin(_NO_ORIGIN)
            self._show_fitted(None)
        elif isinstance(self._original, Path):
            self._load(self._original)
        else:
            self._fit(self._original)

    def pick_from_data(self, *, asked: bool = True) -> None:
        """Pick a picture at random from the open data set, else from the run's training data.

        That there is none is reported only if a person ``asked`` for it.
        """
        dataset = self._studio.dataset
        if dataset is not None:
            number = random.randrange(len(dataset))
            recipe = data_set_recipe(dataset.class_of(number))
            drop = PictureDrop(dataset.images[number].copy(), recipe)
            self.accept(drop, asked=asked, is_random=True)
        elif self._studio.run is not None:
            self._remember_origin()
            self._original, self.asked = None, asked
            self._set_recipe(None)
            self.is_random = True
            spec = specs.data.example_pictures(self._studio.run, _RANDOM_COUNT, self._slot)
            self._prepare(spec, self._on_random_pictures, report_failure=asked)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept and highlight drags of files and folders too."""
        super().dragEnterEvent(event)
        if not event.isAccepted() and paths_from_mime(event.mimeData()):
            event.acceptProposedAction()
            set_property(self, "over", True)

    def dropEvent(self, event: QDropEvent) -> None:
        """Have dropped files loaded by the backend; pictures are handled by the base class."""
        paths = paths_from_mime(event.mimeData())
        if paths and not event.mimeData().hasFormat(PICTURE_MIME):
            set_property(self, "over", False)
            event.acceptProposedAction()
            if self.accepts_latents and paths[0].suffix.lower() == _LATENT:
                self.latent_dropped.emit(paths[0])
            else:
                self.set_path(paths[0])
        else:
            super().dropEvent(event)

    def _on_changed(self, picture: Pictures | None) -> None:
        self._remember_origin()
        self._original, self.asked, self.is_random = picture, True, False
        drop = self.drop
        self._set_recipe(None if drop is None else drop.recipe, None if drop is None else drop.path)
        self._fit(picture)

    def _load(self, path: Path) -> None:
        if self._studio.run is not None:
            self._original, self.is_random = path, False
            self._set_recipe(None)
            spec = specs.data.load_labelled_picture(path, self._studio.run, self._slot)
            self._prepare(spec, self._on_loaded)

    def _fit(self, picture: Pictures | None) -> None:
        if picture is None or self._fits(picture):
            self._show_fitted(picture)
        elif self._studio.run is not None:
            spec = specs.data.fit_picture(picture, self._studio.run, self._slot)
            self._prepare(spec, self._show_fitted)

    def _remember_origin(self) -> None:
        if not self.waiting:
            self._previous_origin = self._origin

    def _fits(self, picture: Pictures) -> bool:
        view = self._studio.run_view
        if view is None:
            return False
        summary = view.summary
        return bool(picture.shape == (summary.height, summary.width, summary.channels))

    def _prepare(
        self,
        spec: JobSpec[ResultT],
        on_finished: Callable[[ResultT], object],
        *,
        report_failure: bool = True,
    ) -> None:
        self.waiting, self._reports_failure = True, report_failure
        job = self._studio.backend.submit(spec)
        job.on_finished(on_finished)
        job.on_failed(self._on_failed)
        self._job = job

    def _on_random_pictures(self, found: tuple[Pictures, Sequence[str | None]]) -> None:
        pictures, classes = found
        number = random.randrange(len(pictures))
        self._original = pictures[number]
        self._set_recipe(data_set_recipe(classes[number]))
        self._show_fitted(pictures[number])

    def _on_loaded(self, loaded: LabelledPicture) -> None:
        self._set_recipe(data_set_recipe(loaded.class_name))
        self._show_fitted(loaded.picture)
        if loaded.notice:
            self.noticed.emit(loaded.notice)

    def _show_fitted(self, picture: Pictures | None) -> None:
        # A preparation under way is superseded, and must not replace this picture later.
        self.cancel_preparation()
        self.fitted = picture
        self._show_source()
        self.fitted_changed.emit()

    def _show_source(self) -> None:
        blocked = self.blockSignals(True)
        self.set_picture(self.fitted, self._recipe)
        self.blockSignals(blocked)
        self._update_badge()

    def _on_class(self, number: int | None) -> None:
        self.asked = True
        self.set_class(number)

    def _update_badge(self) -> None:
        view = self._studio.run_view
        if self.badge is not None:
            is_shown = view is not None and self.fitted is not None
            names = view.summary.known_classes if view is not None and is_shown else ()
            any_class = view is None or not view.summary.needs_class
            self.badge.show_class(names, self.class_label, any_class=any_class)

    def _on_failed(self, failure: Failure) -> None:
        self.waiting = False
        # Without a model there is nothing for the picture not to fit.
        current = None if self._studio.run_view is None else self.fitted
        is_lost = self._previous_origin is _NO_ORIGIN and self.fitted is not None
        if is_lost or (current is not None and not self._fits(current)):
            # It was resized for the previous model, and can't be for this one.
            self._set_origin(_NO_ORIGIN)
            self._show_fitted(None)
        else:
            self._set_origin(self._previous_origin)
            self._show_source()
            if current is not None and not self.asked:
                # It fits the new model as it is, for which nothing has been drawn yet.
                self.fitted_changed.emit()
        if self._reports_failure:
            self.failed.emit(failure)

    def _choose_file(self) -> None:
        open_picture_dialog(self, self._on_chosen)

    def _on_chosen(self, path: str) -> None:
        self.set_path(Path(path))
