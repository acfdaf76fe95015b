"""Size dialog of saved pictures: nearest-neighbour upscaling by an integer factor, asked once."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QDialog, QRadioButton, QVBoxLayout, QWidget

from ddpm_studio.engine.sizes import size_text
from ddpm_studio.export import zoom_to
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import button, label, name
from ddpm_studio.gui.widgets.layout.dialog_buttons import dialog_button_row
from ddpm_studio.gui.workspace.settings import Preferences

_EXACT = "exact"
_SIDES = (256, 512, 1024)
_DEFAULT_SIDE = 512
_WIDTH = 380


def saved_side(preferences: Preferences) -> int:
    """Return the maximum side of upscaled saved pictures in pixels; 0: they are not upscaled."""
    size = preferences.now.saved_size
    return 0 if size in ("ask", _EXACT) else int(size)


def zooms(picture: Pictures) -> dict[int, str]:
    """Return the integer upscaling factors for a picture (H, W, C), with their setting values."""
    found = {1: _EXACT}
    for side in _SIDES:
        found.setdefault(zoom_to(picture, side), str(side))
    return found


def ask_zoom(
    preferences: Preferences,
    picture: Pictures,
    callback: Callable[[int], object],
    parent: QWidget | None = None,
) -> SizeDialog | None:
    """Call ``callback`` with the upscaling factor for saving a picture (H, W, C).

    If no size has been chosen yet and the picture is small, a dialog asks for it and the answer
    is remembered.

    Returns:
        The dialog, if one was opened; else None, and ``callback`` was called already.
    """
    if preferences.now.saved_size == "ask" and len(zooms(picture)) > 1:
        dialog = SizeDialog(preferences, picture, parent)
        dialog.chosen.connect(callback)
        dialog.open()
        return dialog
    callback(zoom_to(picture, saved_side(preferences)))
    return None


class SizeDialog(QDialog):
    """Dialog that asks how much saved pictures are upscaled from now on.

    Args:
        preferences: where the answer is stored.
        picture: the picture to be saved now, (H, W, C).
        parent: the window.
    """

    chosen = Signal(int)
    """Carries the upscaling factor for this picture."""

    def __init__(
        self, preferences: Preferences, picture: Pictures, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._preferences = preferences
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Size of saved pictures"))
        self.setMinimumWidth(_WIDTH)
        height, width = picture.shape[:2]
        explanation = self.tr(
            "The picture has {0} pixels. Saved larger, each of them becomes a sharp square; "
            "other programs would blur it."
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_L)
        layout.setSpacing(SPACE_M)
        layout.addWidget(label(explanation.format(size_text(width, height)), wrap=True))
        sizes = QVBoxLayout()
        sizes.setSpacing(SPACE_S)
        layout.addLayout(sizes)
        self._group = QButtonGroup(self)
        self._names = zooms(picture)
        default_zoom = zoom_to(picture, _DEFAULT_SIDE)
        for zoom in self._names:
            scale = self.tr("as it is") if zoom == 1 else self.tr("{0} times").format(zoom)
            text = f"{size_text(width * zoom, height * zoom)} · {scale}"
            option = QRadioButton(text)
            name(option, text, self.tr("Save pictures of this size so"))
            option.setChecked(zoom == default_zoom)
            self._group.addButton(option, zoom)
            sizes.addWidget(option)
        hint = self.tr("Asked once: “Size of saved pictures” in Settings changes it.")
        layout.addWidget(label(hint, "muted", wrap=True))
        self.go_button = button(
            self.tr("Continue"), self.tr("Save so, now and later"), role="primary"
        )
        self.go_button.setDefault(True)
        self.go_button.clicked.connect(self._on_accept)
        cancel = button(self.tr("Cancel"), self.tr("Save nothing"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        layout.addLayout(dialog_button_row(cancel, self.go_button))

    def choose(self, zoom: int) -> None:
        """Select one of the offered factors."""
        self._group.button(zoom).setChecked(True)

    def _on_accept(self) -> None:
        zoom = self._group.checkedId()
        self._preferences.set("saved_size", self._names[zoom])
        self.accept()
        self.chosen.emit(zoom)
