from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import DrawingResult, Pictures
from ddpm_studio.jobs.library.gallery import (
    DELETED,
    delete,
    find_runs,
    load,
    rate,
    read_pictures,
    read_ratings,
    restore,
    save_to_gallery,
)
from tests.jobs.conftest import finish


def drawing(run: Path, level: int, count: int = 3) -> DrawingResult:
    pictures = np.full((count, 8, 8, 3), level, np.uint8)
    return DrawingResult(pictures, {"kind": "sample", "request": {"run": str(run), "seed": level}})


def test_two_drawings_kept_in_turns_lose_no_picture(tmp_path: Path) -> None:
    jobs = [save_to_gallery(tmp_path, drawing(tmp_path, level)) for level in (10, 20)]
    kept = []
    while jobs:
        for job in list(jobs):
            try:
                next(job)
            except StopIteration as stop:
                kept += stop.value
                jobs.remove(job)
    assert len({item.path for item in kept}) == 6
    levels = [int(np.asarray(Image.open(item.path))[0, 0, 0]) for item in kept]
    assert levels == [item.seed for item in kept]


def test_the_folder_of_a_run_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    run = tmp_path / "gone" / "run"
    with pytest.raises(StudioError, match="folder of the run run does not exist"):
        finish(save_to_gallery(run, drawing(run, 1)))
    assert not run.parent.exists()
    assert finish(load([run]))[1] == ([], []), "there is nothing to read before it is back"


def test_what_was_kept_is_read_back_without_its_pixels(tmp_path: Path) -> None:
    kept = finish(save_to_gallery(tmp_path, drawing(tmp_path, 7)))[1]
    (tmp_path / "samples/gallery/000009.png").touch()
    Image.new("RGB", (8, 8)).save(tmp_path / "samples/gallery/000010.png")
    runs, again = finish(load([tmp_path]))[1]
    assert runs == [tmp_path]
    told = [(k.path, k.kind, k.seed, k.index, k.drawing) for k in kept]
    assert [(k.path, k.kind, k.seed, k.index, k.drawing) for k in again] == told


def test_pictures_come_in_the_order_asked_for_and_broken_ones_as_none(tmp_path: Path) -> None:
    kept = finish(save_to_gallery(tmp_path, drawing(tmp_path, 7)))[1]
    broken = tmp_path / "broken.png"
    broken.write_text("no picture")
    files = [kept[2].path, broken, kept[0].path]
    events = finish(read_pictures(files))[0]
    read: dict[Path, Pictures | None] = {}
    for event in events:
        read |= event.pictures
    assert list(read) == files
    assert read[broken] is None
    assert np.asarray(read[kept[2].path]).tolist() == np.full((8, 8, 3), 7).tolist()


def test_ratings_are_whole_and_survive_what_is_damaged(tmp_path: Path) -> None:
    kept = finish(save_to_gallery(tmp_path, drawing(tmp_path, 7)))[1]
    files = [item.path for item in kept]
    before = [path.read_bytes() for path in files]
    finish(rate(files[:2], 5))
    finish(rate(files[1:], 2))
    assert read_ratings(tmp_path) == {"000001.png": 5, "000002.png": 2, "000003.png": 2}
    finish(rate(files[:1], 0))
    assert read_ratings(tmp_path) == {"000002.png": 2, "000003.png": 2}
    assert [path.read_bytes() for path in files] == before
    assert [item.rating for item in finish(load([tmp_path]))[1][1]] == [0, 2, 2]
    with pytest.raises(ValueError, match="0 to 5"):
        finish(rate(files, 6))
    file = tmp_path / "samples/gallery/ratings.json"
    file.write_text(json.dumps({"000001.png": 9, "000002.png": True, "000003.png": 3}))
    assert read_ratings(tmp_path) == {"000003.png": 3}
    file.write_text("[")
    assert read_ratings(tmp_path) == {}


def test_a_deleted_picture_comes_back_with_its_stars_until_the_bin_is_emptied(
    tmp_path: Path,
) -> None:
    files = [item.path for item in finish(save_to_gallery(tmp_path, drawing(tmp_path, 7)))[1]]
    finish(rate(files, 3))
    finish(delete(files[:2]))
    assert len(finish(load([tmp_path]))[1][1]) == 1
    finish(restore(files[:1]))
    assert [item.rating for item in finish(load([tmp_path]))[1][1]] == [3, 3]
    finish(load([tmp_path], empty_bin=True))
    with pytest.raises(FileNotFoundError):
        finish(restore(files[1:2]))


def test_a_picture_that_can_not_be_moved_holds_up_no_other(tmp_path: Path) -> None:
    first, second, third = (
        item.path for item in finish(save_to_gallery(tmp_path, drawing(tmp_path, 7)))[1]
    )
    second.unlink()
    with pytest.raises(FileNotFoundError):
        finish(delete([first, second, third]))
    assert not third.exists()
    (first.parent / DELETED / first.name).unlink()
    with pytest.raises(FileNotFoundError):
        finish(restore([first, third]))
    assert third.exists()
    finish(restore([third]))
    assert third.exists(), "it is in its place already"


def test_runs_are_found_where_new_ones_go_and_beside_those_given(tmp_path: Path) -> None:
    for name in ("runs/a", "runs/b", "elsewhere/c", "elsewhere/d"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "run.json").touch()
    (tmp_path / "elsewhere/no run").mkdir()
    found = find_runs(tmp_path / "runs", [tmp_path / "elsewhere/c", tmp_path / "gone"])
    assert {run.name for run in found} == {"a", "b", "c", "d"}


def test_of_a_path_one_picture_is_kept_that_redraws_it(tmp_path: Path) -> None:
    """Of a path only the middle picture is kept, or its frames would swamp the gallery."""
    pictures = np.arange(61, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 3), np.uint8)
    recipe: dict[str, object] = {"kind": "path", "request": {"run": str(tmp_path), "seed": 1}}
    (kept,) = finish(save_to_gallery(tmp_path, DrawingResult(pictures, recipe)))[1]
    assert kept.index == 30
    assert np.asarray(Image.open(kept.path)).tolist() == pictures[30].tolist()
