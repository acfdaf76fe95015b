"""Boards and stars of gallery pictures: they persist, and never pass to another picture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import DrawingResult, Progress
from ddpm_studio.jobs.library import gallery
from ddpm_studio.jobs.library.gallery import GalleryEntry
from ddpm_studio.jobs.library.gallery_notes import board_name, read_boards
from tests.jobs.conftest import finish


def kept(run: Path, count: int = 3, seed: int = 1) -> list[GalleryEntry]:
    run.mkdir(exist_ok=True)
    (run / "run.json").touch()
    pictures = np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 3), np.uint8)
    recipe: dict[str, object] = {"kind": "sample", "request": {"seed": seed, "run": str(run)}}
    items: list[GalleryEntry] = finish(
        gallery.save_to_gallery(run, DrawingResult(pictures, recipe))
    )[1]
    return items


def boards(*runs: Path) -> dict[str, tuple[str, ...]]:
    """Return the boards of the pictures of runs as the next start reads them."""
    _, found = finish(gallery.load(runs))[1]
    return {f"{item.run.name} {item.number}": item.boards for item in found if item.boards}


def put(items: list[GalleryEntry], board: str, on: bool = True) -> None:
    finish(gallery.put_on_board([item.path for item in items], board, on))


def test_a_board_has_pictures_of_several_runs_and_is_read_again(tmp_path: Path) -> None:
    first, second = kept(tmp_path / "a"), kept(tmp_path / "b")
    put([first[0], second[2]], "Best of all")
    put([first[0]], "Another")
    runs = tmp_path / "a", tmp_path / "b"
    assert boards(*runs) == {"a 1": ("Another", "Best of all"), "b 3": ("Best of all",)}
    put([first[0]], "Best of all", on=False)
    assert boards(*runs) == {"a 1": ("Another",), "b 3": ("Best of all",)}
    put([first[0]], "Another", on=False)
    put([second[2]], "Best of all", on=False)
    assert boards(*runs) == {}
    assert json.loads((first[0].path.parent / "boards.json").read_text()) == {}


def test_progress_counts_the_galleries(tmp_path: Path) -> None:
    files = [kept(tmp_path / name)[0].path for name in ("a", "b")]
    for job in (gallery.put_on_board(files, "Best", True), gallery.rate(files, 4)):
        progress = [event for event in finish(job)[0] if isinstance(event, Progress)]
        assert [(event.done, event.total) for event in progress] == [(1, 2), (2, 2)]


def test_stars_and_boards_stay_when_a_picture_comes_back_and_go_with_it(tmp_path: Path) -> None:
    run = tmp_path / "run"
    items = kept(run)
    files = [item.path for item in items]
    put(items[2:], "Board")
    finish(gallery.rate(files[2:], 4))
    finish(gallery.delete(files[2:]))
    finish(gallery.restore(files[2:]))
    assert boards(run) == {"run 3": ("Board",)}
    finish(gallery.delete(files[2:]))
    # The next start empties the trash: another picture may then get the number, but not the board.
    finish(gallery.load([run], empty_bin=True))
    (other,) = kept(run, 1, seed=2)
    assert other.path == files[2]
    assert boards(run) == {}
    assert gallery.read_ratings(run) == {}


@pytest.mark.parametrize("text", ["", "   ", "x" * 61, "a\0b"])
def test_what_can_be_no_name_is_refused(text: str) -> None:
    with pytest.raises(StudioError, match="name"):
        board_name(text)


def test_a_name_is_kept_in_one_line() -> None:
    assert board_name("  Best \n of\tall ") == "Best of all"


@pytest.mark.parametrize("content", ["{", "[]", '{"Board": 3}', '{"Board": [1, null]}'])
def test_damaged_boards_are_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "boards.json").write_text(content)
    assert read_boards(tmp_path) == {}
