"""Gallery with non-square pictures: alpha and extra bands are kept, shown and exported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.data import read_picture
from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel
from ddpm_studio.gui.platform.images import band_selection, pictures_from_mime, to_array
from ddpm_studio.gui.widgets.pictures.thumbnails import Thumbnails
from tests.gui.panel_help import WAIT, opened
from tests.shapes import HEIGHT, WIDTH, shape_of, train_shapes


@pytest.mark.parametrize("kind", ["RGBA", "gray + alpha", "5 bands"])
def test_pictures_are_kept_chosen_compared_and_exported_whole(
    qtbot: QtBot, backend: Backend, tmp_path: Path, kind: str
) -> None:
    run, shape = train_shapes(tmp_path, kind), shape_of(kind)
    window = opened(qtbot, backend, run)
    gallery = window.tool(GalleryPanel)
    window.show_tool(gallery)
    gallery.sampler.steps.setValue(2)
    gallery.count.setCurrentIndex(gallery.count.findData(4))
    gallery.draw_samples()
    thumbnails = gallery.thumbnails
    qtbot.waitUntil(lambda: thumbnails.count == 4 and not gallery.busy, timeout=WAIT)
    qtbot.waitUntil(
        lambda: all(thumbnails.picture(row) is not None for row in range(4)), timeout=WAIT
    )
    qtbot.waitUntil(lambda: all(item.unsaved is None for item in gallery.items.shown), timeout=WAIT)
    kept = [read_picture(item.path, alpha=True) for item in gallery.items.shown]
    for row, picture in enumerate(kept):
        assert picture.shape == shape
        np.testing.assert_array_equal(thumbnails.picture(row), picture)

    thumbnails.setCurrentIndex(thumbnails.model().index(1, 0))
    details = gallery.side.details
    np.testing.assert_array_equal(details.picture.picture(0), kept[1])
    assert details.rows["Size"] == f"{WIDTH} × {HEIGHT}"
    near = gallery.side.neighbours
    near.search()
    qtbot.waitUntil(lambda: near.found is not None, timeout=WAIT)
    assert near.found is not None
    assert near.found.pictures.shape[1:] == shape
    gallery.menu.copy()
    mime = QApplication.clipboard().mimeData()
    np.testing.assert_array_equal(pictures_from_mime(mime)[0].picture, kept[1])

    thumbnails.clearSelection()
    sheet = tmp_path / "sheet.png"
    gallery.export.export_to("save_grid", sheet)
    qtbot.waitUntil(sheet.exists, timeout=WAIT)
    whole = read_picture(sheet, alpha=True)
    assert whole.shape[2] == shape[2]
    assert whole.shape[1] > whole.shape[0]
    sequence = tmp_path / "each"
    gallery.export.export_to("save_sequence", sequence)
    qtbot.waitUntil(lambda: len(list(sequence.glob("[!.]*.png"))) == 4, timeout=WAIT)
    written = [read_picture(path, alpha=True) for path in sorted(sequence.glob("[!.]*.png"))]
    np.testing.assert_array_equal(written, kept)


def test_a_thumbnail_shows_the_chosen_bands_and_a_checkerboard(qtbot: QtBot) -> None:
    strip = Thumbnails("", 32)
    qtbot.addWidget(strip)
    strip.resize(200, 80)
    strip.show()

    def middle() -> list[int]:
        place = strip.visualRect(strip.model().index(0, 0)).center()
        grabbed = to_array(strip.viewport().grab())
        return [int(level) for level in grabbed[place.y(), place.x()]]

    picture = np.zeros((16, 16, 5), np.uint8)
    picture[..., 4] = 200
    strip.cache.put("bands", picture)
    strip.cache.put("clear", np.zeros((16, 16, 4), np.uint8))
    strip.set_rows(["bands"])
    assert middle() == [0, 0, 0]
    try:
        band_selection().bands = (0, 4, 0)
        assert middle() == [0, 200, 0]
    finally:
        band_selection().bands = (0, 1, 2)
    strip.set_rows(["clear"])
    assert middle() in ([255] * 3, [204] * 3)
