from __future__ import annotations

from pytestqt.qtbot import QtBot

from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.theme.theme import Theme
from ddpm_studio.gui.widgets.pictures.row_grid import RowGrid


def test_feet_stand_below_the_last_row_and_leave_the_tiles_alone(
    qtbot: QtBot, theme: Theme, pictures: Pictures
) -> None:
    grid = RowGrid("grid")
    qtbot.addWidget(grid)
    grid.resize(400, 300)
    grid.show()
    grid.set_rows(pictures, ["t = 9", "t = 0"])
    column_labels = ["λ = 0", "0.2", "0.4", "0.6", "0.8", "1"]
    grid.set_rows(pictures, ["t = 9", "t = 0"], column_labels=column_labels)
    with_feet = grid.viewport().grab().toImage()
    last = [grid.tile_rect(k) for k in range(6, 12)]
    assert max(tile.bottom() for tile in last) + 18 <= grid.viewport().height()
    grid.set_rows(pictures, ["t = 9", "t = 0"], column_labels=[" "] * 6)
    assert [grid.tile_rect(k) for k in range(6, 12)] == last
    blank = grid.viewport().grab().toImage()
    for tile in last:
        below = tile.translated(0, tile.height() + 2)
        below.setHeight(16)
        assert with_feet.copy(below) != blank.copy(below)
    above = grid.tile_rect(0).united(last[-1])
    assert with_feet.copy(above) == blank.copy(above)
