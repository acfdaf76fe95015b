"""Details of the selected picture: preview, recipe, rating and nearest training pictures."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ddpm_studio.gui.features.common.picture_menu import PictureMenu
from ddpm_studio.gui.features.gallery.neighbours_view import NeighboursView
from ddpm_studio.gui.features.gallery.recipe_view import RecipeView
from ddpm_studio.gui.platform.images import PictureDrop
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.layout.basics import label
from ddpm_studio.gui.widgets.pictures.rating_box import RatingBox
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.library.gallery import MAX_STARS


class RatingRow(QWidget):
    """Label and star rating; ``rated`` is emitted only for ratings given by a person."""

    rated = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.stars = RatingBox(MAX_STARS)
        self.stars.valueChanged.connect(self.rated)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_M)
        row.addWidget(label(self.tr("Rating"), "caption"))
        row.addWidget(self.stars)
        row.addStretch()

    def show_stars(self, stars: int | None) -> None:
        """Show a rating; None: disabled, as there is no picture to rate."""
        self.stars.blockSignals(True)
        self.stars.setValue(stars or 0)
        self.stars.setEnabled(stars is not None)
        self.stars.blockSignals(False)
        self.stars.update()


class GallerySide(QScrollArea):
    """Sidebar with the details of the selected picture; it scrolls in a low window."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.details = RecipeView(studio)
        self.rating = RatingRow()
        self.neighbours = NeighboursView(studio)
        PictureMenu(studio, self.details.picture)
        column = QWidget()
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_M)
        layout.addWidget(self.details)
        layout.addWidget(self.rating)
        layout.addWidget(self.neighbours)
        layout.addStretch()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(column)
        self.setFixedWidth(self.details.width() + SPACE_L)
        self.setAccessibleName(self.tr("Chosen picture"))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_picture(self, drop: PictureDrop | None) -> None:
        """Show a picture and its recipe; None: show nothing."""
        if drop is None:
            self.details.clear()
        else:
            self.details.show_picture(drop.picture, drop.recipe or {})
        if drop is None:
            self.neighbours.set_picture(None)
        else:
            self.neighbours.set_picture(drop.picture, _run_of(drop))


def _run_of(drop: PictureDrop) -> Path | None:
    """Return the path of the run in a picture's recipe, or None."""
    request = (drop.recipe or {}).get("request")
    run = request.get("run") if isinstance(request, dict) else None
    return Path(run) if isinstance(run, str) else None
