from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtTest import QSignalSpy, QTest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import specs
from ddpm_studio.export import read_recipe
from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel
from ddpm_studio.gui.platform.images import PictureDrop
from ddpm_studio.gui.widgets.layout.empty_state import EmptyState
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import DrawingResult, Pictures
from ddpm_studio.jobs.library.gallery import GalleryEntry, read_ratings
from ddpm_studio.requests import SampleRequest
from tests.gui.panel_help import WAIT, open_run


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy of the shared run, because the gallery writes into it."""
    copy = tmp_path / "own run"
    # Without samples: other tests may have drawn with the shared run before.
    shutil.copytree(tiny_run, copy, ignore=shutil.ignore_patterns("samples"))
    return copy


@pytest.fixture
def panel(qtbot: QtBot, studio: Studio, run: Path) -> GalleryPanel:
    made = shown(qtbot, studio)
    open_run(qtbot, studio, run)
    return made


def shown(qtbot: QtBot, studio: Studio) -> GalleryPanel:
    made = GalleryPanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(made)
    made.resize(800, 700)
    made.show()
    return made


def draw(qtbot: QtBot, panel: GalleryPanel, count: int = 4) -> None:
    before = panel.thumbnails.count
    panel.count.setCurrentIndex(panel.count.findData(count))
    panel.draw_samples()
    qtbot.waitUntil(lambda: panel.thumbnails.count == before + count, timeout=WAIT)
    qtbot.waitUntil(lambda: not panel.busy, timeout=WAIT)


def pixels(item: GalleryEntry) -> Pictures:
    return np.asarray(Image.open(item.path))


def seen(qtbot: QtBot, panel: GalleryPanel, row: int) -> Pictures:
    """Wait until the thumbnail of a row is read, and return its picture."""
    qtbot.waitUntil(lambda: panel.thumbnails.picture(row) is not None, timeout=WAIT)
    shown = panel.thumbnails.picture(row)
    assert shown is not None
    return shown


def files(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "samples/gallery").glob("*.png"))


def test_without_a_model_it_says_what_to_do(qtbot: QtBot, studio: Studio) -> None:
    panel = shown(qtbot, studio)
    assert panel.pages.currentWidget() is panel.empty


def test_new_samples_come_in_front_and_lie_on_the_disk_with_their_recipe(
    qtbot: QtBot, run: Path, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    draw(qtbot, panel)
    seeds = [item.seed for item in panel.items.shown]
    assert seeds == [1] * 4 + [0] * 4
    assert [item.index for item in panel.items.shown] == [0, 1, 2, 3] * 2
    assert len(files(run)) == 8
    for row, item in enumerate(panel.items.shown):
        recipe = read_recipe(item.path)
        assert recipe is not None
        assert recipe["index"] == item.index
        assert np.array_equal(pixels(item), seen(qtbot, panel, row))


def test_a_kept_picture_can_be_drawn_again_from_its_png(
    qtbot: QtBot, studio: Studio, run: Path, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    recipe = read_recipe(run / "samples/gallery/000003.png")
    assert recipe is not None
    request = SampleRequest.model_validate(recipe["request"])
    job = studio.submit(specs.drawing.draw(request))
    with qtbot.waitSignal(job.finished, timeout=WAIT):
        pass
    assert job.result is not None
    index = recipe["index"]
    assert isinstance(index, int)
    again = job.result.pictures[index]
    assert np.array_equal(again, np.asarray(Image.open(run / "samples/gallery/000003.png")))
    qtbot.wait(200)
    assert panel.thumbnails.count == 4, "the very same drawing is not kept twice"


def test_the_gallery_of_a_run_is_there_again_when_it_is_opened(
    qtbot: QtBot, studio: Studio, run: Path, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    draw(qtbot, panel)
    before = [pixels(item) for item in panel.items.shown]
    (run / "samples/gallery/000009.png").write_text("damaged")
    later = GalleryPanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(later)
    qtbot.waitUntil(lambda: later.thumbnails.count == 8, timeout=WAIT)
    after = [pixels(item) for item in later.items.shown]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert later.sampler.seed.value == 2, "the next samples are new ones"


def test_it_is_said_once_that_the_folder_of_a_run_is_gone(
    qtbot: QtBot, run: Path, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    for row in range(panel.thumbnails.count):
        seen(qtbot, panel, row)
    run.rename(run.with_name("elsewhere"))
    cache = panel.thumbnails.cache
    cache.forget(panel.items.shown)
    assert cache.get(panel.items.shown[0]) is None
    qtbot.waitUntil(lambda: "own run is gone" in panel.messages.text, timeout=WAIT)
    panel.messages.dismiss()
    assert cache.get(panel.items.shown[1]) is None
    qtbot.wait(200)
    assert panel.messages.text == ""


def test_deleting_can_be_undone(qtbot: QtBot, run: Path, panel: GalleryPanel) -> None:
    draw(qtbot, panel)
    before = list(panel.items.shown)
    panel.select([before[1], before[2]])
    QTest.keyClick(panel.thumbnails, Qt.Key.Key_Delete)
    assert panel.items.shown == [before[0], before[3]]
    qtbot.waitUntil(lambda: len(files(run)) == 2, timeout=WAIT)
    panel.select([before[3]])
    panel.undo()
    assert panel.thumbnails.count == 2, "a picture is shown when its file is there"
    assert panel.chosen() == [before[3]], "until then the rows stand for what is seen"
    qtbot.waitUntil(lambda: panel.thumbnails.count == 4, timeout=WAIT)
    assert panel.items.shown == before
    assert len(files(run)) == 4
    assert panel.thumbnails.selected == [1, 2]


def test_the_pixels_of_what_is_deleted_are_held_no_more(qtbot: QtBot, panel: GalleryPanel) -> None:
    draw(qtbot, panel)
    seen(qtbot, panel, 0)
    cache = panel.thumbnails.cache
    qtbot.waitUntil(lambda: len(cache) == 4, timeout=WAIT)
    before = seen(qtbot, panel, 1)
    panel.select(panel.items.shown[:3])
    panel.delete_chosen()
    qtbot.waitUntil(lambda: len(cache) == 1, timeout=WAIT)
    panel.undo()
    qtbot.waitUntil(lambda: panel.thumbnails.count == 4, timeout=WAIT)
    assert np.array_equal(seen(qtbot, panel, 1), before)


def test_the_number_of_a_deleted_file_is_not_given_again(
    qtbot: QtBot, run: Path, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    panel.select([panel.items.shown[3]])
    panel.delete_chosen()
    qtbot.waitUntil(lambda: len(files(run)) == 3, timeout=WAIT)
    draw(qtbot, panel)
    panel.undo()
    qtbot.waitUntil(lambda: len(files(run)) == 8, timeout=WAIT)


def test_the_side_tells_how_the_chosen_picture_was_made(
    qtbot: QtBot, run: Path, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    panel.select([panel.items.shown[2]])
    rows = panel.side.details.rows
    assert rows["Seed"] == "0"
    assert rows["Picture"] == "3"
    assert rows["Sampler"] == "DPM-Solver++ 2M SDE, 20 steps"
    assert rows["Run"] == "own run"
    assert rows["Checkpoint"] == "step 4"
    shown = panel.side.details.picture
    assert np.array_equal(shown.picture(0), pixels(panel.items.shown[2]))
    recipe = shown.recipe(0)
    assert recipe is not None
    assert recipe["index"] == 2, "it says which one it is, wherever it is dragged to"


def test_chosen_pictures_are_exported_each_with_its_own_recipe(
    qtbot: QtBot, tmp_path: Path, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    panel.select([panel.items.shown[3]])
    path = tmp_path / "one.png"
    with qtbot.waitSignal(panel.export.saved, timeout=WAIT):
        panel.export.export_to("save_png", path)
    assert read_recipe(path) == read_recipe(panel.items.shown[3].path)
    assert np.array_equal(np.asarray(Image.open(path)), pixels(panel.items.shown[3]))


def test_a_picture_is_handed_to_the_other_tools(
    qtbot: QtBot, studio: Studio, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    panel.thumbnails.setCurrentIndex(panel.thumbnails.model().index(1, 0))
    sent = QSignalSpy(studio.picture_sent)
    for action in panel.thumbnails.tile_actions[1:5]:
        action.trigger()
    places = ["share", "interpolate_a", "interpolate_b", "inpaint"]
    assert [sent.at(k)[0] for k in range(sent.count())] == places
    assert np.array_equal(sent.at(1)[1], pixels(panel.items.shown[1]))
    assert sent.at(0)[2] == read_recipe(panel.items.shown[1].path)


def test_kinds_are_told_apart_and_copies_at_t_0_are_not_kept(
    qtbot: QtBot, studio: Studio, run: Path, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    pictures = np.zeros((2, 16, 16, 3), np.uint8)
    for t in (0, 5):
        request = {"run": str(run), "t": t, "seed": 0}
        studio.drawn.emit(DrawingResult(pictures, {"kind": "share", "request": request}))
    qtbot.waitUntil(lambda: panel.thumbnails.count == 6, timeout=WAIT)
    kind = panel.filters.kind
    kind.setCurrentIndex(kind.findData("share"))
    assert panel.thumbnails.count == 2
    kind.setCurrentIndex(kind.findData("sample"))
    assert panel.thumbnails.count == 4
    assert panel.bar.summary.text() == "4 pictures of 6"


def test_when_the_disk_refuses_the_pictures_are_shown_all_the_same(
    qtbot: QtBot, studio: Studio, run: Path, panel: GalleryPanel
) -> None:
    (run / "samples").mkdir(exist_ok=True)
    (run / "samples/gallery").write_text("a file in the way")
    request = {"run": str(run), "seed": 0}
    pictures = np.zeros((2, 16, 16, 3), np.uint8)
    studio.drawn.emit(DrawingResult(pictures, {"kind": "sample", "request": request}))
    qtbot.waitUntil(lambda: panel.thumbnails.count == 2, timeout=WAIT)
    assert panel.messages.text
    assert np.array_equal(seen(qtbot, panel, 1), pictures[1])


def test_the_nearest_training_pictures_stand_beside_a_picture(
    qtbot: QtBot, studio: Studio, panel: GalleryPanel
) -> None:
    draw(qtbot, panel, 1)
    panel.select(panel.items.shown[:1])
    panel.side.neighbours.start.click()
    qtbot.waitUntil(lambda: panel.side.neighbours.found is not None, timeout=WAIT)
    found = panel.side.neighbours.found
    assert found is not None
    gaps = found.pictures.astype(float) - pixels(panel.items.shown[0])
    assert np.allclose(np.sqrt(np.square(gaps).mean((1, 2, 3))), found.distances)
    assert list(found.distances) == sorted(found.distances)
    assert "RMSE" in panel.side.neighbours.result_text.text()


def test_stars_come_by_key_and_click_and_lie_beside_the_pictures(
    qtbot: QtBot, studio: Studio, run: Path, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    before = [path.read_bytes() for path in sorted((run / "samples/gallery").glob("*.png"))]
    panel.select(panel.items.shown[1:3])
    QTest.keyClick(panel.thumbnails, Qt.Key.Key_4)
    panel.select(panel.items.shown[3:])
    stars = panel.side.rating.stars
    QTest.mouseClick(stars, Qt.MouseButton.LeftButton, pos=QPoint(30, 10))
    assert [item.rating for item in panel.items.shown] == [0, 4, 4, 2]
    wanted = {"000002.png": 4, "000003.png": 4, "000004.png": 2}
    qtbot.waitUntil(lambda: read_ratings(run) == wanted, timeout=WAIT)
    after = [path.read_bytes() for path in sorted((run / "samples/gallery").glob("*.png"))]
    assert before == after
    panel.filters.stars.setCurrentIndex(3)
    assert [item.rating for item in panel.items.shown] == [4, 4]
    panel.filters.stars.setCurrentIndex(0)
    panel.filters.order.setCurrentIndex(panel.filters.order.findData("rating"))
    assert [item.rating for item in panel.items.shown] == [4, 4, 2, 0]
    later = shown(qtbot, studio)
    qtbot.waitUntil(lambda: later.thumbnails.count == 4, timeout=WAIT)
    assert sorted(item.rating for item in later.items.shown) == [0, 2, 4, 4]
    panel.select(panel.items.shown[:2])
    panel.actions_["gallery.rate0"].trigger()
    qtbot.waitUntil(lambda: read_ratings(run) == {"000004.png": 2}, timeout=WAIT)


def test_pictures_of_all_runs_are_there_and_each_can_be_had_alone(
    qtbot: QtBot, studio: Studio, run: Path, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    other = run.with_name("other run")
    shutil.copytree(run, other)
    later = shown(qtbot, studio)
    qtbot.waitUntil(lambda: later.thumbnails.count == 8, timeout=WAIT)
    box = later.filters.run
    assert [box.itemText(k) for k in range(box.count())] == ["Any run", "other run", "own run"]
    box.setCurrentIndex(1)
    assert {item.run for item in later.items.shown} == {other.resolve()}
    assert later.thumbnails.count == 4


def test_a_filter_by_run_follows_the_run(
    qtbot: QtBot, studio: Studio, run: Path, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    other, renamed = run.with_name("other run"), run.with_name("renamed")
    shutil.copytree(run, other)
    panel.store.load([other])
    qtbot.waitUntil(lambda: panel.thumbnails.count == 8, timeout=WAIT)
    box = panel.filters.run
    box.setCurrentIndex(box.findText("own run"))
    assert panel.thumbnails.count == 4

    run.rename(renamed)
    studio.follow_moved_run(run, renamed)
    assert box.currentText() == "renamed"
    panel.filters.order.setCurrentIndex(1)
    assert [item.run for item in panel.items.shown] == [renamed] * 4

    shutil.rmtree(renamed)
    studio.follow_moved_run(renamed, None)
    assert box.currentText() == "Any run"
    panel.filters.order.setCurrentIndex(0)
    assert [item.run for item in panel.items.shown] == [other] * 4
    assert [box.itemText(k) for k in range(box.count())] == ["Any run", "other run"]


def test_only_what_is_looked_at_is_read(
    qtbot: QtBot, studio: Studio, run: Path, panel: GalleryPanel
) -> None:
    folder = run / "samples/gallery"
    draw(qtbot, panel)
    source = (folder / "000001.png").read_bytes()
    for number in range(5, 601):
        (folder / f"{number:06}.png").write_bytes(source)
    later = shown(qtbot, studio)
    qtbot.waitUntil(lambda: later.thumbnails.count == 600, timeout=WAIT)
    seen(qtbot, later, 0)
    qtbot.wait(300)
    assert len(later.thumbnails.cache) < 200
    later.thumbnails.verticalScrollBar().setValue(later.thumbnails.verticalScrollBar().maximum())
    qtbot.waitUntil(lambda: later.items.shown[-1] in held(later), timeout=WAIT)


def held(panel: GalleryPanel) -> list[object]:
    return list(panel.thumbnails.cache._pictures)


def test_a_drawing_of_an_earlier_session_is_not_kept_again(
    qtbot: QtBot, studio: Studio, run: Path, panel: GalleryPanel
) -> None:
    drawn: list[DrawingResult] = []
    studio.drawn.connect(drawn.append)
    draw(qtbot, panel)
    later_studio = Studio(studio.backend)
    later = shown(qtbot, later_studio)
    later_studio.drawn.emit(drawn[0])
    qtbot.waitUntil(lambda: later.thumbnails.count == 4, timeout=WAIT)
    qtbot.wait(200)
    assert len(files(run)) == 4
    assert later.thumbnails.count == 4


def test_of_several_the_one_that_the_side_shows_is_saved_and_of_none_all(
    qtbot: QtBot, panel: GalleryPanel
) -> None:
    draw(qtbot, panel)
    # Selected from the last to the first, so that the first is the current item.
    panel.select(panel.items.shown[:3])
    no_other = QItemSelectionModel.SelectionFlag.NoUpdate
    first = panel.thumbnails.model().index(0, 0)
    panel.thumbnails.selectionModel().setCurrentIndex(first, no_other)
    export = panel.exports.to_export()
    assert export is not None
    assert not export.applies_to_all
    assert np.array_equal(export.one()[0], panel.side.details.picture.picture(0))
    assert export.one()[1] == panel.side.details.picture.recipe(0)
    panel.select([])
    export = panel.exports.to_export()
    assert export is not None
    assert export.applies_to_all
    assert panel.export.actions_by_kind["save_png"].text() == "Save all as PNG…"


def test_pictures_are_read_for_an_export_once_and_only_where_somebody_looks(
    qtbot: QtBot,
    studio: Studio,
    run: Path,
    panel: GalleryPanel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draw(qtbot, panel)
    before = set(panel.items.shown)
    read: list[GalleryEntry] = []
    of_keeper = panel.store.read

    def noted(item: GalleryEntry) -> PictureDrop | None:
        read.append(item)
        return of_keeper(item)

    monkeypatch.setattr(panel.store, "read", noted)
    panel.hide()
    pictures = np.zeros((2, 16, 16, 3), np.uint8)
    request = {"run": str(run), "t": 5, "seed": 0}
    studio.drawn.emit(DrawingResult(pictures, {"kind": "share", "request": request}))
    qtbot.waitUntil(lambda: len(panel.items.shown) == 6, timeout=WAIT)
    assert read == []
    panel.show()
    assert set(read) == set(panel.items.shown) - before
    assert len(read) == 2


def test_neighbours_stay_while_other_pictures_come(
    qtbot: QtBot, studio: Studio, panel: GalleryPanel
) -> None:
    draw(qtbot, panel, 1)
    panel.select(panel.items.shown)
    panel.side.neighbours.start.click()
    qtbot.waitUntil(lambda: panel.side.neighbours.found is not None, timeout=WAIT)
    draw(qtbot, panel, 1)
    assert panel.side.neighbours.found is not None
    assert len(panel.chosen()) == 1


def test_where_nothing_passes_it_does_not_say_that_nothing_is_kept(
    qtbot: QtBot, panel: GalleryPanel
) -> None:
    empty = panel.thumbnails.findChild(EmptyState)
    assert empty is not None
    assert empty.text == "What you draw is kept here"
    draw(qtbot, panel, 1)
    panel.filters.stars.setCurrentIndex(3)
    assert empty.isVisible()
    assert empty.text == "No picture matches what is chosen above"
    assert not empty.button.isVisible()
    panel.filters.stars.setCurrentIndex(0)
    panel.select(panel.items.shown)
    panel.delete_chosen()
    assert empty.text == "What you draw is kept here"
    assert empty.button.isVisible()


def test_a_seed_that_was_chosen_stays_when_other_pictures_are_found(
    qtbot: QtBot, run: Path, panel: GalleryPanel
) -> None:
    draw(qtbot, panel, 1)
    other = run.with_name("other run")
    shutil.copytree(run, other)
    for seed, found in ((panel.sampler.seed.value, 1), (77, 77)):
        panel.sampler.seed.set_value(seed)
        with qtbot.waitSignal(panel.store.loaded, timeout=WAIT):
            panel.store.load([other])
        assert panel.sampler.seed.value == found


def test_a_seed_that_is_typed_while_it_draws_stays(qtbot: QtBot, panel: GalleryPanel) -> None:
    panel.draw_samples()
    panel.sampler.seed.set_value(42)
    qtbot.waitUntil(lambda: panel.thumbnails.count == 16, timeout=WAIT)
    assert {item.seed for item in panel.items.shown} == {0}
    assert panel.sampler.seed.value == 42
    panel.draw_samples()
    qtbot.waitUntil(lambda: panel.thumbnails.count == 32, timeout=WAIT)
    assert panel.sampler.seed.value == 43, "the next are other pictures"
