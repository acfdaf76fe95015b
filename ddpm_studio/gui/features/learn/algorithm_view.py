"""Algorithm view: a listing with its current line, that line in words, and the pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import QGridLayout, QVBoxLayout

from ddpm_studio.gui.features.learn.captioned_widget import CaptionedWidget
from ddpm_studio.gui.features.learn.listing import Listing
from ddpm_studio.gui.features.learn.picture_tile import PictureTile
from ddpm_studio.gui.features.learn.playback_controls import PlaybackControls
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.theme.tokens import SPACE_M
from ddpm_studio.gui.widgets.layout.basics import number_label
from ddpm_studio.gui.widgets.layout.responsive_row import ResponsiveRow


class AlgorithmView(ResponsiveRow):
    """Shows an algorithm line by line; the owner lays out ``stages``, which steps through it.

    Args:
        title: title of the algorithm.
        lines: the lines, in the language of :mod:`ddpm_studio.gui.features.learn.typeset`.
        descriptions: the same lines in words, for assistive technology.
        captions: the caption of each picture, by its key.
        columns: number of pictures in a row.
        side: minimum side of a picture, in logical pixels.
    """

    def __init__(
        self,
        title: str,
        lines: Sequence[str],
        descriptions: Sequence[str],
        captions: Mapping[str, str],
        columns: int,
        side: int,
    ) -> None:
        super().__init__()
        self.listing, self.stages = Listing(title, lines, descriptions), PlaybackControls()
        self.explanation = number_label("", "heading")
        self.explanation.setWordWrap(True)
        self.tiles = {key: PictureTile(symbol) for key, symbol in captions.items()}
        self._cards = {
            key: CaptionedWidget(tile, captions[key]) for key, tile in self.tiles.items()
        }
        left, right = QVBoxLayout(), QGridLayout()
        left.setSpacing(SPACE_M)
        left.addWidget(self.listing)
        left.addWidget(self.explanation)
        left.addStretch()
        right.setSpacing(SPACE_M)
        for number, card in enumerate(self._cards.values()):
            right.addWidget(card, number // columns, number % columns)
        for tile in self.tiles.values():
            tile.setMinimumSize(side, side)
        self.add(left)
        self.add(right)

    def show_picture(self, key: str, picture: Pictures | None, value: float) -> None:
        """Show a picture, captioned with its central value ``value``; None clears it."""
        tile = self.tiles[key]
        tile.set_picture(picture)
        symbol = tile.accessibleName()
        caption = self.tr("{0}, middle {1}").format(symbol, f"{value:.3f}")
        self._cards[key].set_caption(symbol if picture is None else caption)

    def clear(self) -> None:
        """Clear all pictures."""
        for tile in self.tiles.values():
            tile.set_picture(None)
