"""Drop-down lists: all their items are visible at once, and choosing one moves no control."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.gallery.gallery_bar import GalleryFilters
from ddpm_studio.gui.features.reverse.compare_row import CompareRow
from ddpm_studio.gui.theme.theme import Theme


def test_the_filters_keep_their_places_and_show_all_that_is_offered(
    qtbot: QtBot, theme: Theme
) -> None:
    filters = GalleryFilters()
    qtbot.addWidget(filters)
    runs = [Path("/runs/a"), Path("/runs/a run with a name that goes on and on and on")]
    filters.set_choices(runs, ["ddpm", "ddim", "dpm++2m-sde"], filters.value())
    filters.resize(608, 60)
    filters.show()
    boxes = filters.findChildren(QComboBox)
    before = [box.geometry() for box in boxes]
    assert len({place.y() for place in before}) == 1, "at 1280 × 800 they stand in one row"
    for box in boxes:
        for index in range(box.count()):
            box.setCurrentIndex(index)
            qtbot.wait(1)
            assert [one.geometry() for one in boxes] == before, box.itemText(index)
        assert_whole(box)


def assert_whole(box: QComboBox) -> None:
    box.showPopup()
    view, model = box.view(), box.model()
    seen = view.viewport().rect()
    for row in range(box.count()):
        place = view.visualRect(model.index(row, 0))
        assert seen.top() <= place.top(), box.itemText(row)
        assert place.bottom() <= seen.bottom(), box.itemText(row)
        assert box.fontMetrics().horizontalAdvance(box.itemText(row)) < seen.width()
    box.hidePopup()


def test_samplers_are_told_apart_where_there_is_little_room(qtbot: QtBot, theme: Theme) -> None:
    row = CompareRow()
    qtbot.addWidget(row)
    row.third.setChecked(True)
    row.resize(340, 90)
    row.show()
    for bar in row.bars:
        assert_whole(bar.sampler)
