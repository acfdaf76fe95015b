"""Thumbnails: prefetching is bounded by the capacity of the picture cache."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.widgets.pictures.picture_cache import PictureCache
from ddpm_studio.gui.widgets.pictures.thumbnails import Thumbnails

PICTURE = np.zeros((64, 64, 3), np.uint8)


def test_room_is_counted_in_pictures_of_the_size_of_those_held() -> None:
    cache = PictureCache(10 * PICTURE.nbytes)
    cache.put("one", PICTURE)
    assert cache.capacity == 10
    cache.put("two", np.concatenate([PICTURE] * 3))
    assert cache.capacity == 5


@pytest.mark.parametrize("held", [4, 30, 1000])
def test_a_page_larger_than_the_cache_is_not_read_again_and_again(qtbot: QtBot, held: int) -> None:
    view = Thumbnails("Many", side=48)
    qtbot.addWidget(view)
    view.resize(300, 200)
    view.cache._max_bytes = held * PICTURE.nbytes
    read: list[int] = []

    def give(keys: list[int]) -> None:
        read.extend(keys)
        for key in keys:
            view.cache.put(key, PICTURE)

    view.cache.load_requested.connect(give)
    view.set_rows(range(500))
    view.show()
    for _ in range(100):
        before = len(read)
        # As the event loop does: a paint, the loading of what it lacks, and the redraw thereafter.
        view.grab()
        view.cache._emit_requests()
        view._on_redraw()
        view.cache._emit_requests()
        if read and len(read) == before:
            return
    pytest.fail(f"{len(read)} were read, of {len(set(read))} pictures")
