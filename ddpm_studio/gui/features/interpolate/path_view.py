"""Interpolation path through several key pictures: their slots, the path, and a player."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.gui.features.common.source_slot import SourceSlot
from ddpm_studio.gui.platform.images import PictureDrop, Pictures
from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import button, label, tool_button
from ddpm_studio.gui.widgets.pictures.film_strip import FilmStrip
from ddpm_studio.gui.widgets.pictures.row_grid import RowGrid
from ddpm_studio.gui.workspace.studio import Studio

FPS = 12
_SIDE = 96
_MIN_HEIGHT = 144
_MAX_KEYS = 12


class PathView(QWidget):
    """Row of key pictures, a preview of the path, and a film strip to scrub through it.

    The last slot is empty, for the next key picture, unless there are twelve pictures.
    """

    changed = Signal()
    """The key pictures changed, or whether the path is closed."""
    failed = Signal(object)
    """A picture can't be used (Failure)."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._slots: list[SourceSlot] = []
        self._slots_created = 0
        self.asked = True
        """Whether a person caused the last ``changed``."""
        self.frames: Pictures | None = None
        self._recipe: dict[str, object] | None = None
        self.preview = RowGrid(self.tr("The path"))
        self.preview.setMinimumHeight(_MIN_HEIGHT)
        self.preview.set_empty("waypoints", self.tr("Drop two pictures or more above"))
        self.strip = FilmStrip(
            self.tr("Moments of the path"), self.tr("{0} of the path"), evenly_spaced=True
        )
        self.strip.scrubbed.connect(self._on_scrubbed)
        self._timer = QTimer(self, interval=1000 // FPS)
        self._timer.timeout.connect(self._advance)
        self.play_button = tool_button("play", self.tr("Play"), self.tr("Play the path, or pause"))
        self.play_button.clicked.connect(self.play)
        self.closed = button(
            self.tr("Closed"), self.tr("From the last picture back to the first"), icon="repeat"
        )
        self.closed.setCheckable(True)
        self.closed.toggled.connect(self._on_closed)
        self.add_button = button(
            self.tr("Add"), self.tr("Add a random picture of the data"), icon="plus"
        )
        self.add_button.clicked.connect(self.add_from_data)
        row = QWidget()
        self._row = QHBoxLayout(row)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(SPACE_S)
        self._row.addStretch()
        area = QScrollArea()
        area.setWidget(row)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setAccessibleName(self.tr("Pictures of the path"))
        area.horizontalScrollBar().setAccessibleName(self.tr("Scroll the pictures of the path"))
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFixedHeight(_SIDE + 2 * SPACE_M)
        tools = QHBoxLayout()
        tools.setSpacing(SPACE_M)
        for part in (self.add_button, self.closed):
            tools.addWidget(part)
        tools.addWidget(label(self.tr("The path goes from left to right"), "muted"))
        tools.addStretch()
        player = QHBoxLayout()
        player.setSpacing(SPACE_M)
        player.addWidget(self.play_button)
        player.addWidget(self.strip, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_M)
        layout.addLayout(tools)
        layout.addWidget(area)
        layout.addWidget(self.preview, 1)
        layout.addLayout(player)
        self._add_slot()
        self.show_frames(None)

    @property
    def slots(self) -> list[SourceSlot]:
        """All slots, including the empty last one."""
        return list(self._slots)

    @property
    def playing(self) -> bool:
        """Whether the path is being played."""
        return self._timer.isActive()

    @property
    def is_empty(self) -> bool:
        """Whether there are no key pictures, and none is being prepared."""
        return all(slot.is_free for slot in self._slots)

    def set_keys(
        self,
        pictures: Sequence[Pictures | PictureDrop],
        *,
        asked: bool = True,
        is_random: bool = False,
    ) -> None:
        """Replace the key pictures by these; more than twelve stay, but none can be added then."""
        self._replace_keys([(picture, is_random) for picture in pictures], asked)

    def copy_from(self, slots: Sequence[SourceSlot]) -> None:
        """Replace the key pictures by those of other slots; random ones stay marked as such."""
        keys = [(slot.drop, slot.is_random) for slot in slots if slot.drop is not None]
        self._replace_keys(keys, asked=True)

    def reverse(self) -> None:
        """Reverse the path by :meth:`SourceSlot.swap_with`; not while a picture is prepared."""
        keys = [slot for slot in self._slots if not slot.is_free]
        if all(slot.fitted is not None and not slot.waiting for slot in keys):
            for first, last in zip(keys[: len(keys) // 2], reversed(keys), strict=False):
                first.swap_with(last)

    def append(self, picture: Pictures | PictureDrop) -> None:
        """Append a picture to the path; emits ``failed`` if the path is full."""
        if (slot := self._next_slot()) is not None:
            slot.set_picture(picture)

    def add_from_data(self) -> None:
        """Append a random picture of the data to the path; emits ``failed`` if it is full."""
        if (slot := self._next_slot()) is not None:
            slot.pick_from_data()

    def refit(self) -> None:
        """Preprocess all pictures again, for another model; randomly picked ones are dropped."""
        for slot in self.slots:
            slot.refit()

    def show_frames(
        self, pictures: Pictures | None, recipe: dict[str, object] | None = None
    ) -> None:
        """Show the pictures of the path (N, H, W, C), or none; ``recipe``: None if unfinished."""
        self.frames, self._recipe = pictures, recipe
        if pictures is None:
            self._timer.stop()
            self.strip.clear()
            self.preview.set_rows(None, ())
        else:
            position = self.strip.current
            last = max(1, len(pictures) - 1)
            captions = [f"{100 * k / last:.0f} %" for k in range(len(pictures))]
            self.strip.set_frames(pictures, captions)
            self.strip.set_current(position)
            self._show(self.strip.current)
        self.play_button.setEnabled(pictures is not None)
        self._show_playing()

    def select(self, index: int) -> None:
        """Show one picture of the path, by its index."""
        self.strip.set_current(index)
        self._show(self.strip.current)

    def play(self) -> None:
        """Play the path from its current position, or pause."""
        if self._timer.isActive():
            self._timer.stop()
        elif self.frames is not None and len(self.frames) > 1:
            self._timer.start()
        self._show_playing()

    def hideEvent(self, event: object) -> None:
        """Stop the playback when the view is hidden."""
        super().hideEvent(event)  # type: ignore[arg-type]
        self._timer.stop()
        self._show_playing()

    def _replace_keys(
        self, keys: Sequence[tuple[Pictures | PictureDrop, bool]], asked: bool
    ) -> None:
        """Replace the key pictures by these, each with whether it was picked at random."""
        for slot in self.slots:
            self._remove(slot)
        self._add_slot()
        # The previous ones are gone, even if the new ones turn out to be unusable.
        self.asked = asked
        self.changed.emit()
        for picture, is_random in keys:
            # A picture that is still being fitted occupies its slot.
            if not self._slots[-1].is_free:
                self._add_slot()
            self._slots[-1].accept(picture, asked=asked, is_random=is_random)
        self._tidy()

    def _next_slot(self) -> SourceSlot | None:
        """Return the free slot at the end; None if the path is full, after emitting ``failed``."""
        self._tidy()
        if self._slots[-1].is_free:
            return self._slots[-1]
        error = StudioError(
            f"The path is full: it has {len(self._slots)} pictures.", "Take one out first."
        )
        self.failed.emit(Failure.of(error))
        return None

    def _add_slot(self) -> None:
        self._slots_created += 1
        number = len(self._slots) + 1
        # The backend's slot has a unique name: numbers change when an earlier slot is removed.
        hint, slot_name = self.tr("drop"), f"path {self._slots_created}"
        slot = SourceSlot(self._studio, str(number), hint, slot_name, by_class=True)
        slot.setFixedSize(_SIDE, _SIDE)
        slot.fitted_changed.connect(self._on_fitted)
        slot.failed.connect(self._on_failed)
        self._slots.append(slot)
        self._row.insertWidget(self._row.count() - 1, slot)

    def _remove(self, slot: SourceSlot) -> None:
        """Remove a slot from the row, cancelling the preparation of its picture."""
        slot.cancel_preparation()
        self._slots.remove(slot)
        self._row.removeWidget(slot)
        slot.hide()
        slot.deleteLater()

    def _tidy(self) -> None:
        """Remove free slots between key pictures, and keep one free slot at the end."""
        for slot in self._slots[:-1]:
            if slot.is_free:
                self._remove(slot)
        for number, slot in enumerate(self._slots, 1):
            slot.set_title(str(number))
        if not self._slots[-1].is_free and len(self._slots) < _MAX_KEYS:
            self._add_slot()

    def _on_fitted(self) -> None:
        sender = self.sender()
        self._tidy()
        self.asked = not isinstance(sender, SourceSlot) or sender.asked
        self.changed.emit()

    def _on_failed(self, failure: Failure) -> None:
        """Remove the slot of a picture that can't be used."""
        self._tidy()
        self.failed.emit(failure)

    def _on_closed(self) -> None:
        self.asked = True
        self.changed.emit()

    def _show(self, index: int) -> None:
        if self.frames is not None:
            recipe = None if self._recipe is None else {**self._recipe, "index": index}
            self.preview.set_rows(self.frames[index : index + 1], (), recipe=recipe)

    def _on_scrubbed(self, index: int) -> None:
        """Pause, and show the picture chosen in the film strip."""
        self._timer.stop()
        self._show_playing()
        self._show(index)

    def _advance(self) -> None:
        if self.frames is not None:
            self.select((self.strip.current + 1) % len(self.frames))

    def _show_playing(self) -> None:
        set_icon(self.play_button, "pause" if self.playing else "play")
        self.play_button.setAccessibleName(self.tr("Pause") if self.playing else self.tr("Play"))
