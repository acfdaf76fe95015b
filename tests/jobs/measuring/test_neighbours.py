from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.data import prepare
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import find_neighbours, load_picture, train
from ddpm_studio.jobs.events import Progress
from ddpm_studio.jobs.library.training_pictures import prepare_training_pictures, training_sources
from ddpm_studio.jobs.training.held_out import split_held_out
from ddpm_studio.requests import NeighboursRequest, PrepareOptions
from ddpm_studio.runs import RunFolder
from tests.jobs.conftest import REQUEST, finish


def test_a_training_picture_finds_itself(run: Path, pictures: Path) -> None:
    picture = load_picture(pictures / "4.png", run)
    request = NeighboursRequest(run=run, count=3)
    events, found = finish(find_neighbours(request, picture))
    assert found.numbers[0] == 4
    assert found.distances[0] == 0
    assert list(found.distances) == sorted(found.distances)
    np.testing.assert_array_equal(found.pictures[0], picture)
    assert found.pictures.shape == (3, 16, 16, 3)
    # The training picture's own nearest neighbour comes second here.
    assert found.among_themselves == pytest.approx(found.distances[1])
    progress = [(e.done, e.total) for e in events if isinstance(e, Progress) and e.total == 20]
    assert progress == [(10, 20), (20, 20)]


def test_mirrored_where_the_run_mirrored(run: Path, pictures: Path, tmp_path: Path) -> None:
    picture = load_picture(pictures / "4.png", run)[:, ::-1]
    found = finish(find_neighbours(NeighboursRequest(run=run), picture))[1]
    assert (found.numbers[0], found.distances[0], found.mirrored[0]) == (4, 0, True)
    np.testing.assert_array_equal(found.pictures[0], picture)
    plain = tmp_path / "plain"
    shutil.copytree(run, plain)
    info = json.loads((plain / "run.json").read_text())
    info["request"]["flip"] = False
    (plain / "run.json").write_text(json.dumps(info))
    found = finish(find_neighbours(NeighboursRequest(run=plain), picture))[1]
    assert found.distances[0] > 0
    assert not any(found.mirrored)


def test_what_was_held_out_was_not_learnt(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(run, other)
    info = json.loads((other / "run.json").read_text())
    info["request"]["held_out"] = 0.5
    (other / "run.json").write_text(json.dumps(info))
    described = RunFolder.open(other).info
    dataset = finish(prepare_training_pictures(described, training_sources(described)))[1]
    parts = finish(split_held_out(dataset, 0.5))[1]
    assert 0 < len(parts.held) < len(dataset)
    for number in parts.held.tolist():
        request = NeighboursRequest(run=other, count=20)
        found = finish(find_neighbours(request, dataset.images[number]))[1]
        assert sorted(found.numbers) == parts.trained.tolist()
        assert found.distances[0] > 0
        assert found.among_themselves is not None
        assert found.among_themselves > 0


def test_held_out_pictures_are_no_neighbours_after_others_were_added(
    pictures: Path, tmp_path: Path
) -> None:
    run, folder = tmp_path / "run", tmp_path / "pictures"
    shutil.copytree(pictures, folder)
    request = REQUEST.model_copy(update={"held_out": 0.5, "sample_count": 0})
    finish(train([folder], run, request, PrepareOptions()))
    for k in range(4):
        Image.fromarray(np.full((16, 16, 3), 60 * k, np.uint8)).save(folder / f"new {k}.png")
    more = request.model_copy(update={"steps": 5})
    finish(train([], run, more, PrepareOptions(), resume=True))
    dataset = finish(prepare([folder], PrepareOptions()))[1]
    parts = finish(split_held_out(dataset, 0.5))[1]
    held = dataset.images[int(parts.held[0])]
    found = finish(find_neighbours(NeighboursRequest(run=run, count=20), held))[1]
    assert sorted(found.numbers) == parts.trained.tolist()


def test_refusals(run: Path, tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="shape"):
        finish(find_neighbours(NeighboursRequest(run=run), np.zeros((8, 8, 3), np.uint8)))
    other = tmp_path / "other"
    shutil.copytree(run, other)
    info = json.loads((other / "run.json").read_text())
    (other / "run.json").write_text(json.dumps({**info, "data": None}))
    with pytest.raises(StudioError, match="not known"):
        finish(find_neighbours(NeighboursRequest(run=other), np.zeros((16, 16, 3), np.uint8)))
