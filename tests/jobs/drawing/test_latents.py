"""Latents: encoding and files; the same x_t gives the same pictures again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import (
    ModelStore,
    encode_picture,
    interpolate,
    load_latent,
    load_picture,
    sample,
    save_latent,
    share,
    train,
)
from ddpm_studio.jobs.events import Latent, Notice
from ddpm_studio.requests import (
    EncodeRequest,
    InterpolateRequest,
    PrepareOptions,
    SampleRequest,
    ShareRequest,
)
from tests.jobs.conftest import REQUEST, finish


@pytest.fixture(scope="module")
def models() -> ModelStore:
    return ModelStore()


@pytest.fixture(scope="module")
def latent(run: Path, pictures: Path) -> Latent:
    picture = load_picture(pictures / "3.png", run)
    request = EncodeRequest(run=run, t=12, seed=4, device="cpu")
    made: Latent = finish(encode_picture(request, picture, ModelStore()))[1]
    return made


def test_a_latent_gives_the_same_pictures_on_another_machine(
    run: Path, pictures: Path, latent: Latent, models: ModelStore, tmp_path: Path
) -> None:
    """A copied run folder and a saved latent give the same pictures, as on another machine."""
    save_latent(tmp_path / "a.safetensors", latent)
    shutil.copytree(run, tmp_path / "copy")
    here = share(
        ShareRequest(run=run, t=12, seed=4, count=3, device="cpu"),
        load_picture(pictures / "3.png", run),
        models,
    )
    there = share(
        ShareRequest(run=tmp_path / "copy", t=12, seed=4, count=3, device="cpu"),
        None,
        ModelStore(),
        load_latent(tmp_path / "a.safetensors"),
    )
    first, second = finish(here)[1], finish(there)[1]
    assert np.array_equal(first.pictures, second.pictures)
    assert np.array_equal(first.shared.x_t, latent.x_t)
    assert np.array_equal(second.shared.x_t, latent.x_t)
    assert [path.name for path in tmp_path.glob("*.safetensors")] == ["a.safetensors"]


def test_q_adds_noise_of_the_schedules_size(run: Path, pictures: Path, models: ModelStore) -> None:
    picture = load_picture(pictures / "3.png", run)
    x0 = picture.transpose(2, 0, 1)[None] / 127.5 - 1

    def at(t: int | None) -> np.ndarray:
        request = EncodeRequest(run=run, t=t, device="cpu")
        made: Latent = finish(encode_picture(request, picture, models))[1]
        assert made.t == (20 if t is None else t)
        return made.x_t

    assert np.abs(at(0) - x0).max() < 1e-6
    noise = at(None)
    assert np.abs(at(20) - noise).max() == 0
    # β goes from 1e-4 to 0.02 in 20 steps: ᾱ_20 = Π (1 − β_t).
    kept = np.prod(1 - np.linspace(1e-4, 0.02, 20))
    assert abs(((noise - np.sqrt(kept) * x0) / np.sqrt(1 - kept)).std() - 1) < 0.1


def test_ddim_finds_the_latent_of_what_it_has_drawn(run: Path, models: ModelStore) -> None:
    drawing = SampleRequest(
        run=run, sampler="ddim", steps=20, count=1, seed=2, clip_x0=False, device="cpu"
    )
    picture = finish(sample(drawing, models))[1].pictures[0]
    request = EncodeRequest(run=run, method="ddim", steps=20, iterations=8, device="cpu")
    latent = finish(encode_picture(request, picture, models))[1]
    back = ShareRequest(
        run=run, t=20, sampler="ddim", steps=20, count=1, clip_x0=False, device="cpu"
    )
    events, drawn = finish(share(back, None, models, latent))
    assert np.abs(drawn.pictures[0].astype(int) - picture).max() <= 2
    assert not any(isinstance(event, Notice) for event in events)
    clipped = back.model_copy(update={"clip_x0": True})
    events, _ = finish(share(clipped, None, models, latent))
    assert any(isinstance(event, Notice) and "clipping" in event.text for event in events)


def test_deterministic_samplers_share_one_picture_alone(
    run: Path, latent: Latent, models: ModelStore
) -> None:
    asked = ShareRequest(run=run, t=12, sampler="ddim", count=2, device="cpu")
    with pytest.raises(StudioError, match="same picture each time"):
        finish(share(asked, None, models, latent))


def test_latents_that_do_not_fit(
    run: Path, pictures: Path, latent: Latent, models: ModelStore, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    finish(train([pictures], other, REQUEST.model_copy(update={"seed": 6}), PrepareOptions()))
    nan = latent.x_t.copy()
    nan[0, 0, 3, 3] = np.nan
    for used, at, t, match in (
        (latent, other, 12, "another model"),
        (replace(latent, x_t=latent.x_t[..., :8]), run, 12, "shape"),
        (replace(latent, x_t=nan), run, 12, "no numbers"),
        (latent, run, 11, "t = 12, not 11"),
        (replace(latent, class_label=0), run, 12, "without classes"),
        (replace(latent, t=99), run, 99, "out of range"),
    ):
        request = ShareRequest(run=at, t=t, count=1, device="cpu")
        with pytest.raises(StudioError, match=match):
            finish(share(request, None, models, used))


def test_a_latent_of_the_largest_picture_with_alpha_comes_back(
    latent: Latent, tmp_path: Path
) -> None:
    large = replace(latent, x_t=np.ones((1, 4, 1024, 1024), np.float32))
    save_latent(tmp_path / "a.safetensors", large)
    assert np.array_equal(load_latent(tmp_path / "a.safetensors").x_t, large.x_t)


def test_files_that_are_no_latents(latent: Latent, tmp_path: Path) -> None:
    told = {
        "format": "ddpm-studio latent 1",
        "t": "12",
        "timesteps": "20",
        "model": "m",
        "origin": "o",
    }
    path = tmp_path / "a.safetensors"
    nan = latent.x_t.copy()
    nan[0] = np.inf
    for tensors, words, match in (
        ({"x_t": latent.x_t}, {}, "no latent"),
        ({"weights": latent.x_t}, told, "no latent"),
        ({"x_t": latent.x_t[0]}, told, "shape"),
        ({"x_t": latent.x_t.astype(np.float64)}, told, "float64"),
        ({"x_t": nan}, told, "no numbers"),
        ({"x_t": latent.x_t}, {**told, "t": "twelve"}, "damaged"),
        ({"x_t": latent.x_t}, {**told, "class": "-1"}, "damaged"),
        ({"x_t": latent.x_t}, {k: v for k, v in told.items() if k != "model"}, "damaged"),
    ):
        save_file(tensors, path, words)
        with pytest.raises(StudioError, match=match):
            load_latent(path)
    save_latent(path, latent)
    whole = path.read_bytes()
    for cut in (0, 4, 60, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(StudioError, match="damaged"):
            load_latent(path)
    with pytest.raises(StudioError, match="can't be read"):
        load_latent(tmp_path / "none.safetensors")
    with pytest.raises(StudioError, match="can't be read"):
        load_latent(tmp_path)
    with pytest.raises(StudioError, match="safetensors"):
        save_latent(tmp_path / "a.bin", latent)


def test_a_square_has_its_pictures_in_the_corners_and_the_rows_of_pairs_at_its_rims(
    run: Path, pictures: Path, models: ModelStore
) -> None:
    four = [load_picture(pictures / f"{k}.png", run) for k in (0, 3, 6, 9)]
    at_zero = InterpolateRequest(run=run, t=0, steps_lambda=3, device="cpu")
    square = finish(interpolate(at_zero, four, models))[1].pictures
    assert square.shape == (9, 16, 16, 3)
    assert np.array_equal(square[[0, 2, 6, 8]], np.stack(four))
    mean = np.stack(four).astype(float).mean(0)
    assert np.abs(square[4] - mean).max() <= 0.5
    request = at_zero.model_copy(update={"t": 8, "steps": 8})
    square = finish(interpolate(request, four, models))[1].pictures
    top = finish(interpolate(request, four[:2], models))[1].pictures
    assert np.abs(square[:3].astype(int) - top).max() <= 1
    with pytest.raises(StudioError, match="3 pictures"):
        finish(interpolate(request, four[:3], models))


def test_the_steps_of_an_inversion_are_no_more_than_the_model_has(run: Path) -> None:
    request = EncodeRequest(run=run, method="ddim", device="cpu")
    picture = np.zeros((16, 16, 3), np.uint8)
    events, latent = finish(encode_picture(request, picture, ModelStore()))
    assert latent.t == 20
    assert events[-1].total == 20
