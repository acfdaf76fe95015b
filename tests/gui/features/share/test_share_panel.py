from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.common.tool_panel import choose
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.platform.images import Pictures, picture_mime
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import FrameImages
from tests.gui.panel_help import WAIT, T, drop, files, fitted, open_run, spread


@pytest.fixture
def panel(qtbot: QtBot, studio: Studio) -> SharePanel:
    made = SharePanel(studio, ActionRegistry(parent=studio))
    choose(made.count, 8)
    qtbot.addWidget(made)
    made.resize(700, 700)
    made.show()
    return made


def finished(qtbot: QtBot, panel: SharePanel) -> Pictures:
    qtbot.waitUntil(lambda: not panel.busy and panel.drawn is not None, timeout=WAIT)
    assert panel.drawn is not None
    return panel.drawn.pictures


def redrawn(qtbot: QtBot, panel: SharePanel) -> Pictures:
    qtbot.waitUntil(lambda: panel.busy, timeout=WAIT)
    return finished(qtbot, panel)


def read(path: Path) -> Pictures:
    return np.asarray(Image.open(path).convert("RGB"))


def test_without_a_model_it_says_what_to_do(panel: SharePanel) -> None:
    assert panel.pages.currentWidget() is panel.empty
    assert panel.empty.text == "Train or open a model first"
    assert panel.job is None


def test_the_menu_of_latents_says_what_it_is(panel: SharePanel) -> None:
    shown = panel.latents.button
    assert "latent" in shown.text().lower()
    assert shown.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonTextBesideIcon


def test_the_first_look_draws_from_noise_and_sharpens_on_the_way(
    qtbot: QtBot, studio: Studio, tiny_run: Path, panel: SharePanel
) -> None:
    open_run(qtbot, studio, tiny_run)
    qtbot.waitUntil(lambda: panel.job is not None, timeout=WAIT)
    assert panel.job is not None
    events = QSignalSpy(panel.job.emitted)
    pictures = finished(qtbot, panel)
    told = [events.at(k)[0] for k in range(events.count())]
    seen = [event.x0_hat for event in told if isinstance(event, FrameImages)]
    assert pictures.shape == (8, 16, 16, 3)
    assert len(seen) == 11, "every moment from t = 10 to 0"
    assert np.array_equal(panel.grid.picture(3), pictures[3])
    assert panel.export.isEnabled()


def test_t_decides_how_much_of_a_dropped_file_is_shared(
    qtbot: QtBot, studio: Studio, tiny_run: Path, picture_folder: Path, panel: SharePanel
) -> None:
    open_run(qtbot, studio, tiny_run)
    finished(qtbot, panel)
    path = picture_folder / "05.png"
    with qtbot.waitSignal(panel.source.fitted_changed, timeout=WAIT):
        assert drop(panel.source, files(path))
    redrawn(qtbot, panel)
    panel.time.set_value(0)
    same = redrawn(qtbot, panel)
    assert np.array_equal(same, np.stack([read(path)] * 8))
    spreads = []
    for t in (4, T):
        panel.time.set_value(t)
        spreads.append(spread(redrawn(qtbot, panel)))
    assert 0 < spreads[0] < spreads[1]


def test_a_folder_gives_its_first_picture_and_text_is_refused_in_words(
    qtbot: QtBot,
    studio: Studio,
    tiny_run: Path,
    picture_folder: Path,
    tmp_path: Path,
    panel: SharePanel,
) -> None:
    open_run(qtbot, studio, tiny_run)
    with qtbot.waitSignal(panel.source.fitted_changed, timeout=WAIT):
        drop(panel.source, files(picture_folder))
    assert np.array_equal(fitted(panel.source), read(picture_folder / "00.png"))
    bad = tmp_path / "notes.png"
    bad.write_text("no picture")
    with qtbot.waitSignal(panel.source.failed, timeout=WAIT):
        drop(panel.source, files(bad))
    assert "notes.png" in panel.messages.text
    assert np.array_equal(fitted(panel.source), read(picture_folder / "00.png"))


def test_a_picture_of_another_shape_is_fitted(
    qtbot: QtBot, studio: Studio, tiny_run: Path, panel: SharePanel
) -> None:
    open_run(qtbot, studio, tiny_run)
    wide = np.zeros((40, 80, 1), np.uint8)
    wide[:, 40:] = 200
    with qtbot.waitSignal(panel.source.fitted_changed, timeout=WAIT):
        drop(panel.source, picture_mime(wide))
    square = fitted(panel.source)
    assert square.shape == (16, 16, 3)
    assert square[8, [2, 13], 0].tolist() == [0, 200]


def test_several_t_are_shown_row_by_row_with_their_latents(
    qtbot: QtBot, studio: Studio, tiny_run: Path, picture_folder: Path, panel: SharePanel
) -> None:
    open_run(qtbot, studio, tiny_run)
    picture = read(picture_folder / "05.png")
    panel.source.set_picture(picture)
    panel.count.setCurrentIndex(0)
    panel.series.setChecked(True)
    pictures = redrawn(qtbot, panel)
    assert panel.rows.shown_ts == [20, 15, 10, 5, 0]
    rows = pictures.reshape(5, 4, 16, 16, 3)
    assert np.array_equal(rows[4], np.stack([picture] * 4)), "at t = 0 the picture itself"
    spreads = [spread(row[1:]) for row in rows]
    assert spreads == sorted(spreads, reverse=True)
    latents = rows[:, 0].astype(float)
    away = [np.abs(latent - picture).mean() for latent in latents]
    assert away == sorted(away, reverse=True), "x_t goes away from the picture with t"


def test_what_is_sent_from_elsewhere_becomes_the_source(
    qtbot: QtBot, studio: Studio, tiny_run: Path, picture_folder: Path, panel: SharePanel
) -> None:
    open_run(qtbot, studio, tiny_run)
    picture = read(picture_folder / "07.png")
    studio.send_picture("share", picture)
    assert np.array_equal(fitted(panel.source), picture)
    studio.send_picture("interpolate_a", picture[::-1])
    assert np.array_equal(fitted(panel.source), picture)


@pytest.mark.parametrize(("count", "rows"), [(8, 3), (7, 2), (5, 2)])
def test_the_grid_is_exported_with_the_latent_in_its_corner(
    qtbot: QtBot,
    studio: Studio,
    tiny_run: Path,
    tmp_path: Path,
    panel: SharePanel,
    count: int,
    rows: int,
) -> None:
    choose(panel.count, count)
    open_run(qtbot, studio, tiny_run)
    finished(qtbot, panel)
    assert panel.drawn is not None
    assert panel.drawn.latent is not None
    for kind, path in (("save_grid", tmp_path / "g.png"), ("save_animation", tmp_path / "g.gif")):
        with qtbot.waitSignal(panel.export.saved, timeout=WAIT):
            panel.export.export_to(kind, path)
        assert str(path) in panel.messages.text
    grid = np.asarray(Image.open(tmp_path / "g.png"))
    zoom = grid.shape[0] // (rows * 16 + (rows - 1) * 2)
    corner = grid[::zoom, ::zoom][-16:, -16:]
    assert np.array_equal(corner, panel.drawn.latent[0])
    assert Image.open(tmp_path / "g.gif").n_frames > 5  # type: ignore[attr-defined]


def test_nothing_is_drawn_while_nobody_looks(
    qtbot: QtBot, studio: Studio, tiny_run: Path, panel: SharePanel
) -> None:
    panel.hide()
    open_run(qtbot, studio, tiny_run)
    panel.time.set_value(3)
    qtbot.wait(300)
    assert panel.job is None
    panel.show()
    finished(qtbot, panel)


def test_a_latent_goes_out_and_comes_back(
    qtbot: QtBot, studio: Studio, tiny_run: Path, tmp_path: Path, panel: SharePanel
) -> None:
    open_run(qtbot, studio, tiny_run)
    first = finished(qtbot, panel)
    path = tmp_path / "x.safetensors"
    with qtbot.waitSignal(panel.latents.saved, timeout=WAIT):
        panel.latents.save_to(path)
    panel.time.set_value(3)
    redrawn(qtbot, panel)
    with qtbot.waitSignal(panel.latents.changed, timeout=WAIT):
        assert drop(panel.source, files(path))
    again = redrawn(qtbot, panel)
    assert panel.time.value == 10
    assert not panel.time.isEnabled()
    assert np.array_equal(first, again)
    panel.latents.clear_latent()
    assert panel.time.isEnabled()
    path.write_text("nothing")
    with qtbot.waitSignal(panel.latents.failed, timeout=WAIT):
        panel.latents.load(path)
    assert "x.safetensors" in panel.messages.text
