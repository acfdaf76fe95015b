"""Python cell of a drawing: executing it draws the same pictures, bit for bit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ddpm_studio import jobs
from ddpm_studio.catalogue.tools import drawings
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import ModelStore
from ddpm_studio.jobs.drawing.python_cell import has_cell, python_cell
from ddpm_studio.jobs.events import DrawingResult
from ddpm_studio.requests import (
    EncodeRequest,
    InpaintRequest,
    InterpolateRequest,
    PathRequest,
    SampleRequest,
    ShareRequest,
)
from ddpm_studio.runs import RunFolder
from tests.jobs.conftest import finish


def carried_out(recipe: dict[str, object]) -> dict[str, Any]:
    scope: dict[str, Any] = {}
    exec(python_cell(recipe), scope)
    return scope


def drawn_again(drawn: DrawingResult) -> np.ndarray:
    found: np.ndarray = np.asarray(carried_out(drawn.recipe)["drawing"].pictures)
    return found


def test_a_run_on_the_network_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunFolder, "open", lambda *_: pytest.fail("it was looked at"))
    request = {"run": "//stranger/share/run", "variance": "fixed_small"}
    cell = python_cell({"kind": "sample", "request": request})
    assert "run = ds.open('//stranger/share/run')" in cell
    assert "variance='fixed_small'" in cell


def test_each_kind_of_drawing(run: Path) -> None:
    models = ModelStore()
    pictures = jobs.example_pictures(run, 3)
    common: dict[str, Any] = {"run": run, "device": "cpu", "seed": 5, "steps": 4}
    mask = np.zeros(pictures.shape[1:3], bool)
    mask[4:9] = True
    _, latent = finish(jobs.encode_picture(EncodeRequest(run=run, t=9), pictures[0], models))
    ddim = {"sampler": "ddim", "eta": 0.5}
    made = {
        "sample": jobs.sample(SampleRequest(**common, count=3, sampler="ddim", frames=4), models),
        "share": jobs.share(ShareRequest(**common, **ddim, t=11, count=3), pictures[0], models),
        # Options that a form keeps for another sampler are left out.
        "noise": jobs.share(ShareRequest(**common, t=11, count=2, eta=0.7), None, models),
        "latent": jobs.share(ShareRequest(**common, t=9, count=2), None, models, latent),
        "interpolate": jobs.interpolate(
            InterpolateRequest(**common, t=8, steps_lambda=3, mix="spherical"),
            list(pictures[:2]),
            models,
        ),
        "path": jobs.interpolate_path(
            PathRequest(**common, t=8, steps_lambda=3), list(pictures), models
        ),
        "inpaint": jobs.inpaint(
            InpaintRequest(**common, count=2, resamplings=2, jump=2), pictures[1], mask, models
        ),
    }
    assert drawings().keys() <= made.keys()
    for name, job in made.items():
        _, drawn = finish(job)
        assert has_cell(drawn.recipe)
        assert np.array_equal(drawn_again(drawn), drawn.pictures), name


def test_a_sheet_of_several_t_is_drawn_row_by_row(run: Path) -> None:
    models = ModelStore()
    requests = [
        ShareRequest(run=run, device="cpu", seed=2, steps=4, t=t, count=2) for t in (20, 10)
    ]
    _, rows = finish(jobs.share_series(requests, None, models))
    recipe = {**rows[-1].recipe, "rows": [20, 10]}
    drawings_ = carried_out(recipe)["drawings"]
    for drawing, row in zip(drawings_, rows, strict=True):
        assert np.array_equal(np.asarray(drawing.pictures), row.pictures)


@pytest.mark.parametrize(
    ("own_setting", "named"),
    [
        ({"clip_x0": False}, {"clip_x0": True}),
        ({"clip_x0": False}, {"clip_x0": False}),
        ({"variance": "fixed_small"}, {"variance": "fixed_large"}),
        ({"variance": "fixed_small"}, {}),
    ],
)
def test_a_models_own_settings_do_not_replace_those_of_the_drawing(
    run: Path, tmp_path: Path, own_setting: dict[str, Any], named: dict[str, Any]
) -> None:
    shutil.copytree(run, own := tmp_path / "own")
    told = json.loads((own / "run.json").read_text())
    told["process"] |= own_setting
    (own / "run.json").write_text(json.dumps(told))
    asked = SampleRequest(run=own, device="cpu", seed=5, steps=4, count=2, **named)
    _, drawn = finish(jobs.sample(asked, ModelStore()))
    assert np.array_equal(drawn_again(drawn), drawn.pictures)


def test_what_has_no_cell_is_said(run: Path) -> None:
    assert not has_cell(None)
    assert not has_cell({"kind": "gallery"})
    with pytest.raises(StudioError, match="no Python"):
        python_cell({"kind": "decode"})
    with pytest.raises(StudioError, match="does not say in full"):
        python_cell({"kind": "sample", "request": {"run": str(run), "count": -1}})
    carried = {"0": {"dtype": "uint8", "shape": [9, 9, 3], "sha256": ""}}
    asked = {"run": str(run), "t": 5}
    with pytest.raises(StudioError, match="too large"):
        python_cell({"kind": "interpolate", "request": asked, "inputs": carried | {"1": {}}})
