from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton, QToolTip
from pytestqt.qtbot import QtBot

from ddpm_studio.engine import PictureNoise
from ddpm_studio.gui.features.common.tool_panel import choose
from ddpm_studio.gui.features.reverse import process_size, trajectory
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.reverse.trajectory import Process, Trajectory
from ddpm_studio.gui.theme.tokens import X0_HAT
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs import ModelStore, sample
from ddpm_studio.jobs.events import DrawingResult, FrameImages, Pictures
from ddpm_studio.requests import SampleRequest
from tests.gui.panel_help import WAIT, T, open_run


@pytest.fixture
def actions(studio: Studio) -> ActionRegistry:
    return ActionRegistry(parent=studio)


@pytest.fixture
def panel(qtbot: QtBot, studio: Studio, actions: ActionRegistry) -> ReversePanel:
    made = ReversePanel(studio, actions)
    choose(made.count, 9)
    qtbot.addWidget(made)
    made.resize(700, 760)
    made.show()
    return made


def drawn(qtbot: QtBot, panel: ReversePanel, samplers: int = 1) -> Process:
    def done() -> bool:
        return panel.process.finished and len(panel.process.trajectories) == samplers

    qtbot.waitUntil(done, timeout=WAIT)
    return panel.process


def redrawn(qtbot: QtBot, panel: ReversePanel, samplers: int = 1) -> Process:
    before = panel.process
    qtbot.waitUntil(lambda: panel.process is not before, timeout=WAIT)
    return drawn(qtbot, panel, samplers)


def frame(t: int, level: int, count: int = 2) -> FrameImages:
    """Return a state with x_t of one level everywhere, x̂_0 of the next, ε̂ of the one after."""
    x_t, x0_hat, eps = (np.full((count, 8, 8, 3), level + k, np.uint8) for k in range(3))
    return FrameImages(0, 1, t, x_t, x0_hat, eps)


def made_by_hand(ts: list[int], title: str = "") -> Trajectory:
    one = Trajectory(title=title)
    for number, t in enumerate(ts):
        one.add(frame(t, 10 * number % 250))
    one.recipe = {"kind": "sample", "request": {}}
    return one


def seen(panel: ReversePanel, view: str, which: int = 0) -> Pictures:
    grid = panel.views.grids[which, view]
    return np.stack([grid.picture(k) for k in range(grid.count)])


def test_without_a_model_it_says_what_to_do(panel: ReversePanel) -> None:
    assert panel.views.empty.isVisible()
    assert panel.views.empty.text == "Train or open a model first"
    assert not panel.slider.isEnabled()
    assert not panel.export.isEnabled()


def test_each_place_shows_what_the_sampler_had_there(
    qtbot: QtBot, studio: Studio, tiny_run: Path, panel: ReversePanel
) -> None:
    panel.sampler.set_value({"sampler": "ddim", "steps": 5, "seed": 3})
    open_run(qtbot, studio, tiny_run)
    process = drawn(qtbot, panel)
    request = SampleRequest(
        run=tiny_run, count=9, sampler="ddim", steps=5, seed=3, frames=101, device="cpu"
    )
    truth = [e for e in sample(request, ModelStore()) if isinstance(e, FrameImages)]
    assert len(process) == len(truth) == 6
    assert panel.slider.value() == 5, "the picture is looked at when it is there"
    for place, moment in enumerate(truth):
        panel.slider.setValue(place)
        assert panel.moment.text() == f"t = {moment.t}"
        assert np.array_equal(seen(panel, "x_t"), moment.x_t)
        assert np.array_equal(seen(panel, "x0_hat"), moment.x0_hat)
        assert np.array_equal(seen(panel, "eps"), moment.eps)


def test_samplers_side_by_side_start_from_one_noise_and_go_in_step(
    qtbot: QtBot, studio: Studio, tiny_run: Path, panel: ReversePanel, actions: ActionRegistry
) -> None:
    panel.sampler.set_value({"sampler": "ddim", "steps": 10})
    for bar, steps in zip(panel.compare.bars, (4, 20), strict=True):
        bar.set_value({"steps": steps})
    panel.compare.third.setChecked(True)
    open_run(qtbot, studio, tiny_run)
    drawn(qtbot, panel)
    actions["reverse.compare"].trigger()
    process = drawn(qtbot, panel, 3)
    first, second, third = process.trajectories
    assert [len(one) for one in process.trajectories] == [11, 5, 21]
    assert np.array_equal(first.frames[0].x_t, second.frames[0].x_t)
    assert np.array_equal(first.frames[0].x_t, third.frames[0].x_t)
    assert not np.array_equal(first.frames[-1].x_t, third.frames[-1].x_t)
    for place in range(len(process)):
        panel.slider.setValue(place)
        t = process.t(place)
        for which, one in enumerate(process.trajectories):
            reached = [f for f in one.frames if f.t >= t][-1]
            assert np.array_equal(seen(panel, "x0_hat", which), reached.x0_hat)
    titles = {panel.views._cell((k, "x0_hat")).caption.text().split("  ")[0] for k in range(3)}
    assert titles == {"DDIM · 10", "DPM-Solver++ 2M · 4", "DDPM · 20"}
    actions["reverse.compare"].trigger()
    assert len(drawn(qtbot, panel).trajectories) == 1
    assert panel.views.chosen == ("x_t", "x0_hat", "eps"), "as it was before"


def test_a_difference_is_that_of_neighbouring_moments(panel: ReversePanel) -> None:
    one = made_by_hand([3, 2, 1, 0])
    assert one.gain("dx_t") == 8, "10 levels become 80 of the 127 that there are"
    assert (one.view("dx_t", 0) == 128).all()
    assert (one.view("dx_t", 2) == 128 + 80).all()
    assert one.values("dx_t", 2, (0, 4, 4)) == pytest.approx([10 / 127.5] * 3)
    picture_frames = one.picture_frames("dx_t", 1)
    assert [int(picture[0, 0, 0]) for picture in picture_frames] == [128, 208, 208, 208]


def test_the_end_of_the_slider_tells_how_far_a_process_is(panel: ReversePanel) -> None:
    under_way = made_by_hand([999, 914, 829])
    under_way.recipe = {}
    panel.show_process(Process([under_way]))
    assert (panel.moment.text(), panel.player.end.text()) == ("t = 829", "829")
    assert panel.slider.value() == panel.slider.maximum()
    panel.show_process(Process([made_by_hand([999, 500, 0])]))
    assert (panel.moment.text(), panel.player.end.text()) == ("t = 0", "0")


def test_the_views_are_switched_and_one_always_stays(
    panel: ReversePanel, actions: ActionRegistry
) -> None:
    panel.show_process(Process([made_by_hand([2, 1, 0])]))
    for view in ("x_t", "x0_hat", "eps"):
        actions[f"reverse.view_{view}"].trigger()
    assert panel.views.chosen == ("eps",)
    assert actions["reverse.view_eps"].isChecked()
    actions["reverse.view_dx0_hat"].trigger()
    shown = [key for key in panel.views.grids if panel.views.grids[key].isVisible()]
    assert shown == [(0, "eps"), (0, "dx0_hat")]


def test_the_numbers_behind_a_pixel_by_mouse_and_by_keyboard(
    qtbot: QtBot, panel: ReversePanel
) -> None:
    panel.show_process(Process([made_by_hand([2, 1, 0])]))
    grid = panel.views.grids[0, "x_t"]
    tile = grid.tile_rect(1)
    side = tile.width() // 8
    QTest.mouseMove(grid.viewport(), tile.topLeft() + QPoint(side * 5 + 1, side * 2 + 1))
    # The last frame's levels are 20, 21 and 22: x = level / 127.5 − 1, three times that for ε̂.
    values = [f"{20 / 127.5 - 1:.2f}", f"{21 / 127.5 - 1:.2f}", f"{3 * (22 / 127.5 - 1):.2f}"]
    values = [value.replace("-", "−") for value in values]
    qtbot.waitUntil(lambda: "row 2, column 5" in panel.inspector.text())
    assert panel.inspector.text() == (
        f"picture 2, row 2, column 5   xₜ {' '.join(values[:1] * 3)}   "
        f"{X0_HAT} {' '.join(values[1:2] * 3)}   ε̂ {' '.join(values[2:] * 3)}"
    )
    assert panel.views.grids[0, "eps"].pixel == (1, 2, 5), "marked in every view"
    panel.slider.setValue(0)
    assert "xₜ ≤ −1.00" in panel.inspector.text(), "black may be anything below"
    grid.setFocus()
    grid.select([0])
    alt = Qt.KeyboardModifier.AltModifier
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down):
        QTest.keyClick(grid, key, alt)
    assert "picture 1, row 5, column 5 " in panel.inspector.text()
    QTest.keyClick(grid, Qt.Key.Key_Escape)
    assert grid.pixel is None
    assert panel.inspector.text().startswith("Point at a picture")


def test_the_curve_tells_the_noise_of_the_moment(
    qtbot: QtBot, studio: Studio, tiny_run: Path, panel: ReversePanel
) -> None:
    from ddpm_studio.runs import RunFolder

    open_run(qtbot, studio, tiny_run)
    drawn(qtbot, panel)
    alpha_bar = RunFolder.open(tiny_run).info.process.build().schedule.alphas_cumprod
    panel.slider.setValue(0)
    ends = float(alpha_bar[T - 1])
    snr = 10 * np.log10(ends / (1 - ends))
    assert panel.bar.noise.text() == f"ᾱ = {ends:.4f} · SNR {snr:+.1f} dB".replace("-", "−")
    middle = QPoint(panel.curve.width() // 2, panel.curve.height() // 2)
    QTest.mouseClick(panel.curve, Qt.MouseButton.LeftButton, pos=middle)
    assert panel.moment.text() == f"t = {T // 2}"


def test_film_strips_show_the_way_and_scrub(panel: ReversePanel, actions: ActionRegistry) -> None:
    panel.show_process(Process([made_by_hand([9, 6, 3, 0], "a"), made_by_hand([9, 5, 0], "b")]))
    actions["reverse.as_strip"].trigger()
    strips = panel.views.strips
    assert [strips[k, "x0_hat"].count for k in range(2)] == [4, 3]
    strips[1, "x0_hat"].setFocus()
    QTest.keyClick(strips[1, "x0_hat"], Qt.Key.Key_Left)
    assert panel.moment.text() == "t = 5"
    assert strips[0, "x0_hat"].current == 1, "at t = 5 the other still stands at 6"


def test_play_ends_at_the_picture_or_begins_again(
    qtbot: QtBot, panel: ReversePanel, actions: ActionRegistry
) -> None:
    panel.show_process(Process([made_by_hand(list(range(30, -1, -1)))]))
    panel.player.rate.setCurrentIndex(panel.player.rate.findData(60))
    passed: list[int] = []
    panel.shown.connect(passed.append)
    actions["reverse.play"].trigger()
    assert panel.player.playing
    assert panel.player.play_button.accessibleName() == "Pause"
    qtbot.waitUntil(lambda: not panel.player.playing, timeout=WAIT)
    assert passed == sorted(passed, reverse=True)
    assert panel.slider.value() == 30
    actions["reverse.loop"].trigger()
    actions["reverse.play"].trigger()
    qtbot.waitUntil(lambda: passed.count(30) >= 3, timeout=WAIT)
    assert panel.player.playing
    actions["reverse.play"].trigger()
    assert panel.player.play_button.accessibleName() == "Play"
    actions["reverse.first"].trigger()
    actions["reverse.forward"].trigger()
    assert panel.moment.text() == "t = 29"


def test_no_more_is_kept_than_fits_the_memory_and_it_says_so(
    qtbot: QtBot,
    studio: Studio,
    tiny_run: Path,
    panel: ReversePanel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    each = 4 * 9 * 16 * 16 * 3  # x_t as float16, x̂_0 and ε̂ as levels: nine RGB pictures of 16 px
    for module in (trajectory, process_size):
        monkeypatch.setattr(module, "MEMORY_BUDGET", 8 * each + 5)
    panel.sampler.set_value({"steps": T})
    open_run(qtbot, studio, tiny_run)
    process = drawn(qtbot, panel)
    assert len(process) == 8
    assert (process.t(0), process.t(7)) == (T, 0)
    assert process.memory_bytes == 8 * each
    assert "8 moments kept" in panel.kept.text()
    assert "more would not fit" in panel.kept.text()


def test_a_thousand_moments_of_64_pictures_fit_and_what_it_takes_is_told(
    panel: ReversePanel,
) -> None:
    moments, pictures, side = 1001, 64, 32
    assert trajectory.frames_within_budget(moments, side * side, pictures) == (moments, False)
    assert trajectory.frames_within_budget(moments, side * side * 3, pictures) == (moments, True)
    random = np.random.default_rng(0)
    views = [random.standard_normal((pictures, side, side, 3)).astype(np.float16) for _ in range(3)]
    for compact, each in ((False, 6), (True, 4)):
        process = Process([Trajectory(compact=compact)])
        process.add(0, FrameImages(0, moments - 1, moments - 1, *views))
        kept = process.trajectories[0].frames[0]
        held = sum(kept.kept(view).nbytes for view in ("x_t", "x0_hat", "eps"))
        assert process.memory_bytes == held == each * pictures * side * side * 3
        assert kept.kept("x_t").dtype == np.float16, "of the noise the numbers count most"
        assert ("256 levels" in panel.size_choice.summary(process)) == compact
    # Each of the thousand states takes as much memory as the first.
    assert moments * held <= 768 * 2**20


def test_the_inspector_tells_what_lies_beyond_black_and_white(
    qtbot: QtBot, studio: Studio, tiny_run: Path, panel: ReversePanel
) -> None:
    open_run(qtbot, studio, tiny_run)
    process = drawn(qtbot, panel)
    noise = process.trajectories[0].frames[0].values("x_t")
    truth = PictureNoise(0, range(9), "cpu").draw((3, 16, 16)).permute(0, 2, 3, 1).numpy()
    assert np.abs(noise - truth).max() < 2e-3
    assert (np.abs(noise) > 1).mean() > 0.3, "as of a normal distribution"
    panel.slider.setValue(0)
    picture, row, column, _ = np.argwhere(truth == truth.max())[0]
    told = panel.views._numbers(panel.trajectory, "x_t", 0, (picture, row, column))
    values = truth[picture, row, column]
    assert told == " ".join(f"{value:.2f}".replace("-", "−") for value in values)
    assert "≥" not in told


def test_numbers_are_saved_as_an_array(
    qtbot: QtBot, studio: Studio, tiny_run: Path, panel: ReversePanel, tmp_path: Path
) -> None:
    panel.sampler.set_value({"sampler": "ddim", "steps": 5, "seed": 3})
    open_run(qtbot, studio, tiny_run)
    drawn(qtbot, panel)
    assert panel.export.actions_by_kind["save_numbers"].isEnabled()
    with qtbot.waitSignal(panel.export.saved, timeout=WAIT):
        panel.export.export_to("save_numbers", tmp_path / "way.npy")
    saved = np.load(tmp_path / "way.npy")
    assert (saved.dtype, saved.shape) == (np.float16, (6, 9, 16, 16, 3))
    for number, frame_ in enumerate(panel.trajectory.frames):
        np.testing.assert_array_equal(saved[number], frame_.values("x_t"))


def test_every_step_can_be_kept(
    qtbot: QtBot, studio: Studio, tiny_run: Path, panel: ReversePanel
) -> None:
    panel.sampler.set_value({"sampler": "ddpm", "steps": T})
    panel.count.setCurrentIndex(panel.count.findData(64))
    panel.moments.setCurrentIndex(panel.moments.count() - 1)
    open_run(qtbot, studio, tiny_run)
    process = drawn(qtbot, panel)
    assert process.trajectories[0].ts == list(range(T, -1, -1))
    assert "more would" not in panel.kept.text()
    assert panel.views.grids[0, "x_t"].count == 64


def test_what_is_shown_is_what_is_exported(panel: ReversePanel, actions: ActionRegistry) -> None:
    panel.show_process(Process([made_by_hand([2, 1, 0])]))
    export = panel._to_export()
    assert export is not None
    assert export.frames is not None
    frames = export.frames()
    assert len(frames) == 3
    # Two 8-px pictures with a gap of 2 in each of three grids with gaps of 8.
    assert frames[0].shape == (8, 3 * 18 + 2 * 8, 3)
    assert [int(frames[1][0, x, 0]) for x in (0, 26, 52)] == [10, 11, 12]
    actions["reverse.view_eps"].trigger()
    actions["reverse.as_single"].trigger()
    export = panel._to_export()
    assert export is not None
    assert export.frames is not None
    assert export.frames()[0].shape == (8, 8 + 8 + 8, 3)
    panel.slider.setValue(1)
    assert export.recipe is not None
    panel.export.refresh()


def test_a_picture_of_a_moment_dropped_back_shows_that_moment(
    qtbot: QtBot, studio: Studio, tiny_run: Path, panel: ReversePanel, tmp_path: Path
) -> None:
    panel.sampler.set_value({"sampler": "ddim", "steps": 10, "seed": 4})
    open_run(qtbot, studio, tiny_run)
    process = drawn(qtbot, panel)
    panel.views.select(5)
    panel.slider.setValue(4)
    t, picture = process.t(4), panel.views.grids[0, "x_t"].picture(5)
    with qtbot.waitSignal(panel.export.saved, timeout=WAIT):
        panel.export.export_to("save_png", tmp_path / "moment.png")
    panel.sampler.set_value({"seed": 9})
    redrawn(qtbot, panel)
    studio.open_paths([tmp_path / "moment.png"])
    redrawn(qtbot, panel)
    assert panel.moment.text() == f"t = {t}"
    assert panel.views.picture == 5
    assert np.array_equal(panel.views.grids[0, "x_t"].picture(5), picture)


def test_switches_have_names_and_short_texts(panel: ReversePanel) -> None:
    switches = {tool.text(): tool for tool in panel.findChildren(QToolButton) if tool.text()}
    assert {"xₜ", X0_HAT, "ε̂", "Δxₜ", f"Δ{X0_HAT}"} <= set(switches)
    assert switches["ε̂"].accessibleName() == "Show the noise predicted in it"


def test_the_gallery_is_told_of_each_sampler(
    qtbot: QtBot, studio: Studio, tiny_run: Path, panel: ReversePanel, actions: ActionRegistry
) -> None:
    told: list[DrawingResult] = []
    studio.drawn.connect(told.append)
    open_run(qtbot, studio, tiny_run)
    drawn(qtbot, panel)
    actions["reverse.compare"].trigger()
    drawn(qtbot, panel, 2)
    requests = [d.recipe["request"] for d in told]
    assert [r["sampler"] for r in requests if isinstance(r, dict)] in (
        ["dpm++2m-sde", "dpm++2m"],
        ["dpm++2m", "dpm++2m-sde"],
    )


def test_the_line_below_tells_what_is_pointed_at_and_no_tooltip_covers_the_neighbours(
    qtbot: QtBot, studio: Studio, tiny_run: Path, panel: ReversePanel
) -> None:
    open_run(qtbot, studio, tiny_run)
    drawn(qtbot, panel)
    grid = panel.views.grids[0, "x_t"]
    place = grid.tile_rect(1).center()
    QTest.mouseMove(grid.viewport(), place)
    qtbot.waitUntil(lambda: panel.inspector.text().startswith("picture 2,"), timeout=WAIT)
    where = grid.viewport().mapToGlobal(place)
    QApplication.sendEvent(grid.viewport(), QHelpEvent(QEvent.Type.ToolTip, place, where))
    assert not QToolTip.isVisible()
    assert "single pixels" in grid.accessibleDescription()
