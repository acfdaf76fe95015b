"""Gallery storage: loading kept pictures from run folders, saving new ones, reading pixels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from ddpm_studio.backend import JobHandle, JobSpec, specs
from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.gui.features.gallery.gallery_items import GalleryItems
from ddpm_studio.gui.platform.images import PictureDrop, read_picture
from ddpm_studio.gui.widgets.pictures.picture_cache import PictureCache
from ddpm_studio.gui.workspace.recent import Recent
from ddpm_studio.gui.workspace.settings import open_settings
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.recipes import Recipe
from ddpm_studio.jobs.events import DrawingResult, Event, PicturesRead
from ddpm_studio.jobs.library.gallery import GalleryEntry, make_entry
from ddpm_studio.paths import is_file


class GalleryStore(QObject):
    """Loads ``items`` from the run folders, and saves newly drawn pictures there."""

    about_to_add = Signal()
    """``items`` is about to grow: the selection must be remembered."""

    added = Signal()
    """``items`` has grown, or a deletion could not be undone."""

    restored_items = Signal(object)
    """Restored pictures are in ``items`` again; carries them."""

    loaded = Signal()
    """The pictures of some runs were loaded."""

    failed = Signal(Failure)

    def __init__(self, studio: Studio, items: GalleryItems, cache: PictureCache) -> None:
        super().__init__(studio)
        self._studio, self._items, self._cache = studio, items, cache
        self._loaded_runs: list[Path] = []
        self._missing_runs: set[Path] = set()
        # Current paths of moved runs, by each of their former ones.
        self._moved_runs: dict[Path, Path] = {}
        # Drawings that are saved once the gallery of their run has been loaded.
        self._pending: dict[Path, list[DrawingResult]] = {}
        self._all_runs_loaded = False
        self._last_read: tuple[GalleryEntry, PictureDrop | None] | None = None
        cache.load_requested.connect(self._read_pictures)
        studio.drawn.connect(self._on_drawn)

    def load_all_runs(self) -> None:
        """Load the pictures of all runs, on the first call only."""
        if not self._all_runs_loaded:
            self._all_runs_loaded = True
            run = self._studio.run
            self.load([*([] if run is None else [run]), *Recent(open_settings()).runs()])

    def load(self, runs: Sequence[Path]) -> None:
        """Load the pictures of these runs and, after :meth:`load_all_runs`, of all others."""
        folder = self._studio.runs_folder if self._all_runs_loaded else None
        job = self._studio.backend.submit(specs.gallery.load(runs, list(self._loaded_runs), folder))
        requested = [run.resolve() for run in runs]
        job.on_finished(partial(self._on_loaded, requested))
        job.on_failed(partial(self._on_load_failed, requested))

    def follow(self, old: Path | None, new: Path | None) -> None:
        """Follow a run that was moved, deleted or restored; see ``Studio.run_moved``."""
        if old is not None:
            old_run = old.resolve()
            self._missing_runs.discard(old_run)
            new_run = None if new is None else new.resolve()
            loaded_runs = [new_run if run == old_run else run for run in self._loaded_runs]
            self._loaded_runs = [run for run in loaded_runs if run is not None]
            # Whatever had this name before, a drawing of this name is now of this run.
            self._moved_runs.pop(old_run, None)
            if new_run is not None:
                former = [path for path, run in self._moved_runs.items() if run == old_run]
                self._moved_runs |= dict.fromkeys([old_run, *former], new_run)
            self._items.move_run(old_run, new_run)
        elif new is not None:
            self.load([new])

    def delete(self, items: Sequence[GalleryEntry]) -> None:
        """Delete pictures from disk; :meth:`restore` restores them.

        Those whose files can't be deleted are added to ``items`` again.
        """
        self._cache.forget(items)
        job = self._submit(specs.gallery.delete(_on_disk(items)))
        job.on_failed(partial(self._on_not_deleted, list(items)))

    def restore(self) -> None:
        """Restore the last deleted pictures; ``restored_items`` is emitted when that has ended.

        Those whose files can't be restored stay deleted, and the next call tries them again.
        """
        if not self._items.can_undo:
            return
        items = self._items.undo()
        job = self._submit(specs.gallery.restore(_on_disk(items)))
        # Not earlier: the model must not change before the view's rows are updated.
        job.on_finished(partial(self._on_restored, items))
        job.on_failed(partial(self._on_not_restored, items))

    def rate(self, items: Sequence[GalleryEntry], stars: int) -> None:
        """Save the rating of pictures to disk."""
        self._submit(specs.gallery.rate(_on_disk(items), stars))

    def put(self, items: Sequence[GalleryEntry], board: str, on: bool) -> None:
        """Save to disk that pictures were added to a board, or removed from it."""
        self._submit(specs.gallery.put_on_board(_on_disk(items), board, on))

    def read_cached(self, item: GalleryEntry) -> PictureDrop | None:
        """Return a picture with its recipe, as :meth:`read` does; the last result is cached."""
        if self._last_read is None or self._last_read[0] is not item:
            self._last_read = item, self.read(item)
        return self._last_read[1]

    def read(self, item: GalleryEntry) -> PictureDrop | None:
        """Read a picture with its recipe; None, and ``failed`` is emitted, if that fails."""
        if item.unsaved is not None:
            return PictureDrop(*item.unsaved)
        try:
            return read_picture(item.path)
        except StudioError as error:
            self.failed.emit(Failure.of(error))
            return None

    def _submit(self, spec: JobSpec[object]) -> JobHandle[object]:
        job = self._studio.backend.submit(spec)
        job.on_failed(self.failed)
        return job

    def _on_not_deleted(self, items: list[GalleryEntry], failure: Failure) -> None:
        """Add those pictures again whose files are still there."""
        self.about_to_add.emit()
        self._items.keep([item for item in items if item.unsaved is None and is_file(item.path)])
        self.added.emit()

    def _on_restored(self, items: list[GalleryEntry], result: object) -> None:
        self._items.add_restored(items)
        self.restored_items.emit(items)

    def _on_not_restored(self, items: list[GalleryEntry], failure: Failure) -> None:
        """Add those pictures again whose files are there; the others can be restored later."""
        lost = [item for item in items if item.unsaved is None and not is_file(item.path)]
        self.about_to_add.emit()
        self._items.add_restored(items, lost)
        if back := [item for item in items if item not in lost]:
            self.restored_items.emit(back)
        else:
            self.added.emit()

    def _on_load_failed(self, requested: list[Path], failure: Failure) -> None:
        """Go on without the pictures that could not be loaded."""
        self.failed.emit(failure)
        self._loaded_runs += [run for run in requested if run in self._pending]
        self._save_pending(requested)

    def _on_loaded(
        self, requested: list[Path], result: tuple[list[Path], list[GalleryEntry]]
    ) -> None:
        runs, entries = result
        self._loaded_runs += runs
        self._add(entries)
        self.loaded.emit()
        self._save_pending(requested)

    def _save_pending(self, requested: list[Path]) -> None:
        """Save what waited for these runs, even if one of them is gone: that is then reported."""
        for run in requested:
            for drawn in self._pending.pop(run, []):
                self._save(drawn)

    def _on_drawn(self, drawn: DrawingResult) -> None:
        """Save a drawing; one at t = 0, which involved no network, is ignored."""
        request = drawn.recipe.get("request")
        if not isinstance(request, dict) or request.get("t") == 0:
            return
        run = self._run_of(drawn.recipe)
        if run in self._loaded_runs:
            self._save(drawn)
            return
        # Needed to know whether an earlier session kept the same drawing.
        if run not in self._pending:
            self.load([run])
        self._pending.setdefault(run, []).append(drawn)

    def _save(self, drawn: DrawingResult) -> None:
        """Save a drawing, unless the same one is kept already."""
        if self._items.has_drawing(drawn.recipe):
            return
        run = self._run_of(drawn.recipe)
        job = self._studio.backend.submit(specs.gallery.save_to_gallery(run, drawn))
        job.setProperty("drawn", drawn)
        job.on_finished(self._add)
        job.on_failed(self._on_save_failed)

    def _add(self, entries: list[GalleryEntry]) -> None:
        self.about_to_add.emit()
        self._items.add(entries)
        self.added.emit()

    def _on_save_failed(self, failure: Failure) -> None:
        """Report that pictures could not be saved, and add them to ``items`` all the same."""
        drawn = _sender_property(self.sender(), "drawn")
        self.failed.emit(failure)
        if not isinstance(drawn, DrawingResult):
            return
        run = self._run_of(drawn.recipe)
        entries = []
        for index, picture in enumerate(drawn.pictures):
            recipe = {**drawn.recipe, "index": index}
            item = make_entry(run, 0, 0.0, recipe)
            item.unsaved = picture, recipe
            entries.append(item)
        self._add(entries)

    def _run_of(self, recipe: Recipe) -> Path:
        """Return the current path of the run in a recipe, which may have been moved since."""
        request = recipe.get("request")
        run = Path(str(request.get("run", "")) if isinstance(request, dict) else "").resolve()
        # Where there is a run, it is that run, though one that was moved had its name before.
        return run if is_file(run / "run.json") else self._moved_runs.get(run, run)

    def _read_pictures(self, keys: list[GalleryEntry]) -> None:
        """Load pictures that have come into view; those without a file are in memory."""
        by_path = {}
        for item in keys:
            if item.unsaved is not None:
                self._cache.put(item, item.unsaved[0])
            else:
                by_path[item.path] = item
        for run in {item.run for item in by_path.values()} - self._missing_runs:
            if not run.is_dir():
                self._missing_runs.add(run)
                error = StudioError(
                    f"The folder of the run {run.name} is gone.",
                    "Put it back, or open the run where it is now.",
                    str(run),
                )
                self.failed.emit(Failure.of(error))
        if by_path:
            job = self._studio.backend.submit(specs.gallery.read_pictures(list(by_path)))
            job.setProperty("items", by_path)
            job.on_event(self._on_pictures)
            job.on_failed(self.failed)
            job.failed.connect(self._cache.clear_pending)

    def _on_pictures(self, event: Event) -> None:
        items = _sender_property(self.sender(), "items")
        if isinstance(event, PicturesRead) and isinstance(items, dict):
            for path, picture in event.pictures.items():
                self._cache.put(items[path], picture)


def _on_disk(items: Sequence[GalleryEntry]) -> list[Path]:
    return [item.path for item in items if item.unsaved is None]


def _sender_property(sender: QObject | None, key: str) -> object:
    return None if sender is None else sender.property(key)
