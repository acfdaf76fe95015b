"""The Observatory tab over real runs: curves, samples, notes, comparison, files."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.observatory.observatory_panel import ObservatoryPanel
from ddpm_studio.gui.features.observatory.run_model import LOSS, POINTS, SAMPLE, TAGS
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.run_colours import RunColours
from ddpm_studio.gui.workspace.settings import open_settings
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.requests import TrainRequest
from ddpm_studio.runs import metrics
from ddpm_studio.runs.notes import Notes, read_notes
from tests.gui.panel_help import WAIT, T, open_run, opened


@pytest.fixture
def runs(tiny_run: Path, tmp_path: Path) -> list[Path]:
    """Two writable runs in one folder; the second requests another learning rate."""
    made = []
    for name in ("first", "second"):
        run = tmp_path / "runs" / name
        shutil.copytree(tiny_run, run)
        made.append(run)
    info = json.loads((made[1] / "run.json").read_text())
    info["request"]["learning_rate"] = 0.125
    (made[1] / "run.json").write_text(json.dumps(info))
    return made


def shown(qtbot: QtBot, studio: Studio, run: Path) -> ObservatoryPanel:
    panel = ObservatoryPanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(panel)
    panel.resize(900, 760)
    panel.show()
    open_run(qtbot, studio, run)
    qtbot.waitUntil(lambda: studio.record(run).loaded, timeout=WAIT)
    rate = panel.curves.curves["lr"]
    qtbot.waitUntil(lambda: rate.value_at(None) is not None or rate.last > 1, timeout=WAIT)
    return panel


def test_every_curve_shows_what_the_run_has_recorded(
    qtbot: QtBot, studio: Studio, runs: list[Path]
) -> None:
    panel = shown(qtbot, studio, runs[0])
    lines = [json.loads(line) for line in (runs[0] / "metrics.jsonl").open()]
    assert panel.curves.loss.series("first").losses.tolist() == [line["loss"] for line in lines]
    curves = panel.curves.curves
    for column in ("grad_norm", "lr", "images_per_second", "memory_bytes", "cpu_load"):
        assert curves[column].value_at(None) == lines[-1][column], column
    assert curves["device_load"].isHidden(), "nothing is shown of a GPU that is not there"
    assert panel.curves.heat.map.shape == (4, 20)
    assert panel.curves.heat.bin_text(0, 19) == panel.curves.heat.bin_text(0, 19)
    assert panel.curves.heat.bin_text(0, 19).startswith(f"t {T} · ")
    assert panel.title.text() == "first"
    assert panel.live.isHidden()


def test_lines_that_another_process_writes_appear(
    qtbot: QtBot, studio: Studio, runs: list[Path]
) -> None:
    panel = shown(qtbot, studio, runs[0])
    more = [{"step": k, "loss": 0.5, "grad_norm": 7.0, "lr": 0.1} for k in range(5, 10)]
    metrics.append(runs[0] / "metrics.jsonl", more)
    loss = panel.curves.loss
    qtbot.waitUntil(lambda: len(loss.series("first")) == 9, timeout=WAIT)
    qtbot.waitUntil(lambda: panel.curves.curves["grad_norm"].value_at(None) == 7, timeout=WAIT)
    qtbot.waitUntil(lambda: panel.live.isVisible(), timeout=WAIT)
    assert "elsewhere" in panel.live.text()


def test_what_needs_an_open_run_is_offered_with_one_alone(
    qtbot: QtBot, studio: Studio, runs: list[Path]
) -> None:
    panel = ObservatoryPanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(panel)
    needy = [
        panel.actions_[f"observatory.{key}"] for key in ("csv", "picture", "evaluate", "notes")
    ]
    assert not any(action.isEnabled() for action in needy)
    open_run(qtbot, studio, runs[0])
    assert all(action.isEnabled() for action in needy)
    assert "a row for each step" in needy[0].toolTip()
    studio.follow_moved_run(runs[0], None)
    assert not any(action.isEnabled() for action in needy)
    assert all("Open a run first" in action.toolTip() for action in needy)


def test_another_run_is_laid_over_and_taken_away_by_key(
    qtbot: QtBot, studio: Studio, runs: list[Path]
) -> None:
    panel = shown(qtbot, studio, runs[0])
    panel.show_page(panel.runs)
    model, table = panel.runs.model, panel.runs.table
    qtbot.waitUntil(lambda: len(model.entries) == 2, timeout=WAIT)
    row = [entry.path for entry in model.entries].index(runs[1])
    table.setCurrentIndex(model.index(row, 0))
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_Space)
    assert [record.run for record in panel.curves.records] == runs
    panel.show_page(panel.curves)
    qtbot.waitUntil(lambda: panel.curves.loss.names == ["first", "second"], timeout=WAIT)
    loss = panel.curves.loss
    qtbot.waitUntil(lambda: loss.canvas is not None and loss.legend.isVisible(), timeout=WAIT)
    assert loss.colour("first") != loss.colour("second")
    panel.overlay(runs[1], False)
    assert loss.names == ["first"]


def test_one_cursor_goes_through_all_fields(qtbot: QtBot, studio: Studio, runs: list[Path]) -> None:
    panel = shown(qtbot, studio, runs[0])
    curves = panel.curves
    field = curves.curves["lr"]
    middle = QPoint(round(field.x_of_step(2)), field.height() // 2)
    QTest.mouseMove(field, middle + QPoint(1, 1))
    QTest.mouseMove(field, middle)
    qtbot.waitUntil(lambda: curves.heat.cursor_step is not None, timeout=WAIT)
    assert curves.heat.cursor_step == pytest.approx(2, abs=0.1)
    assert curves.curves["grad_norm"].cursor_step == curves.heat.cursor_step
    expected = curves.loss.series("first").at(2)
    assert expected is not None
    assert f"{expected[2]:.4f}" in curves.loss.readout.text()


def test_outliers_stay_out_of_the_range_until_asked_for(
    qtbot: QtBot, studio: Studio, runs: list[Path]
) -> None:
    lines = [{"step": k, "loss": 0.1 + 0.001 * (k % 7)} for k in range(5, 2000)]
    lines[1000]["loss"] = 40.0
    metrics.truncate(runs[0] / "metrics.jsonl", 0)
    metrics.append(runs[0] / "metrics.jsonl", lines)
    panel = shown(qtbot, studio, runs[0])
    loss = panel.curves.loss
    loss.set_log(False)
    qtbot.waitUntil(lambda: loss.canvas is not None, timeout=WAIT)
    canvas = loss.canvas
    assert canvas is not None

    def top() -> float:
        return float(canvas.widget.getPlotItem().getViewBox().viewRange()[1][1])

    qtbot.waitUntil(lambda: top() < 1, timeout=WAIT)
    panel.actions_["observatory.outliers"].trigger()
    qtbot.waitUntil(lambda: top() > 39, timeout=WAIT)
    assert loss.outliers_button.isChecked()


def test_figures_and_curve_are_saved(
    qtbot: QtBot, studio: Studio, runs: list[Path], tmp_path: Path
) -> None:
    panel = shown(qtbot, studio, runs[0])
    panel.overlay(runs[1], True)
    qtbot.waitUntil(lambda: panel.curves.loss.canvas is not None, timeout=WAIT)
    for suffix in ("csv", "png", "svg"):
        with qtbot.waitSignal(panel.saver.saved, timeout=WAIT):
            panel.saver.save(tmp_path / f"curve.{suffix}")
    with (tmp_path / "curve.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["run"] for row in rows] == ["first"] * 4 + ["second"] * 4
    lines = [json.loads(line) for line in (runs[0] / "metrics.jsonl").open()]
    assert [float(row["loss"]) for row in rows[:4]] == [line["loss"] for line in lines]
    assert float(rows[3]["cpu_load"]) == lines[3]["cpu_load"]
    assert rows[0]["cpu_load"] == "" or "cpu_load" in lines[0]
    assert "held_out_loss" in rows[0]
    image = QImage(str(tmp_path / "curve.png"))
    assert image.width() > 400
    colours = {image.pixel(x, y) for x in range(0, image.width(), 2) for y in range(0, 200, 2)}
    assert len(colours) > 3
    drawing = QSvgRenderer(str(tmp_path / "curve.svg"))
    assert drawing.isValid()
    text = (tmp_path / "curve.svg").read_text()
    assert text.count("<polyline") + text.count("<path") > 4, "lines, not a picture of them"


def test_samples_grow_and_a_row_of_the_wall_is_looked_at(
    qtbot: QtBot, studio: Studio, runs: list[Path]
) -> None:
    panel = shown(qtbot, studio, runs[0])
    panel.show_page(panel.samples)
    page = panel.samples
    qtbot.waitUntil(lambda: len(page.rows) == 1, timeout=WAIT)
    later = runs[0] / "samples" / "step-00000009.png"
    metrics.append(runs[0] / "metrics.jsonl", [{"step": 9, "loss": 0.25}])
    shutil.copy(page.rows[0], later)
    qtbot.waitUntil(lambda: len(page.rows) == 2, timeout=WAIT)
    assert page.rows[0] == later, "the newest is on top"
    assert page.wall.count == 4
    assert page.view.shown_path == later
    click = page.wall.tile_rect(2).center()
    QTest.mouseClick(page.wall.viewport(), Qt.MouseButton.LeftButton, pos=click)
    assert page.view.shown_path == page.rows[1]
    page.view.slider.setValue(page.view.slider.maximum())
    assert page.wall.current // page.wall.columns == 0
    ema = page.wall.picture(0).copy()
    QTest.mouseClick(page.weights["raw"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.view.raw.count == 2, timeout=WAIT)
    assert np.array_equal(page.wall.picture(0), page.view.raw.picture(0))
    assert np.array_equal(ema, page.view.ema.picture(0))


def test_notes_and_tags_are_kept_in_the_run_and_listed(
    qtbot: QtBot, studio: Studio, runs: list[Path]
) -> None:
    panel = shown(qtbot, studio, runs[0])
    panel.actions_["observatory.notes"].trigger()
    page = panel.runs
    qtbot.waitUntil(lambda: page.notes.run == runs[0], timeout=WAIT)
    with qtbot.waitSignal(page.notes.saved, timeout=WAIT):
        QTest.keyClicks(page.notes.tags, "good, small")
        QTest.keyClicks(page.notes.text, "Sharp after 2 steps")
    qtbot.waitUntil(
        lambda: read_notes(runs[0]) == Notes(("good", "small"), "Sharp after 2 steps"),
        timeout=WAIT,
    )
    assert panel.tags.text() == "good · small"

    def listed() -> list[str]:
        model = page.model
        return [str(model.index(row, TAGS).data()) for row in range(model.rowCount())]

    qtbot.waitUntil(lambda: "good, small" in listed(), timeout=WAIT)
    page.select([runs[1]])
    assert page.notes.run == runs[1]
    assert page.notes.text.toPlainText() == ""
    QTest.keyClicks(page.notes.text, "left at once")
    panel.show_page(panel.curves)
    assert read_notes(runs[1]).text == "left at once", "what was written is not lost"


def test_the_table_shows_each_runs_curve_and_last_sample(
    qtbot: QtBot, studio: Studio, runs: list[Path]
) -> None:
    panel = shown(qtbot, studio, runs[0])
    panel.actions_["observatory.notes"].trigger()
    model = panel.runs.model
    qtbot.waitUntil(lambda: model.rowCount() > 0, timeout=WAIT)
    row = next(k for k, entry in enumerate(model.entries) if entry.path == runs[0])
    lines = list(metrics.read(runs[0] / "metrics.jsonl"))
    expected = tuple((line["step"], line["loss"]) for line in lines)
    assert model.index(row, LOSS).data(POINTS) == expected

    def sample() -> QPixmap | None:
        found = model.index(row, SAMPLE).data(Qt.ItemDataRole.DecorationRole)
        return found if isinstance(found, QPixmap) else None

    qtbot.waitUntil(lambda: sample() is not None, timeout=WAIT)
    with_curve = panel.runs.table.grab().toImage()
    model.show([replace(one, losses=()) for one in model.entries], runs[0], [])
    qtbot.waitUntil(lambda: sample() is not None, timeout=WAIT)
    without = panel.runs.table.grab().toImage()
    cell = panel.runs.table.visualRect(model.index(row, LOSS)).translated(0, 30)
    assert without.copy(cell) != with_curve.copy(cell)


def test_names_of_runs_are_whole_where_there_is_little_room(
    qtbot: QtBot, studio: Studio, runs: list[Path]
) -> None:
    panel = shown(qtbot, studio, runs[0])
    panel.resize(420, 700)
    panel.show_page(panel.runs)
    table = panel.runs.table
    qtbot.waitUntil(lambda: panel.runs.model.rowCount() > 1, timeout=WAIT)
    qtbot.waitUntil(lambda: table.columnWidth(0) >= table.sizeHintForColumn(0), timeout=WAIT)


def test_settings_of_two_runs_are_compared(qtbot: QtBot, studio: Studio, runs: list[Path]) -> None:
    panel = shown(qtbot, studio, runs[0])
    panel.overlay(runs[1], True)
    panel.show_page(panel.runs)
    qtbot.waitUntil(lambda: len(panel.runs.model.entries) == 2, timeout=WAIT)
    panel.actions_["observatory.compare"].trigger()
    compare = panel.runs.compare
    qtbot.waitUntil(lambda: compare.differing == ["Learning rate"], timeout=WAIT)
    table = compare.table
    texts = [str(table.model().index(0, column).data()) for column in range(3)]
    assert texts[0] == "≠ Learning rate"
    assert "0.125" in texts[1:]
    compare.only_differing.setChecked(False)
    assert table.rowCount() > 20


def test_a_run_keeps_its_colour_in_every_plot_and_after_a_restart(
    qtbot: QtBot, backend: Backend, runs: list[Path]
) -> None:
    window = opened(qtbot, backend)
    open_run(qtbot, window.studio, runs[1])
    qtbot.waitUntil(lambda: bool(window.training.loss.names), timeout=WAIT)
    window.show_tool(window.tool(ObservatoryPanel))
    window.tool(ObservatoryPanel).overlay(runs[0], True)
    qtbot.waitUntil(lambda: len(window.tool(ObservatoryPanel).curves.loss.names) == 2, timeout=WAIT)
    colours = {
        name: window.tool(ObservatoryPanel).curves.loss.colour(name) for name in ("first", "second")
    }
    assert window.training.loss.colour("second") == colours["second"]
    assert colours["first"] != colours["second"]
    kept = RunColours()
    kept.persist_in(open_settings())
    assert [kept.of(run) for run in runs] == [window.studio.colours.of(run) for run in runs]


def test_two_windows_keep_the_colours_of_each_others_runs(tmp_path: Path) -> None:
    store = open_settings()
    here, there, later = RunColours(), RunColours(), RunColours()
    for colours in (here, there):
        colours.persist_in(store)
    given = {name: colours.of(tmp_path / name) for name, colours in (("a", here), ("b", there))}
    given["c"] = here.of(tmp_path / "c")
    assert len(set(given.values())) == 3, "what another window has given is taken"
    here.move(tmp_path / "c", tmp_path / "d")
    later.persist_in(store)
    assert later.of(tmp_path / "b") == given["b"]
    assert later.of(tmp_path / "d") == given["c"]


def test_a_training_of_this_window_is_seen_in_dock_and_tab(
    qtbot: QtBot, backend: Backend, picture_folder: Path, tmp_path: Path
) -> None:
    window = opened(qtbot, backend)
    window.show_tool(window.tool(ObservatoryPanel))
    run = tmp_path / "fresh"
    request = TrainRequest(steps=6, batch_size=4, timesteps=20, sample_count=2, device="cpu")
    window.studio.open_data([picture_folder])
    window.studio.trainer.start(request, run)
    job = window.studio.training
    assert job is not None
    with qtbot.waitSignal(job.ended, timeout=WAIT):
        pass
    plots = (window.training.loss, window.tool(ObservatoryPanel).curves.loss)

    def are_whole() -> bool:
        return all(plot.names == ["fresh"] and len(plot.series("fresh")) == 6 for plot in plots)

    qtbot.waitUntil(are_whole, timeout=WAIT)
    assert len(window.training.by_t.values) == 20
    last = run / "samples" / "step-00000006.png"
    qtbot.waitUntil(lambda: window.training.samples.shown_path == last, timeout=WAIT)
    assert (
        "elsewhere" not in window.tool(ObservatoryPanel).live.text()
        or window.tool(ObservatoryPanel).live.isHidden()
    )


def test_a_training_that_rests_is_said_to(
    qtbot: QtBot, backend: Backend, picture_folder: Path, tmp_path: Path
) -> None:
    window = opened(qtbot, backend)
    window.show_tool(window.tool(ObservatoryPanel))
    request = TrainRequest(steps=5000, batch_size=4, timesteps=60, sample_count=2, device="cpu")
    window.studio.open_data([picture_folder])
    window.studio.trainer.start(request, tmp_path / "long")
    job, live = window.studio.training, window.tool(ObservatoryPanel).live
    assert job is not None
    qtbot.waitUntil(lambda: live.text() == "● training", timeout=WAIT)
    window.studio.trainer.pause(True)
    qtbot.waitUntil(lambda: live.text() == "● paused", timeout=WAIT)
    window.studio.trainer.pause(False)
    qtbot.waitUntil(lambda: live.text() == "● training", timeout=WAIT)
    with qtbot.waitSignal(job.ended, timeout=WAIT):
        window.studio.trainer.stop()


def test_the_loss_by_timestep_keeps_its_own_t_when_another_run_is_opened(
    qtbot: QtBot, backend: Backend, picture_folder: Path, tmp_path: Path, tiny_run: Path
) -> None:
    window = opened(qtbot, backend)
    request = TrainRequest(steps=5000, batch_size=4, timesteps=60, sample_count=2, device="cpu")
    window.studio.open_data([picture_folder])
    window.studio.trainer.start(request, tmp_path / "long")
    job, bars = window.studio.training, window.training.by_t
    assert job is not None
    qtbot.waitUntil(lambda: bool(np.isfinite(bars.values).any()), timeout=WAIT)
    assert bars.bin_text(19).startswith("t 58–60 ")
    open_run(qtbot, window.studio, tiny_run)
    told = bars.values
    qtbot.waitUntil(lambda: bars.values != told, timeout=WAIT)
    assert bars.bin_text(19).startswith("t 58–60 "), f"not of {T}"
    with qtbot.waitSignal(job.ended, timeout=WAIT):
        window.studio.trainer.stop()


def test_without_a_run_the_tab_invites(qtbot: QtBot, studio: Studio) -> None:
    panel = ObservatoryPanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(panel)
    panel.show()
    assert panel.empty.isVisible()
    assert panel.empty.button.isVisible()


def test_the_focus_goes_with_the_page(qtbot: QtBot, studio: Studio, runs: list[Path]) -> None:
    panel = shown(qtbot, studio, runs[0])
    panel.activateWindow()
    curves, samples, run_list, _quality = panel.page_buttons
    curves.setFocus()
    qtbot.waitUntil(curves.hasFocus, timeout=WAIT)
    QTest.mouseClick(samples, Qt.MouseButton.LeftButton)
    assert samples.hasFocus()
    panel.show_page(panel.runs)
    assert run_list.hasFocus()
    run_list.clearFocus()
    panel.show_page(panel.curves)
    assert not curves.hasFocus(), "from elsewhere it is not taken"
