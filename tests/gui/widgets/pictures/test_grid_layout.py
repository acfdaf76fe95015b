from __future__ import annotations

import pytest

from ddpm_studio.gui.widgets.pictures.grid_layout import fit_grid


@pytest.mark.parametrize(("side", "zoom"), [(8, 3.0), (16, 2.0), (28, 2.0)])
def test_many_small_pictures_are_large_enough_to_be_seen(side: int, zoom: float) -> None:
    layout = fit_grid(60, (side, side), (280, 264), gap=4, caption=0, margin=8, smallest=48)
    assert layout.zoom == zoom
    assert layout.columns * layout.pitch_x <= 264


def test_few_fill_the_room() -> None:
    layout = fit_grid(4, (16, 16), (280, 264), gap=4, caption=0, margin=8, smallest=48)
    assert (layout.columns, layout.rows, layout.zoom) == (2, 2, 7.0)


@pytest.mark.parametrize("picture", [(32, 44), (44, 32), (16, 64), (200, 300)])
def test_pictures_made_smaller_take_no_more_room_than_there_is(picture: tuple[int, int]) -> None:
    for tall in range(90, 200):
        layout = fit_grid(16, picture, (tall, 144), gap=4, caption=0, margin=4, smallest=1)
        assert layout.content_height <= tall
        assert layout.columns * layout.pitch_x - 4 <= 144 - 8
