"""Non-square pictures in the window: colours, alpha and bands, from reading to export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.data import read_picture
from ddpm_studio.gui.features.bits.bits_panel import BitsPanel
from ddpm_studio.gui.features.inpaint.inpaint_panel import InpaintPanel
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.preferences.setting_row import SettingRow
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.platform.images import (
    band_selection,
    picture_mime,
    pictures_from_mime,
    to_image,
)
from ddpm_studio.requests import TrainRequest
from tests.gui.panel_help import WAIT, drop, files, fitted, open_run, opened
from tests.shapes import CHANNELS, HEIGHT, WIDTH, options_of, shape_of, train_shapes, write_shapes


@pytest.mark.parametrize("kind", CHANNELS)
def test_such_pictures_are_learnt_from_and_drawn_in_every_tool(
    qtbot: QtBot, backend: Backend, tmp_path: Path, kind: str
) -> None:
    (source, picture), shape = write_shapes(tmp_path / "data", kind), shape_of(kind)
    window = opened(qtbot, backend)
    studio = window.studio
    studio.open_data([source])
    qtbot.waitUntil(lambda: studio.dataset is not None, timeout=WAIT)
    window.data.form.set_value(options_of(kind))
    assert window.data.form.values()["image_size"] == (WIDTH, HEIGHT)

    def is_prepared() -> bool:
        return studio.dataset is not None and studio.dataset.images.shape == (3, *shape)

    qtbot.waitUntil(is_prepared, timeout=WAIT)
    assert window.data.report.figures.text().startswith("3 pictures · 96 × 64")
    run = tmp_path / "run"
    request = TrainRequest(steps=20, batch_size=1, timesteps=8, sample_count=2, device="cpu")
    window.training.form.set_value(request)
    studio.trainer.start(window.training.form.value(), run)
    assert studio.training is not None
    with qtbot.waitSignal(studio.training.ended, timeout=WAIT):
        pass
    open_run(qtbot, studio, run)

    window.show_tool(window.tool(ReversePanel))
    window.tool(ReversePanel).sampler.steps.setValue(4)
    qtbot.waitUntil(lambda: bool(window.tool(ReversePanel).trajectory.recipe), timeout=WAIT)
    drawn = window.tool(ReversePanel).trajectory.view("x_t", -1)
    assert drawn.shape[1:] == shape
    window.tool(ReversePanel).strip.set_current(1)

    window.show_tool(window.tool(SharePanel))
    qtbot.waitUntil(lambda: window.tool(SharePanel).drawn is not None, timeout=WAIT)
    shared = window.tool(SharePanel).drawn
    assert shared is not None
    assert shared.pictures.shape[1:] == shape

    window.show_tool(window.tool(InterpolatePanel))
    assert drop(window.tool(InterpolatePanel).a, files(picture))
    qtbot.waitUntil(
        lambda: (
            window.tool(InterpolatePanel).drawn is not None
            and not window.tool(InterpolatePanel).busy
        ),
        timeout=WAIT,
    )
    mixed = window.tool(InterpolatePanel).drawn
    assert mixed is not None
    assert mixed.pictures.shape[1:] == shape

    window.show_tool(window.tool(InpaintPanel))
    # A drawn picture is dragged in with all of its channels.
    assert drop(window.tool(InpaintPanel).source, picture_mime(shared.pictures[0], shared.recipe))
    canvas = window.tool(InpaintPanel).canvas
    qtbot.waitUntil(lambda: canvas.painted.shape == shape[:2], timeout=WAIT)
    mask = np.zeros(shape[:2], bool)
    mask[:, :40] = True
    canvas.set_mask(mask)
    qtbot.waitUntil(
        lambda: window.tool(InpaintPanel).drawn is not None and not window.tool(InpaintPanel).busy,
        timeout=WAIT,
    )
    filled = window.tool(InpaintPanel).drawn
    assert filled is not None
    np.testing.assert_array_equal(filled.pictures[0][~mask], shared.pictures[0][~mask])

    window.show_tool(window.tool(BitsPanel))
    window.tool(BitsPanel).count.setValue(1)
    window.tool(BitsPanel).measure()
    qtbot.waitUntil(lambda: window.tool(BitsPanel).measured is not None, timeout=WAIT)

    path = tmp_path / "saved.png"
    window.tool(SharePanel).export.export_to("save_png", path)
    qtbot.waitUntil(path.exists, timeout=WAIT)
    assert read_picture(path, alpha=True).shape == shape


@pytest.mark.parametrize("channels", [2, 4, 5])
def test_a_picture_is_carried_whole_and_seen_by_its_channels(qtbot: QtBot, channels: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (6, 9, channels), dtype=np.uint8)
    (back,) = pictures_from_mime(picture_mime(picture, {"kind": "test"}))
    np.testing.assert_array_equal(back.picture, picture)
    image = to_image(picture)
    colour = image.pixelColor(3, 2)
    pixel = picture[2, 3].tolist()
    rgb = pixel[:3] if channels > 2 else [pixel[0]] * 3
    assert [colour.red(), colour.green(), colour.blue()] == rgb
    assert colour.alpha() == (pixel[-1] if channels < 5 else 255)


def test_other_bands_are_seen_at_once(qtbot: QtBot, backend: Backend) -> None:
    window = opened(qtbot, backend)
    grid = window.tool(ReversePanel).views.grids[0, "x_t"]
    pictures = np.zeros((1, 4, 8, 5), np.uint8)
    pictures[..., 4] = 200

    def seen() -> QImage:
        return to_image(grid.picture(0))

    grid.set_pictures(pictures)
    assert seen().pixelColor(0, 0).red() == 0
    try:
        window.preferences.set("bands", "5,1,2")
        assert seen().pixelColor(0, 0).red() == 200
    finally:
        window.preferences.set("bands", "1,2,3")
    assert band_selection().bands == (0, 1, 2)


def _half_transparent() -> QImage:
    image = QImage(WIDTH, HEIGHT, QImage.Format.Format_ARGB32)
    image.fill(QColor(200, 100, 50, 255))
    for row in range(HEIGHT):
        for column in range(WIDTH // 2):
            image.setPixelColor(column, row, QColor(10, 20, 30, 64))
    return image


@pytest.mark.parametrize(
    ("kind", "way"), [("RGBA", "pasted"), ("RGBA", "dropped"), ("RGB", "pasted")]
)
def test_transparency_from_elsewhere_is_kept_where_the_model_has_it(
    qtbot: QtBot, backend: Backend, tmp_path: Path, kind: str, way: str
) -> None:
    """For a model without alpha, the picture is composited over its data's background."""
    window = opened(qtbot, backend, train_shapes(tmp_path, kind))
    slot = window.tool(SharePanel).source
    if way == "pasted":
        mime = QMimeData()
        mime.setImageData(_half_transparent())
        QApplication.clipboard().setMimeData(mime)
        slot.paste()
    else:
        _half_transparent().save(str(tmp_path / "a.png"))
        assert drop(slot, files(tmp_path / "a.png"))
    qtbot.waitUntil(
        lambda: slot.fitted is not None and slot.fitted.shape == shape_of(kind), timeout=WAIT
    )
    picture = fitted(slot)
    if kind == "RGBA":
        assert picture[0, 0].tolist() == [10, 20, 30, 64]
        assert picture[0, -1].tolist() == [200, 100, 50, 255]
    else:
        over_white = [round(c * 64 / 255 + 255 * (1 - 64 / 255)) for c in (10, 20, 30)]
        assert np.abs(picture[0, 0].astype(int) - over_white).max() <= 1


def test_bands_that_are_not_there_are_refused_where_they_are_chosen(
    qtbot: QtBot, backend: Backend, tmp_path: Path
) -> None:
    run = train_shapes(tmp_path, "5 bands")
    window = opened(qtbot, backend)
    row = SettingRow(window.preferences, "bands")
    qtbot.addWidget(row)
    line = row.editor.focus
    assert isinstance(line, QLineEdit)
    told: list[object] = []
    window.studio.notified.connect(told.append)
    try:
        line.setText("7,1,2")
        assert row.error.isHidden(), "nothing is open that has bands"
        assert band_selection().bands == (6, 0, 1)
        open_run(qtbot, window.studio, run)
        assert any("there is no 7" in str(line) for line in told)
        count = len(told)
        window.studio.run_changed.emit()
        assert len(told) == count, "it is told once"
        line.setText("6,1,2")
        assert row.error.text() == "bands are numbered 1 to 5, there is no 6"
        assert band_selection().bands == (6, 0, 1)
        line.setText("5,1,2")
        assert row.error.isHidden()
        assert band_selection().bands == (4, 0, 1)
    finally:
        window.preferences.set("bands", "1,2,3")
