"""Latent files: menu to open and save a shared x_t, and display of the file in use."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QToolButton, QWidget

from ddpm_studio.backend import JobHandle, specs
from ddpm_studio.gui.widgets.layout.basics import ElidedLabel, tool_button
from ddpm_studio.gui.widgets.layout.save_dialog import prompt_save_path
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import Latent

_FILTER = "*.safetensors"


class LatentMenu(QWidget):
    """Button with a menu to open and save x_t; for one from a file, its name and a clear button.

    Args:
        studio: its backend reads and writes the files.
        actions: where ``share.open_latent`` and ``share.save_latent`` are registered.
        category: the menu they belong to, translated.
        get_latent: returns the latent to be saved, or None.
        parent: the owner.
    """

    changed = Signal()
    """``latent`` has changed."""
    failed = Signal(object)
    """A file can't be read or written (Failure)."""
    saved = Signal(object)
    """A latent was saved (Path)."""

    def __init__(
        self,
        studio: Studio,
        actions: ActionRegistry,
        category: str,
        get_latent: Callable[[], Latent | None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._studio, self._get_latent = studio, get_latent
        self.latent: Latent | None = None
        """The latent used in place of a source picture, or None."""
        self._job: JobHandle[Latent] | None = None
        self._open = actions.add(
            "share.open_latent",
            self.tr("Open latent…"),
            self._ask_open_path,
            category=category,
            icon="folder-open",
            tip=self.tr("Share an xₜ that was saved, here or elsewhere with the same model"),
        )
        self._save = actions.add(
            "share.save_latent",
            self.tr("Save latent…"),
            self._ask_save_path,
            category=category,
            icon="save",
            tip=self.tr("Write the shared xₜ into a file"),
        )
        menu = QMenu(self)
        menu.addActions([self._open, self._save])
        self.button = tool_button(
            "layers", self.tr("Latent"), self.tr("Open or save the shared xₜ")
        )
        self.button.setText(self.tr("Latent"))
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setMenu(menu)
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.source_label = ElidedLabel("", "muted")
        self._clear_button = tool_button(
            "x", self.tr("Let go"), self.tr("Share from the source again")
        )
        self._clear_button.clicked.connect(self.clear_latent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for part in (self.button, self.source_label, self._clear_button):
            row.addWidget(part)
        self._show()

    def load(self, path: Path) -> None:
        """Load a latent from a file and use it; emits ``changed`` or ``failed`` when done."""
        job = self._job = self._studio.backend.submit(specs.drawing.load_latent(path))
        job.setProperty("name", path.name)
        job.on_finished(self._on_loaded)
        job.on_failed(self.failed)

    def use(self, latent: Latent, title: str) -> None:
        """Use a latent; ``title`` is the name of its origin, for display."""
        self.latent = latent
        self._show(title)
        self.changed.emit()

    def save_to(self, path: Path) -> None:
        """Save the shared latent to a file; emits ``saved`` or ``failed`` when done."""
        latent = self._get_latent()
        if latent is not None:
            self._write(latent, path)

    def clear_latent(self) -> None:
        """Stop using the latent, or cancel its loading, and return to the source."""
        if self._job is not None:
            self._studio.backend.cancel(self._job)
        if self.latent is not None:
            self.latent = None
            self._show()
            self.changed.emit()

    def refresh(self) -> None:
        """Update whether the save action is enabled."""
        self._save.setEnabled(self._get_latent() is not None)

    def _write(self, latent: Latent, path: Path) -> None:
        job = self._studio.backend.submit(specs.drawing.save_latent(path, latent))
        job.on_finished(self.saved)
        job.on_failed(self.failed)

    def _on_loaded(self, latent: Latent) -> None:
        sender = self.sender()
        self.use(latent, "" if sender is None else str(sender.property("name")))

    def _show(self, file_name: str = "") -> None:
        has_latent = self.latent is not None
        self.source_label.setText(self.tr("xₜ from {0}").format(file_name) if has_latent else "")
        self.source_label.setVisible(has_latent)
        self._clear_button.setVisible(has_latent)
        self.refresh()

    def _ask_open_path(self) -> None:
        dialog = QFileDialog(self.window(), self.tr("Open latent"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(self.tr("Latents ({0})").format(_FILTER))
        dialog.fileSelected.connect(self._load_chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _ask_save_path(self) -> None:
        """Open the save dialog; the current latent is saved, even if another is drawn meanwhile."""
        latent = self._get_latent()
        if latent is None:
            return
        filters = {self.tr("Latents ({0})").format(_FILTER): "safetensors"}
        title = self.tr("Save latent")
        callback = partial(self._write, latent)
        prompt_save_path(self.window(), title, filters, "latent.safetensors", callback)

    def _load_chosen(self, path: str) -> None:
        self.load(Path(path))
