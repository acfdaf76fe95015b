"""Covers: the few pictures that represent a run on the start page."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from ddpm_studio.jobs.events import DrawingResult
from ddpm_studio.jobs.library.covers import data_cover, run_cover
from ddpm_studio.jobs.library.gallery import save_to_gallery
from ddpm_studio.requests import PrepareOptions
from tests.jobs.conftest import finish


def test_of_a_gallery_each_class_is_seen_before_a_second_of_any(run: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    shutil.copytree(run, mine)
    shutil.rmtree(mine / "samples", ignore_errors=True)
    for label in range(3):
        levels = 10 * label + np.arange(2, dtype=np.uint8)
        pictures = np.broadcast_to(levels[:, None, None, None], (2, 8, 8, 3)).copy()
        request = {"run": str(mine), "class_label": label}
        finish(
            save_to_gallery(mine, DrawingResult(pictures, {"kind": "sample", "request": request}))
        )
    shown = run_cover(mine, 4).pictures
    assert shown is not None
    assert shown[:, 0, 0, 0].tolist() == [21, 11, 1, 20], "the newest of each, then another"


def test_pictures_of_a_class_that_are_others_make_another_cover(tmp_path: Path) -> None:
    folder = tmp_path / "set" / "animals" / "cat"
    folder.mkdir(parents=True)

    def write(level: int) -> None:
        Image.new("L", (8, 8), level).save(folder / f"{level}.png")

    def levels() -> set[int]:
        return set(data_cover([tmp_path / "set"], PrepareOptions(), 9)[:, 0, 0, 0].tolist())

    write(10)
    # Clocks of file systems are coarse.
    os.utime(folder, (1, 1))
    assert levels() == {10}
    write(90)
    assert levels() == {10, 90}
