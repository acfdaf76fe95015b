"""Export of gallery pictures: a folder of PNGs, a ZIP, arrays, or one contact sheet."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.errors import StudioError
from ddpm_studio.export import read_recipe
from ddpm_studio.jobs.drawing.recipes import read_parsed_recipe
from ddpm_studio.jobs.events import DrawingResult, Progress
from ddpm_studio.jobs.library import gallery
from ddpm_studio.jobs.library.gallery_export import export_gallery
from tests.jobs.conftest import finish

PICTURES = np.random.default_rng(1).integers(0, 256, (5, 8, 8, 3), np.uint8)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    run = tmp_path / "run"
    run.mkdir()
    recipe: dict[str, object] = {"kind": "sample", "request": {"seed": 4}}
    return [
        item.path
        for item in finish(gallery.save_to_gallery(run, DrawingResult(PICTURES, recipe)))[1]
    ]


def larger(files: list[Path]) -> Path:
    """Keep a picture of another size in the same gallery; return its path."""
    run = files[0].parents[2]
    pictures = np.full((1, 300, 200, 1), 90, np.uint8)
    items: list[gallery.GalleryEntry] = finish(
        gallery.save_to_gallery(run, DrawingResult(pictures, {"kind": "sample"}))
    )[1]
    return items[0].path


@pytest.mark.parametrize("name", ["folder", "all.zip"])
def test_each_is_a_png_with_its_recipe(files: list[Path], tmp_path: Path, name: str) -> None:
    finish(export_gallery(files, tmp_path / name))
    folder = tmp_path / "folder"
    if name.endswith(".zip"):
        with zipfile.ZipFile(tmp_path / name) as archive:
            archive.extractall(folder)
    written = sorted(folder.iterdir())
    assert np.array_equal(np.stack([np.asarray(Image.open(path)) for path in written]), PICTURES)
    assert [read_recipe(path) for path in written] == [read_recipe(path) for path in files]


def test_pictures_of_any_sizes_are_enlarged_by_whole_factors(
    files: list[Path], tmp_path: Path
) -> None:
    finish(export_gallery([files[0], larger(files)], tmp_path / "folder", side=100))
    small, large = sorted((tmp_path / "folder").iterdir())
    assert np.array_equal(np.asarray(Image.open(small)), PICTURES[0].repeat(12, 0).repeat(12, 1))
    assert (read_recipe(small) or {})["zoom"] == 12
    assert Image.open(large).size == (200, 300)
    assert "zoom" not in (read_recipe(large) or {})


def test_arrays_are_those_of_the_pictures_and_of_one_size_only(
    files: list[Path], tmp_path: Path
) -> None:
    finish(export_gallery(files, tmp_path / "all.npz", side=512))
    with np.load(tmp_path / "all.npz") as arrays:
        assert np.array_equal(arrays["arr_0"], PICTURES)
    with pytest.raises(StudioError, match="several sizes"):
        finish(export_gallery([*files, larger(files)], tmp_path / "mixed.npz"))
    assert not (tmp_path / "mixed.npz").exists()


def test_a_contact_sheet_has_each_picture_sharp_in_its_cell_with_its_seed(
    files: list[Path], tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet.png"
    finish(export_gallery(files, sheet))
    image = np.asarray(Image.open(sheet))
    # Three in a row, each 16 times as large, with a line of text below.
    for k, picture in enumerate(PICTURES):
        row, column = divmod(k, 3)
        top, left = 8 + row * (128 + 16 + 8), 8 + column * (128 + 8)
        assert np.array_equal(image[top : top + 128 : 16, left : left + 128 : 16], picture)
        assert (image[top + 128 : top + 144, left : left + 128] < 200).any(), "words"
    with pytest.raises(StudioError, match="sheet of several drawings"):
        read_parsed_recipe(sheet)


def test_a_sheet_takes_pictures_of_several_sizes(files: list[Path], tmp_path: Path) -> None:
    finish(export_gallery([*files, larger(files)], tmp_path / "sheet.png"))
    assert Image.open(tmp_path / "sheet.png").size == (8 + 3 * 264, 8 + 2 * (256 + 16 + 8))


def test_progress_is_told_and_a_cancel_leaves_nothing(files: list[Path], tmp_path: Path) -> None:
    job = export_gallery(files, tmp_path / "folder")
    told = [event for _, event in zip(range(3), job, strict=False)]
    assert all(isinstance(event, Progress) and event.total == 5 for event in told)
    job.close()
    assert not (tmp_path / "folder").exists()
